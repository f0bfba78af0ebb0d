//! A small real endpoint on this machine: it asks the throw-away registry about every secret presented to it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Result;

use crate::crypto::Subkeys;
use crate::domain::decision::{Decision, Denial, Request};
use crate::domain::time::Instant;
use crate::registry::Registry;
use crate::registry::sqlite::SqliteRegistry;
use crate::vault::{self, KeyFile};
use crate::verification;

/// The most bytes of a request that are read.
const LARGEST_HEAD: u64 = 16 * 1024;

/// The endpoint, listening until it is dropped.
pub(super) struct Endpoint {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Endpoint {
    /// Listens on a free port of this machine. `now` is what it judges by: a demo takes seconds.
    pub(super) fn start(folder: &Path, now: Instant) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, folder) = (Arc::clone(&is_over), folder.to_owned());
        let thread = std::thread::Builder::new().name("endpoint".into()).spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Acquire) {
                    return;
                }
                if let Ok(stream) = stream {
                    // A client that went away is its own affair.
                    let _ = serve(&stream, &folder, now);
                }
            }
        })?;
        Ok(Self { address, is_over, thread: Some(thread) })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        // Wakes the thread from waiting; if nobody listens any more, it needs no waking.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        if let (true, Some(thread)) = (woken, self.thread.take()) {
            // A panic there was reported there.
            let _ = thread.join();
        }
    }
}

fn serve(stream: &TcpStream, folder: &Path, now: Instant) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (path, secret) = read_request(stream)?;
    let (status, body) = match answer(&path, secret.as_deref(), folder, now) {
        Ok(answer) => answer,
        // No decision could be made, which is never an acceptance.
        Err(_) => ("503 Service Unavailable", r#"{"error":"no_decision"}"#.to_owned()),
    };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()
}

/// The path, and the bearer token if there is one.
fn read_request(stream: &TcpStream) -> io::Result<(String, Option<String>)> {
    let mut lines = BufReader::new(stream.take(LARGEST_HEAD)).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut secret = None;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("authorization")
        {
            secret = value.strip_prefix("Bearer ").map(str::to_owned);
        }
    }
    Ok((path, secret))
}

/// To a stranger every denial is one and the same; the owner of a matching secret is told which.
fn answer(path: &str, secret: Option<&str>, folder: &Path, now: Instant) -> Result<(&'static str, String)> {
    let (scope, found) = match path {
        "/orders" => ("orders:read", r#"{"orders":[{"id":1,"item":"tea"}]}"#),
        "/invoices" => ("invoices:read", r#"{"invoices":[{"id":7,"total":12}]}"#),
        _ => return Ok(("404 Not Found", r#"{"error":"no_such_path"}"#.to_owned())),
    };
    let registry = SqliteRegistry::open(&folder.join("registry.db"))?;
    let key_file = KeyFile::new(folder.join("master.key"));
    let keys = Subkeys::derive(&vault::open(&key_file, &registry.identity()?.check_value)?);
    let request = Request { scopes: vec![scope.parse()?], ..Request::default() };
    let (_, decision) = verification::verify(&registry, &keys, secret.map(str::as_bytes), &request, now)?;
    Ok(match decision {
        Decision::Accepted => ("200 OK", found.to_owned()),
        Decision::Denied(Denial::InsufficientScope) => {
            ("403 Forbidden", format!(r#"{{"error":"insufficient_scope","needed":"{scope}"}}"#))
        }
        Decision::Denied(Denial::Missing | Denial::Malformed | Denial::NotFound) => {
            ("401 Unauthorized", r#"{"error":"unauthorized"}"#.to_owned())
        }
        Decision::Denied(denial) => ("401 Unauthorized", format!(r#"{{"error":"{}"}}"#, denial.code())),
    })
}
