//! Where the client is.

use std::net::Ipv4Addr;

use super::{and, bearer};
use crate::stage::{CLIENT, Stage};

pub(super) fn the_client_is_where_it_connects_from(stage: &Stage) {
    let bound = |name: &str, address: &str| {
        bearer(&stage.create(name, &["--scope", "orders:read", "--allow-ip", address]))
    };
    let here = bound("here", &CLIENT.to_string());
    let elsewhere = [bound("elsewhere", "192.0.2.7"), bound("of-the-proxy", "127.0.0.1")];
    let passed = stage.ask("GET /orders/7", &here);
    assert_eq!(passed.passed().values("x-forwarded-for"), [CLIENT.to_string()], "{passed:?}");

    for (address, fields) in [("192.0.2.7", &elsewhere[0]), ("127.0.0.1", &elsewhere[1])] {
        stage.ask("GET /orders/7", fields).refused(403);
        for words in [
            vec![format!("X-Forwarded-For: {address}")],
            vec![format!("X-Forwarded-For: 127.0.0.1, {address}, 127.0.0.1")],
            vec!["X-Forwarded-For: 127.0.0.1".to_owned(), format!("x-forwarded-for: {address}")],
            vec![format!("X-Forwarded-For: {address},")],
            vec!["X-Forwarded-For:".to_owned()],
            vec![format!("X-Real-IP: {address}"), format!("Forwarded: for={address}")],
            vec![format!("X_Forwarded_For: {address}"), format!("X-Forwarded_For: {address}")],
            vec![format!("X-Forwarded-For: {address}"), "Connection: x-forwarded-for".to_owned()],
            vec!["Connection: close, X-Forwarded-For, x-real-ip".to_owned()],
            vec![format!("X-Envoy-External-Address: {address}"), "X-Envoy-Internal: true".to_owned()],
        ] {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            stage.ask("GET /orders/7", &and(fields, &words)).held_back();
            // By a client whose own word would count, were it a proxy.
            if address != "127.0.0.1" {
                stage.ask_from(Ipv4Addr::LOCALHOST, "GET /orders/7", &and(fields, &words)).held_back();
            }
            // Nor does the API hear of it.
            let passed = stage.ask("GET /orders/7", &and(&here, &words));
            assert!(
                passed.seen.iter().all(|seen| seen.values("x-forwarded-for") == [CLIENT.to_string()]),
                "{words:?}: {passed:?}"
            );
        }
    }
}
