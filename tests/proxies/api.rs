//! The API behind a proxy: it keeps what it is told, and answers every request with 200, and a WebSocket's with 101.

use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One that listens on a port of its own for as long as the test runs.
pub(crate) struct Api {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A request as it came to the API.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Method, target and version.
    pub(crate) line: String,
    /// Its header fields, their names in small letters.
    pub(crate) fields: Vec<(String, String)>,
    /// Its body.
    pub(crate) body: String,
}

impl Seen {
    /// What it is for.
    pub(crate) fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    /// All values of a field.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str()).collect()
    }
}

impl Api {
    pub(crate) fn begin() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let keep = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let keep = keep.clone();
                std::thread::spawn(move || serve(&stream, &keep));
            }
        });
        Self { port, seen }
    }

    /// What came since this was last asked.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

/// What a connection that becomes a WebSocket is answered, and what is said over it.
const SOCKET: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nover the socket";

/// Reads requests off one connection until it ends or makes no sense; every head counts, whatever follows it.
fn serve(stream: &TcpStream, keep: &Mutex<Vec<Seen>>) {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some((line, fields)) = read_head(&mut reader) {
        let mut seen = Seen { line, fields, body: String::new() };
        let at = {
            let mut all = keep.lock().unwrap();
            all.push(seen.clone());
            all.len() - 1
        };
        // Whoever announces a body and does not send it is not waited for.
        stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
        let Some(body) = read_body(&mut reader, &seen) else { return };
        stream.set_read_timeout(None).unwrap();
        seen.body = body;
        let is_socket =
            seen.values("upgrade") == ["websocket"] && !seen.values("sec-websocket-key").is_empty();
        // The test may have taken it already.
        if let Some(kept) = keep.lock().unwrap().get_mut(at) {
            *kept = seen;
        }
        if is_socket {
            // A client that is gone has its answer.
            let _ = writer.write_all(SOCKET.as_bytes());
            return;
        }
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\nseen by the api";
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

type Head = (String, Vec<(String, String)>);

fn read_head(reader: &mut impl std::io::BufRead) -> Option<Head> {
    let line = read_line(reader)?;
    let mut fields = Vec::new();
    loop {
        let field = read_line(reader)?;
        if field.is_empty() {
            return Some((line, fields));
        }
        let (name, value) = field.split_once(':')?;
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn read_line(reader: &mut impl std::io::BufRead) -> Option<String> {
    let mut bytes = Vec::new();
    reader.read_until(b'\n', &mut bytes).ok().filter(|read| *read > 0)?;
    Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned())
}

/// By the rules of RFC 9112: chunks if it says so, else its length, else nothing.
fn read_body(reader: &mut BufReader<&TcpStream>, seen: &Seen) -> Option<String> {
    if !seen.values("transfer-encoding").is_empty() {
        let mut body = Vec::new();
        loop {
            let length = usize::from_str_radix(read_line(reader)?.split(';').next()?.trim(), 16).ok()?;
            body.extend(read_exactly(reader, length)?);
            read_line(reader)?;
            if length == 0 {
                return Some(String::from_utf8_lossy(&body).into_owned());
            }
        }
    }
    let length = seen.values("content-length").first().map_or(Some(0), |length| length.parse().ok())?;
    Some(String::from_utf8_lossy(&read_exactly(reader, length)?).into_owned())
}

fn read_exactly(reader: &mut impl std::io::Read, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
