//! `doctor`: what it finds, and that what it advises mends it.

use apikey::exit::Exit;
use serde_json::Value;

use super::world::{Ran, World};

#[track_caller]
fn finding(ran: &Ran, check: &str) -> Value {
    let json = ran.json();
    let found = json.as_array().unwrap().iter().find(|one| one["check"] == check);
    found.unwrap_or_else(|| panic!("no finding `{check}`: {json}")).clone()
}

#[track_caller]
fn status(ran: &Ran, check: &str) -> String {
    finding(ran, check)["status"].as_str().unwrap().to_owned()
}

#[test]
fn a_sound_registry_has_no_problem() {
    let world = World::new();
    world.create(&["ci", "--scope", "orders:read"]);
    world.run(&["disable", "ci"]).done();
    world.create(&["old"]);
    world.run(&["revoke", "old", "--yes"]).done();
    let ran = world.run(&["doctor", "--json"]).done();
    for one in ran.json().as_array().unwrap() {
        assert_eq!(one["status"], "ok", "{one}");
    }
    for check in [
        "registry",
        "schema",
        "permissions",
        "integrity",
        "vault_probe",
        "vault",
        "seals",
        "states",
        "log",
        "clock",
    ] {
        finding(&ran, check);
    }
    assert!(world.run(&["doctor", "--problems"]).done().stdout.lines().count() == 1);
}

#[test]
fn without_a_registry_it_names_the_command_that_makes_one() {
    let ran = World::new().run(&["doctor", "--json"]).ended(Exit::SaidNo);
    assert!(finding(&ran, "registry")["hint"].as_str().unwrap().contains("apikey init"));
}

#[test]
fn a_dead_vault_is_a_problem_and_the_rest_is_looked_at_all_the_same() {
    let world = World::new();
    world.create(&["ci"]);
    world.close_vault();
    let ran = world.run(&["doctor", "--json"]).ended(Exit::SaidNo);
    assert_eq!((status(&ran, "vault").as_str(), status(&ran, "seals").as_str()), ("problem", "warning"));
    assert_eq!(status(&ran, "log"), "ok");
    let probe = finding(&ran, "vault_probe").to_string();
    assert!(probe.contains("it is not there") && !probe.contains("can be read"), "{probe}");
    finding(&ran, "expiring");
}

#[test]
fn an_altered_owner_is_named_with_what_puts_it_right() {
    let world = World::new();
    world.create(&["ci", "--owner", "acme"]);
    world.run(&["owner", "suspend", "acme", "--yes"]).done();
    world.tamper("UPDATE party SET suspended_at = NULL");
    let seals = finding(&world.run(&["doctor", "--json"]).ended(Exit::SaidNo), "seals");
    assert!(seals["message"].as_str().unwrap().contains("the owner acme"), "{seals}");
    assert!(seals["hint"].as_str().unwrap().contains("`apikey owner resume NAME`"), "{seals}");
    world.run(&["owner", "resume", "acme"]).done();
    let seals = finding(&world.run(&["doctor", "--json"]).done(), "seals");
    assert_eq!(seals["message"], "1 key, its owner and project are as apikey left them");
}

#[test]
fn an_altered_row_is_named() {
    let world = World::new();
    world.create(&["ci", "--scope", "orders:read"]);
    world.tamper("UPDATE key SET scopes = '*:*'");
    let ran = world.run(&["doctor", "--json"]).ended(Exit::SaidNo);
    let seals = finding(&ran, "seals");
    assert_eq!(seals["status"], "problem");
    assert!(seals["message"].as_str().unwrap().contains("default/ci"), "{seals}");
}

#[test]
fn an_altered_log_is_found() {
    let world = World::new();
    world.create(&["ci"]);
    world.tamper("UPDATE event SET user = 'eve' WHERE number = 2");
    let ran = world.run(&["doctor", "--json"]).ended(Exit::SaidNo);
    assert!(finding(&ran, "log")["message"].as_str().unwrap().contains("event 2"));
}

#[test]
fn a_clock_before_the_newest_event_is_a_problem() {
    let world = World::new();
    world.create(&["early"]);
    let past = World::now(&world);
    world.pass("1h");
    world.create(&["late"]);
    world.turn_back(past);
    assert_eq!(status(&world.run(&["doctor", "--json"]).ended(Exit::SaidNo), "clock"), "problem");
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_can_write_is_a_problem_and_one_they_can_list_is_none() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    world.create(&["ci"]);
    for (mode, is) in [(0o700, "ok"), (0o755, "ok"), (0o770, "problem"), (0o702, "problem"), (0o1777, "ok")] {
        std::fs::set_permissions(world.folder(), std::fs::Permissions::from_mode(mode)).unwrap();
        let ran = world.run(&["doctor", "--json"]);
        assert_eq!(status(&ran, "permissions"), is, "{mode:o}");
    }
    std::fs::set_permissions(world.folder(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let ran = world.run(&["doctor", "--json"]).ended(Exit::SaidNo);
    let advice = format!("chmod go-w {}", world.folder().display());
    assert_eq!(finding(&ran, "permissions")["hint"], advice.as_str());
}

#[cfg(unix)]
#[test]
fn nothing_is_advised_about_a_folder_without_a_registry_or_the_file_of_another_program() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let shared = world.home().join("etc");
    std::fs::create_dir(&shared).unwrap();
    std::fs::write(shared.join("passwd"), "root:x:0:0\n".repeat(20)).unwrap();
    std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o777)).unwrap();
    std::fs::set_permissions(shared.join("passwd"), std::fs::Permissions::from_mode(0o644)).unwrap();
    for name in ["none.db", "passwd"] {
        let place = shared.join(name);
        let ran = world.run(&["doctor", "--json", "--registry", place.to_str().unwrap()]).ended(Exit::SaidNo);
        assert!(!ran.stdout.contains("chmod"), "{}", ran.stdout);
    }
}

#[test]
fn keys_to_look_at_are_counted_with_the_command_that_lists_them() {
    let world = World::new();
    world.create(&["soon", "--expires", "10d"]);
    world.create(&["ever", "--expires", "never"]);
    let ran = world.run(&["doctor", "--json"]).done();
    assert_eq!(status(&ran, "expiring"), "warning");
    assert!(finding(&ran, "expiring")["hint"].as_str().unwrap().contains("apikey list --expiring 14d"));
    assert!(finding(&ran, "never_expiring")["message"].as_str().unwrap().contains("default/ever"));
    world.run(&["list", "--expiring", "14d"]).done();
    world.run(&["list", "--unused", "90d"]).done();
    world.run(&["list", "--due"]).done();
}

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
fn triggers_that_were_dropped_are_a_problem() {
    let world = World::new();
    world.create(&["ci"]);
    world.tamper("DROP TRIGGER secret_updated");
    let schema = finding(&world.run(&["doctor", "--json"]).ended(Exit::SaidNo), "schema");
    assert!(schema["message"].as_str().unwrap().contains("triggers"), "{schema}");
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

#[test]
fn a_file_that_cannot_be_written_is_a_problem() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    world.create(&["ci"]);
    // As a copy of a backup that was kept so.
    let counters = world.folder().join("registry.db-counters");
    std::fs::write(&counters, []).unwrap();
    std::fs::set_permissions(&counters, std::fs::Permissions::from_mode(0o400)).unwrap();
    let said = finding(&world.run(&["doctor", "--json"]).ended(Exit::SaidNo), "permissions");
    assert!(said["message"].as_str().unwrap().contains("registry.db-counters has mode 0400"), "{said}");
}

#[test]
fn a_revocation_without_a_reason_is_one_and_hides_no_other_key() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    world.create(&["other"]);
    world.tamper(
        "PRAGMA ignore_check_constraints = ON; UPDATE key SET revoked_at = 1, revoke_reason = NULL WHERE name = 'ci'",
    );
    let listed = world.run(&["list", "--all", "--json"]).done().json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_ne!(world.verdict(&secret, &[]), "accepted");
}
