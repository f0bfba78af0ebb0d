//! `init`, and the first `create`, which makes the registry too.

use apikey::exit::Exit;
use apikey::registry::Registry as _;

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

#[test]
fn another_vault_than_the_one_that_is_there_is_a_conflict() {
    let world = World::new();
    world.run(&["init"]).done();
    let ran = world.run(&["init", "--vault", "file"]).ended(Exit::Conflict);
    assert!(ran.stderr.contains("with the vault `keyfile` and not `file`"), "{}", ran.stderr);
    world.run(&["init", "--vault", "keyfile"]).done();
}

#[test]
fn a_sealed_file_that_an_interrupted_init_left_is_taken_up_and_that_of_another_registry_never() {
    let sealed_with = |world: World, passphrase: &str| {
        world.with_variable("APIKEY_VAULT", "file").with_variable("APIKEY_PASSPHRASE", passphrase)
    };
    let world = sealed_with(World::new(), "correct horse");
    world.run(&["init"]).done();
    let id = world.registry().identity().unwrap().id;
    let (registry, sealed) = (world.folder().join("registry.db"), world.folder().join("master.key.sealed"));
    let mark = world.folder().join("master.key.sealed.unfinished");
    assert!(!mark.exists());
    // Beside a registry that is there, or was once.
    let other = world.folder().join("other.db").display().to_string();
    world.run(&["init", "--registry", &other]).ended(Exit::Vault);
    std::fs::remove_file(&registry).unwrap();
    world.run(&["init"]).ended(Exit::Vault);
    // As after a kill between the one and the other.
    std::fs::write(&mark, registry.to_str().unwrap()).unwrap();
    // Of the other registry it says nothing, and lends it nothing.
    world.run(&["init", "--registry", &other]).ended(Exit::Vault);
    let text = std::fs::read(&sealed).unwrap();
    let world = sealed_with(world, "another");
    world.run(&["init"]).ended(Exit::Vault);
    let world = sealed_with(world, "correct horse");
    world.run(&["init"]).done();
    assert_eq!((world.registry().identity().unwrap().id, std::fs::read(&sealed).unwrap()), (id, text));
    assert!(!mark.exists());
    let secret = world.create(&["ci"]);
    assert_eq!(world.verdict(&secret, &[]), "accepted");
}

#[test]
fn the_variable_of_a_passphrase_file_names_standard_input_too() {
    let world = World::new().with_variable("APIKEY_VAULT", "file");
    let world = world.with_variable("APIKEY_PASSPHRASE_FILE", "-");
    world.run_with_stdin(&["init"], b"correct horse\n").done();
    world.run_with_stdin(&["create", "-q", "ci"], b"correct horse").done();
    world.run_with_stdin(&["create", "-q", "b"], b"wrong").ended(Exit::Vault);
    let ran = world.run_with_stdin(&["verify"], b"correct horse").ended(Exit::Usage);
    assert!(ran.stderr.contains("standard input cannot be both"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn the_folder_of_a_key_file_is_made_for_you_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let folder = world.home().join("etc/apikey");
    let file = folder.join("master.key").display().to_string();
    world.run(&["init", "--master-key-file", &file]).done();
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_place_in_the_configuration_is_the_same_wherever_one_stands() {
    let world = World::new();
    let config = world.home().join("config.toml");
    let world = world.with_variable("APIKEY_CONFIG", config.to_str().unwrap());
    for text in ["registry = '~/r.db'", "master_key_file = 'm.key'", "[profile.a]\nregistry = './r.db'"] {
        std::fs::write(&config, text).unwrap();
        let ran = world.run(&["list"]).ended(Exit::Usage);
        assert!(ran.stderr.contains("is no absolute path"), "{}", ran.stderr);
    }
    std::fs::write(&config, "owner = 'a'\ngrace = =").unwrap();
    assert!(world.run(&["list"]).ended(Exit::Usage).stderr.contains("line 2, column "));
}

#[test]
fn a_source_of_the_passphrase_that_is_set_to_nothing_is_an_error_and_no_other_is_taken() {
    let world = World::new()
        .with_variable("APIKEY_VAULT", "file")
        .with_variable("APIKEY_PASSPHRASE", "correct horse");
    for name in ["APIKEY_PASSPHRASE_FILE", "APIKEY_PASSPHRASE_COMMAND"] {
        let world = World::new()
            .with_variable("APIKEY_VAULT", "file")
            .with_variable("APIKEY_PASSPHRASE", "correct horse")
            .with_variable(name, "");
        world.run(&["init"]).ended(Exit::Vault);
        assert!(!world.folder().join("registry.db").exists());
    }
    world.run(&["init"]).done();
}
