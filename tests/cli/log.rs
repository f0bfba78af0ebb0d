//! `log`: events, their chain, and its head.

use apikey::exit::Exit;

use super::world::World;

fn numbers(world: &World, arguments: &[&str]) -> Vec<u64> {
    let line: Vec<&str> = ["log", "--json"].iter().chain(arguments).copied().collect();
    let events = world.run(&line).done().json();
    events.as_array().unwrap().iter().map(|event| event["number"].as_u64().unwrap()).collect()
}

/// Events 1 to 4: made, created, created a day later, revoked with the vault closed.
fn lived_in() -> World {
    let world = World::new();
    world.create(&["a"]);
    world.pass("1d");
    world.create(&["b"]);
    world.close_vault();
    world.run(&["revoke", "a", "--yes"]).done();
    world.open_vault();
    world
}

#[test]
fn events_are_listed_oldest_first_and_filtered() {
    let world = lived_in();
    let id = world.key("a").id.to_string();
    assert_eq!(numbers(&world, &[]), [1, 2, 3, 4]);
    assert_eq!(numbers(&world, &["--key", "b"]), [3]);
    assert_eq!(numbers(&world, &["--key", &id]), [2, 4]);
    assert_eq!(numbers(&world, &["--action", "key_created"]), [2, 3]);
    assert_eq!(numbers(&world, &["--user", "ada"]), [1, 2, 3, 4]);
    assert_eq!(numbers(&world, &["--user", "eve"]), [0; 0]);
    assert_eq!(numbers(&world, &["--since", "1h"]), [3, 4]);
    assert_eq!(numbers(&world, &["--since", "1d"]), [1, 2, 3, 4]);
    assert_eq!(numbers(&world, &["--until", "2026-11-24T12:00:00Z"]), [1, 2]);
    assert_eq!(numbers(&world, &["--last", "2"]), [3, 4]);
    world.run(&["log", "--since", "yesterday"]).ended(Exit::Usage);
    world.run(&["log", "--key", "nobody"]).ended(Exit::NotFound);
}

#[test]
fn the_events_of_a_purged_key_are_found_by_its_id() {
    let world = lived_in();
    let id = world.key("a").id.to_string();
    world.run(&["purge", "a", "--yes"]).done();
    assert_eq!(numbers(&world, &["--key", &id]), [2, 4, 5]);
}

#[test]
fn a_whole_log_says_how_much_of_it_is_under_seal() {
    let world = lived_in();
    let answer = world.run(&["log", "--check", "--json"]).done().json();
    assert_eq!(answer["intact"], true);
    assert_eq!(answer["events"], 4);
    assert_eq!(answer["sealed_up_to"], 3);
    assert_eq!(answer["seals_checked"], true);
    let head = world.run(&["log", "--head", "--json"]).done().json();
    assert_eq!(head["hash"], answer["head_hash"]);
    world.close_vault();
    let ran = world.run(&["log", "--check", "--json"]).done();
    assert_eq!(ran.json()["seals_checked"], false);
    assert!(ran.stderr.contains("only hashes"), "{}", ran.stderr);
}

#[test]
fn whatever_is_altered_breaks_the_log_at_its_event() {
    for (sql, at) in [
        ("UPDATE event SET user = 'eve' WHERE number = 2", 2),
        ("UPDATE event SET subject = 'x' WHERE number = 4", 4),
        ("DELETE FROM event WHERE number = 3", 3),
        ("DELETE FROM event WHERE number = 1", 1),
        ("UPDATE event SET seal = zeroblob(32) WHERE number = 3", 3),
        ("UPDATE event SET seal = NULL, seal_algorithm = NULL WHERE number = 2", 2),
        ("UPDATE event SET at = at + 1 WHERE number = 1", 1),
    ] {
        let world = lived_in();
        world.tamper(sql);
        let answer = world.run(&["log", "--check", "--json"]).ended(Exit::SaidNo).json();
        assert_eq!(answer["intact"], false, "{sql}");
        assert_eq!(answer["broken_at"], at, "{sql}");
    }
}

#[test]
fn a_registry_that_was_set_back_is_noticed_by_a_head_kept_elsewhere() {
    let world = lived_in();
    let head = world.run(&["log", "--head"]).done().stdout.trim_end().to_owned();
    assert!(head.starts_with("4:") && head.len() == 2 + 64);
    world.run(&["log", "--check", "--expect-head", &head]).done();
    world.create(&["c"]);
    world.run(&["log", "--check", "--expect-head", &head]).done();
    world.tamper("DELETE FROM event WHERE number > 3");
    world.run(&["log", "--check"]).done();
    let ran = world.run(&["log", "--check", "--expect-head", &head]).ended(Exit::SaidNo);
    assert!(ran.stderr.contains("event 4"), "{}", ran.stderr);
    world.run(&["disable", "b"]).done();
    world.run(&["log", "--check", "--expect-head", &head]).ended(Exit::SaidNo);
    for wrong in ["4", "4:abc", "x:00", &format!("4:{}", "é".repeat(32))] {
        world.run(&["log", "--check", "--expect-head", wrong]).ended(Exit::Usage);
    }
}
