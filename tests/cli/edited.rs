//! A registry that was edited in the file: what takes authority away still does, and what is told is true.

use apikey::exit::Exit;
use serde_json::Value;

use super::world::World;

#[test]
fn what_the_file_says_of_bookkeeping_keeps_no_key_from_being_revoked() {
    for edit in [
        "UPDATE key SET revision = 9223372036854775807",
        "INSERT INTO spent SELECT id FROM secret",
        "UPDATE secret SET number = 9223372036854775807 WHERE key_place = 1",
    ] {
        let world = World::new();
        let secret = world.create(&["a"]);
        let other = world.create(&["b"]);
        world.tamper(edit);
        world.run(&["disable", "a"]).done();
        world.run(&["revoke", "a", "--yes"]).done();
        world.run(&["revoke", "--project", "default", "--yes"]).done();
        for secret in [secret, other] {
            assert_ne!(world.verdict(&secret, &[]), "accepted", "{edit}");
        }
    }
}

#[test]
fn one_key_that_cannot_be_revoked_leaves_no_other_alive() {
    let world = World::new();
    let secrets = ["a", "b", "c"].map(|name| world.create(&[name]));
    // Nothing can be written to this row.
    world.tamper(
        "CREATE TRIGGER no BEFORE UPDATE ON key WHEN old.name = 'b' BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    let ran = world.run(&["revoke", "--project", "default", "--yes"]).ended(Exit::Registry);
    assert!(ran.stderr.contains("`default/b`") && ran.stderr.contains("1 key could not"), "{}", ran.stderr);
    let verdicts = secrets.map(|secret| world.verdict(&secret, &[]));
    assert_eq!(verdicts, ["revoked", "accepted", "revoked"]);
}

#[test]
fn lost_bookkeeping_of_counts_stops_no_decision() {
    let world = World::new();
    let secret = world.create(&["ci", "--rate", "5/1h"]);
    world.tamper("DELETE FROM counting");
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    world.tamper("UPDATE usage SET requests = 9223372036854775807");
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    assert_eq!(world.verdict(&secret, &[]), "accepted");
}

#[test]
fn an_event_that_cannot_be_read_is_where_the_log_is_broken() {
    let world = World::new();
    world.create(&["ci"]);
    world.tamper("UPDATE event SET action = 'unheard_of' WHERE number = 2");
    let ran = world.run(&["log", "--check", "--json"]).ended(Exit::SaidNo);
    assert_eq!((&ran.json()["intact"], &ran.json()["broken_at"]), (&Value::Bool(false), &Value::from(2)));
}

#[test]
fn one_target_that_is_none_keeps_no_other_key_from_being_called() {
    let world = World::new();
    let secret = world.create(&["good"]);
    let endpoint = super::endpoint::Endpoint::accepting(&[&secret]);
    for name in ["bad", "odd"] {
        world.create(&[name]);
    }
    world.run(&["test-call", "good", "--url", &endpoint.url(), "--save"]).done();
    for (name, text) in [("bad", "garbage"), ("odd", "{\"target\": {}, \"seal\": \"00\"}")] {
        world.tamper(&format!("INSERT INTO target SELECT place, '{text}' FROM key WHERE name = '{name}'"));
    }
    for dry in [&[][..], &["--dry-run"]] {
        let ran = world.run(&[&["test-call", "--all", "--json"], dry].concat());
        assert_eq!(ran.exit, if dry.is_empty() { Exit::NoVerdict } else { Exit::Done }, "{}", ran.stderr);
        let json = ran.json();
        let code = |name: &str| {
            let all = json.as_array().unwrap();
            all.iter().find(|one| one["key"]["name"] == name).unwrap()["code"].clone()
        };
        assert_eq!([code("bad"), code("odd")], ["tampered", "tampered"]);
        assert_eq!(code("good"), if dry.is_empty() { "accepted" } else { "not_called" });
    }
}
