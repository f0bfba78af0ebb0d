//! A registry, `apikey serve` on it, a small API, and a proxy in front of both: real processes on loopback. The client
//! is 127.0.0.2, so that its address is not the proxy's.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::api::{Api, Seen};

/// Where the client is, unless something else is said.
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// How long an answer may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a test stands on; everything ends with it.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
    api: Api,
    gate: u16,
    gate_process: Option<Child>,
    proxy: u16,
    proxy_process: Option<Child>,
}

/// An answer, and what the API had seen by then.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its status.
    pub(crate) status: u16,
    /// All of it.
    pub(crate) text: String,
    /// What came to the API since the last answer.
    pub(crate) seen: Vec<Seen>,
}

impl Answer {
    /// The value of a header field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default();
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The one request that passed.
    pub(crate) fn passed(&self) -> &Seen {
        assert_eq!((self.status, self.seen.len()), (200, 1), "{self:?}");
        &self.seen[0]
    }

    /// Nothing passed, and the client was told so.
    pub(crate) fn held_back(&self) {
        assert!(self.seen.is_empty() && self.status >= 400, "{self:?}");
    }

    /// Nothing passed; the connection may have ended before the client could read why.
    pub(crate) fn held_back_or_cut_off(&self) {
        assert!(self.seen.is_empty() && (self.status >= 400 || self.text.is_empty()), "{self:?}");
    }

    /// Nothing passed, for this reason.
    pub(crate) fn refused(&self, status: u16) {
        assert_eq!((self.status, self.seen.len()), (status, 0), "{self:?}");
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Stage {
    /// Makes a registry, starts the API and the server.
    pub(crate) fn begin(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let api = Api::begin();
        let mut stage =
            Self { folder, api, gate: free_port(), gate_process: None, proxy: 0, proxy_process: None };
        stage.apikey(&["init", "--vault", "keyfile"]);
        stage.write("serve.toml", config);
        stage.begin_gate();
        stage
    }

    /// Starts `apikey serve`, with the configuration that is there.
    pub(crate) fn begin_gate(&mut self) {
        let address = format!("127.0.0.1:{}", self.gate);
        let config = self.folder.path().join("serve.toml");
        let mut command = self.command();
        command.args(["serve", "--listen", &address, "--config"]).arg(config);
        self.gate_process = Some(self.start(self.gate, command));
    }

    /// Ends `apikey serve`.
    pub(crate) fn end_gate(&mut self) {
        end(&mut self.gate_process);
    }

    /// Sends `apikey serve` a signal.
    pub(crate) fn signal_gate(&self, signal: &str) {
        let id = self.gate_process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// The configuration that the tool prints for a proxy on the proxy's port.
    pub(crate) fn printed(&mut self, proxy: &str) -> String {
        if self.proxy == 0 {
            self.proxy = free_port();
        }
        let [ask, listen, api] =
            [self.gate, self.proxy, self.api.port].map(|port| format!("127.0.0.1:{port}"));
        let places = ["--listen", &ask, "--proxy-listen", &listen, "--upstream", &api];
        self.apikey(&[&["serve", "--print-config", proxy], &places[..]].concat()) + "\n"
    }

    /// Where the proxy listens.
    pub(crate) fn proxy_address(&self) -> String {
        format!("127.0.0.1:{}", self.proxy)
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
    pub(crate) fn proxy(&mut self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path());
        command.env("HOME", self.folder.path()).env("XDG_DATA_HOME", self.folder.path());
        self.proxy_process = Some(self.start(self.proxy, command));
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

    /// One request through the proxy, its line as it is given, without a body.
    pub(crate) fn ask(&self, line: &str, fields: &[String]) -> Answer {
        self.ask_from(CLIENT, line, fields)
    }

    /// As [`Self::ask`], by another client.
    pub(crate) fn ask_from(&self, client: Ipv4Addr, line: &str, fields: &[String]) -> Answer {
        let fields = fields.iter().fold(String::new(), |head, field| head + field + "\r\n");
        let host = self.proxy_address();
        self.send(
            client,
            &format!(
                "{line} HTTP/1.1\r\nhost: {host}\r\n{fields}content-length: 0\r\nconnection: close\r\n\r\n"
            ),
        )
    }

    /// Sends these very bytes, which have to end the connection, and reads until it does end, or is about to.
    pub(crate) fn send(&self, client: Ipv4Addr, text: &str) -> Answer {
        let mut stream = connect(client, self.proxy);
        // A proxy may refuse before it has read everything, and end the connection: what it said before counts.
        let _ = stream.write_all(text.as_bytes());
        let mut bytes = Vec::new();
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut part) {
            bytes.extend_from_slice(&part[..length]);
            if is_last(&bytes) {
                break;
            }
        }
        self.answer(&bytes)
    }

    /// As [`Self::send`], for what may have no end: once nothing comes any more, neither does anything from the client.
    pub(crate) fn send_and_end(&self, client: Ipv4Addr, text: &str) -> Answer {
        let mut stream = connect(client, self.proxy);
        let _ = stream.write_all(text.as_bytes());
        let mut bytes = Vec::new();
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let _ = stream.read_to_end(&mut bytes);
        let _ = stream.shutdown(Shutdown::Write);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = stream.read_to_end(&mut bytes);
        self.answer(&bytes)
    }

    fn answer(&self, bytes: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Answer { status, text, seen: self.api.take() }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_apikey"));
        command.env_clear().env("HOME", self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Where a process writes what it has to say.
    fn log(&self, port: u16) -> PathBuf {
        self.folder.path().join(format!("{port}.log"))
    }

    /// Starts a process and waits until its port answers.
    fn start(&self, port: u16, mut command: Command) -> Child {
        let path = self.log(port);
        let log = std::fs::File::create(&path).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        for _ in 0..1000 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return child;
            }
            if child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        end(&mut Some(child));
        panic!("nothing listens on {port}: {}", std::fs::read_to_string(path).unwrap());
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let ended = self.gate_process.as_mut().and_then(|gate| gate.try_wait().ok().flatten());
        end(&mut self.proxy_process);
        end(&mut self.gate_process);
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "apikey serve had ended: {ended:?}");
            for port in [self.gate, self.proxy] {
                let log = std::fs::read(self.log(port)).unwrap_or_default();
                // What cannot be said here is said by the test.
                let _ = std::io::stderr().write_all(&log);
            }
        }
    }
}

/// Asks a process to end, and makes it end when it does not: a proxy that is killed leaves its workers behind.
fn end(process: &mut Option<Child>) {
    if let Some(mut process) = process.take() {
        // One that ended by itself needs no ending.
        let _ = kill_process(Pid::from_child(&process), Signal::TERM);
        for _ in 0..100 {
            if matches!(process.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = process.kill();
        let _ = process.wait();
    }
}

/// Whether this is a whole answer behind which the connection ends, as it says itself.
fn is_last(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse::<usize>().ok());
    head.contains("connection: close") && length.is_some_and(|length| body.len() >= length)
}

fn connect(client: Ipv4Addr, port: u16) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((client, 0).into()).unwrap();
        socket.connect((Ipv4Addr::LOCALHOST, port).into()).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}
