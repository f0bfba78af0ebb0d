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
    assert_eq!(listed[0]["dry_run"], true);
    world.run(&["purge", "gone"]).ended(Exit::Usage);
    world.run(&["purge"]).ended(Exit::Usage);
    world.run(&["purge", "--older-than", "0"]).ended(Exit::Usage);
    let world = world.at_terminal();
    world.will_answer("no");
    world.run(&["purge", "gone"]).ended(Exit::Declined);
    assert_eq!(world.count(), 1);
    assert_eq!(world.actions().len(), 3);
}
