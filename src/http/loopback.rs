//! Servers for the tests of this folder: real sockets and real TLS on this machine, hostile on request.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;

/// A stream to the client.
pub(super) trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

/// A listening server; its thread ends with the test process.
pub(super) struct Server {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers each request by whatever `respond` writes; the request is read first, its data included.
    pub(super) fn start(respond: impl Fn(&mut dyn Stream, &str) + Send + Sync + 'static) -> Self {
        Self::listen(respond, |stream| Some(Box::new(stream)))
    }

    /// Answers each request with these bytes, then closes.
    pub(super) fn saying(response: impl Into<Vec<u8>>) -> Self {
        let response = response.into();
        Self::start(move |stream, _| {
            // The client may have seen enough and gone: not this test's matter.
            let _ = stream.write_all(&response);
        })
    }

    /// As [`Server::start`] behind TLS.
    pub(super) fn start_tls(
        identity: Identity,
        respond: impl Fn(&mut dyn Stream, &str) + Send + Sync + 'static,
    ) -> Self {
        let config = Arc::new(identity.config);
        Self::listen(respond, move |mut stream| {
            let mut connection = rustls::ServerConnection::new(config.clone()).unwrap();
            connection.complete_io(&mut stream).ok()?;
            Some(Box::new(rustls::StreamOwned::new(connection, stream)))
        })
    }

    fn listen(
        respond: impl Fn(&mut dyn Stream, &str) + Send + Sync + 'static,
        wrap: impl Fn(TcpStream) -> Option<Box<dyn Stream>> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (shared, log) = (Arc::new((respond, wrap)), seen.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (shared, log) = (shared.clone(), log.clone());
                thread::spawn(move || {
                    let Some(mut stream) = shared.1(stream) else { return };
                    let request = read_request(&mut *stream);
                    log.lock().unwrap().push(request.clone());
                    shared.0(&mut *stream, &request);
                });
            }
        });
        Self { port, seen }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Every request so far, as text.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn read_request(stream: &mut dyn Stream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !is_complete(&request) {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8_lossy(&request).into_owned()
}

fn is_complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

/// A certificate authority's PEM and a server's configuration under it.
pub(super) struct Identity {
    pub(super) authority: String,
    config: rustls::ServerConfig,
}

impl Identity {
    /// For `host`, valid between these years.
    pub(super) fn new(host: &str, from_year: i32, to_year: i32) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let mut leaf = CertificateParams::new(vec![host.to_owned()]).unwrap();
        leaf.not_before = rcgen::date_time_ymd(from_year, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(to_year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let leaf = leaf.signed_by(&key, &authority).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        Self { authority: authority.pem(), config }
    }
}
