//! For which request a decision is made: the one that reaches the API, and no other.

use super::{and, bearer};
use crate::api::Seen;
use crate::stage::Stage;

/// Fields that tell a verifier, or an API, of another request than the client's.
const FORGED: [&str; 12] = [
    "X-Original-Method: GET",
    "X-Original-URI: /orders/1",
    "X-Original-URI: /orders/2",
    "X-Forwarded-Method: GET",
    "X-Forwarded-Uri: /orders/1",
    "x-forwarded-uri: /orders/2",
    "X-Original-URL: /orders/1",
    "X-Rewrite-URL: /orders/1",
    "X-HTTP-Method-Override: GET",
    "X-Envoy-Original-Path: /orders/1",
    "X_Forwarded_Method: GET",
    "X_Forwarded_Uri: /orders/1",
];

pub(super) fn method_and_path_are_those_of_the_request(stage: &Stage) {
    let reader = bearer(&stage.create("only-reads", &["--scope", "orders:read"]));
    let forged = and(&reader, &FORGED);
    let untold = and(
        &forged,
        &[
            "Connection: x-original-method, x-original-uri, x-forwarded-method, x-forwarded-uri, x-forwarded-host",
        ],
    );
    let methods = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "GETS", "PURGE", "M-SEARCH"];
    for method in methods {
        for fields in [&reader, &forged, &untold] {
            stage.ask(&format!("{method} /orders/7"), fields).held_back();
        }
    }
    for fields in [&forged, &untold] {
        stage.ask("GET /other", fields).held_back();
    }
    // What it says does not hinder it either; a proxy may refuse what it lists for itself.
    assert_eq!(stage.ask("GET /orders/7", &forged).passed().target(), "/orders/7");
    assert!(stage.ask("GET /orders/7", &untold).seen.iter().all(|seen| seen.target() == "/orders/7"));

    let writer = bearer(&stage.create("only-writes", &["--scope", "orders:write"]));
    stage.ask("GET /orders/7", &writer).refused(403);
    // There are frameworks that read a method in small letters as that in capitals.
    for method in ["get", "Get", "post", "delete"] {
        stage.ask(&format!("{method} /orders/7"), &writer).held_back();
    }
    let host = stage.proxy_address();
    let body = format!(
        "POST /orders/7 HTTP/1.1\r\nhost: {host}\r\n{}\r\ncontent-length: 14\r\nconnection: close\r\n\r\nthe body of it",
        writer[0]
    );
    let passed = stage.send(crate::stage::CLIENT, &body);
    assert_eq!((passed.passed().target(), passed.seen[0].body.as_str()), ("/orders/7", "the body of it"));
}

/// Everybody reads the same path below `/orders`.
fn is_plain(seen: &Seen) -> bool {
    let path = seen.target().split('?').next().unwrap().to_ascii_lowercase().replace("%2e", ".");
    let inside = |path: &str| !path.split('/').any(|segment| matches!(segment, "" | "." | ".."));
    let other = path.replace("%23", "").contains(['%', ';', '\\', '#']);
    path.strip_prefix("/orders/").is_some_and(inside) && !other
}

const AMBIGUOUS: [&str; 34] = [
    "/orders/../other",
    "/orders/./../other",
    "/orders/%2e%2e/other",
    "/orders/%2E%2E/other",
    "/orders/.%2e/other",
    "/orders/..%2fother",
    "/orders/%2E%2E%2Fother",
    "/orders%2f..%2fother",
    "/orders/%252e%252e/other",
    "/orders/..%252fother",
    "/orders/..;/other",
    "/orders/;/../other",
    "/orders/7;/../../other",
    "/orders;x=/../other",
    "/orders/7;x=1",
    "/orders/..\\other",
    "/orders\\..\\other",
    "/orders/%5c..%5cother",
    "/orders/..%00/other",
    "/orders/%c0%ae%c0%ae/other",
    "/orders/%u002e%u002e/other",
    "/orders/%",
    "/orders/%zz",
    "//orders/7",
    "/orders//7",
    "//other/orders/7",
    "/other//../orders/../other",
    "/other/%2e%2e/orders/7",
    "/orders/7#/../other",
    "/orders/7/..#",
    "orders/7",
    "*",
    "http:/orders/7",
    "/Orders/7",
];

pub(super) fn what_two_servers_could_read_differently_does_not_pass(stage: &Stage) {
    let reader = bearer(&stage.create("ambiguous", &["--scope", "orders:read"]));
    let own = stage.proxy_address();
    let absolute = ["/other", "/orders/../other", "/orders/%2e%2e/other", "//orders/7", "/orders/7"];
    let absolute = absolute.iter().flat_map(|path| {
        [format!("http://{own}{path}"), format!("http://other{path}"), format!("http://user@{own}{path}")]
    });
    let targets: Vec<String> = AMBIGUOUS.iter().map(|target| (*target).to_owned()).chain(absolute).collect();
    let lines =
        ["GET\t/orders/7", "GET  /orders/7", "GET /orders/7 /other", "CONNECT other:80", "CONNECT /orders/7"];
    let lines = lines.iter().map(|line| (*line).to_owned());
    for line in targets.iter().map(|target| format!("GET {target}")).chain(lines) {
        // A proxy may make it plain before it asks, and then passes what it asked for.
        let answer = stage.ask(&line, &reader);
        assert!(answer.seen.iter().all(is_plain) && answer.seen.len() <= 1, "{line}: {answer:?}");
        assert_eq!(answer.status == 200, answer.seen.len() == 1, "{line}: {answer:?}");
    }
    // This a proxy may answer itself.
    assert!(stage.ask("OPTIONS *", &reader).seen.is_empty());
}
