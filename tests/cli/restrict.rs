//! `restrict`: addresses, origins and the start.

use apikey::exit::Exit;

use super::world::World;

#[test]
fn addresses_are_added_and_taken_away_and_decide() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    world.run(&["restrict", "ci", "--allow-ip", "10.0.0.0/8"]).done();
    assert_eq!(world.verdict(&secret, &["--ip", "10.1.2.3"]), "accepted");
    assert_eq!(world.verdict(&secret, &["--ip", "192.0.2.1"]), "ip_not_allowed");
    world.run(&["restrict", "ci", "--allow-ip", "192.0.2.1", "--remove-ip", "10.0.0.0/8"]).done();
    assert_eq!(world.verdict(&secret, &["--ip", "10.1.2.3"]), "ip_not_allowed");
    assert_eq!(world.verdict(&secret, &["--ip", "192.0.2.1"]), "accepted");
    world.run(&["restrict", "ci", "--any-ip"]).done();
    assert_eq!(world.verdict(&secret, &["--ip", "10.1.2.3"]), "accepted");
}

#[test]
fn the_last_one_is_not_taken_away_by_accident() {
    let world = World::new();
    world.create(&["ci", "--allow-ip", "10.0.0.1", "--allow-origin", "https://a.example"]);
    let ran = world.run(&["restrict", "ci", "--remove-ip", "10.0.0.1"]).ended(Exit::Conflict);
    assert!(ran.stderr.contains("--any-ip"), "{}", ran.stderr);
    let ran = world.run(&["restrict", "ci", "--remove-origin", "https://a.example"]).ended(Exit::Conflict);
    assert!(ran.stderr.contains("--any-origin"), "{}", ran.stderr);
    assert!(!world.key("ci").networks.is_any());
    assert!(!world.key("ci").origins.is_any());
}

#[test]
fn a_publishable_key_keeps_an_origin() {
    let world = World::new();
    world.create(&["web", "--kind", "pk", "--scope", "a:read", "--allow-app", "x.y"]);
    world.run(&["restrict", "web", "--any-origin"]).ended(Exit::Usage);
    world
        .run(&["restrict", "web", "--allow-origin", "https://a.example", "--remove-origin", "app:x.y"])
        .done();
    assert_eq!(world.key("web").origins.named()[0].as_str(), "https://a.example");
}

#[test]
fn the_start_is_set_and_lifted_and_lies_before_the_end() {
    let world = World::new();
    let secret = world.create(&["ci", "--expires", "10d"]);
    world.run(&["restrict", "ci", "--not-before", "2026-12-03T12:00:00Z"]).ended(Exit::Usage);
    world.run(&["restrict", "ci", "--not-before", "2026-12-01"]).done();
    assert_eq!(world.verdict(&secret, &[]), "not_yet_valid");
    world.run(&["restrict", "ci", "--no-not-before"]).done();
    assert_eq!(world.verdict(&secret, &[]), "accepted");
}

#[test]
fn what_cannot_be_read_or_changes_nothing_is_told_apart() {
    let world = World::new();
    world.create(&["ci", "--allow-ip", "10.0.0.0/8"]);
    let ran = world.run(&["restrict", "ci", "--allow-ip", "10.0.0.1/8"]).ended(Exit::Usage);
    assert!(ran.stderr.contains("10.0.0.0/8"), "{}", ran.stderr);
    world.run(&["restrict", "ci", "--allow-ip", "0.0.0.0/0"]).ended(Exit::Usage);
    world.run(&["restrict", "ci"]).ended(Exit::Usage);
    let ran = world.run(&["restrict", "ci", "--allow-ip", "10.0.0.0/8", "--json"]).done();
    assert_eq!(ran.json()["changed"], false);
    let ran = world.run(&["restrict", "ci", "--any-ip", "--dry-run", "--json"]).done();
    assert_eq!(ran.json()["allow_ips"], serde_json::Value::Null);
    assert!(!world.key("ci").networks.is_any());
    assert_eq!(world.actions().len(), 2);
}

#[test]
fn a_key_that_is_over_is_left_alone() {
    let world = World::new();
    world.create(&["ci"]);
    world.run(&["revoke", "ci", "--yes"]).done();
    world.run(&["restrict", "ci", "--allow-ip", "10.0.0.1"]).ended(Exit::Conflict);
    assert!(world.key("ci").networks.is_any());
}

#[test]
fn what_is_advised_for_a_key_that_has_not_begun_lets_it_begin() {
    let world = World::new();
    let secret = world.create(&["ci", "--not-before", "2026-12-01"]);
    let ran = world.run_with_stdin(&["verify", "--json"], secret.as_bytes()).ended(Exit::SaidNo);
    let decision = ran.json();
    assert_eq!(decision["code"], "not_yet_valid");
    let hint = decision["hint"].as_str().unwrap();
    let command = hint.split("apikey ").nth(1).unwrap();
    world.run(&command.split(' ').collect::<Vec<_>>()).done();
    assert_eq!(world.verdict(&secret, &[]), "accepted");
}
