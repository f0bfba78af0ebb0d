//! `test-call`: against a real endpoint on loopback.

use apikey::exit::Exit;
use base64::Engine as _;
use serde_json::Value;

use super::endpoint::Endpoint;
use super::world::{Ran, World};

fn shows(ran: &Ran, secret: &str) -> bool {
    let body = secret.rsplit('_').next().unwrap();
    format!("{}{}", ran.stdout, ran.stderr).contains(&body[..16])
}

#[test]
fn a_named_key_is_presented_and_its_use_recorded_under_seal_with_the_address() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let endpoint = Endpoint::accepting(&[&secret]);
    let url = format!("{}?token=private", endpoint.url());
    let ran = world.run(&["test-call", "ci", "--url", &url, "--json"]).done();
    let json = ran.json();
    for (field, expected) in [
        ("verdict", Value::from("accepted")),
        ("code", "accepted".into()),
        ("status", 200.into()),
        ("method", "GET".into()),
        ("body_excerpt", "hello".into()),
        ("proxy", Value::Null),
        ("redirected_to", Value::Null),
        ("dry_run", false.into()),
    ] {
        assert_eq!(json[field], expected, "{field}");
    }
    assert_eq!(json["key"]["name"], "ci");
    assert_eq!(json["secret_public"], secret.rsplit_once('_').unwrap().0);
    assert_eq!(json["rate_limit"][0]["name"], "x-ratelimit-remaining");
    assert!(json["timings_ms"]["total"].is_number() && json["timings_ms"]["tls"].is_null());
    assert!(json.get("registry").is_none());
    assert!(!shows(&ran, &secret));
    let last = world.events().pop().unwrap();
    assert_eq!(last.event.action.code(), "secret_used");
    assert!(last.seal.is_some());
    assert_eq!(last.event.changes[1].after.as_deref(), Some(endpoint.url().as_str()));
}

#[test]
fn the_use_is_recorded_even_when_nobody_answers() {
    let world = World::new();
    world.create(&["ci"]);
    let ran =
        world.run(&["test-call", "ci", "--url", "http://127.0.0.1:1/", "--json"]).ended(Exit::NoVerdict);
    assert_eq!(ran.json()["code"], "connection_refused");
    assert_eq!(world.actions().last(), Some(&"secret_used"));
}

#[test]
fn the_verdict_is_the_exit_code() {
    let world = World::new();
    world.create(&["ci"]);
    for (status, exit, code) in [
        (204, Exit::Done, "accepted"),
        (401, Exit::SaidNo, "unauthorized"),
        (403, Exit::SaidNo, "forbidden"),
        (404, Exit::NoVerdict, "request_refused"),
        (429, Exit::NoVerdict, "rate_limited"),
        (503, Exit::NoVerdict, "server_failed"),
    ] {
        let endpoint =
            Endpoint::answering(move |_| format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n"));
        let ran = world.run(&["test-call", "ci", "--url", &endpoint.url(), "--json"]).ended(exit);
        assert_eq!(ran.json()["code"], code);
    }
    let endpoint = Endpoint::answering(|_| "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n".into());
    let ran =
        world.run(&["test", "ci", "--url", &endpoint.url(), "--expect", "2xx", "--json"]).ended(Exit::SaidNo);
    assert_eq!(ran.json()["code"], "unexpected_status");
}

#[test]
fn a_redirect_is_shown_and_never_followed() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let thief = Endpoint::accepting(&[]);
    let elsewhere = thief.url();
    let endpoint = Endpoint::answering(move |_| {
        format!("HTTP/1.1 307 X\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n")
    });
    let ran = world.run(&["test-call", "ci", "--url", &endpoint.url(), "--json"]).ended(Exit::NoVerdict);
    assert_eq!(
        (&ran.json()["code"], &ran.json()["redirected_to"]),
        (&"redirected".into(), &thief.url().into())
    );
    assert!(thief.seen().is_empty());
    assert!(!shows(&ran, &secret));
}

#[test]
fn a_key_that_comes_back_is_hidden_in_every_format() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let endpoint = Endpoint::answering(|request| {
        format!(
            "HTTP/1.1 401 X\r\nX-RateLimit-Limit: {}\r\n\r\n{request}\x1b[2J",
            request.lines().nth(2).unwrap()
        )
    });
    for format in ["table", "tsv", "json", "jsonl"] {
        let ran =
            world.run(&["test-call", "ci", "--url", &endpoint.url(), "--format", format]).ended(Exit::SaidNo);
        assert!(!shows(&ran, &secret), "{ran:?}");
        assert!(!ran.stdout.contains('\x1b'), "{ran:?}");
    }
}

#[test]
fn plain_http_to_another_machine_is_refused_before_anything_is_opened() {
    let world = World::new();
    world.create(&["ci"]);
    let before = world.actions().len();
    let ran = world.run(&["test-call", "ci", "--url", "http://api.example/v1"]).ended(Exit::Usage);
    assert!(ran.stderr.contains("--allow-http"), "{}", ran.stderr);
    assert_eq!(world.actions().len(), before);
}

#[test]
fn a_saved_target_is_used_again_and_flags_override_it() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let endpoint = Endpoint::accepting(&[&secret]);
    let url = endpoint.url();
    world.run(&["test-call", "ci"]).ended(Exit::Usage);
    world.run(&["test-call", "ci", "--url", &url, "--save", "-H", "X-Shop: 1"]).done();
    assert_eq!(world.actions().last(), Some(&"target_saved"));
    world.run(&["test-call", "ci"]).done();
    world.run(&["test-call", "ci", "--in", "header:X-Key"]).ended(Exit::SaidNo);
    let seen = endpoint.seen();
    assert!(
        seen[1].contains("x-shop: 1\r\n") && seen[2].contains(&format!("x-key: {secret}\r\n")),
        "{seen:?}"
    );
    let ran = world.run(&["test-call", "ci", "--url", &url, "--save", "-H", "Cookie: a"]).ended(Exit::Usage);
    assert!(ran.stderr.contains("Cookie"));
}

#[test]
fn a_target_altered_in_the_registry_receives_nothing() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let (own, thief) = (Endpoint::accepting(&[&secret]), Endpoint::accepting(&[]));
    world.run(&["test-call", "ci", "--url", &own.url(), "--save"]).done();
    let table = "SELECT name FROM sqlite_master WHERE sql LIKE '%target%' AND type = 'table'";
    let connection = rusqlite::Connection::open(world.folder().join("registry.db")).unwrap();
    let name: String = connection.query_row(table, [], |row| row.get(0)).unwrap();
    drop(connection);
    world.tamper(&format!("UPDATE {name} SET target = replace(target, '{}', '{}')", own.url(), thief.url()));
    let ran = world.run(&["test-call", "ci", "--json"]).ended(Exit::Conflict);
    assert!(ran.stderr.contains("tampered"), "{}", ran.stderr);
    let ran = world.run(&["test-call", "--all", "--json"]).ended(Exit::NoVerdict);
    assert_eq!(ran.json()[0]["code"], "tampered");
    assert!(thief.seen().is_empty());
}

#[test]
fn both_secrets_of_a_rotation_are_tried_old_first() {
    let world = World::new();
    let old = world.create(&["ci"]);
    let endpoint = Endpoint::accepting(&[&old]);
    world.run(&["test-call", "ci", "--url", &endpoint.url(), "--both"]).ended(Exit::Conflict);
    world.run(&["rotate", "ci", "-q"]).done();
    let ran =
        world.run(&["test-call", "ci", "--url", &endpoint.url(), "--both", "--json"]).ended(Exit::SaidNo);
    let verdicts: Vec<Value> =
        ran.json().as_array().unwrap().iter().map(|one| one["verdict"].clone()).collect();
    assert_eq!(verdicts, ["accepted", "rejected"]);
}

#[test]
fn all_calls_every_active_key_with_a_target_and_the_worst_verdict_counts() {
    let world = World::new();
    let good = world.create(&["good"]);
    for name in ["bad", "unkept", "idle", "gone"] {
        let keep: &[&str] = if name == "unkept" { &["unkept", "--no-keep"] } else { &[name] };
        world.create(keep);
    }
    let endpoint = Endpoint::accepting(&[&good]);
    for name in ["good", "gone"] {
        world.run(&["test-call", name, "--url", &endpoint.url(), "--save"]);
    }
    world.run(&["revoke", "gone", "--yes"]).done();
    let names = |ran: &Ran| -> Vec<String> {
        let json = ran.json();
        let mut names: Vec<String> = json
            .as_array()
            .unwrap()
            .iter()
            .map(|one| format!("{} {}", one["key"]["name"], one["code"]))
            .collect();
        names.sort();
        names
    };
    let ran = world.run(&["test-call", "--all", "--json"]).done();
    assert_eq!(names(&ran), ["\"good\" \"accepted\""]);
    world
        .run_with_stdin(&["test-call", "unkept", "--stdin-secret", "--url", &endpoint.url(), "--save"], b"x");
    let ran = world.run(&["test-call", "--all", "--json"]).ended(Exit::NoVerdict);
    assert_eq!(names(&ran), ["\"good\" \"accepted\"", "\"unkept\" \"not_kept\""]);
    world.run(&["test-call", "bad", "--url", &endpoint.url(), "--save"]).ended(Exit::SaidNo);
    let ran = world.run(&["test-call", "--all", "--jobs", "2", "--json"]).ended(Exit::SaidNo);
    assert_eq!(names(&ran).len(), 3);
}

#[test]
fn without_a_kept_copy_it_says_how_to_go_on_and_calls_nothing() {
    let world = World::new();
    let secret = world.create(&["ci", "--no-keep"]);
    let endpoint = Endpoint::accepting(&[&secret]);
    let ran = world.run(&["test-call", "ci", "--url", &endpoint.url()]).ended(Exit::Conflict);
    assert!(ran.stderr.contains("--stdin-secret") && ran.stderr.contains("apikey rotate"), "{}", ran.stderr);
    assert!(endpoint.seen().is_empty());
    let line = ["test-call", "--stdin-secret", "--url", &endpoint.url(), "--json"];
    let ran = world.run_with_stdin(&line, format!("{secret}\n").as_bytes()).done();
    assert!(ran.json()["key"].is_null() && !shows(&ran, &secret));
}

#[test]
fn a_secret_from_outside_needs_neither_registry_nor_vault() {
    let world = World::new();
    let endpoint = Endpoint::accepting(&["anything-at-all"]);
    let line = ["test-call", "--stdin-secret", "--url", &endpoint.url(), "--json"];
    world.run_with_stdin(&line, b"anything-at-all").done();
    world.run_with_stdin(&line, b"two words").ended(Exit::Usage);
    assert!(!world.folder().exists());
}

#[test]
fn explain_sets_the_registry_beside_the_endpoint_and_consumes_nothing() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let endpoint = Endpoint::accepting(&[]);
    let ran =
        world.run(&["test-call", "ci", "--url", &endpoint.url(), "--explain", "--json"]).ended(Exit::SaidNo);
    let registry = &ran.json()["registry"];
    assert_eq!((&registry["accepted"], &registry["code"]), (&true.into(), &"accepted".into()));
    assert!(registry["message"].as_str().unwrap().contains("disagrees"));
    assert!(world.key("ci").last_use().is_none());
    world.run(&["revoke", "ci", "--yes"]).done();
    let line = ["test-call", "--stdin-secret", "--explain", "--url", &endpoint.url(), "--json"];
    let ran = world.run_with_stdin(&line, secret.as_bytes()).ended(Exit::SaidNo);
    assert_eq!(ran.json()["registry"]["code"], "revoked");
}

#[test]
fn curl_is_printed_without_vault_and_without_secret() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    world.close_vault();
    let ran = world.run(&["test-call", "ci", "--url", "https://api.example/v1", "--print-curl"]).done();
    assert!(ran.stdout.contains("https://api.example/v1") && !shows(&ran, &secret));
    world.run(&["test-call", "ci", "--url", "https://api.example/v1"]).ended(Exit::Vault);
    assert!(!world.actions().contains(&"secret_used"));
}

#[test]
fn a_dry_run_calls_and_saves_nothing() {
    let world = World::new();
    world.create(&["ci"]);
    world.close_vault();
    let endpoint = Endpoint::accepting(&[]);
    let ran =
        world.run(&["test-call", "ci", "--url", &endpoint.url(), "--save", "--dry-run", "--json"]).done();
    assert_eq!(ran.json()["dry_run"], true);
    assert!(endpoint.seen().is_empty() && !world.actions().contains(&"target_saved"));
}

#[test]
fn a_pair_presents_its_consumer_key_as_the_user_of_basic() {
    let world = World::new();
    world.create(&["shop", "--kind", "pair"]);
    let endpoint = Endpoint::answering(|_| "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n".into());
    world.run(&["test-call", "shop", "--in", "basic", "--url", &endpoint.url()]).done();
    let seen = endpoint.seen().remove(0);
    let line = seen.lines().find_map(|line| line.strip_prefix("authorization: Basic ")).unwrap().to_owned();
    let pair = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(line).unwrap()).unwrap();
    assert!(pair.starts_with("apik_ck_live_") && pair.contains(":apik_cs_live_"), "{}", pair.len());
}

#[test]
fn a_person_sees_the_verdict_first_and_terminal_sequences_never() {
    let world = World::new().at_terminal().with_variable("NO_COLOR", "1");
    world.run(&["create", "ci"]).done();
    let endpoint = Endpoint::answering(|_| "HTTP/1.1 200 X\r\n\r\n\x1b]0;evil\x07".into());
    let ran = world.run(&["test-call", "ci", "--url", &endpoint.url()]).done();
    assert!(ran.stdout.starts_with("accepted (200): "), "{}", ran.stdout);
    assert!(ran.stdout.contains("first byte") && !ran.stdout.contains('\x1b'));
}

#[test]
fn a_secret_that_is_over_is_not_sent() {
    let world = World::new();
    let old = world.create(&["ci"]);
    world.run(&["rotate", "ci", "--grace", "1h", "-q"]).done();
    world.pass("1h");
    let id = old.split('_').nth(3).unwrap();
    let endpoint = Endpoint::accepting(&[&old]);
    let call = ["test-call", "ci", "--secret", id, "--url", &endpoint.url()];
    let ran = world.run(&call).ended(Exit::Conflict);
    assert!(ran.stderr.contains("is retired"), "{}", ran.stderr);
    assert!(!world.actions().contains(&"secret_used"));
}

#[test]
fn flags_that_say_two_things_are_refused() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    let file = world.home().join("secret");
    std::fs::write(&file, secret).unwrap();
    let file = file.to_str().unwrap();
    for flags in [
        ["ci", "--secret-file", file, "--both"].as_slice(),
        &["ci", "--secret-file", file, "--secret", "000000000000"],
        &["--secret-file", file, "--all"],
        &["ci", "--jobs", "3"],
    ] {
        let line = [&["test-call", "--url", "http://127.0.0.1:1/"], flags].concat();
        let ran = world.run(&line).ended(Exit::Usage);
        assert!(ran.stderr.contains("--"), "{}", ran.stderr);
    }
}
