//! `purge`: removing what is dead.

use apikey::exit::Exit;

use super::world::World;

#[test]
fn what_is_dead_for_long_enough_is_removed_and_its_events_remain() {
    let world = World::new();
    world.create(&["revoked"]);
    world.create(&["expired", "--expires", "1d"]);
    world.create(&["alive", "--expires", "never"]);
    let secret = world.create(&["disabled", "--expires", "never"]);
    world.run(&["disable", "disabled"]).done();
    world.run(&["revoke", "revoked", "--yes"]).done();
    world.pass("90d");
    world.close_vault();
    let removed = world.run(&["purge", "--older-than", "90d", "--yes", "--json"]).done().json();
    let names: Vec<&str> =
        removed.as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["revoked"]);
    world.pass("1d");
    world.run(&["purge", "--older-than", "90d", "--yes"]).done();
    assert_eq!(world.count(), 2);
    world.open_vault();
    assert_eq!(world.verdict(&secret, &[]), "disabled");
    assert_eq!(world.actions()[7..], ["key_purged", "key_purged"]);
    world.run(&["log", "--check"]).done();
    assert_eq!(world.run(&["purge", "--older-than", "1d", "--json"]).done().stdout, "[]\n");
}

#[test]
fn a_named_key_that_is_alive_is_refused_and_nothing_is_removed() {
    let world = World::new();
    world.create(&["gone"]);
    world.create(&["alive"]);
    world.run(&["revoke", "gone", "--yes"]).done();
    let ran = world.run(&["purge", "gone", "alive", "--yes"]).ended(Exit::Conflict);
    assert!(ran.stderr.contains("apikey revoke"), "{}", ran.stderr);
    assert_eq!(world.count(), 2);
    world.run(&["purge", "gone", "gone", "--yes"]).done();
    assert_eq!(world.count(), 1);
}

#[test]
fn nothing_is_removed_by_a_dry_run_a_no_or_off_a_terminal_without_yes() {
    let world = World::new();
    world.create(&["gone"]);
    world.run(&["revoke", "gone", "--yes"]).done();
    let listed = world.run(&["purge", "gone", "--dry-run", "--json"]).done().json();
    assert_eq!(listed["dry_run"], true);
    world.run(&["purge", "gone"]).ended(Exit::Usage);
    world.run(&["purge"]).ended(Exit::Usage);
    world.run(&["purge", "--older-than", "0"]).ended(Exit::Usage);
    let world = world.at_terminal();
    world.will_answer("no");
    world.run(&["purge", "gone"]).ended(Exit::Declined);
    let world = world.with_variable("CI", "true");
    world.run(&["purge", "gone"]).ended(Exit::Usage);
    assert_eq!(world.asked().len(), 1, "in CI nobody is asked");
    assert_eq!(world.count(), 1);
    assert_eq!(world.actions().len(), 3);
}

#[test]
fn of_many_keys_a_person_is_told_the_first_and_how_many() {
    let world = World::new();
    world.run(&["create", "w", "--count", "25", "-q"]).done();
    world.run(&["revoke", "w-25", "--yes"]).done();
    let told = |line: &[&str]| world.run(&[line, &["--format", "table"]].concat()).done().stderr;
    let said = told(&["revoke", "--owner", "default", "--dry-run"]);
    assert_eq!(said.matches(" would be revoked\n").count(), 20, "{said}");
    assert!(said.ends_with("… 24 keys would be revoked in all; `--json` names each\n"), "{said}");
    let said = told(&["revoke", "--owner", "default", "--yes"]);
    assert!(said.ends_with("… 24 keys are revoked in all; `--json` names each\n"), "{said}");
    let said = told(&["purge", "--older-than", "1s", "--dry-run"]);
    assert!(said.contains("no key is dead for that long"), "the clock stands: {said}");
    let names: Vec<String> = (1..=25).map(|number| format!("w-{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let said = told(&[&["purge", "--yes"], &names[..]].concat());
    assert_eq!(said.matches(" is removed\n").count(), 20, "{said}");
    assert!(said.ends_with("… 25 keys are removed in all; `--json` names each\n"), "{said}");
}
