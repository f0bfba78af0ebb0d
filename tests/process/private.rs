//! Nothing private leaves: not by arguments, environment, messages, or the bytes of the registry.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::machine::{Machine, Ran, watched};

/// What must be seen nowhere, as it is and in the ways it could be written down.
struct Private(Vec<(String, Vec<u8>)>);

impl Private {
    /// The master key of a machine.
    fn of(machine: &Machine) -> Self {
        let text = fs::read_to_string(machine.folder().join("master.key")).unwrap().trim_end().to_owned();
        let bytes = BASE64_STANDARD.decode(&text).unwrap();
        assert_eq!(bytes.len(), 32);
        let mut private = Self(Vec::new());
        private.add("the master key", &bytes);
        private.add("the master key's text", text.as_bytes());
        private
    }

    /// What of a secret is not public: its body. The check behind it says nothing without that.
    fn add_secret(&mut self, secret: &str) {
        assert_eq!(secret.len(), 75);
        self.add("a secret", &secret.as_bytes()[26..69]);
    }

    fn add(&mut self, what: &str, bytes: &[u8]) {
        let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        self.0.push((what.to_owned(), bytes.to_owned()));
        self.0.push((format!("{what} in hex"), hex.into_bytes()));
        self.0.push((format!("{what} in base64"), BASE64_STANDARD.encode(bytes).into_bytes()));
    }

    #[track_caller]
    fn is_not_in(&self, place: &str, bytes: &[u8]) {
        for (what, private) in &self.0 {
            let found = bytes.windows(private.len()).any(|window| window == private.as_slice());
            assert!(!found, "{what} is in {place}: {:?}", String::from_utf8_lossy(bytes));
        }
    }
}

/// Runs a command, and gives all that others could read of it in `/proc` while it ran.
fn spied_on(command: &mut Command, stdin: &[u8]) -> (Ran, Vec<u8>) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let files = ["cmdline", "environ", "comm"].map(|file| format!("/proc/{}/{file}", child.id()));
    let mut pipe = child.stdin.take().unwrap();
    let mut seen = BTreeSet::new();
    // What cannot be read is gone with the process.
    let mut look = || seen.extend(files.iter().filter_map(|file| fs::read(file).ok()));
    look();
    // A command that takes nothing from its input may have left.
    drop(pipe.write_all(stdin));
    look();
    drop(pipe);
    while child.try_wait().unwrap().is_none() {
        look();
    }
    assert!(seen.len() > 1, "nothing was seen");
    (watched(child), seen.into_iter().collect::<Vec<_>>().concat())
}

/// An endpoint that accepts everything and says back what it was sent.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                request.push(byte[0]);
            }
            let head =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", request.len());
            // The client may have seen enough.
            drop(stream.write_all(&[head.as_bytes(), &request].concat()));
        }
    });
    address
}

#[test]
fn a_secret_is_seen_on_standard_output_when_asked_for_and_nowhere_else() {
    let machine = Machine::with_registry();
    let mut private = Private::of(&machine);
    // While somebody reads, what is written stays in the write-ahead log.
    let reader = rusqlite::Connection::open(machine.registry()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM key;").unwrap();
    let secret = machine.create("a");
    private.add_secret(&secret);
    fs::write(machine.home().join("s"), &secret).unwrap();

    silent_commands(&machine, &secret, &mut private);
    for arguments in [&["rotate", "-q", "a"][..], &["reveal", "-q", "a"]] {
        let (ran, seen) = spied_on(&mut machine.command(arguments), b"");
        private.add_secret(&ran.ended(0).line());
        private.is_not_in("/proc", &seen);
    }
    let (ran, seen) = spied_on(&mut machine.through_shell("", &["verify", "--secret-fd", "3"], "3<s"), b"");
    ran.ended(0);
    private.is_not_in("/proc", &seen);
    registry_holds_none_of(&machine, &private);
    drop(reader);
    registry_holds_none_of(&machine, &private);
}

/// Commands that print no secret, each given one on standard input.
fn silent_commands(machine: &Machine, secret: &str, private: &mut Private) {
    let url = format!("http://{}/", echo());
    for arguments in [
        &["create", "b", "--secret-out", "b"][..],
        &["create", "pair", "--kind", "pair", "--secret-out", "pair"],
        &["rotate", "b", "--secret-out", "b2"],
        &["verify", "--explain", "--json"],
        &["verify", "--secret-file", "s"],
        &["verify", "--batch"],
        &["lookup"],
        &["test-call", "a", "--url", &url, "--explain", "--json"],
        &["test-call", "--stdin-secret", "--url", &url],
        &["test-call", "a", "--url", &url, "--print-curl"],
        &["test-call", "a", "--url", &url, "--in", "query", "--save"],
        &["reveal", "a", "--secret-out", "a2"],
        &["show", "a", "--json"],
        &["list", "--json"],
        &["log", "--json"],
        &["doctor", "--json"],
        &["forget", "b", "--yes"],
        &["revoke", "b", "--yes"],
    ] {
        let (ran, seen) = spied_on(&mut machine.command(arguments), secret.as_bytes());
        let ran = ran.ended(0);
        for file in ["b", "b2"].map(|file| machine.home().join(file)) {
            if let Ok(secret) = fs::read_to_string(file) {
                private.add_secret(secret.trim_end());
            }
        }
        private.is_not_in(&format!("the output of {arguments:?}"), ran.stdout.as_bytes());
        private.is_not_in(&format!("the messages of {arguments:?}"), ran.stderr.as_bytes());
        private.is_not_in("/proc", &seen);
    }
}

/// The registry with what lies beside it, less the key file.
fn registry_holds_none_of(machine: &Machine, private: &Private) {
    let mut bytes = 0;
    for entry in fs::read_dir(machine.folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap() != "master.key" {
            let content = fs::read(&path).unwrap();
            bytes += content.len();
            for (what, secret) in &private.0 {
                let found = content.windows(secret.len()).any(|window| window == secret.as_slice());
                assert!(!found, "{what} is in {}", path.display());
            }
        }
    }
    assert!(bytes > 4096);
}

#[test]
fn a_refused_argument_is_not_repeated() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let mut private = Private::of(&machine);
    private.add_secret(&secret);
    for arguments in [
        &["verify", &secret][..],
        &["lookup", &secret],
        &["show", &secret],
        &["create", "-q", &secret],
        &["verify", "--secret", &secret, "--json"],
        &[&secret],
    ] {
        let ran = machine.run(arguments).ended(2);
        private.is_not_in("the output", ran.stdout.as_bytes());
        private.is_not_in("the messages", ran.stderr.as_bytes());
    }
    registry_holds_none_of(&machine, &private);
}

#[test]
fn the_passphrase_command_learns_nothing() {
    let machine = Machine::new();
    let script = machine.home().join("ask");
    fs::write(
        &script,
        "#!/bin/sh\ntr '\\0' '\\n' </proc/$PPID/cmdline >>learnt; env >>learnt; cat /proc/$$/cmdline >>learnt; echo correct horse battery staple\n",
    )
    .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    let run = |arguments: &[&str], stdin: &[u8]| {
        let mut command = machine.bare(crate::machine::APIKEY, arguments);
        command.env("APIKEY_PASSPHRASE_COMMAND", format!("/bin/sh {}", script.display()));
        // Found by the program, and of no use to the command.
        command.env("APIKEY_PASSPHRASE", "of something else");
        crate::machine::finish_with_stdin(&mut command, stdin).ended(0)
    };
    run(&["init", "--vault", "file"], b"");
    let secret = run(&["create", "-q", "a"], b"").line();
    run(&["verify"], secret.as_bytes());
    let learnt = fs::read(machine.home().join("learnt")).unwrap();
    assert!(learnt.len() > 100);
    let mut private = Private(Vec::new());
    private.add_secret(&secret);
    private.add("another passphrase", b"of something else");
    private.is_not_in("what the passphrase command learnt", &learnt);
}
