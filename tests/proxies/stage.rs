//! A registry, `apikey serve` on it, a small API, and a proxy in front of both: real processes on loopback.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What a test stands on; everything ends with it.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
    children: Vec<Child>,
    /// The port of the API.
    pub(crate) api: u16,
    /// The port of `apikey serve`.
    pub(crate) gate: u16,
    proxy: u16,
}

/// An answer.
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// All of it.
    pub(crate) text: String,
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Stage {
    /// Makes a registry, starts the API and the server.
    pub(crate) fn begin(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (api, gate) = (start_api(), free_port());
        let mut stage = Self { folder, children: Vec::new(), api, gate, proxy: 0 };
        stage.apikey(&["init", "--vault", "keyfile"]);
        let config = stage.write("serve.toml", config);
        let address = format!("127.0.0.1:{gate}");
        let mut command = stage.command();
        command.args(["serve", "--listen", &address, "--config", &config]);
        stage.start(gate, command);
        stage
    }

    /// A free port for a proxy, and the configuration that the tool prints for it.
    pub(crate) fn printed(&self, proxy: &str) -> (u16, String) {
        let port = free_port();
        let [ask, listen, api] = [self.gate, port, self.api].map(|port| format!("127.0.0.1:{port}"));
        let arguments = [
            "serve",
            "--print-config",
            proxy,
            "--listen",
            &ask,
            "--proxy-listen",
            &listen,
            "--upstream",
            &api,
        ];
        (port, self.apikey(&arguments) + "\n")
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file and gives its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Starts the proxy.
    pub(crate) fn proxy(&mut self, port: u16, program: &str, arguments: &[&str]) {
        let mut command = Command::new(program);
        command.args(arguments).env("HOME", self.folder.path()).env("XDG_DATA_HOME", self.folder.path());
        self.proxy = port;
        self.start(port, command);
    }

    /// Ends `apikey serve`, which is the first that was started.
    pub(crate) fn end_gate(&mut self) {
        self.children[0].kill().unwrap();
        self.children[0].wait().unwrap();
    }

    /// Runs a command of the tool to its end.
    pub(crate) fn apikey(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Issues a key and gives its secret.
    pub(crate) fn create(&self, name: &str, arguments: &[&str]) -> String {
        self.apikey(&[&["create", name, "-q"], arguments].concat())
    }

    /// One request through the proxy, its line as it is given.
    pub(crate) fn through_proxy(&self, line: &str, fields: &[String]) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.proxy)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let port = self.proxy;
        let fields = fields.iter().fold(String::new(), |head, field| head + field + "\r\n");
        write!(
            stream,
            "{line} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\ncontent-length: 0\r\n{fields}\r\n"
        )
        .unwrap();
        let mut bytes = Vec::new();
        // A proxy may reset the connection of a request it refuses; what came before counts.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Answer { status, text }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_apikey"));
        command.env_clear().env("HOME", self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Starts a process and waits until its port answers.
    fn start(&mut self, port: u16, mut command: Command) {
        let log = std::fs::File::create(self.folder.path().join(format!("{port}.log"))).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        self.children.push(child);
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let log = std::fs::read_to_string(self.folder.path().join(format!("{port}.log")));
        panic!("nothing listens on {port}: {log:?}");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in &mut self.children {
            // One that ended by itself needs no ending.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// An API that says what it was told of the caller.
fn start_api() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut head = Vec::new();
            let mut byte = [0; 1];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head);
            let field = |name: &str| {
                let values: Vec<&str> = head
                    .lines()
                    .filter_map(|line| line.split_once(':'))
                    .filter(|(field, _)| field.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.trim())
                    .collect();
                values.join("+")
            };
            let body = format!(
                "seen by the api: name={} scopes={}",
                field("x-apikey-name"),
                field("x-apikey-scopes")
            );
            // The client may be gone.
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    port
}
