//! `usage`: who made how many requests, what is nearly used up, and what is not used.

use apikey::domain::decision::{Decision, Denial};
use apikey::domain::time::Instant;
use apikey::domain::usage::{Counted, Used};
use apikey::exit::Exit;
use apikey::registry::ledger::Ledger;
use serde_json::{Value, json};

use super::world::World;

fn rows(world: &World, arguments: &[&str]) -> Vec<Value> {
    let line: Vec<&str> = ["usage", "--json"].iter().chain(arguments).copied().collect();
    world.run(&line).done().json().as_array().unwrap().clone()
}

/// `value requests accepted denied` of each row that is not empty.
fn sums(world: &World, arguments: &[&str]) -> Vec<String> {
    let rows = rows(world, arguments);
    let counted = rows.iter().filter(|row| row["requests"] != 0);
    counted
        .map(|row| {
            let value = row["value"].as_str().unwrap_or("-");
            format!("{value} {} {} {}", row["requests"], row["accepted"], row["denied"])
        })
        .collect()
}

/// Two keys with requests today at noon and three days later at one.
fn used() -> World {
    let world = World::new();
    let ci = world.create(&["ci", "--owner", "acme", "--scope", "orders:read,orders:write"]);
    let other = world.create(&["other", "--project", "shop", "--allow-ip", "10.0.0.1"]);
    for _ in 0..3 {
        world.verdict(&ci, &["--scope", "orders:read"]);
    }
    world.verdict(&ci, &["--scope", "orders:read,orders:write"]);
    world.verdict(&ci, &["--scope", "users:read"]);
    world.pass("73h");
    world.verdict(&ci, &[]);
    world.verdict(&other, &["--ip", "10.0.0.1"]);
    world.verdict(&other, &["--ip", "10.0.0.2"]);
    world
}

#[test]
fn requests_are_summed_by_whatever_is_asked_for() {
    let world = used();
    for (by, expected) in [
        ("day", ["2026-11-23 5 4 1", "2026-11-26 3 2 1"].as_slice()),
        ("outcome", &["accepted 6 6 0", "insufficient_scope 1 0 1", "ip_not_allowed 1 0 1"]),
        ("owner", &["acme 6 5 1", "default 2 1 1"]),
        ("project", &["default 6 5 1", "shop 2 1 1"]),
        ("key", &["default/ci 6 5 1", "shop/other 2 1 1"]),
        ("scope", &["orders:read 4 4 0", "- 3 2 1", "orders:write 1 1 0", "users:read 1 0 1"]),
    ] {
        assert_eq!(sums(&world, &["--by", by]), expected, "{by}");
    }
    assert_eq!(sums(&world, &["--by", "hour"]), ["2026-11-26T13:00:00Z 3 2 1"]);
    assert_eq!(
        sums(&world, &["--by", "hour", "--since", "4d"]),
        ["2026-11-23T12:00:00Z 5 4 1", "2026-11-26T13:00:00Z 3 2 1"]
    );
    assert_eq!(sums(&world, &["other"]), ["2026-11-26 2 1 1"]);
    assert_eq!(rows(&world, &["--by", "key"])[0]["key_id"], world.key("ci").id.to_string());
    assert_eq!(
        rows(&world, &[])[6],
        json!({"by": "day", "value": "2026-11-25", "key_id": null, "requests": 0, "accepted": 0, "denied": 0})
    );
}

#[test]
fn since_takes_its_hour_in_and_until_leaves_its_own_out() {
    let world = used();
    assert!(sums(&world, &["--until", "2026-11-23T12:00:00Z"]).is_empty());
    assert_eq!(sums(&world, &["--until", "2026-11-23T12:00:01Z", "--since", "2026-11-23"]).len(), 1);
    let first = ["--by", "outcome", "--since", "2026-11-23T12:59:59Z"];
    assert_eq!(sums(&world, &first), ["accepted 6 6 0", "insufficient_scope 1 0 1", "ip_not_allowed 1 0 1"]);
    assert_eq!(sums(&world, &["--by", "outcome", "--since", "2026-11-23T13:00:00Z"]).len(), 2);
    assert_eq!(rows(&world, &["--since", "2d"]).len(), 3, "whole days, the first and the last too");
    let ahead = ["--since", "2d", "--until", "9998-12-31", "--by", "hour"];
    assert_eq!(rows(&world, &ahead).len(), 49, "an hour that is yet to come has no row");
    world.run(&["usage", "--since", "2d", "--until", "4d"]).ended(Exit::Usage);
    world.run(&["usage", "--since", "2mo"]).ended(Exit::Usage);
    world.run(&["usage", "nobody"]).ended(Exit::NotFound);
}

#[test]
fn what_is_not_counted_is_a_secret_that_does_not_match_and_a_question() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    world.verdict("apik_sk_live_nothing", &[]);
    world.verdict(&secret, &["--no-consume"]);
    world.verdict(&secret, &["--cost", "0"]);
    assert!(sums(&world, &[]).is_empty());
    world.verdict(&secret, &["--cost", "7"]);
    assert_eq!(sums(&world, &[]), ["2026-11-23 1 1 0"], "a request is one, whatever it costs");
}

#[test]
fn usage_is_carried_over_rotations_and_goes_with_a_purged_key() {
    let world = World::new();
    let old = world.create(&["ci"]);
    world.verdict(&old, &[]);
    let new = world.run(&["rotate", "ci", "-q"]).done().stdout.trim_end().to_owned();
    world.verdict(&new, &[]);
    assert_eq!(sums(&world, &["ci"]), ["2026-11-23 2 2 0"]);
    world.run(&["revoke", "ci", "--yes"]).done();
    assert_eq!(world.verdict(&new, &[]), "revoked");
    assert_eq!(sums(&world, &["--by", "outcome"]), ["accepted 2 2 0", "revoked 1 0 1"]);
    world.pass("2d");
    world.run(&["purge", "--older-than", "1d", "--yes"]).done();
    assert!(sums(&world, &[]).is_empty());
}

#[test]
fn a_terminal_shows_a_bar_for_each_day_and_a_pipe_full_values() {
    let world = used().with_variable("NO_COLOR", "1");
    let tsv = world.run(&["usage", "--since", "3d"]).done().stdout;
    assert!(
        tsv.starts_with("by\tvalue\tkey_id\trequests\taccepted\tdenied\nday\t2026-11-23\t\t5\t4\t1\n"),
        "{tsv}"
    );
    let world = world.at_terminal();
    let plain = world.run(&["usage", "--since", "3d"]).done().stdout;
    let line = |text: &str, day: &str| text.lines().find(|line| line.starts_with(day)).unwrap().to_owned();
    assert_eq!(line(&plain, "2026-11-23"), format!("2026-11-23   5    1       {}", "#".repeat(60)));
    assert_eq!(line(&plain, "2026-11-26"), format!("2026-11-26   3    1       {}", "#".repeat(36)));
    assert_eq!(line(&plain, "2026-11-24"), "2026-11-24   0    0");
    let blocks = world.with_variable("LANG", "C.UTF-8").run(&["usage", "--since", "3d"]).done().stdout;
    assert!(line(&blocks, "2026-11-26").ends_with(&"█".repeat(36)), "{blocks}");
}

#[test]
fn of_more_than_a_thousand_hours_each_is_a_line_with_its_numbers_whole() {
    let mut world = World::new().with_variable("NO_COLOR", "1");
    world.create(&["ci"]);
    let key = world.key("ci").id;
    let begin = world.now();
    let count = |decision: Decision, requests: u64| Counted {
        key,
        place: None,
        decision,
        scopes: "".into(),
        requests,
        last: None,
    };
    for (after, accepted, denied) in [("1h", 1, 1), ("1099h", 13_442, 9), ("1338h", 281_474_976, 1_234_567)] {
        let counted =
            [count(Decision::Accepted, accepted), count(Decision::Denied(Denial::InsufficientScope), denied)];
        let at = begin.checked_add(after.parse().unwrap()).unwrap();
        world.registry().add_usage(&counted, at).unwrap();
    }
    world.pass("56d");
    let line = ["usage", "--by", "hour", "--since", "56d", "--format"];
    let numbers = |text: &str, places: [usize; 3]| {
        let cells = text.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
        cells.map(|cells| places.map(|place| cells[place]).join(" ")).collect::<Vec<_>>()
    };
    let tsv = world.run(&[&line[..], &["tsv"]].concat()).done().stdout.replace("\t\t", "\t");
    let expected = numbers(&tsv, [1, 2, 4]);
    assert_eq!(expected.len(), 56 * 24 + 1);
    assert!(expected.contains(&"2027-01-08T07:00:00Z 13451 9".to_owned()), "{expected:?}");
    for (width, is_terminal) in [(80, true), (100, true), (80, false)] {
        world = world.with_width(width);
        world = if is_terminal { world } else { world.with_output_in_a_pipe() };
        let table = world.run(&[&line[..], &["table"]].concat()).done().stdout;
        assert_eq!(numbers(&table, [0, 1, 2]), expected, "{width}");
        assert!(table.lines().all(|line| line.chars().count() <= usize::from(width)), "{width}");
    }
    let narrow = world.with_width(40).run(&[&line[..], &["table"]].concat()).done().stdout;
    assert_eq!(numbers(&narrow, [0, 1, 2]), expected, "rather no bars than hours that are cut");
}

#[test]
fn without_any_request_a_terminal_says_so() {
    let world = World::new().at_terminal();
    world.run(&["init"]).done();
    let ran = world.run(&["usage"]).done();
    assert_eq!((ran.stdout.as_str(), ran.stderr.contains("no requests were recorded")), ("", true));
}

#[test]
fn where_a_key_was_used_last_is_shown() {
    let world = World::new();
    let ci = world.create(&["ci"]);
    assert_eq!(world.run(&["show", "ci", "--json"]).done().json()["last_used_ip"], Value::Null);
    assert_eq!(world.verdict(&ci, &["--ip", "192.0.2.7"]), "accepted");
    assert_eq!(world.run(&["show", "ci", "--json"]).done().json()["last_used_ip"], "192.0.2.7");
    assert_eq!(world.run(&["list", "--json"]).done().json()[0]["secrets"][0]["last_used_ip"], "192.0.2.7");
    let shown = world.run(&["show", "ci", "--format", "table"]).done().stdout;
    assert!(shown.contains(", from 192.0.2.7"), "{shown}");
}

#[test]
fn what_is_nearly_used_up_is_listed_the_fullest_first() {
    let world = World::new();
    let ci = world.create(&["ci", "--owner", "acme", "--quota", "10/day"]);
    world.create(&["idle", "--quota", "10/day"]);
    let gone = world.create(&["gone", "--quota", "1/day"]);
    world.run(&["limit", "--owner", "acme", "--rate", "8/1m"]).done();
    world.run(&["limit", "--project", "default", "--quota", "100/month"]).done();
    world.verdict(&gone, &[]);
    world.run(&["revoke", "gone", "--yes"]).done();
    world.verdict(&ci, &["--cost", "7"]);
    let near = |percent: &str, exit: Exit| {
        let ran = world.run(&["usage", "--near-limit", percent, "--fail-if-any", "--json"]).ended(exit);
        let found = ran.json();
        let row =
            |row: &Value| format!("{} {} {}", row["of"], row["name"], row["used_percent"]).replace('"', "");
        found.as_array().unwrap().iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(near("80%", Exit::SaidNo), ["owner acme 87"]);
    assert_eq!(near("70", Exit::SaidNo), ["owner acme 87", "key default/ci 70"]);
    assert_eq!(near("8", Exit::SaidNo), ["owner acme 87", "key default/ci 70", "project default 8"]);
    assert!(near("88%", Exit::Done).is_empty());
    world.pass("1m");
    assert!(near("80%", Exit::Done).is_empty(), "a rate refills");
    for wrong in ["0", "101%", "eighty", "80%%", "+80", ""] {
        let ran = world.run(&["usage", "--near-limit", wrong]).ended(Exit::Usage);
        assert!(ran.stderr.contains("80%"), "{}", ran.stderr);
    }
    world.run(&["usage", "--fail-if-any"]).ended(Exit::Usage);
    world.run(&["usage", "ci", "--near-limit", "80%"]).ended(Exit::Usage);
}

#[test]
fn unused_keys_are_listed_and_revoked_together() {
    let world = World::new();
    let ci = world.create(&["ci"]);
    world.create(&["idle"]);
    world.create(&["over", "--expires", "10d"]);
    world.pass("60d");
    world.verdict(&ci, &[]);
    world.pass("10d");
    let ran = world.run(&["usage", "--unused", "60d", "--fail-if-any", "--json"]).ended(Exit::SaidNo);
    assert_eq!((ran.json()[0]["name"].as_str(), ran.json().as_array().unwrap().len()), (Some("idle"), 1));
    assert_eq!(
        world.run(&["revoke", "--unused", "60d", "--dry-run", "--json"]).done().json()[0]["name"],
        "idle"
    );
    world.run(&["revoke", "--unused", "60d"]).ended(Exit::Usage);
    assert!(world.key("idle").revoked.is_none());
    world.run(&["revoke", "--unused", "60d", "--yes"]).done();
    assert_eq!(world.key("idle").revoked.unwrap().reason.code(), "unused");
    assert!(world.key("ci").revoked.is_none());
    world.run(&["usage", "--unused", "60d", "--fail-if-any"]).done();
}

/// What a busy server leaves behind: more counts than are written as rows, and last uses, in one piece.
fn leave_a_batch(world: &World, name: &str, at: Instant) {
    let key = world.key(name);
    let count = |number: usize| Counted {
        key: key.id,
        place: None,
        decision: Decision::Accepted,
        scopes: format!("a:s{number}").into(),
        requests: 2,
        last: Some(Used { secret: key.secrets[0].id, at, ip: None }),
    };
    let counted: Vec<Counted> = (0..2_500).map(count).collect();
    world.registry().add_usage(&counted, at).unwrap();
}

#[test]
fn what_a_server_wrote_in_one_piece_is_counted_and_saves_its_keys() {
    let world = World::new();
    for name in ["ci", "idle"] {
        world.create(&[name]);
    }
    world.pass("70d");
    leave_a_batch(&world, "ci", world.now());
    assert!(world.key("ci").last_use().is_none(), "not folded in yet");
    assert_eq!(world.run(&["revoke", "--unused", "60d", "--yes", "--json"]).done().json()[0]["name"], "idle");
    assert!(world.key("ci").revoked.is_none());
    world.pass("1h");
    leave_a_batch(&world, "ci", world.now());
    assert_eq!(sums(&world, &["--by", "outcome"]), ["accepted 10000 10000 0"]);
}

#[test]
fn usage_is_read_while_somebody_else_writes() {
    let world = used();
    let writer = rusqlite::Connection::open(world.folder().join("registry.db")).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(sums(&world, &["--by", "owner"]), ["acme 6 5 1", "default 2 1 1"]);
}
