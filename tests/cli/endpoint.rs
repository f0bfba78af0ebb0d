//! An endpoint on loopback that answers every request from its text, and remembers what it saw.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Listens until the test process ends.
pub(crate) struct Endpoint {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Endpoint {
    /// Answers each request with what `answer` makes of its text: a status line, then headers, then a body.
    pub(crate) fn answering(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &answer, &log);
            }
        });
        Self { address, seen }
    }

    /// Accepts these secrets as bearer tokens and no others.
    pub(crate) fn accepting(secrets: &[&str]) -> Self {
        let known: Vec<String> = secrets.iter().map(|secret| format!("Bearer {secret}\r\n")).collect();
        Self::answering(move |request| {
            let is_known = known.iter().any(|line| request.contains(line));
            let status = if is_known { "200 OK" } else { "401 Unauthorized" };
            format!("HTTP/1.1 {status}\r\nX-RateLimit-Remaining: 9\r\n\r\nhello")
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, answer: &impl Fn(&str) -> String, log: &Mutex<Vec<String>>) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
    let request = String::from_utf8_lossy(&bytes).into_owned();
    log.lock().unwrap().push(request.clone());
    // A client that went away is what some tests are about.
    drop(stream.write_all(answer(&request).as_bytes()));
}
