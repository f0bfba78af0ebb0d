//! `apikey serve` as a process, what it says, and raw requests to it.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::crashes::KILLED;
use crate::machine::{LOOK_EVERY, LOOKS, Machine, Ran, watched};

/// A running server; it ends with the test.
pub(crate) struct Serving {
    child: Option<Child>,
    said: Arc<Mutex<String>>,
}

/// Anything to speak HTTP over.
pub(crate) trait Wire: std::io::Read + std::io::Write {}
impl<W: std::io::Read + std::io::Write> Wire for W {}

impl Serving {
    /// Starts a server at a free port, with further arguments.
    pub(crate) fn start(machine: &Machine, arguments: &[&str]) -> Self {
        let all = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        Self::spawn(machine.command(&all).stdin(Stdio::null()))
    }

    /// The same, with a configuration.
    pub(crate) fn configured(machine: &Machine, config: &str, arguments: &[&str]) -> Self {
        write_config(machine, config);
        Self::start(machine, &[&["--config", "serve.toml"], arguments].concat())
    }

    /// Starts a command that serves, and waits until it listens.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let (stream, heard) = (child.stderr.take().unwrap(), said.clone());
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                heard.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let serving = Self { child: Some(child), said };
        serving.wait_for("listening");
        serving
    }

    /// Everything it has said.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said this.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait_until(|said| said.contains(text));
    }

    /// Waits until what it has said is so.
    #[track_caller]
    pub(crate) fn wait_until(&self, is_so: impl Fn(&str) -> bool) {
        for _ in 0..LOOKS {
            if is_so(&self.said()) {
                return;
            }
            thread::sleep(LOOK_EVERY);
        }
        panic!("that was never said: {}", self.said());
    }

    /// Where the event says that it listens.
    #[track_caller]
    pub(crate) fn address_of(&self, event: &str) -> SocketAddr {
        let begins = format!(" {event} address=http://");
        self.wait_for(&begins);
        let said = self.said();
        said.split(&begins).nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap()
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.address_of("listening"))
    }

    /// The whole answer to one request.
    pub(crate) fn ask(&self, line: &str, fields: &[&str]) -> String {
        ask(&mut self.connect(), line, fields)
    }

    /// What `/verify` says of a secret.
    pub(crate) fn verdict(&self, secret: &str) -> u16 {
        status(&self.ask("GET /verify", &[&format!("authorization: Bearer {secret}")]))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Tells it to end, and gives how it did.
    pub(crate) fn end(mut self) -> (Ran, String) {
        self.signal(Signal::TERM);
        let ran = watched(self.child.take().unwrap());
        (ran, self.said())
    }

    /// Kills it.
    pub(crate) fn kill(mut self) {
        self.signal(Signal::KILL);
        watched(self.child.take().unwrap()).ended(KILLED);
    }

    /// A field of `/proc/PID/status`, in KiB or a number.
    pub(crate) fn status(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.pid().as_raw_nonzero());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// The first byte of each POSIX lock that it has on this file (`/proc/locks`).
    #[cfg(target_os = "linux")]
    pub(crate) fn posix_locks(&self, file: &std::path::Path) -> Vec<u64> {
        use std::os::unix::fs::MetadataExt as _;
        let (pid, inode) = (self.pid().as_raw_nonzero().to_string(), std::fs::metadata(file).unwrap().ino());
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        let words = locks.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        words
            .filter(|words| {
                words[1] == "POSIX" && words[4] == pid && words[5].ends_with(&format!(":{inode}"))
            })
            .map(|words| words[6].parse().unwrap())
            .collect()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // One that ended by itself needs no ending.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn write_config(machine: &Machine, config: &str) {
    std::fs::write(machine.home().join("serve.toml"), config).unwrap();
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// The whole answer to one request over a connection that is new.
pub(crate) fn ask(wire: &mut dyn Wire, line: &str, fields: &[&str]) -> String {
    let fields: String = fields.iter().flat_map(|field| [field, "\r\n"]).collect();
    say(wire, format!("{line} HTTP/1.1\r\nhost: api\r\nconnection: close\r\n{fields}\r\n").as_bytes())
}

/// The whole answer to one request over a connection that stays.
pub(crate) fn ask_again(wire: &mut dyn Wire, line: &str, fields: &[&str]) -> String {
    let fields: String = fields.iter().flat_map(|field| [field, "\r\n"]).collect();
    wire.write_all(format!("{line} HTTP/1.1\r\nhost: api\r\n{fields}\r\n").as_bytes()).unwrap();
    let (mut answer, mut part) = (String::new(), [0; 4096]);
    loop {
        let length = wire.read(&mut part).unwrap();
        assert!(length > 0, "closed after {answer:?}");
        answer.push_str(std::str::from_utf8(&part[..length]).unwrap());
        let Some((head, body)) = answer.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() == length.parse::<usize>().unwrap() {
            return answer;
        }
    }
}

/// The request is under way once the server wants its body.
pub(crate) fn wait_until_asked_for_more(wire: &mut dyn Wire) {
    let mut answer = [0; 25];
    wire.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
}

/// What is answered to these bytes until the server closes; one that closes before it has read them all is no error.
pub(crate) fn say(wire: &mut dyn Wire, bytes: &[u8]) -> String {
    let _ = wire.write_all(bytes);
    rest(wire)
}

/// What comes until the server closes.
pub(crate) fn rest(wire: &mut dyn Wire) -> String {
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    loop {
        match wire.read(&mut part) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&part[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                panic!("the server neither answers nor closes: {}", String::from_utf8_lossy(&answer))
            }
            // It closed with something unread.
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer; 0 when there is none.
pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}
