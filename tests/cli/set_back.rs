//! Rows that were set back to an earlier state of their own, whose seals fit: what finds them, and what refuses them.

use apikey::exit::Exit;

use super::doctor::{finding, status};
use super::world::World;

/// What `sqlite3` does to one row: as it was, seal and all.
fn set_back(world: &World, table: &str, whose: &str, change: &[&str]) {
    let backup = world.home().join(format!("{}.db", change.join(".").replace(['/', ':'], "")));
    world.tamper(&format!("VACUUM INTO '{}'", backup.display()));
    world.run(change).done();
    put_back(world, table, whose, &backup);
}

/// The row as it was in a copy.
fn put_back(world: &World, table: &str, whose: &str, backup: &std::path::Path) {
    let connection = rusqlite::Connection::open(backup).unwrap();
    let sql =
        format!("SELECT group_concat(name) FROM pragma_table_info('{table}') WHERE name NOT IN ('revision')");
    let columns: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
    let old = format!("(SELECT {columns} FROM old.{table} WHERE {whose})");
    let whose = format!("{whose} AND EXISTS {old}");
    world.tamper(&format!(
        "ATTACH '{}' AS old; UPDATE {table} SET ({columns}) = {old} WHERE {whose}",
        backup.display()
    ));
}

#[test]
fn a_row_that_was_set_back_to_a_state_of_its_own_is_found_by_the_log() {
    let world = World::new();
    for name in ["revoked", "narrowed", "rotated", "owned", "good"] {
        world.create(&[name, "--scope", "a:read", "--scope", "b:read", "--owner", name]);
    }
    world.run(&["doctor"]).done();
    let row = |name: &str| format!("place = (SELECT place FROM key WHERE name = '{name}')");
    // With the keys' secrets where they ended with it.
    set_back(&world, "key", "name = 'revoked'", &["revoke", "revoked", "--yes"]);
    set_back(&world, "key", "name = 'narrowed'", &["scope", "remove", "narrowed", "b:read"]);
    set_back(
        &world,
        "secret",
        &format!("number = 0 AND key_{}", row("rotated")),
        &["rotate", "rotated", "--grace", "1h", "-q"],
    );
    world.run(&["owner", "suspend", "good", "--yes"]).done();
    world.run(&["owner", "resume", "good"]).done();
    let ran = world.run(&["doctor", "--json"]).ended(Exit::SaidNo);
    assert_eq!(status(&ran, "seals"), "ok");
    assert_eq!(status(&ran, "log"), "ok");
    let states = finding(&ran, "states");
    let said = states["message"].as_str().unwrap();
    for name in ["revoked", "narrowed", "rotated"] {
        assert!(said.contains(&format!("default/{name} ")), "{said}");
    }
    assert!(!said.contains("good") && !said.contains("owned"), "{said}");
    // Nothing that happens to them next confirms what they are now: it says nothing of it, or is refused.
    world.run(&["edit", "revoked", "--note", "x"]).done();
    world.run(&["reveal", "narrowed", "-q"]).done();
    world.run(&["scope", "add", "narrowed", "c:read"]).ended(Exit::Conflict);
    world.run(&["expire", "revoked", "1d"]).ended(Exit::Conflict);
    world.run(&["rotate", "rotated", "-q"]).ended(Exit::Conflict);
    world.run(&["rotate", "rotated", "--finish", "--yes"]).ended(Exit::Conflict);
    let still = finding(&world.run(&["doctor", "--json"]).ended(Exit::SaidNo), "states");
    assert_eq!(still["message"], said);
    // What it advises mends it, with the vault closed too.
    world.close_vault();
    world.run(&["revoke", "revoked", "narrowed", "rotated", "--yes"]).done();
    assert_eq!(status(&world.run(&["doctor", "--json"]).ended(Exit::SaidNo), "states"), "ok");
    world.open_vault();
    set_back(&world, "party", "kind = 'owner' AND name = 'owned'", &["owner", "suspend", "owned", "--yes"]);
    let said = finding(&world.run(&["doctor", "--json"]).ended(Exit::SaidNo), "states");
    assert!(said["message"].as_str().unwrap().contains("the owner owned"), "{said}");
    // Nothing is granted on it until it is as the log says, which what is advised achieves for a suspension.
    for refused in [&["owner", "resume", "owned"][..], &["limit", "--owner", "owned", "--rate", "5/1m"]] {
        let said = world.run(refused).ended(Exit::Conflict).stderr;
        assert!(
            said.contains("set back outside apikey") && said.contains("apikey owner suspend owned"),
            "{said}"
        );
    }
    world.run(&["owner", "suspend", "owned", "--yes"]).done();
    world.run(&["doctor"]).done();
    world.run(&["owner", "resume", "owned"]).done();
    world.run(&["limit", "--owner", "owned", "--rate", "5/1m"]).done();
}

#[test]
fn an_event_that_needs_the_vault_and_has_no_seal_is_found() {
    use apikey::domain::event::{Action, Actor, Event};
    use apikey::registry::{Change, Registry as _};
    for action in [Action::KeyCreated, Action::RotationCancelled, Action::OwnerLimited, Action::TargetSaved] {
        let world = World::new();
        world.create(&["ci"]);
        // As whoever may write the file and has no vault could append it.
        let events = vec![Event::on(action, &Actor::default(), "x", world.now())];
        world.registry().apply(&Change { events, ..Change::default() }).unwrap();
        let said = finding(&world.run(&["doctor", "--json"]).ended(Exit::SaidNo), "log");
        assert!(said["message"].as_str().unwrap().contains("no seal"), "{said}");
        world.run(&["log", "--check"]).ended(Exit::SaidNo);
    }
}

#[test]
fn a_key_that_was_removed_and_put_in_again_is_found() {
    let world = World::new();
    world.create(&["gone"]);
    let backup = world.home().join("backup.db");
    world.tamper(&format!("VACUUM INTO '{}'", backup.display()));
    world.run(&["revoke", "gone", "--yes"]).done();
    world.pass("2d");
    world.run(&["purge", "--older-than", "1d", "--yes"]).done();
    assert_eq!(world.count(), 0);
    let connection = rusqlite::Connection::open(&backup).unwrap();
    let columns = |table: &str| -> String {
        let sql = format!("SELECT group_concat(name) FROM pragma_table_info('{table}')");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    let [key, secret] = ["key", "secret"].map(|table| {
        let columns = columns(table);
        format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM old.{table}")
    });
    world.tamper(&format!("ATTACH '{}' AS old; {key}; {secret}", backup.display()));
    let ran = world.run(&["doctor", "--json"]).ended(Exit::SaidNo);
    assert_eq!(status(&ran, "seals"), "ok");
    assert!(finding(&ran, "states")["message"].as_str().unwrap().contains("default/gone"));
}

/// The words of one.
type Line = [&'static str];

#[test]
fn nothing_but_resume_or_enable_takes_up_what_was_switched_on_in_the_file() {
    let world = World::new();
    let secret = world.create(&["ci", "--scope", "a:read", "--owner", "acme"]);
    let cases: [(&Line, &str, &[&Line], &Line); 2] = [
        (
            &["owner", "suspend", "acme", "--yes"],
            "UPDATE party SET suspended_at = NULL WHERE name = 'acme'",
            &[&["limit", "--owner", "acme", "--rate", "5/1m"]],
            &["owner", "resume", "acme"],
        ),
        (
            &["disable", "ci"],
            "UPDATE key SET disabled_at = NULL",
            &[
                &["limit", "ci", "--rate", "5/1m"],
                &["scope", "add", "ci", "b:read"],
                &["expire", "ci", "1d"],
                &["rotate", "ci", "-q"],
                &["rotate", "ci", "--dry-run"],
            ],
            &["enable", "ci"],
        ),
    ];
    for (off, edit, refused, on) in cases {
        world.run(off).done();
        world.tamper(edit);
        for line in refused {
            let said = world.run(line).ended(Exit::Conflict).stderr;
            assert!(said.contains("outside apikey") && said.contains(&on.join(" ")[..5]), "{line:?}: {said}");
            assert_eq!(world.verdict(&secret, &[]), "tampered", "{line:?}");
        }
        world.run(on).done();
        assert_eq!(world.verdict(&secret, &[]), "accepted");
        world.run(&["doctor"]).done();
    }
}

#[test]
fn what_was_set_back_and_switched_on_is_not_taken_up_either() {
    let world = World::new();
    let secret = world.create(&["ci", "--scope", "a:read", "--scope", "b:read", "--owner", "acme"]);
    world.run(&["owner", "suspend", "acme", "--yes"]).done();
    let resume_and_limit = |world: &World| {
        world.run(&["owner", "resume", "acme"]).done();
        world.run(&["limit", "--owner", "acme", "--rate", "1/1h"]).done();
    };
    let backup = world.home().join("party.db");
    world.tamper(&format!("VACUUM INTO '{}'", backup.display()));
    resume_and_limit(&world);
    put_back(&world, "party", "kind = 'owner' AND name = 'acme'", &backup);
    world.tamper("UPDATE party SET suspended_at = NULL WHERE name = 'acme'");
    world.run(&["owner", "resume", "acme"]).ended(Exit::Conflict);
    assert_eq!(world.verdict(&secret, &[]), "tampered");
    // As it was, suspended: what is advised leads out of it.
    put_back(&world, "party", "kind = 'owner' AND name = 'acme'", &backup);
    world.run(&["owner", "resume", "acme"]).ended(Exit::Conflict);
    world.run(&["owner", "suspend", "acme", "--yes"]).done();
    // To suspend it needs no vault, and confirms nothing else of it.
    world.run(&["owner", "resume", "acme"]).ended(Exit::Conflict);
    world.run(&["doctor"]).ended(Exit::SaidNo);
    world.run(&["limit", "--owner", "acme", "--rate", "1/1h"]).done();
    world.run(&["owner", "resume", "acme"]).done();
    world.run(&["doctor"]).done();

    world.run(&["disable", "ci"]).done();
    let backup = world.home().join("key.db");
    world.tamper(&format!("VACUUM INTO '{}'", backup.display()));
    world.run(&["enable", "ci"]).done();
    world.run(&["scope", "remove", "ci", "b:read"]).done();
    put_back(&world, "key", "name = 'ci'", &backup);
    world.tamper("UPDATE key SET disabled_at = NULL");
    world.run(&["enable", "ci"]).ended(Exit::Conflict);
    assert_eq!(world.verdict(&secret, &[]), "tampered");
}

/// Appends an event that nobody with the vault made, as whoever may write the file could.
fn forge(world: &World, event: apikey::domain::event::Event) {
    use apikey::registry::{Change, Registry as _};
    world.registry().apply(&Change { events: vec![event], ..Change::default() }).unwrap();
}

#[test]
fn an_event_without_a_seal_vouches_for_no_row_that_was_set_back() {
    use apikey::domain::event::{Action, Actor, Event};
    use apikey::registry::Registry as _;
    for action in [Action::KeyRevoked, Action::KeyDisabled, Action::SecretRevoked, Action::KeyChanged] {
        let world = World::new();
        world.create(&["ci", "--scope", "a:read", "--scope", "b:read"]);
        set_back(&world, "key", "name = 'ci'", &["scope", "remove", "ci", "b:read"]);
        let key = world.key("ci");
        for state in [true, false] {
            let whole = Event::on_key(action, &Actor::default(), None, &key, world.now());
            forge(&world, Event { state: whole.state.filter(|_| state), changes: Vec::new(), ..whole });
        }
        world.run(&["doctor"]).ended(Exit::SaidNo);
        world.run(&["limit", "ci", "--rate", "5/1m"]).ended(Exit::Conflict);
        world.run(&["rotate", "ci", "-q"]).ended(Exit::Conflict);
        assert!(world.registry().find_key(key.id).unwrap().unwrap().key.limits.is_none(), "{action:?}");
    }
    // Of an owner too.
    let world = World::new();
    world.create(&["ci", "--owner", "acme"]);
    set_back(&world, "party", "name = 'acme'", &["limit", "--owner", "acme", "--rate", "1/1h"]);
    let party = world
        .registry()
        .party(apikey::domain::party::PartyKind::Owner, &"acme".parse().unwrap())
        .unwrap()
        .unwrap();
    forge(&world, Event::on_party(Action::OwnerSuspended, &Actor::default(), &party, world.now()));
    world.run(&["doctor"]).ended(Exit::SaidNo);
    world.run(&["limit", "--owner", "acme", "--quota", "5/day"]).ended(Exit::Conflict);
}

#[test]
fn what_needs_no_vault_confirms_nothing_of_a_row_that_was_set_back() {
    let world = World::new();
    world.create(&["ci", "--scope", "a:read", "--scope", "b:read"]);
    world.run(&["rotate", "ci", "--grace", "1h", "-q"]).done();
    let old = world.key("ci").secrets[0].id.to_string();
    set_back(&world, "key", "name = 'ci'", &["scope", "remove", "ci", "b:read"]);
    world.run(&["revoke", "ci", "--secret", &old, "--yes"]).done();
    world.run(&["doctor"]).ended(Exit::SaidNo);
    world.run(&["limit", "ci", "--rate", "5/1m"]).ended(Exit::Conflict);
    world.run(&["disable", "ci"]).done();
    world.run(&["doctor"]).ended(Exit::SaidNo);
    world.run(&["enable", "ci"]).ended(Exit::Conflict);
    world.run(&["revoke", "ci", "--yes"]).done();
    world.run(&["doctor"]).done();

    // On one that was not, they are all in order.
    world.create(&["good"]);
    world.run(&["rotate", "good", "--grace", "1h", "-q"]).done();
    let old = world.key("good").secrets[0].id.to_string();
    world.run(&["revoke", "good", "--secret", &old, "--yes"]).done();
    world.run(&["disable", "good"]).done();
    world.run(&["doctor"]).done();
    world.run(&["enable", "good"]).done();
    world.run(&["scope", "add", "good", "c:read"]).done();
    world.run(&["doctor"]).done();
}

#[test]
fn a_secret_without_its_seal_does_not_hide_that_its_key_was_set_back() {
    let world = World::new();
    world.create(&["ci", "--scope", "a:read", "--scope", "b:read"]);
    set_back(&world, "key", "name = 'ci'", &["scope", "remove", "ci", "b:read"]);
    world.tamper("UPDATE secret SET seal = NULL, seal_algorithm = NULL");
    world.run(&["limit", "ci", "--rate", "5/1m"]).ended(Exit::Conflict);
}

#[test]
fn secrets_that_changed_places_are_found_and_end_no_rotation() {
    let world = World::new();
    let old = world.create(&["ci"]);
    world.run(&["rotate", "ci", "--grace", "1h", "-q"]).done();
    world.tamper(
        "UPDATE secret SET number = 9 WHERE number = 0; UPDATE secret SET number = 0 WHERE number = 1; \
         UPDATE secret SET number = 1 WHERE number = 9",
    );
    assert_eq!(world.verdict(&old, &[]), "tampered");
    world.run(&["doctor"]).ended(Exit::SaidNo);
    world.run(&["rotate", "ci", "--finish", "--yes"]).ended(Exit::Conflict);
    world.run(&["rotate", "ci", "--cancel", "--yes"]).ended(Exit::Conflict);
}

#[test]
fn an_owner_that_was_removed_is_not_made_anew_while_live_keys_name_it() {
    let world = World::new();
    let secret = world.create(&["ci", "--owner", "acme"]);
    world.run(&["owner", "suspend", "acme", "--yes"]).done();
    world.tamper("PRAGMA foreign_keys = OFF; DELETE FROM party WHERE name = 'acme'");
    for dry_run in [&[][..], &["--dry-run"]] {
        let said = world.run(&[&["create", "two", "--owner", "acme", "-q"], dry_run].concat());
        let said = said.ended(Exit::Conflict).stderr;
        assert!(said.contains("apikey revoke --owner acme"), "{said}");
        assert_eq!(world.verdict(&secret, &[]), "tampered");
    }
    world.run(&["revoke", "--owner", "acme", "--yes"]).done();
    world.run(&["create", "two", "--owner", "acme", "-q"]).done();
}

#[test]
fn a_key_of_another_registry_of_which_the_log_says_nothing_is_found() {
    let world = World::new();
    world.create(&["ci"]);
    // As if its rows came from elsewhere: the log of this registry never heard of it.
    world.tamper("DELETE FROM event WHERE key IS NOT NULL");
    let states = finding(&world.run(&["doctor", "--json"]).ended(Exit::SaidNo), "states");
    assert!(states["message"].as_str().unwrap().contains("default/ci"), "{states}");
    world.run(&["limit", "ci", "--rate", "5/1m"]).ended(Exit::Conflict);
}
