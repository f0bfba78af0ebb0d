//! Where one request ends and the next begins.

use super::{Proxy, bearer};
use crate::api::Seen;
use crate::stage::{CLIENT, Stage};

/// A request that nobody was asked about.
const INNER: &str = "GET /other?hidden HTTP/1.1\r\nhost: other\r\n\r\n";

/// Heads, each with the body that stands behind it besides or around [`INNER`].
fn heads() -> Vec<(String, String)> {
    let length = INNER.len();
    let chunked = format!("{length:x}\r\n{INNER}\r\n0\r\n\r\n");
    let ended = format!("0\r\n\r\n{INNER}");
    let with = |fields: &str, body: &str| (fields.to_owned(), body.to_owned());
    let mut all = vec![
        (format!("Content-Length: {}\r\n", ended.len()), INNER.to_owned()),
        (format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", ended.len()), ended.clone()),
        (format!("Transfer-Encoding: chunked\r\nContent-Length: {}\r\n", ended.len()), ended.clone()),
        with("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", &chunked),
        (format!("Content-Length: 0\r\nContent-Length: {length}\r\n"), INNER.to_owned()),
        (format!("Content-Length: {length}\r\nContent-Length: 0\r\n"), INNER.to_owned()),
        (format!("Content-Length: 0, {length}\r\n"), INNER.to_owned()),
        (format!("Content-Length: +{length}\r\n"), INNER.to_owned()),
        (format!("Content-Length: 0x{length:x}\r\n"), INNER.to_owned()),
        (format!("Content-Length : {length}\r\n"), INNER.to_owned()),
        (format!("Content_Length: {length}\r\n"), INNER.to_owned()),
        (format!("Content-Length: -{length}\r\n"), INNER.to_owned()),
        (format!("Content-Length:\r\n {length}\r\n"), INNER.to_owned()),
        with("Content-Length: 18446744073709551616\r\n", INNER),
        with("", INNER),
        with("Connection: content-length\r\nContent-Length: 0\r\n", INNER),
        (format!("Connection: content-length\r\nContent-Length: {length}\r\n"), INNER.to_owned()),
        (format!("Expect: 100-continue\r\nContent-Length: {length}\r\n"), INNER.to_owned()),
        with("X-Bare: a\nTransfer-Encoding: chunked\r\n", &ended),
        with("X-Bare: a\rTransfer-Encoding: chunked\r\n", &ended),
        with("X-Folded: a\r\n Transfer-Encoding: chunked\r\n", &ended),
        with("X-Nul: \0\r\nTransfer-Encoding: chunked\r\n", &ended),
    ];
    let codings = [
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding:\u{b}chunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer_Encoding: chunked",
        "Transfer-Encoding: CHUNKED",
        "Connection: transfer-encoding\r\nTransfer-Encoding: chunked",
    ];
    for coding in codings {
        all.push((format!("{coding}\r\n"), ended.clone()));
        all.push((format!("{coding}\r\nContent-Length: {}\r\n", ended.len()), ended.clone()));
        all.push((format!("Content-Length: 4\r\n{coding}\r\n"), chunked.clone()));
    }
    for chunks in [
        format!("{length:x};x\n{INNER}\r\n0\r\n\r\n"),
        format!("0x0\r\n\r\n{INNER}"),
        format!("-0\r\n\r\n{INNER}"),
        format!("1\r\nxx0\r\n\r\n{INNER}"),
        format!("0\r\nx-apikey-name: admin\r\n\r\n{INNER}"),
        format!("10000000000000000\r\n{INNER}"),
        format!("0\n\n{INNER}"),
        format!("2\r\n;\n0\r\n\r\n{INNER}"),
    ] {
        all.push(("Transfer-Encoding: chunked\r\n".to_owned(), chunks));
    }
    all
}

/// Whoever reads it finds the same end.
fn is_framed_plainly(seen: &Seen) -> bool {
    let (lengths, codings) = (seen.values("content-length"), seen.values("transfer-encoding"));
    let is_number = |length: &&str| length.bytes().all(|byte| byte.is_ascii_digit()) && !length.is_empty();
    lengths.len() + codings.len() <= 1
        && lengths.iter().all(is_number)
        && codings.iter().all(|coding| coding.eq_ignore_ascii_case("chunked"))
        && seen.fields.iter().all(|(name, value)| !name.contains([' ', '\t']) && !value.contains('\r'))
}

/// Behind an upgrade to HTTP/2 other requests would follow, of which the proxy knows nothing.
pub(super) fn no_connection_becomes_one_of_another_protocol(stage: &Stage) {
    let reader = bearer(&stage.create("upgrade", &["--scope", "orders:read"]));
    // Who only offers HTTP/2, as clients do, is answered in HTTP/1.
    let offer =
        ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"];
    let answer = stage.ask("GET /orders/7", &super::and(&reader, &offer));
    assert!(answer.passed().values("upgrade").is_empty(), "{answer:?}");
    let settings = "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA".to_owned();
    let lists = ["Upgrade", "upgrade, HTTP2-Settings", "keep-alive, Upgrade", "Upgrade, close"];
    let protocols =
        ["h2c", "H2C", "foo", "h2c, websocket", "websocket, h2c", "h2c,websocket", "websocket/13", ""];
    for (list, protocol) in lists.iter().flat_map(|list| protocols.map(|protocol| (list, protocol))) {
        let upgrade = [format!("Connection: {list}"), format!("Upgrade: {protocol}")];
        let twice = ["Upgrade: websocket".to_owned()];
        for more in [&[][..], std::slice::from_ref(&settings), &twice] {
            let fields = [reader.clone(), upgrade.to_vec(), more.to_vec()].concat();
            for seen in &stage.ask("GET /orders/7", &fields).seen {
                let asked = seen.values("connection").join(",").to_ascii_lowercase().contains("upgrade");
                let protocols = seen.values("upgrade");
                let plain = protocols.is_empty() || protocols == ["websocket"];
                assert!(!asked || plain, "{fields:?}: {seen:?}");
            }
        }
    }
}

pub(super) fn a_connection_becomes_a_websocket_if_its_request_passes(stage: &Stage, proxy: &Proxy) {
    let reader = bearer(&stage.create("socket", &["--scope", "orders:read"]));
    let host = stage.proxy_address();
    let open = |fields: &[String]| {
        let fields = fields.iter().fold(String::new(), |head, field| head + field + "\r\n");
        let head = format!(
            "GET /orders/7 HTTP/1.1\r\nhost: {host}\r\n{fields}connection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stage.send(CLIENT, &head)
    };
    let answer = open(&reader);
    if proxy.has_websockets {
        assert_eq!((answer.status, answer.seen.len()), (101, 1), "{answer:?}");
        assert!(answer.text.ends_with("\r\n\r\nover the socket"), "{answer:?}");
        assert_eq!(answer.seen[0].values("host"), [host.as_str()]);
        open(&[]).refused(401);
    } else {
        answer.held_back();
    }
}

pub(super) fn nothing_passes_inside_of_another_request(stage: &Stage) {
    let writer = &bearer(&stage.create("framing", &["--scope", "orders:write", "--scope", "orders:read"]))[0];
    let host = stage.proxy_address();
    for method in ["POST", "GET"] {
        for version in ["1.1", "1.0"] {
            for (fields, body) in heads() {
                let head =
                    format!("{method} /orders/7 HTTP/{version}\r\nhost: {host}\r\n{writer}\r\n{fields}\r\n");
                // The last one ends the connection, where the proxy has not.
                let last = format!("GET /orders/8 HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
                let answer = stage.send_and_end(CLIENT, &(head.clone() + &body + &last));
                // It may come twice: a proxy tries again where the API has ended a connection.
                for seen in &answer.seen {
                    assert!(
                        seen.target() == "/orders/7" && is_framed_plainly(seen),
                        "{head}{body}: {answer:?}"
                    );
                }
            }
        }
    }

    // One behind the other on a connection, each is asked about.
    let good = format!("GET /orders/1 HTTP/1.1\r\nhost: {host}\r\n{writer}\r\n\r\n");
    let stranger = format!("GET /orders/2 HTTP/1.1\r\nhost: {host}\r\n\r\n");
    let last = format!("GET /orders/3 HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    for text in [good.clone() + &stranger + &last, stranger + &good + &last] {
        let answer = stage.send(CLIENT, &text);
        let targets: Vec<&str> = answer.seen.iter().map(Seen::target).collect();
        assert!(targets.iter().all(|target| *target == "/orders/1") && targets.len() <= 1, "{answer:?}");
        assert!(answer.text.contains(" 401 "), "{answer:?}");
    }
}
