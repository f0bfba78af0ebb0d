//! `create`: the questions it asks. What it stores and answers is in `golden` and in the other commands' tests.

use apikey::exit::Exit;

use super::world::World;

#[test]
fn it_asks_again_for_what_cannot_be_and_offers_the_configured_defaults() {
    let world = World::new().at_terminal();
    std::fs::create_dir_all(world.home().join(".config/apikey")).unwrap();
    std::fs::write(world.home().join(".config/apikey/config.toml"), "env = 'test'\nexpires = '30d'\n")
        .unwrap();
    for answer in ["a/b", "ci", "orders", "orders:read, orders:write", "", ""] {
        world.will_answer(answer);
    }
    let ran = world.run(&["create"]).done();
    assert!(ran.stderr.contains("a name cannot contain `/`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`orders` is not a scope"), "{}", ran.stderr);
    assert!(ran.stderr.contains("(30d)"), "{}", ran.stderr);
    let key = world.run(&["show", "ci", "--json"]).done().json();
    assert_eq!(key["env"], "test");
    assert_eq!(key["lifetime_seconds"], 30 * 24 * 3600);
    assert_eq!(key["scopes"], serde_json::json!(["orders:read", "orders:write"]));
}

#[test]
fn nobody_is_asked_for_a_key_whose_secret_would_go_nowhere() {
    let world = World::new().at_terminal().with_output_in_a_pipe();
    let ran = world.run(&["create"]).ended(Exit::Usage);
    assert!(ran.stderr.contains("`--quiet`"), "{}", ran.stderr);
    assert!(world.asked().is_empty(), "{:?}", world.asked());
    for answer in ["ci", "", "", ""] {
        world.will_answer(answer);
    }
    assert!(world.run(&["create", "-q"]).done().stdout.starts_with("apik_sk_live_"));
}

#[test]
fn a_dry_run_refuses_what_would_be_refused_and_makes_nothing() {
    let world = World::new();
    // Nothing is there yet, and nothing is made.
    world.run(&["create", "ci", "--dry-run"]).done();
    world.run(&["list"]).ended(Exit::Registry);
    world.create(&["paypal", "--owner", "acme"]);
    world.create(&["worker-3"]);
    let events = || world.run(&["log", "--json"]).done().json().as_array().unwrap().len();
    let before = events();
    for line in [
        ["paypal", "--env", "live"],
        ["p\u{0430}ypal", "--env", "live"],
        ["ci", "--owner", "Acme"],
        ["ci", "--project", "DEFAULT"],
        ["worker", "--count", "5"],
    ] {
        for mode in [&["--dry-run", "--json"], &["--json", "--no-keep"]] {
            let ran = world.run(&[&["create"], &line[..], mode].concat()).ended(Exit::Conflict);
            assert_eq!(ran.stdout, "", "{line:?}");
        }
    }
    let answer = world.run(&["create", "worker", "--count", "2", "--dry-run", "--json"]).done().json();
    assert_eq!((&answer[1]["name"], &answer[1]["dry_run"]), (&"worker-2".into(), &true.into()));
    assert_eq!(world.run(&["list", "--json"]).done().json().as_array().unwrap().len(), 2);
    assert_eq!(events(), before);
}

#[test]
fn a_dry_run_of_a_request_made_before_says_what_it_made() {
    let world = World::new();
    let line = ["create", "ci", "--request-id", "run-1", "--json"];
    let made = world.run(&line).done().json();
    let again = world.run(&[&line[..], &["--dry-run"]].concat()).done().json();
    assert_eq!(again["id"], made["id"]);
    assert_eq!((&again["secret"], &again["dry_run"]), (&serde_json::Value::Null, &true.into()));
    // Refused as the real one is.
    let refused = |line: &[&str]| {
        let [dry, real] = [&["--dry-run"][..], &[]].map(|mode| world.run(&[line, mode].concat()));
        assert_eq!((dry.exit, &dry.stderr), (real.exit, &real.stderr), "{line:?}");
        dry.ended(Exit::Conflict).stderr
    };
    assert!(refused(&["create", "build", "--request-id", "run-1", "--json"]).contains("for another wish"));
    world.run(&["forget", "ci", "--yes"]).done();
    assert!(refused(&line).contains("no longer kept"));
    world.create(&["build"]);
    world.run(&["rotate", "build", "--request-id", "run-2", "-q"]).done();
    assert!(refused(&["rotate", "build", "--request-id", "run-1", "--json"]).contains("for another wish"));
    std::fs::write(world.home().join("there"), "").unwrap();
    let there = world.home().join("there").display().to_string();
    refused(&["create", "new", "--secret-out", &there]);
    refused(&["rotate", "build", "--force", "--secret-out", &there]);
}

#[test]
fn a_wish_that_cannot_be_makes_no_registry() {
    let world = World::new();
    for wish in [
        ["--expires", "1990-01-01"],
        ["--not-before", "2099-01-01"],
        ["--request-id", "not one word"],
        ["--kind", "pk"],
    ] {
        world.run(&[&["create", "ci", "-q"], &wish[..]].concat()).ended(Exit::Usage);
        world.run(&["list"]).ended(Exit::Registry);
    }
}

#[test]
fn a_request_that_is_repeated_shows_the_secret_again_and_the_log_says_so() {
    let world = World::new();
    let line = ["create", "ci", "--request-id", "run-1", "-q"];
    let made = world.run(&line).done().stdout;
    assert_eq!(world.run(&line).done().stdout, made);
    assert_eq!(world.actions().last(), Some(&"secret_revealed"));
    let line = ["rotate", "ci", "--request-id", "run-2", "-q"];
    let made = world.run(&line).done().stdout;
    assert_eq!(world.run(&line).done().stdout, made);
    assert_eq!(world.actions().iter().filter(|action| **action == "secret_revealed").count(), 2);
    world.run(&["log", "--check"]).done();
}

#[test]
fn a_copy_that_was_exchanged_in_the_file_is_no_answer_to_a_repeated_request() {
    let world = World::new();
    world.create(&["ci", "--request-id", "run-1"]);
    let elsewhere = World::new();
    elsewhere.create(&["first"]);
    let other = elsewhere.create(&["ci"]);
    world.tamper(&format!("UPDATE secret SET kept_algorithm = 'clear', kept = CAST('{other}' AS BLOB)"));
    let ran = world.run(&["create", "ci", "--request-id", "run-1", "-q"]).ended(Exit::Conflict);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("altered"), "{}", ran.stderr);
    let call = ["test-call", "ci", "--url", "http://127.0.0.1:1/"];
    let ran = world.run(&call).ended(Exit::Conflict);
    assert!(ran.stderr.contains("altered"), "{}", ran.stderr);
    assert!(!world.actions().contains(&"secret_used"));
}

#[test]
fn a_key_for_a_suspended_owner_is_said_to_be_denied() {
    let world = World::new();
    world.create(&["a", "--owner", "acme"]);
    world.run(&["owner", "suspend", "acme", "--yes"]).done();
    let made = world.run(&["create", "b", "--owner", "acme", "--json"]).done().json();
    assert_eq!(made["status"], "suspended");
    let said = world.run(&["create", "c", "--owner", "acme", "-q"]).done().stderr;
    assert!(said.contains("denied for now") && said.contains("apikey owner resume"), "{said}");
    let dry = world.run(&["create", "d", "--owner", "acme", "--dry-run", "--json"]).done().json();
    assert_eq!(dry["status"], "suspended");
    let other = world.run(&["create", "e", "--owner", "other", "--json"]).done();
    assert_eq!((&other.json()["status"], other.stderr.as_str()), (&"active".into(), ""));
}

#[test]
fn a_remembered_request_that_was_edited_shows_nobody_elses_secret() {
    let world = World::new();
    world.create(&["boss", "--access", "full"]);
    let line = ["create", "ci", "--request-id", "run-1", "-q"];
    let secret = world.run(&line).done().stdout;
    let of_boss =
        "(SELECT k.id, s.id FROM key AS k JOIN secret AS s ON s.key_place = k.place WHERE k.name = 'boss')";
    world.tamper(&format!("UPDATE request SET (key, secret) = {of_boss}"));
    let ran = world.run(&line).ended(Exit::Conflict);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("altered"), "{}", ran.stderr);
    world.tamper("UPDATE request SET seal = NULL");
    world.run(&line).ended(Exit::Conflict);
    assert!(!world.actions().contains(&"secret_revealed"));
    assert_eq!(world.verdict(secret.trim(), &[]), "accepted");
}

#[test]
fn a_name_that_only_an_expired_key_has_is_said_to_be_so_and_how_it_gets_free() {
    let world = World::new();
    world.create(&["ci", "--expires", "1h"]);
    world.run(&["revoke", "ci", "--yes"]).done();
    world.create(&["ci", "--expires", "1h"]);
    assert!(world.run(&["create", "ci", "-q"]).ended(Exit::Conflict).stderr.contains("rotate it"));
    world.run(&["disable", "ci"]).done();
    world.pass("1h");
    for dry in [&["--dry-run"][..], &[]] {
        let said = world.run(&[&["create", "ci", "-q"], dry].concat()).ended(Exit::Conflict).stderr;
        assert!(said.contains("which is expired") && !said.contains("rotate"), "{said}");
        let advised = said.split('`').find(|part| part.starts_with("apikey revoke ")).unwrap();
        if dry.is_empty() {
            let words: Vec<&str> = advised.split(' ').skip(1).chain(["--yes"]).collect();
            world.run(&words).done();
        }
    }
    world.create(&["ci"]);
}

#[test]
fn what_is_proposed_next_can_be_done() {
    let world = World::new().at_terminal();
    let said = world.run(&["create", "bare", "--no-keep"]).done().stderr;
    assert!(said.contains("next: apikey verify ") && !said.contains("test-call"), "{said}");
    let said = world.run(&["create", "a b$(x)", "--scope", "orders:*"]).done().stderr;
    assert!(said.contains("apikey verify --scope 'orders:*'"), "{said}");
    assert!(said.contains("apikey rotate 'a b$(x)' --grace 7d"), "{said}");
}
