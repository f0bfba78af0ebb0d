//! What a hostile or broken far side can try, each over a real socket.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::answer::{Answer, BodyEnd, SHOWN_BODY, SHOWN_HEADERS};
use super::client::{Roots, Route, call};
use super::credential::Credential;
use super::failure::{CertificateFault, Failure};
use super::loopback::{Identity, Server, Stream};
use super::proxy::{self, Proxy};
use super::target::{Target, TargetSpec};
use super::verdict::{Doubt, Rejection, Verdict, judge};

const KEY: &str = "apik_sk_live_AAAAAAAAAAAA_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGXXXXXX";
const BODY: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGXXXXXX";

fn key() -> Credential {
    Credential::from_text(KEY).unwrap()
}

fn spec(url: &str) -> TargetSpec {
    TargetSpec { timeout: Duration::from_secs(5), ..TargetSpec::get(url) }
}

fn call_spec(spec: TargetSpec, route: &Route) -> Result<Answer, Failure> {
    call(&Target::new(spec).unwrap(), &key(), route)
}

fn call_url(url: &str) -> Result<Answer, Failure> {
    call_spec(spec(url), &Route::default())
}

fn placed(server: &Server, placement: &str) -> Answer {
    let placement = placement.parse().unwrap();
    call_spec(TargetSpec { placement, ..spec(&server.url("/v1")) }, &Route::default()).unwrap()
}

fn assert_hides_key(answer: &Answer) {
    let shown = format!("{answer:?}");
    for start in 0..=BODY.len() - 16 {
        assert!(!shown.contains(&BODY[start..start + 16]), "{shown}");
    }
    assert!(!shown.contains(&STANDARD.encode(KEY)[20..40]), "{shown}");
}

#[test]
fn the_key_arrives_in_each_of_the_five_places_and_the_answer_is_complete() {
    let server = Server::saying(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nRateLimit-Policy: 10;w=1\r\nX-RateLimit-Remaining: 9\r\n\
         Content-Length: 5\r\n\r\nhello",
    );
    for placement in ["bearer", "header:X-Key", "query:k", "basic", "body:k"] {
        let answer = placed(&server, placement);
        assert_eq!((answer.status, answer.body.as_str(), answer.body_end), (200, "hello", BodyEnd::Complete));
        assert_eq!(answer.content_type.as_deref(), Some("text/plain"));
        let rates: Vec<_> = answer.rate_limit.iter().map(|header| header.name.as_str()).collect();
        assert_eq!(rates, ["ratelimit-policy", "x-ratelimit-remaining"]);
        assert!(!answer.is_tls && answer.proxy.is_none() && answer.timings.tls.is_none());
        assert!(answer.timings.total >= answer.timings.connect + answer.timings.first_byte);
        assert_eq!(judge(None, &Ok(answer)), Verdict::Accepted);
    }
    let seen = server.seen();
    let basic = STANDARD.encode(format!("{KEY}:"));
    for (request, expected) in seen.iter().zip([
        format!("authorization: Bearer {KEY}\r\n"),
        format!("x-key: {KEY}\r\n"),
        format!("GET /v1?k={KEY} HTTP/1.1\r\n"),
        format!("authorization: Basic {basic}\r\n"),
        format!("{{\"k\":\"{KEY}\"}}"),
    ]) {
        assert!(request.contains(&expected), "{request}");
        assert!(request.contains(concat!("user-agent: apikey/", env!("CARGO_PKG_VERSION"))), "{request}");
    }
}

#[test]
fn a_redirect_is_shown_and_never_followed() {
    let other = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let elsewhere = other.url(&format!("/?stolen={KEY}"));
    for status in [301, 302, 303, 307, 308] {
        let server = Server::saying(format!(
            "HTTP/1.1 {status} X\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n"
        ));
        let answer = placed(&server, "bearer");
        assert_eq!(answer.status, status);
        assert!(answer.redirected_to.as_deref().unwrap().ends_with("_[hidden]"), "{answer:?}");
        assert_hides_key(&answer);
        assert_eq!(judge(None, &Ok(answer)), Verdict::NoVerdict(Doubt::Redirected { status }));
    }
    assert!(other.seen().is_empty(), "the redirect was followed");
}

#[test]
fn an_echo_is_hidden_in_headers_and_body_in_every_encoding() {
    let each = |write: fn(u8) -> String| KEY.bytes().map(write).collect::<Vec<_>>().concat();
    let percent = each(|byte| format!("%{byte:02x}"));
    let json = each(|byte| format!("\\u{byte:04X}"));
    let basic = STANDARD.encode(format!("someone:{KEY}"));
    for echo in [KEY.to_owned(), percent, json, basic] {
        let server = Server::saying(format!(
            "HTTP/1.1 401 {echo}\r\nX-Echo: {echo}\r\nWWW-Authenticate: Bearer error=\"{echo}\"\r\n\
             Content-Length: {}\r\n\r\n[{echo}]",
            echo.len() + 2
        ));
        let answer = placed(&server, "bearer");
        assert!(answer.body.contains("[hidden]"), "{answer:?}");
        assert_hides_key(&answer);
        assert!(!format!("{answer:?}").contains(&echo), "{answer:?}");
        assert_eq!(judge(None, &Ok(answer)), Verdict::Rejected(Rejection::Unauthorized));
    }
}

#[test]
fn an_echo_split_over_chunks_and_headers_is_hidden() {
    let server = Server::start(|stream, _| {
        let (first, second) = BODY.split_at(24);
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nX-A: {first}\r\nX-B: {second}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        .unwrap();
        for piece in KEY.as_bytes().chunks(3) {
            write!(stream, "{:x}\r\n{}\r\n", piece.len(), String::from_utf8_lossy(piece)).unwrap();
            stream.flush().unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    let answer = placed(&server, "bearer");
    assert_eq!(answer.body, "apik_sk_live_AAAAAAAAAAAA_[hidden]");
    assert_hides_key(&answer);
}

#[test]
fn terminal_sequences_in_headers_and_body_are_escaped() {
    let body = "\x1b]52;c;ZXZpbA==\x07\u{202e}abc\u{200b}\r\nnext";
    let mut response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nX-Evil: ", body.len()).into_bytes();
    response.extend_from_slice("\u{202e}\u{9b}2J".as_bytes());
    response.extend_from_slice(format!("\r\n\r\n{body}").as_bytes());
    let answer = placed(&Server::saying(response), "bearer");
    assert_eq!(answer.body, "\\x1b]52;c;ZXZpbA==\\x07\\u{202e}abc\\u{200b}\nnext");
    let evil = answer.headers.iter().find(|header| header.name == "x-evil").unwrap();
    assert_eq!(evil.value, "\\u{202e}\\x9b2J");
}

#[test]
fn an_endless_body_is_cut_and_the_status_still_counts() {
    let server = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
        while stream.write_all(&[b'a'; 8192]).is_ok() {}
    });
    let answer = placed(&server, "bearer");
    assert_eq!((answer.body.len(), answer.body_end), (SHOWN_BODY, BodyEnd::Cut));
    assert_eq!(judge(None, &Ok(answer)), Verdict::Accepted);
}

#[test]
fn a_key_across_the_edge_of_the_shown_body_is_hidden() {
    let body = format!("{}{KEY}{}", "a".repeat(SHOWN_BODY - 40), "b".repeat(SHOWN_BODY));
    let server = Server::saying(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    let answer = placed(&server, "bearer");
    assert!(answer.body.ends_with("_[hidden]"));
}

#[test]
fn a_body_that_stalls_or_breaks_off_is_said_to() {
    let stalled = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        let _ = stream.flush();
        thread::sleep(Duration::from_secs(5));
    });
    let short = TargetSpec { timeout: Duration::from_millis(300), ..spec(&stalled.url("/")) };
    let answer = call_spec(short, &Route::default()).unwrap();
    assert_eq!((answer.body.as_str(), answer.body_end), ("abc", BodyEnd::TimedOut));
    let broken = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    let answer = call_url(&broken.url("/")).unwrap();
    assert_eq!((answer.body.as_str(), answer.body_end), ("abc", BodyEnd::Broken));
}

#[test]
fn a_compressed_body_is_not_looked_into() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc");
    let answer = placed(&server, "bearer");
    assert_eq!((answer.body.as_str(), answer.body_end), ("", BodyEnd::Encoded));
}

#[test]
fn a_header_that_drips_ends_with_the_timeout() {
    let server = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
        while stream.write_all(b"a").and_then(|()| stream.flush()).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let slow = TargetSpec { timeout: Duration::from_millis(300), ..spec(&server.url("/")) };
    let result = call_spec(slow, &Route::default());
    assert_eq!(result, Err(Failure::TimedOut));
    assert_eq!(judge(None, &result), Verdict::NoVerdict(Doubt::Failed(Failure::TimedOut)));
}

#[test]
fn a_head_without_end_or_beyond_its_bounds_is_not_http() {
    let endless = Server::start(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").is_ok() {}
    });
    assert_eq!(call_url(&endless.url("/")), Err(Failure::NotHttp));
    assert_eq!(call_url(&Server::saying("SSH-2.0-OpenSSH_9.7\r\n\r\n").url("/")), Err(Failure::NotHttp));
    assert_eq!(call_url(&Server::saying("").url("/")), Err(Failure::Closed));
}

#[test]
fn at_most_a_hundred_headers_are_kept_and_the_rest_counted() {
    let headers = (0..SHOWN_HEADERS + 5).map(|n| format!("X-{n}: v\r\n")).collect::<Vec<_>>().concat();
    let answer = placed(&Server::saying(format!("HTTP/1.1 204 No Content\r\n{headers}\r\n")), "bearer");
    assert_eq!((answer.headers.len(), answer.headers_left_out), (SHOWN_HEADERS, 5));
}

#[test]
fn no_listener_and_no_such_name_are_told_apart() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(call_url(&format!("http://127.0.0.1:{port}/")), Err(Failure::Refused));
    assert_eq!(call_url("https://no-such-host.invalid/"), Err(Failure::NameNotFound));
}

fn greet(stream: &mut dyn Stream, _: &str) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    let _ = stream.flush();
}

fn trusting(identity: &Identity) -> Route {
    Route { roots: Roots::from_pem(identity.authority.as_bytes()).unwrap(), proxy: None }
}

#[test]
fn over_tls_the_key_arrives_and_the_handshake_is_timed() {
    let identity = Identity::new("localhost", 2020, 2099);
    let route = trusting(&identity);
    let server = Server::start_tls(identity, greet);
    let answer = call_spec(spec(&format!("https://localhost:{}/", server.port)), &route).unwrap();
    assert_eq!((answer.status, answer.body.as_str(), answer.is_tls), (200, "hi", true));
    let tls = answer.timings.tls.unwrap();
    assert!(
        tls > Duration::ZERO
            && answer.timings.total >= answer.timings.connect + tls + answer.timings.first_byte
    );
    assert!(server.seen()[0].contains(KEY));
}

#[test]
fn a_certificate_that_does_not_hold_is_told_apart_and_the_key_is_not_sent() {
    for (identity, host, trusted, fault) in [
        (Identity::new("localhost", 2020, 2021), "localhost", true, CertificateFault::Expired),
        (Identity::new("localhost", 2090, 2099), "localhost", true, CertificateFault::NotYetValid),
        (Identity::new("other.example", 2020, 2099), "localhost", true, CertificateFault::WrongHost),
        (Identity::new("localhost", 2020, 2099), "127.0.0.1", true, CertificateFault::WrongHost),
        (Identity::new("localhost", 2020, 2099), "localhost", false, CertificateFault::UnknownIssuer),
    ] {
        let route = if trusted { trusting(&identity) } else { Route::default() };
        let server = Server::start_tls(identity, greet);
        let result = call_spec(spec(&format!("https://{host}:{}/", server.port)), &route);
        assert_eq!(result, Err(Failure::Certificate(fault)));
        assert!(server.seen().iter().all(|request| !request.contains("apik_")), "the key was sent");
    }
}

#[test]
fn the_platform_does_not_trust_a_strangers_authority_either() {
    let server = Server::start_tls(Identity::new("localhost", 2020, 2099), greet);
    let route = Route { roots: Roots::Platform, proxy: None };
    let result = call_spec(spec(&format!("https://localhost:{}/", server.port)), &route);
    // A machine without any trusted certificate has no platform roots at all.
    let expected = [Err(Failure::Certificate(CertificateFault::UnknownIssuer)), Err(Failure::Roots)];
    assert!(expected.contains(&result), "{result:?}");
}

#[test]
fn a_server_that_speaks_no_tls_is_a_tls_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        let mut got = Vec::new();
        // The client may reset the connection: what came before is what counts.
        let _ = io::Read::read_to_end(&mut stream, &mut got);
        got
    });
    assert_eq!(call_url(&format!("https://127.0.0.1:{port}/")), Err(Failure::Tls));
    assert!(!String::from_utf8_lossy(&server.join().unwrap()).contains("apik_"));
}

fn proxy_at(server: &Server) -> Proxy {
    let address = format!("http://me:hunter2@127.0.0.1:{}", server.port);
    let lookup = |name: &str| (name == "https_proxy").then(|| address.clone());
    proxy::for_url(&Url::parse("https://api.example.com/").unwrap(), &lookup).unwrap().unwrap()
}

/// Opens the tunnel to `port`, whatever the client asked for, and pipes.
fn tunnel(port: u16) -> Server {
    Server::start(move |stream, _| {
        let mut upstream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        upstream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        // One thread, strictly in turns, is enough for a handshake and one request.
        let mut buffer = [0; 16384];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(count) => upstream.write_all(&buffer[..count]).unwrap(),
            }
            while let Ok(count @ 1..) = io::Read::read(&mut upstream, &mut buffer) {
                if stream.write_all(&buffer[..count]).is_err() {
                    return;
                }
            }
        }
    })
}

#[test]
fn through_a_proxy_the_key_is_under_tls_and_the_proxy_is_named_without_its_password() {
    let identity = Identity::new("api.example.com", 2020, 2099);
    let roots = Roots::from_pem(identity.authority.as_bytes()).unwrap();
    let server = Server::start_tls(identity, greet);
    let proxy = tunnel(server.port);
    let route = Route { roots, proxy: Some(proxy_at(&proxy)) };
    let answer = call_spec(spec("https://api.example.com/"), &route).unwrap();
    assert_eq!((answer.status, answer.is_tls), (200, true));
    assert_eq!(answer.proxy, Some(format!("http://127.0.0.1:{}", proxy.port)));
    assert!(!format!("{answer:?}").contains("hunter2"));
    let asked = &proxy.seen()[0];
    assert!(asked.starts_with("CONNECT api.example.com:443 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains(&STANDARD.encode("me:hunter2")) && !asked.contains("apik_"), "{asked}");
    assert!(server.seen()[0].contains(KEY));
}

#[test]
fn a_proxy_that_refuses_is_no_verdict_and_never_sees_the_key() {
    let proxy = Server::saying("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let route = Route { roots: Roots::Bundled, proxy: Some(proxy_at(&proxy)) };
    let result = call_spec(spec("https://api.example.com/"), &route);
    assert_eq!(result, Err(Failure::Proxy));
    assert!(proxy.seen().iter().all(|request| !request.contains("apik_")));
}

#[test]
fn a_target_on_this_machine_ignores_the_proxy() {
    let proxy = Server::saying("HTTP/1.1 500 X\r\n\r\n");
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let route = Route { roots: Roots::Bundled, proxy: Some(proxy_at(&proxy)) };
    let answer = call_spec(spec(&server.url("/")), &route).unwrap();
    assert_eq!((answer.status, answer.proxy), (200, None));
    assert!(proxy.seen().is_empty());
}

#[test]
fn data_method_and_headers_arrive_as_given() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    for method in ["GET", "POST", "DELETE", "PROPFIND"] {
        let spec = TargetSpec {
            method: method.to_owned(),
            headers: vec![("X-One".to_owned(), "1".to_owned())],
            data: Some(b"{\"a\":1}".to_vec()),
            ..spec(&server.url("/x%2Fy?q=[1]"))
        };
        call_spec(spec, &Route::default()).unwrap();
        let request = server.seen().pop().unwrap();
        assert!(request.starts_with(&format!("{method} /x%2Fy?q=[1] HTTP/1.1\r\n")), "{request}");
        assert!(
            request.contains("x-one: 1\r\n") && request.contains("content-type: application/json\r\n"),
            "{request}"
        );
        assert!(request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");
    }
}

#[test]
fn without_data_a_post_says_that_it_is_empty() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    for method in ["POST", "PUT", "PATCH", "GET", "DELETE"] {
        let spec = TargetSpec { method: method.to_owned(), ..TargetSpec::get(&server.url("/")) };
        let credential = Credential::from_text("a-secret-of-somebody").unwrap();
        call(&Target::new(spec).unwrap(), &credential, &Route::default()).unwrap();
        let seen = server.seen().pop().unwrap().to_lowercase();
        assert!(!seen.contains("transfer-encoding"), "{method}: {seen}");
        let is_said = matches!(method, "POST" | "PUT" | "PATCH");
        assert_eq!(seen.contains("content-length: 0"), is_said, "{method}: {seen}");
    }
}
