//! `init`, and the first `create`, which makes the registry too.

use apikey::exit::Exit;

use crate::world::World;

#[test]
fn a_dry_run_says_what_would_be_made_and_makes_nothing() {
    let world = World::new();
    let ran = world.run(&["init", "--dry-run"]).done();
    assert_eq!(ran.stderr, "would make a registry here; vault: keyfile\n");
    assert!(!world.folder().exists());
    world.run(&["init"]).done();
    // Whether the master key is still there was not looked at.
    world.close_vault();
    let ran = world.run(&["init", "--dry-run"]).done();
    assert_eq!(ran.stderr, "this registry is there already; its vault is `keyfile`\n");
}

#[test]
fn a_first_create_asks_for_the_new_passphrase_twice_and_never_again() {
    let world = World::new().at_terminal().with_variable("APIKEY_VAULT", "file");
    world.will_answer("correct horse");
    world.will_answer("correct horse");
    world.run(&["create", "ci", "-q"]).done();
    assert_eq!(world.asked().len(), 2, "{:?}", world.asked());
}

#[test]
fn a_passphrase_on_standard_input_is_enough_for_a_first_create() {
    let world = World::new().with_variable("APIKEY_VAULT", "file");
    world.run_with_stdin(&["create", "ci", "-q", "--passphrase-file", "-"], b"correct horse\n").done();
    assert_eq!(world.count(), 1);
}

#[test]
fn without_a_keyring_the_reason_is_said_once_and_two_ways_are_named() {
    let world = World::new().with_variable("APIKEY_VAULT", "");
    let ran = world.run(&["init"]).ended(Exit::Vault);
    assert!(ran.stderr.contains("no OS keyring can be used here ("), "{}", ran.stderr);
    assert!(!ran.stderr.contains("cannot be used"), "{}", ran.stderr);
    for way in ["--vault file --passphrase-file PATH", "--vault keyfile"] {
        assert!(ran.stderr.contains(way), "{}", ran.stderr);
    }
}

#[test]
fn an_empty_new_passphrase_makes_nothing() {
    let world = World::new().at_terminal().with_variable("APIKEY_VAULT", "file");
    world.will_answer("");
    let ran = world.run(&["init"]).ended(Exit::Vault);
    assert!(ran.stderr.contains("the passphrase is empty"), "{}", ran.stderr);
    // Whoever was just asked is on a terminal already.
    assert!(!ran.stderr.contains("or run on a terminal"), "{}", ran.stderr);
    assert!(!world.folder().join("registry.db").exists());
}
