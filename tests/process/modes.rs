//! Files: who may read what is made, and what is refused as it is found, untouched.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::machine::{APIKEY, Machine, Ran, finish};

/// `nobody` on every Unix with one.
const NOBODY: u32 = 65534;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn whatever_is_made_is_private_under_any_umask() {
    for umask in ["000", "022", "077"] {
        let machine = Machine::new();
        let setting = format!("umask {umask};");
        let create = ["create", "a", "--secret-out", "secret"];
        finish(&mut machine.through_shell(&setting, &create, "")).ended(0);
        finish(&mut machine.through_shell(&setting, &["verify", "--secret-file", "secret"], "")).ended(0);
        assert_eq!(mode(&machine.folder()), 0o700, "umask {umask}");
        for entry in fs::read_dir(machine.folder()).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "umask {umask}: {}", path.display());
        }
        assert_eq!(mode(&machine.home().join("secret")), 0o600, "umask {umask}");
    }
}

#[test]
fn a_secret_goes_into_a_folder_that_may_only_be_written() {
    let machine = Machine::with_registry();
    let folder = machine.home().join("drop");
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o300);
    machine.run(&["create", "a", "--secret-out", "drop/secret"]).ended(0);
    set_mode(&folder, 0o700);
    let secret = fs::read_to_string(folder.join("secret")).unwrap();
    assert_eq!(machine.verdict(secret.trim()), "accepted");
}

#[test]
fn a_sealed_master_key_is_private_too() {
    let machine = Machine::new();
    let mut command = machine.through_shell("umask 000;", &["init", "--vault", "file"], "");
    finish(command.env("APIKEY_PASSPHRASE", "correct horse")).ended(0);
    assert_eq!(mode(&machine.folder().join("master.key.sealed")), 0o600);
    assert_eq!(mode(&machine.registry()), 0o600);
}

#[test]
fn a_registry_others_can_read_is_refused_with_the_command_that_mends_it() {
    for open in [0o644, 0o640, 0o602] {
        let machine = Machine::with_registry();
        machine.create("a");
        set_mode(&machine.registry(), open);
        let error = refused_untouched(&machine, "registry_unusable");
        let advice = format!("chmod 600 '{}'", machine.registry().display());
        assert_eq!(error["hint"], advice.as_str());
        finish(&mut machine.bare("/bin/sh", &["-c", &advice])).ended(0);
        assert_eq!(machine.names(), ["a"]);
    }
}

#[test]
fn a_file_of_somebody_else_is_never_advised_to_be_closed_to_others() {
    let machine = Machine::new();
    let foreign = machine.home().join("hosts");
    fs::write(&foreign, "127.0.0.1 localhost\n".repeat(20)).unwrap();
    set_mode(&foreign, 0o644);
    let ran = machine.run(&["list", "--json", "--registry", foreign.to_str().unwrap()]).ended(8);
    let error = ran.error();
    assert!(!error["hint"].as_str().unwrap().contains("chmod"), "{error}");
    assert!(error["message"].as_str().unwrap().contains("it is not a registry"), "{error}");
    assert_eq!(mode(&foreign), 0o644);
}

#[test]
fn a_key_file_others_can_read_is_refused() {
    let machine = Machine::with_registry();
    machine.create("a");
    set_mode(&machine.folder().join("master.key"), 0o644);
    let error = machine.run(&["create", "b", "--json"]).ended(4).error();
    assert!(error["hint"].as_str().unwrap().contains("chmod"), "{error}");
    assert_eq!(machine.names(), ["a"]);
}

#[test]
fn a_symlink_in_place_of_the_registry_is_refused() {
    let machine = Machine::with_registry();
    let aside = machine.home().join("aside.db");
    fs::rename(machine.registry(), &aside).unwrap();
    symlink(&aside, machine.registry()).unwrap();
    let error = refused_untouched(&machine, "registry_unusable");
    assert!(error["message"].as_str().unwrap().contains("symbolic link"), "{error}");
    fs::remove_file(&aside).unwrap();
    // A link to nowhere is no place for a new registry.
    machine.run(&["create", "b", "--json"]).ended(8).error();
    assert!(!aside.exists());
}

#[test]
fn a_truncated_foreign_or_newer_file_is_refused() {
    let whole = Machine::with_registry();
    let bytes = fs::read(whole.registry()).unwrap();
    let half = &bytes[..bytes.len() / 2];
    let cut_in_its_header = &bytes[..50];
    for (what, content) in [
        ("half of it", half),
        ("its header", cut_in_its_header),
        ("a page and a byte", &bytes[..4097]),
        ("nothing", b""),
        ("text", b"this is a letter, and no registry at all\n"),
        ("noise", &[0xa5; 8192]),
    ] {
        let machine = Machine::with_registry();
        fs::write(machine.registry(), content).unwrap();
        let error = refused_untouched(&machine, "registry_unusable");
        assert!(error["hint"].as_str().unwrap().contains("backup"), "{what}: {error}");
    }
}

#[test]
fn the_database_of_another_program_or_a_newer_version_is_refused() {
    for (sql, code) in [
        ("PRAGMA application_id = 7", "registry_unusable"),
        ("PRAGMA application_id = 0; PRAGMA user_version = 0", "registry_unusable"),
        ("PRAGMA user_version = 99", "registry_newer"),
    ] {
        let machine = Machine::with_registry();
        let connection = rusqlite::Connection::open(machine.registry()).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        refused_untouched(&machine, code);
    }
}

/// Checks that reading, writing and making anew are refused, and that no byte beside or in the file changed.
#[track_caller]
fn refused_untouched(machine: &Machine, code: &str) -> serde_json::Value {
    let before = contents(&machine.folder());
    let mut error = serde_json::Value::Null;
    for arguments in [
        &["create", "b", "--json"][..],
        &["init", "--json"],
        &["purge", "--older-than", "1d", "--yes", "--json"],
        &["verify", "--json"],
        &["revoke", "a", "--yes", "--json"],
        &["list", "--json"],
    ] {
        error = machine.run(arguments).ended(8).error();
        assert_eq!(error["code"], code, "{arguments:?}: {error}");
    }
    assert_eq!(contents(&machine.folder()), before);
    error
}

/// The files of a folder with their bytes; links followed.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    found.sort();
    found
}

/// A machine whose files belong to somebody whom modes bind; modes do not bind root.
fn unprivileged() -> (Machine, Option<u32>) {
    let machine = Machine::with_registry();
    machine.create("a");
    let is_root = fs::metadata(machine.registry()).unwrap().uid() == 0;
    if !is_root {
        return (machine, None);
    }
    // Wherever the binary is, nobody may enter.
    fs::copy(APIKEY, machine.home().join("apikey")).unwrap();
    let mut all = vec![machine.home().to_owned()];
    while let Some(path) = all.pop() {
        chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        if path.is_dir() {
            all.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    (machine, Some(NOBODY))
}

fn run_as(user: Option<u32>, machine: &Machine, arguments: &[&str]) -> Ran {
    let Some(user) = user else { return machine.run(arguments) };
    let mut command = machine.bare(machine.home().join("apikey").to_str().unwrap(), arguments);
    finish(command.env("APIKEY_VAULT", "keyfile").uid(user).gid(user))
}

#[test]
fn in_a_folder_that_cannot_be_written_everything_is_refused_and_named() {
    let (machine, user) = unprivileged();
    run_as(user, &machine, &["list"]).ended(0);
    let before = contents(&machine.folder());
    set_mode(&machine.folder(), 0o500);
    for arguments in [&["list", "--json"][..], &["show", "a", "--json"], &["create", "b", "--json"]] {
        let error = run_as(user, &machine, arguments).ended(8).error();
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(machine.folder().to_str().unwrap()), "{error}");
        assert!(message.contains("folder cannot be written"), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("chmod u+w"), "{error}");
    }
    set_mode(&machine.folder(), 0o700);
    assert_eq!(contents(&machine.folder()), before);
    run_as(user, &machine, &["list"]).ended(0);
}

#[test]
fn a_registry_that_cannot_be_written_is_still_read() {
    let (machine, user) = unprivileged();
    set_mode(&machine.registry(), 0o400);
    let listed = run_as(user, &machine, &["list", "--json"]).ended(0).json();
    assert_eq!(listed[0]["name"], "a");
    run_as(user, &machine, &["show", "a"]).ended(0);
    let error = run_as(user, &machine, &["create", "b", "--json"]).ended(8).error();
    assert!(error["message"].as_str().unwrap().contains("read-only"), "{error}");
    assert_eq!(run_as(user, &machine, &["list", "--json"]).json().as_array().unwrap().len(), 1);
}

#[test]
fn a_first_run_where_nothing_can_be_made_leaves_nothing() {
    let (machine, user) = unprivileged();
    fs::remove_dir_all(machine.folder()).unwrap();
    let share = machine.folder().parent().unwrap().to_owned();
    set_mode(&share, 0o500);
    let error = run_as(user, &machine, &["create", "a", "--json"]).ended(8).error();
    assert!(error["message"].as_str().unwrap().contains("ermission denied"), "{error}");
    set_mode(&share, 0o700);
    assert_eq!(fs::read_dir(&share).unwrap().count(), 0);
    // The folder is there, and cannot be written.
    fs::create_dir(machine.folder()).unwrap();
    chown(machine.folder(), user, user).unwrap();
    set_mode(&machine.folder(), 0o500);
    let ran = run_as(user, &machine, &["create", "a", "--json"]);
    assert!([4, 8].contains(&ran.code), "{ran:?}");
    ran.error();
    assert_eq!(fs::read_dir(machine.folder()).unwrap().count(), 0);
}
