//! Who passes at all.

use super::{Proxy, and, bearer};
use crate::stage::{CLIENT, Stage};

pub(super) fn only_a_good_one_passes(stage: &Stage, proxy: &Proxy) {
    let good = bearer(&stage.create("good", &["--scope", "orders:read"]));
    let secret = good[0].rsplit(' ').next().unwrap();
    let in_its_own_field = vec![format!("X-Api-Key: {secret}")];
    for fields in [&good, &in_its_own_field, &[good.clone(), in_its_own_field.clone()].concat()] {
        let passed = stage.ask("GET /orders/7?x=1&y=/../other", fields);
        assert_eq!(
            passed.passed().line,
            "GET /orders/7?x=1&y=/../other HTTP/1.1".replace("1.1", version(&passed))
        );
        assert!(!format!("{:?}", passed.seen).contains(secret), "the API has no use for it: {passed:?}");
    }
    // Whatever the host is called.
    let host = "GET /orders/7 HTTP/1.1\r\nhost: api.example\r\nconnection: close\r\n";
    stage.send(CLIENT, &format!("{host}{}\r\n\r\n", good[0])).passed();
    stage.send(CLIENT, &format!("{host}\r\n")).refused(401);
    stage.ask("GET /orders/7", &[]).refused(401);
    for nonsense in ["", "nonsense", "apik_sk_live_nonsense"] {
        stage.ask("GET /orders/7", &bearer(nonsense)).refused(401);
    }
    stage.ask("GET /other", &good).refused(403);

    // Two that disagree.
    let none = bearer(&stage.create("none", &[]));
    stage.ask("GET /orders/7", &none).refused(403);
    let other = format!("X-Api-Key: {}", none[0].rsplit(' ').next().unwrap());
    for fields in [
        [good.clone(), none.clone()].concat(),
        [none.clone(), good.clone()].concat(),
        [in_its_own_field.clone(), none.clone()].concat(),
        and(&good, &[&other]),
        and(&in_its_own_field, &[&other]),
        and(&good, &["X-Api-Key: nonsense"]),
        vec![format!("{}, {}", good[0], none[0].trim_start_matches("Authorization: "))],
    ] {
        stage.ask("GET /orders/7", &fields).held_back();
    }

    // A proxy may take these fields away on the way to apikey, but then nobody is known.
    for field in ["Connection: close, authorization", "Connection: authorization, x-api-key"] {
        let answer = stage.ask("GET /orders/7", &and(&none, &[field]));
        answer.held_back();
    }

    let slow = bearer(&stage.create("slow", &["--scope", "orders:read", "--rate", "1/1h"]));
    stage.ask("GET /orders/7", &slow).passed();
    let limited = stage.ask("GET /orders/7", &slow);
    limited.refused(proxy.limited);
    if proxy.tells_why {
        assert!(limited.field("retry-after").is_some_and(|wait| wait.parse::<u32>().is_ok()), "{limited:?}");
        assert!(limited.field("ratelimit").is_some_and(|left| left.contains("r=0")), "{limited:?}");
        assert!(limited.text.contains("\"code\":\"rate_limited\""), "{limited:?}");
    }
}

/// A proxy may speak HTTP/1.0 to the API.
fn version(answer: &crate::stage::Answer) -> &str {
    answer.seen[0].line.rsplit('/').next().unwrap()
}

pub(super) fn denials_say_what_to_do(stage: &Stage, proxy: &Proxy) {
    let stranger = stage.ask("GET /orders/7", &[]);
    stranger.refused(401);
    assert!(
        stranger.field("www-authenticate").is_some_and(|asks| asks.starts_with("Bearer")),
        "{stranger:?}"
    );
    let reader = bearer(&stage.create("reader", &["--scope", "orders:read"]));
    let denied = stage.ask("POST /orders/7", &reader);
    denied.refused(403);
    if proxy.tells_why {
        assert_eq!(denied.field("content-type"), Some("application/problem+json"), "{denied:?}");
        assert!(denied.text.contains("\"code\":\"insufficient_scope\""), "{denied:?}");
        assert!(
            denied.field("www-authenticate").is_some_and(|asks| asks.contains("orders:write")),
            "{denied:?}"
        );
    }
}

pub(super) fn a_revoked_one_is_refused_at_once(stage: &Stage) {
    let leaked = bearer(&stage.create("leaked", &["--scope", "orders:read"]));
    stage.ask("GET /orders/7", &leaked).passed();
    stage.apikey(&["revoke", "leaked", "--yes"]);
    stage.ask("GET /orders/7", &leaked).refused(401);
}

/// Where apikey lets the proxy name the scope, and the proxy names none.
pub(super) fn a_client_names_no_scope(stage: &Stage) {
    let none = bearer(&stage.create("none", &[]));
    let good = bearer(&stage.create("good", &["--scope", "orders:read"]));
    for name in ["X-Apikey-Require", "x-apikey-require", "X_Apikey_Require"] {
        for fields in [&none, &good] {
            stage.ask("GET /orders/7", &and(fields, &[&format!("{name}: orders:read")])).refused(403);
            stage.ask("GET /orders/7", &and(fields, &[&format!("{name}:")])).refused(403);
        }
    }
}
