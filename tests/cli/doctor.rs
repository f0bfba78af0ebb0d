//! `doctor`: what it finds, and that what it advises mends it.

use apikey::exit::Exit;
use serde_json::Value;

use super::world::{Ran, World};

#[track_caller]
pub(crate) fn finding(ran: &Ran, check: &str) -> Value {
    let json = ran.json();
    let found = json.as_array().unwrap().iter().find(|one| one["check"] == check);
    found.unwrap_or_else(|| panic!("no finding `{check}`: {json}")).clone()
}

#[track_caller]
pub(crate) fn status(ran: &Ran, check: &str) -> String {
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

#[test]
fn triggers_that_were_dropped_are_a_problem() {
    let world = World::new();
    world.create(&["ci"]);
    world.tamper("DROP TRIGGER secret_updated");
    let schema = finding(&world.run(&["doctor", "--json"]).ended(Exit::SaidNo), "schema");
    assert!(schema["message"].as_str().unwrap().contains("triggers"), "{schema}");
}

#[cfg(unix)]
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
fn a_piece_of_usage_that_cannot_be_read_is_found_and_how_to_do_without_it() {
    let world = World::new();
    world.create(&["ci"]);
    assert_eq!(status(&world.run(&["doctor", "--json"]).done(), "usage"), "ok");
    world.tamper("INSERT INTO usage_batch (number, at, body) VALUES (7, 1, x'ff'), (9, 1, x'00ff')");
    world.run(&["usage"]).ended(Exit::Registry);
    let ran = world.run(&["doctor", "--json"]).ended(Exit::SaidNo);
    assert_eq!(status(&ran, "usage"), "problem");
    let hint = finding(&ran, "usage")["hint"].as_str().unwrap().to_owned();
    let (place, sql) = hint.split_once(" '").unwrap();
    assert!(place.ends_with("registry.db"), "{place}");
    world.tamper(sql.strip_suffix('\'').unwrap());
    world.run(&["usage"]).done();
    assert_eq!(status(&world.run(&["doctor", "--json"]).done(), "usage"), "ok");
}

#[test]
fn a_file_in_which_nothing_can_be_changed_any_more_is_no_sound_one() {
    for edit in [
        "INSERT INTO touched (number, key_place) VALUES (9223372036854775807, 99)",
        "UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'touched'",
    ] {
        let world = World::new();
        world.create(&["ci"]);
        world.tamper(edit);
        let ran = world.run(&["revoke", "ci", "--yes"]).ended(Exit::Registry);
        assert!(ran.stderr.contains("apikey doctor"), "{}", ran.stderr);
        let ran = world.run(&["doctor", "--json"]).ended(Exit::SaidNo);
        assert_eq!(status(&ran, "integrity"), "problem");
        assert!(finding(&ran, "integrity")["message"].as_str().unwrap().contains("a further change"));
    }
}

#[test]
fn a_file_in_which_a_further_key_would_be_known_to_no_server_is_no_sound_one() {
    // The last place is one less.
    for (last, found) in [((1 << 26) - 2, "ok"), ((1 << 26) - 1, "problem")] {
        let world = World::new();
        world.create(&["ci"]);
        world.tamper(&format!("UPDATE sqlite_sequence SET seq = {last} WHERE name = 'key'"));
        let ran = world.run(&["doctor", "--json"]);
        assert_eq!(status(&ran, "integrity"), found);
        // What is there can be changed.
        world.run(&["revoke", "ci", "--yes"]).done();
    }
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
