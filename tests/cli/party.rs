//! `owner` and `project`.

use apikey::exit::Exit;

use super::world::World;

#[test]
fn suspending_an_owner_denies_its_keys_with_the_vault_closed_and_resuming_lets_them_in() {
    for (command, flag, code) in
        [("owner", "--owner", "owner_suspended"), ("project", "--project", "project_suspended")]
    {
        let world = World::new();
        let secret = world.create(&["ci", flag, "acme"]);
        let other = world.create(&["other"]);
        world.close_vault();
        let answer = world.run(&[command, "suspend", "acme", "--yes", "--json"]).done().json();
        assert_eq!(answer["suspended"], true);
        assert_eq!(answer["changed"], true);
        assert_eq!(answer["keys"], 1);
        world.run(&[command, "resume", "acme"]).ended(Exit::Vault);
        world.open_vault();
        assert_eq!(world.verdict(&secret, &[]), code);
        assert_eq!(world.verdict(&other, &[]), "accepted");
        let again = world.run(&[command, "suspend", "acme", "--json"]).done().json();
        assert_eq!(again["changed"], false);
        world.run(&[command, "resume", "acme"]).done();
        assert_eq!(world.verdict(&secret, &[]), "accepted");
        let actions = world.actions();
        assert_eq!(actions[actions.len() - 2], format!("{command}_suspended"));
        assert_eq!(actions[actions.len() - 1], format!("{command}_resumed"));
        world.run(&["log", "--check"]).done();
    }
}

#[test]
fn a_dry_run_and_a_no_change_nothing() {
    let world = World::new().at_terminal();
    let secret = world.create(&["ci", "--owner", "acme"]);
    world.run(&["owner", "suspend", "acme", "--dry-run"]).done();
    world.will_answer("no");
    world.run(&["owner", "suspend", "acme"]).ended(Exit::Declined);
    assert!(world.asked()[0].contains("its 1 key?"), "{:?}", world.asked());
    world.will_answer(&secret);
    assert_eq!(world.verdict(&secret, &[]), "accepted");
    assert_eq!(world.actions(), ["registry_created", "key_created"]);
}

#[test]
fn off_a_terminal_a_suspension_needs_yes() {
    let world = World::new();
    world.create(&["ci", "--owner", "acme"]);
    let ran = world.run(&["owner", "suspend", "acme"]).ended(Exit::Usage);
    assert!(ran.stderr.contains("--yes"));
    assert_eq!(world.actions().len(), 2);
}

#[test]
fn an_owner_cleared_of_its_suspension_in_the_file_is_resumed_on_proof_and_said_to_be_altered() {
    for suspended_again in [false, true] {
        let world = World::new();
        let secret = world.create(&["ci", "--owner", "acme"]);
        world.run(&["owner", "suspend", "acme", "--yes"]).done();
        world.tamper("UPDATE party SET suspended_at = NULL WHERE name = 'acme'");
        assert_eq!(world.verdict(&secret, &[]), "tampered");
        if suspended_again {
            world.run(&["owner", "suspend", "acme", "--yes"]).done();
            assert_eq!(world.verdict(&secret, &[]), "owner_suspended");
        }
        let dry = world.run(&["owner", "resume", "acme", "--dry-run", "--json"]).done().json();
        assert_eq!((&dry["changed"], &dry["suspended"]), (&true.into(), &false.into()));
        let said = world.run(&["owner", "resume", "acme", "--format", "table"]).done().stderr;
        assert_eq!(said.contains("outside apikey"), !suspended_again, "{said}");
        assert_eq!(world.verdict(&secret, &[]), "accepted");
        assert_eq!(world.actions().last(), Some(&"owner_resumed"));
        let again = world.run(&["owner", "resume", "acme", "--json"]).done().json();
        assert_eq!(again["changed"], false);
        world.run(&["doctor"]).done();
    }
}

#[test]
fn an_owner_altered_beyond_its_suspension_is_not_laundered_by_resume() {
    for edit in ["suspended_at = NULL, created_at = 7", "suspended_at = NULL, seal = NULL", "created_at = 7"]
    {
        let world = World::new();
        let secret = world.create(&["ci", "--owner", "acme"]);
        world.run(&["owner", "suspend", "acme", "--yes"]).done();
        world.tamper(&format!("UPDATE party SET {edit} WHERE name = 'acme'"));
        let before = world.verdict(&secret, &[]);
        assert_ne!(before, "accepted", "{edit}");
        let ran = world.run(&["owner", "resume", "acme", "--json"]).ended(Exit::Conflict);
        let error: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
        assert_eq!(error["error"]["code"], "tampered", "{edit}");
        assert!(error["error"]["hint"].as_str().unwrap().contains("apikey doctor"), "{error}");
        assert_eq!(world.verdict(&secret, &[]), before, "{edit}");
    }
}

#[test]
fn owners_and_projects_are_listed_and_found_by_name() {
    let world = World::new();
    world.create(&["ci", "--owner", "acme", "--project", "shop"]);
    world.create(&["cd", "--owner", "acme"]);
    let owners = world.run(&["owner", "list", "--json"]).done().json();
    assert_eq!(owners[0]["name"], "acme");
    assert_eq!(owners[0]["keys"], 2);
    let projects = world.run(&["project", "list", "--json"]).done().json();
    assert_eq!(projects.as_array().unwrap().len(), 2);
    let ran = world.run(&["owner", "suspend", "acem", "--yes"]).ended(Exit::NotFound);
    assert!(ran.stderr.contains("did you mean `acme`?"), "{}", ran.stderr);
}

#[test]
fn what_is_revoked_of_a_suspended_owner_is_told_as_suspended() {
    let world = World::new();
    let old = world.create(&["ci"]);
    world.run(&["rotate", "ci", "-q"]).done();
    world.run(&["owner", "suspend", "default", "--yes"]).done();
    let ran = world.run(&["revoke", "ci", "--secret", &old[13..25], "--yes", "--json"]).done();
    assert_eq!(ran.json()["status"], "suspended");
}
