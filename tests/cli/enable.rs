//! `disable` and `enable`.

use apikey::exit::Exit;

use super::world::World;

#[test]
fn a_key_is_switched_off_with_the_vault_closed_and_on_again_with_it_open() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    world.close_vault();
    world.run(&["disable", "ci"]).done();
    world.run(&["enable", "ci"]).ended(Exit::Vault);
    world.open_vault();
    assert_eq!(world.verdict(&secret, &[]), "disabled");
    world.run(&["enable", "ci"]).done();
    assert_eq!(world.verdict(&secret, &[]), "accepted");
}

#[test]
fn a_key_switched_on_in_the_file_is_enabled_on_proof_and_said_to_be_altered() {
    for disabled_again in [false, true] {
        let world = World::new();
        let secret = world.create(&["ci"]);
        world.run(&["disable", "ci"]).done();
        world.tamper("UPDATE key SET disabled_at = NULL");
        assert_eq!(world.verdict(&secret, &[]), "tampered");
        if disabled_again {
            world.run(&["disable", "ci"]).done();
        }
        let said = world.run(&["enable", "ci", "--format", "table"]).done().stderr;
        assert_eq!(said.contains("outside apikey"), !disabled_again, "{said}");
        assert_eq!(world.verdict(&secret, &[]), "accepted");
        assert_eq!(world.actions().last(), Some(&"key_enabled"));
        world.run(&["doctor"]).done();
    }
}

#[test]
fn a_key_altered_beyond_being_switched_on_is_not_laundered_by_enable() {
    for (off, edit) in [
        ("disable", "disabled_at = NULL, scopes = '*:*'"),
        ("disable", "disabled_at = NULL, seal = NULL, seal_algorithm = NULL"),
        ("show", "scopes = '*:*'"),
    ] {
        let world = World::new();
        let secret = world.create(&["ci"]);
        world.run(&[off, "ci"]).done();
        world.tamper(&format!("UPDATE key SET {edit}"));
        let ran = world.run(&["enable", "ci"]).ended(Exit::Conflict);
        assert!(ran.stderr.contains("altered outside apikey"), "{}", ran.stderr);
        assert_eq!(world.verdict(&secret, &[]), "tampered", "{edit}");
    }
}

#[test]
fn a_revocation_cleared_in_the_file_cannot_be_passed_off_as_a_disabling() {
    let world = World::new();
    let secret = world.create(&["ci"]);
    world.run(&["revoke", "ci", "--yes"]).done();
    world.tamper("UPDATE key SET revoked_at = NULL, revoke_reason = NULL");
    world.run(&["enable", "ci"]).ended(Exit::Conflict);
    world.run(&["disable", "ci"]).done();
    world.run(&["enable", "ci"]).ended(Exit::Conflict);
    assert_ne!(world.verdict(&secret, &[]), "accepted");
}
