//! The server over real connections, with a registry that changes behind it.

mod hostile;
mod programs;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use super::config::Rules;
use super::journal::{Form, Journal, Requests};
use super::{Gate, serve};
use crate::domain::limit::{Limits, Rate};
use crate::domain::secret::Kind;
use crate::verifier::tests::{Scene, scene, wish};

/// A server, and what it stands on.
struct Served {
    scene: Scene,
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

fn served(scene: Scene, config: &str) -> Served {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (journal, _) = Journal::begin(Form::Off, Requests::None, crate::host::real::now);
    let gate = Arc::new(Gate::new(scene.second(), Rules::parse(config).unwrap(), journal));
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(serve(gate, listener.into(), 1000, std::future::pending()));
    Served { scene, address, _runtime: runtime }
}

fn plain(config: &str) -> Served {
    served(scene(vec![wish("one", Limits::default(), Kind::Private)]), config)
}

impl Served {
    /// The whole answer to one request, without the date.
    fn ask(&self, line: &str, fields: &[String]) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nhost: api\r\nconnection: close\r\n").unwrap();
        for field in fields {
            write!(stream, "{field}\r\n").unwrap();
        }
        stream.write_all(b"\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().filter(|line| !line.starts_with("date:")).collect::<Vec<_>>().join("\n")
    }

    fn bearer(&self) -> String {
        format!("authorization: Bearer {}", self.scene.text(0))
    }

    fn status(&self, line: &str, fields: &[String]) -> String {
        self.ask(line, fields).split(' ').nth(1).unwrap_or_default().to_owned()
    }
}

#[test]
fn an_accepted_request_is_an_empty_200_that_says_who_it_is() {
    let served = plain("");
    let answer = served.ask("GET /verify", &[served.bearer()]);
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("content-length: 0\n"), "{answer}");
    for field in [
        "x-apikey-name: one",
        "x-apikey-owner: default",
        "x-apikey-env: live",
        "x-apikey-scopes: orders:read",
    ] {
        assert!(answer.contains(field), "{field}: {answer}");
    }
    assert!(!answer.contains(&served.scene.text(0)));
}

#[test]
fn every_field_of_an_accepted_request_has_its_own_value() {
    let rate = Some(Rate::parse("100/1m", None).unwrap());
    for limits in [Limits::default(), Limits { rate, quota: None }] {
        let served = served(scene(vec![wish("one", limits, Kind::Pair)]), "");
        let key = served.scene.key(0);
        let secret = &key.secrets[0];
        let mut expected = vec![
            format!("x-apikey-id: {}", key.id),
            format!("x-apikey-secret-id: {}", secret.id),
            "x-apikey-name: one".to_owned(),
            "x-apikey-owner: default".to_owned(),
            "x-apikey-project: default".to_owned(),
            "x-apikey-env: live".to_owned(),
            "x-apikey-kind: cs".to_owned(),
            "x-apikey-scopes: orders:read".to_owned(),
            format!("x-apikey-expires: {}", secret.expires_at.unwrap()),
        ];
        if rate == limits.rate {
            expected.push("ratelimit-policy: \"key-rate\";q=100;w=60".to_owned());
            expected.push("ratelimit: \"key-rate\";r=99;t=1".to_owned());
        }
        let answer = served.ask("GET /verify", &[served.bearer()]);
        let is_ours = |line: &&str| line.starts_with("x-apikey-") || line.starts_with("ratelimit");
        assert_eq!(answer.lines().filter(is_ours).collect::<Vec<_>>(), expected, "{answer}");
    }
}

#[test]
fn a_client_that_closes_its_side_after_its_request_is_answered() {
    let served = plain("");
    let mut stream = TcpStream::connect(served.address).unwrap();
    write!(stream, "GET /verify HTTP/1.1\r\nhost: api\r\n{}\r\n\r\n", served.bearer()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[test]
fn every_place_of_a_secret_is_read_and_two_that_disagree_are_refused() {
    use base64::Engine as _;
    let served = plain("");
    let text = served.scene.text(0);
    let basic =
        |text: &str| format!("authorization: Basic {}", base64::prelude::BASE64_STANDARD.encode(text));
    for field in [
        format!("x-api-key: {text}"),
        format!("Authorization: bearer {text}"),
        basic(&format!("{text}:")),
        basic(&format!(":{text}")),
    ] {
        assert_eq!(served.status("POST /verify", std::slice::from_ref(&field)), "200", "{field}");
    }
    for fields in [
        [served.bearer(), "x-api-key: other".to_owned()],
        ["authorization: Bearer other".to_owned(), format!("x-api-key: {text}")],
        [served.bearer(), "authorization: Bearer other".to_owned()],
        [basic(&format!("someone:{text}")), "accept: */*".to_owned()],
        [format!("authorization: Token {text}"), "accept: */*".to_owned()],
    ] {
        assert_eq!(served.status("GET /verify", &fields), "401", "{fields:?}");
    }
    assert_eq!(served.status("GET /verify", &[served.bearer(), format!("x-api-key: {text}")]), "200");
}

#[test]
fn strangers_are_told_one_and_the_same() {
    let served = plain("");
    let text = served.scene.text(0);
    let mut wrong = text.clone();
    wrong.replace_range(30..31, if &text[30..31] == "a" { "b" } else { "a" });
    let nothing = served.ask("GET /verify", &[]);
    assert!(nothing.starts_with("HTTP/1.1 401"));
    for secret in ["", "x", "apik_sk_live_000000000000_", wrong.as_str()] {
        assert_eq!(served.ask("GET /verify", &[format!("x-api-key: {secret}")]), nothing, "{secret}");
    }
}

#[test]
fn a_revocation_is_seen_by_the_very_next_request() {
    let mut served = plain("");
    assert_eq!(served.status("GET /verify", &[served.bearer()]), "200");
    served.scene.revoke(0);
    let answer = served.ask("GET /verify", &[served.bearer()]);
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("\"code\":\"revoked\""), "{answer}");
}

const ROUTES: &str = "trusted_proxies = ['127.0.0.1']\noriginal = 'nginx'\n\
    [[route]]\nmethods = ['GET']\npath = '/orders/**'\nscopes = ['orders:read']\n\
    [[route]]\npath = '/orders/*'\nscopes = ['orders:write']\n";

#[test]
fn what_a_request_needs_comes_from_the_route_and_never_from_the_client() {
    let served = plain(ROUTES);
    let with = |method: &str, uri: &str| {
        let fields =
            [served.bearer(), format!("x-original-method: {method}"), format!("x-original-uri: {uri}")];
        served.status("GET /verify", &fields)
    };
    assert_eq!(with("GET", "/orders/1?x=1"), "200");
    assert_eq!(with("GET", "/orders"), "200");
    assert_eq!(with("POST", "/orders/1"), "403", "the key may only read");
    for uri in ["/other", "/orders/%2e%2e/admin", "//orders/1", "http://api/orders/1", "orders/1"] {
        assert_eq!(with("GET", uri), "403", "{uri}");
    }
    for method in ["get", "Get", "post", "gET"] {
        assert_eq!(with(method, "/orders/1"), "403", "a framework may read {method} in capitals");
    }
    let twice = [
        served.bearer(),
        "x-original-method: GET".to_owned(),
        "x-original-uri: /orders/1".to_owned(),
        "x-original-uri: /orders/2".to_owned(),
    ];
    assert_eq!(served.status("GET /verify", &twice), "403");
    assert_eq!(served.status("GET /verify/orders/1", &[served.bearer()]), "403", "not told");
}

#[test]
fn what_no_route_fits_is_denied_counted_and_takes_nothing_from_a_limit() {
    let limits = Limits { rate: Some(Rate::new(2, "1d".parse().unwrap(), None).unwrap()), quota: None };
    let mut served = served(scene(vec![wish("one", limits, Kind::Private)]), ROUTES);
    let ask = |served: &Served, uri: &str| {
        let told = ["x-original-method: GET".to_owned(), format!("x-original-uri: {uri}")];
        let answer = served.ask("GET /verify", &[&[served.bearer()], &told[..]].concat());
        answer
            .rsplit_once("\"code\":\"")
            .map_or("200", |(_, code)| code.split('"').next().unwrap_or(code))
            .to_owned()
    };
    for _ in 0..5 {
        assert_eq!(ask(&served, "/other"), "no_route");
    }
    assert_eq!([(); 3].map(|()| ask(&served, "/orders/1")), ["200", "200", "rate_limited"]);
    let is_counted = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        served.scene.usage().contains(&("no_route".to_owned(), String::new(), 5))
    });
    assert!(is_counted, "{:?}", served.scene.usage());
    served.scene.revoke(0);
    assert_eq!(ask(&served, "/other"), "revoked", "as it is denied elsewhere");
}

#[test]
fn envoy_tells_the_request_by_its_own_method_and_path() {
    let served = plain(&ROUTES.replace("nginx", "path"));
    assert_eq!(served.status("GET /verify/orders/1", &[served.bearer()]), "200");
    assert_eq!(served.status("DELETE /verify/orders/1", &[served.bearer()]), "403");
    assert_eq!(served.status("GET /verify/orders/%2e%2e/x", &[served.bearer()]), "403");
    assert_eq!(served.status("get /verify/orders/1", &[served.bearer()]), "403", "some read it in capitals");
}

#[test]
fn over_a_limit_is_429_or_what_nginx_can_pass_on() {
    let limits = Limits { rate: Some(Rate::parse("1/1m", None).unwrap()), quota: None };
    for (config, status) in [("", "429"), ("limited_status = 403", "403")] {
        let served = served(scene(vec![wish("one", limits, Kind::Private)]), config);
        let first = served.ask("GET /verify", &[served.bearer()]);
        assert!(first.contains("ratelimit: \"key-rate\";r=0;t=60"), "{first}");
        let second = served.ask("GET /verify", &[served.bearer()]);
        assert!(second.starts_with(&format!("HTTP/1.1 {status}")), "{second}");
        assert!(second.contains("retry-after: 60") && second.contains("rate_limited"), "{second}");
    }
}

#[test]
fn programs_need_a_key_that_may_verify() {
    let mut verifying = wish("asker", Limits::default(), Kind::Private);
    verifying.scopes = crate::domain::scope::Scopes::new(["apikey:verify".parse().unwrap()]).unwrap();
    let served = served(scene(vec![wish("one", Limits::default(), Kind::Private), verifying]), "");
    let ask = |caller: usize, body: String| {
        let mut stream = TcpStream::connect(served.address).unwrap();
        let text = served.scene.text(caller);
        let length = body.len();
        write!(
            stream,
            "POST /v1/verify HTTP/1.1\r\nhost: api\r\nconnection: close\r\nauthorization: Bearer {text}\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let question =
        |scope: &str| format!("{{\"secret\":\"{}\",\"scopes\":[\"{scope}\"]}}", served.scene.text(0));
    assert!(ask(0, question("orders:read")).starts_with("HTTP/1.1 403"));
    let accepted = ask(1, question("orders:read"));
    assert!(accepted.contains("\"accepted\":true") && accepted.contains("\"name\":\"one\""), "{accepted}");
    assert!(!accepted.contains(&served.scene.text(0)));
    let denied = ask(1, question("orders:write"));
    assert!(
        denied.starts_with("HTTP/1.1 200") && denied.contains("\"code\":\"insufficient_scope\""),
        "{denied}"
    );
    for body in ["", "{}", "{\"secret\":\"x\",\"scopes\":[\"no scope\"]}", "{\"secret\":\"x\",\"other\":1}"] {
        assert!(ask(1, body.to_owned()).starts_with("HTTP/1.1 400"), "{body}");
    }
}
