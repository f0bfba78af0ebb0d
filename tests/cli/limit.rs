//! Limits: what they let pass, what they refuse, and how they are changed.

use apikey::domain::time::Instant;
use apikey::exit::Exit;
use serde_json::Value;

use super::world::{Ran, World};

fn verify(world: &World, secret: &str, arguments: &[&str]) -> Ran {
    let line: Vec<&str> = ["verify", "--json"].iter().chain(arguments).copied().collect();
    world.run_with_stdin(&line, secret.as_bytes())
}

fn remaining(world: &World, secret: &str) -> Value {
    verify(world, secret, &["--no-consume"]).json()["remaining"].clone()
}

#[test]
fn a_rate_lets_its_burst_pass_and_refills_evenly() {
    let world = World::new();
    let secret = world.create(&["ci", "--rate", "60/1m", "--burst", "2"]);
    assert_eq!(verify(&world, &secret, &[]).done().json()["remaining"], 1);
    assert_eq!(verify(&world, &secret, &[]).done().json()["remaining"], 0);
    let answer = verify(&world, &secret, &[]).ended(Exit::SaidNo).json();
    assert_eq!(
        (&answer["code"], &answer["remaining"], &answer["retry_after_seconds"]),
        (&"rate_limited".into(), &0.into(), &1.into())
    );
    world.pass("1s");
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    assert_eq!(world.verdict(&secret, &[]), "rate_limited");
}

#[test]
fn a_quota_is_exact_and_new_at_midnight_utc() {
    let world = World::new();
    let secret = world.create(&["ci", "--quota", "3/day"]);
    world.pass("11h");
    for left in [2, 1, 0] {
        assert_eq!(verify(&world, &secret, &[]).done().json()["remaining"], left);
    }
    world.pass("3599s");
    let answer = verify(&world, &secret, &[]).ended(Exit::SaidNo).json();
    assert_eq!((&answer["code"], &answer["retry_after_seconds"]), (&"quota_exceeded".into(), &1.into()));
    world.pass("1s");
    assert_eq!(verify(&world, &secret, &[]).done().json()["remaining"], 2);
}

#[test]
fn a_monthly_quota_is_new_on_the_first() {
    let world = World::new();
    let secret = world.create(&["ci", "--quota", "1/month"]);
    world.turn_back(Instant::parse("2026-11-30T23:59:59Z").unwrap());
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    let answer = verify(&world, &secret, &[]).ended(Exit::SaidNo).json();
    assert_eq!(answer["retry_after_seconds"], 1);
    world.pass("1s");
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    assert_eq!(world.verdict(&secret, &[]), "quota_exceeded");
}

#[test]
fn what_is_denied_for_another_reason_consumes_nothing() {
    let world = World::new();
    let secret =
        world.create(&["ci", "--quota", "5/day", "--scope", "orders:read", "--allow-ip", "10.0.0.0/8"]);
    let mut wrong = secret.clone();
    wrong.replace_range(40..41, if secret.as_bytes()[40] == b'a' { "b" } else { "a" });
    let good = ["--ip", "10.0.0.1"];
    assert_eq!(world.verdict(&wrong, &good), "not_found");
    assert_eq!(world.verdict(&secret, &["--ip", "192.0.2.1"]), "ip_not_allowed");
    assert_eq!(
        world.verdict(&secret, &["--ip", "10.0.0.1", "--scope", "orders:write"]),
        "insufficient_scope"
    );
    assert_eq!(verify(&world, &secret, &good).done().json()["remaining"], 4);
}

#[test]
fn asking_consumes_nothing_and_says_what_would_be() {
    let world = World::new();
    let secret = world.create(&["ci", "--quota", "2/day"]);
    for arguments in [["--no-consume"].as_slice(), &["--cost", "0"]] {
        assert_eq!(verify(&world, &secret, arguments).done().json()["remaining"], 2);
        assert!(world.key("ci").last_use().is_none());
    }
    verify(&world, &secret, &["--cost", "2"]).done();
    for arguments in [["--no-consume"].as_slice(), &["--cost", "0"]] {
        assert_eq!(world.verdict(&secret, arguments), "quota_exceeded");
    }
}

#[test]
fn a_cost_takes_as_much_or_nothing() {
    let world = World::new();
    let secret = world.create(&["ci", "--rate", "10/1m", "--quota", "100/day"]);
    assert_eq!(verify(&world, &secret, &["--cost", "7"]).done().json()["remaining"], 3);
    let answer = verify(&world, &secret, &["--cost", "4"]).ended(Exit::SaidNo).json();
    assert_eq!((&answer["code"], &answer["retry_after_seconds"]), (&"rate_limited".into(), &6.into()));
    assert_eq!(verify(&world, &secret, &["--cost", "3"]).done().json()["remaining"], 0);
    let never = verify(&world, &secret, &["--cost", "11"]).ended(Exit::SaidNo).json();
    assert_eq!(never["retry_after_seconds"], Value::Null, "no waiting lets more than a burst pass");
}

#[test]
fn limits_that_were_edited_in_the_file_grant_nothing() {
    for edit in [
        "UPDATE key SET quota_count = 1000000",
        "UPDATE key SET quota_count = NULL, quota_period = NULL",
        "UPDATE key SET rate_count = 1000",
        "UPDATE key SET rate_burst = 1000",
        "UPDATE key SET rate_count = NULL, rate_seconds = NULL, rate_burst = NULL",
    ] {
        let world = World::new();
        let secret = world.create(&["ci", "--rate", "10/1m", "--quota", "100/day"]);
        assert_eq!(world.verdict(&secret, &[]), "accepted");
        world.tamper(edit);
        assert_eq!(world.verdict(&secret, &[]), "tampered", "{edit}");
    }
}

#[test]
fn a_clock_set_back_neither_locks_out_nor_grants() {
    let world = World::new();
    let secret = world.create(&["ci", "--rate", "2/1m", "--quota", "5/day"]);
    let begin = world.now();
    world.pass("30d");
    for verdict in ["accepted", "accepted", "rate_limited"] {
        assert_eq!(world.verdict(&secret, &[]), verdict);
    }
    // Set right again, the arrival time lies thirty days ahead: it costs one burst, not thirty days.
    world.turn_back(begin);
    assert_eq!(world.verdict(&secret, &[]), "rate_limited");
    world.pass("30s");
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    assert_eq!(world.verdict(&secret, &[]), "rate_limited");
}

#[test]
fn a_clock_that_goes_to_another_day_and_back_finds_the_count_it_left() {
    let world = World::new();
    let secret = world.create(&["ci", "--quota", "2/day"]);
    let begin = world.now();
    verify(&world, &secret, &["--cost", "2"]).done();
    world.pass("3d");
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    world.turn_back(begin);
    assert_eq!(world.verdict(&secret, &[]), "quota_exceeded");
    world.pass("3d");
    assert_eq!(remaining(&world, &secret), 1);
}

#[test]
fn a_rotation_gives_no_fresh_limits() {
    let world = World::new();
    let old = world.create(&["ci", "--quota", "2/day"]);
    assert_eq!(world.verdict(&old, &[]), "accepted");
    let new = world.run(&["rotate", "ci", "-q"]).done().stdout.trim_end().to_owned();
    assert_eq!(world.verdict(&new, &[]), "accepted");
    assert_eq!(world.verdict(&old, &[]), "quota_exceeded");
}
