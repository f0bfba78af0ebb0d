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
    let other = ["create", "build", "--request-id", "run-1", "--dry-run"];
    assert!(world.run(&other).ended(Exit::Conflict).stderr.contains("was already used"));
}
