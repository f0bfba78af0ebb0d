//! A machine for one test: a home of its own, an empty environment, and a watchdog over every child.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// The binary under test.
pub(crate) const APIKEY: &str = env!("CARGO_BIN_EXE_apikey");

/// How often, and how many times, a child is looked at before it counts as hung: two minutes.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(5);
pub(crate) const LOOKS: usize = 24_000;

/// A home that vanishes with the test.
pub(crate) struct Machine {
    home: tempfile::TempDir,
}

/// How one process ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// As a shell has it: 128 and the signal for a process that was killed.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The same, after its exit code was checked.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// What it printed, less the line end.
    pub(crate) fn line(&self) -> String {
        self.stdout.trim_end().to_owned()
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The error on standard error, after it was checked that it is one line of JSON and all there is.
    #[track_caller]
    pub(crate) fn error(&self) -> serde_json::Value {
        assert_eq!(self.stdout, "", "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        let mut answer: serde_json::Value = serde_json::from_str(&self.stderr).unwrap();
        assert_eq!(answer["error"]["exit_code"], self.code, "{self:?}");
        answer["error"].take()
    }
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    /// The same with a registry whose master key is in a key file.
    pub(crate) fn with_registry() -> Self {
        let machine = Self::new();
        machine.run(&["init"]).ended(0);
        machine
    }

    /// The binary in an environment that holds a home and the kind of vault, and nothing else.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(APIKEY, arguments);
        command.env("APIKEY_VAULT", "keyfile");
        command
    }

    /// The binary, started by a shell that prepares `setting` first: `umask 000;`, or behind the words, `>&-`.
    pub(crate) fn through_shell(&self, before: &str, arguments: &[&str], after: &str) -> Command {
        let line = format!(r#"{before} exec "$0" "$@" {after}"#);
        let all: Vec<&str> = ["-c", &line, APIKEY].into_iter().chain(arguments.iter().copied()).collect();
        let mut command = self.bare("/bin/sh", &all);
        command.env("APIKEY_VAULT", "keyfile");
        command
    }

    /// Any program in an environment that holds a home, and nothing else.
    pub(crate) fn bare(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("HOME", self.home()).current_dir(self.home());
        command
    }

    /// Runs the binary with nothing on standard input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finish(&mut self.command(arguments))
    }

    /// Runs the binary.
    pub(crate) fn run_with_stdin(&self, arguments: &[&str], stdin: &[u8]) -> Ran {
        finish_with_stdin(&mut self.command(arguments), stdin)
    }

    /// Issues a key and gives its secret.
    #[track_caller]
    pub(crate) fn create(&self, name: &str) -> String {
        self.run(&["create", "-q", name]).ended(0).line()
    }

    /// What `verify` says of a secret: `accepted` or the denial's code.
    #[track_caller]
    pub(crate) fn verdict(&self, secret: &str) -> String {
        let answer = self.run_with_stdin(&["verify", "--json"], secret.as_bytes()).json();
        answer["code"].as_str().unwrap().to_owned()
    }

    /// The names of all keys.
    pub(crate) fn names(&self) -> Vec<String> {
        let answer = self.run(&["list", "--json"]).ended(0).json();
        answer.as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The folder of the registry.
    pub(crate) fn folder(&self) -> PathBuf {
        self.home().join(".local/share/apikey")
    }

    pub(crate) fn registry(&self) -> PathBuf {
        self.folder().join("registry.db")
    }
}

/// Runs a command with nothing on standard input.
pub(crate) fn finish(command: &mut Command) -> Ran {
    command.stdin(Stdio::null());
    watched(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// Runs a command; one that does not read its input to the end is no error.
pub(crate) fn finish_with_stdin(command: &mut Command, stdin: &[u8]) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    thread::scope(|scope| {
        // A reader that has seen enough closes the pipe.
        scope.spawn(move || drop(pipe.write_all(stdin)));
        watched(child)
    })
}

/// Waits for a child, and kills one that hangs.
pub(crate) fn watched(mut child: Child) -> Ran {
    let stdout = child.stdout.take().map(collect);
    let stderr = child.stderr.take().map(collect);
    for _ in 0..LOOKS {
        if let Some(status) = child.try_wait().unwrap() {
            let text = |reader: Option<thread::JoinHandle<String>>| {
                reader.map(|reader| reader.join().unwrap()).unwrap_or_default()
            };
            let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap();
            return Ran { code, stdout: text(stdout), stderr: text(stderr) };
        }
        thread::sleep(LOOK_EVERY);
    }
    child.kill().unwrap();
    panic!("a process hung");
}

fn collect(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
