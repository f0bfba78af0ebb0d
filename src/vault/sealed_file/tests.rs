//! What a sealed file withstands.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use super::super::conformance;
use super::*;

const CHEAP: Cost = Cost { memory_kib: 19 * 1024, passes: 1, lanes: 1 };

fn vault<'a>(home: &Path, words: &'a str) -> SealedFile<'a> {
    let ask = Box::new(|_| Passphrase::new(words.as_bytes().to_vec().into()));
    SealedFile::new(home.join("master.key.sealed"), "reg_1", ask).with_cost(CHEAP)
}

fn never_asked(home: &Path, registry_id: &str) -> SealedFile<'static> {
    SealedFile::new(
        home.join("master.key.sealed"),
        registry_id,
        Box::new(|_| panic!("asked for a passphrase")),
    )
}

fn sealed(home: &Path, byte: u8) {
    vault(home, "good words").store(&MasterKey::from_bytes([byte; 32]), &mut conformance::rng()).unwrap();
}

fn rewrite(home: &Path, change: impl Fn(&mut serde_json::Value)) {
    let path = home.join("master.key.sealed");
    let mut json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut json);
    fs::write(&path, serde_json::to_vec(&json).unwrap()).unwrap();
}

#[test]
fn it_behaves_as_every_vault_does() {
    let home = tempfile::tempdir().unwrap();
    conformance::every_vault(&mut vault(home.path(), "good words"));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "something was left behind");
}

#[test]
fn only_the_very_passphrase_opens_it() {
    let home = tempfile::tempdir().unwrap();
    sealed(home.path(), 7);
    assert_eq!(vault(home.path(), "good words").load().unwrap().expose(), &[7; 32]);
    for wrong in ["good word", "good words ", "Good words"] {
        let error = vault(home.path(), wrong).load().unwrap_err();
        assert!(matches!(error, VaultError::WrongPassphrase { .. }), "{error}");
        assert!(!format!("{error} {error:?} {}", error.hint()).contains(wrong), "shows the passphrase");
    }
}

#[test]
fn the_file_shows_neither_the_master_key_nor_the_passphrase() {
    let home = tempfile::tempdir().unwrap();
    sealed(home.path(), 7);
    let text = fs::read_to_string(home.path().join("master.key.sealed")).unwrap();
    assert!(!text.contains(&Base64::encode_string(&[7; 32])) && !text.contains("good words"), "{text}");
    assert!(!format!("{:?}", vault(home.path(), "good words")).contains("good words"));
}

#[test]
fn a_new_file_is_sealed_at_the_recommended_cost_with_a_salt_of_its_own() {
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let contents = homes.each_ref().map(|home| {
        let mut vault = SealedFile { cost: Cost::RECOMMENDED, ..vault(home.path(), "good words") };
        vault.store(&MasterKey::from_bytes([7; 32]), &mut conformance::rng()).unwrap();
        vault.read().unwrap().contents
    });
    assert_eq!(contents[0].cost(), Cost { memory_kib: 65_536, passes: 3, lanes: 4 });
    assert_ne!(contents[0].salt, contents[1].salt);
    assert_ne!(contents[0].sealed, contents[1].sealed);
}

#[test]
fn a_file_cut_anywhere_is_refused_before_a_passphrase_is_asked_for() {
    let home = tempfile::tempdir().unwrap();
    sealed(home.path(), 7);
    let path = home.path().join("master.key.sealed");
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() - 2 {
        fs::write(&path, &whole[..length]).unwrap();
        let error = never_asked(home.path(), "reg_1").load().unwrap_err();
        assert!(matches!(error, VaultError::Damaged { .. }), "{length}: {error}");
    }
}

#[test]
fn a_field_changed_swapped_in_added_or_repeated_never_opens() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    sealed(home.path(), 7);
    sealed(other.path(), 8);
    let path = home.path().join("master.key.sealed");
    let original = fs::read(&path).unwrap();
    let donor: serde_json::Value =
        serde_json::from_slice(&fs::read(other.path().join("master.key.sealed")).unwrap()).unwrap();
    let changes: [(&str, serde_json::Value); 12] = [
        ("memory_kib", 20_000.into()),
        ("passes", 2.into()),
        ("lanes", 2.into()),
        ("salt", donor["salt"].clone()),
        ("sealed", donor["sealed"].clone()),
        ("sealed", "".into()),
        ("salt", "".into()),
        ("version", 2.into()),
        ("kdf", "none".into()),
        ("cipher", "none".into()),
        ("format", "other".into()),
        ("more", 1.into()),
    ];
    for (field, value) in changes {
        fs::write(&path, &original).unwrap();
        rewrite(home.path(), |json| json[field] = value.clone());
        assert!(vault(home.path(), "good words").load().is_err(), "opens with another {field}");
    }
    let repeated = String::from_utf8(original.clone()).unwrap().replacen('{', "{\"version\":1,", 1);
    fs::write(&path, repeated).unwrap();
    assert!(never_asked(home.path(), "reg_1").load().is_err());
    fs::write(&path, &original).unwrap();
    assert!(
        vault(home.path(), "good words").load().is_ok(),
        "the original no longer opens: the test proves nothing"
    );
}

#[test]
fn a_cost_that_would_weaken_or_exhaust_is_refused_before_any_work() {
    let home = tempfile::tempdir().unwrap();
    sealed(home.path(), 7);
    for (field, value) in
        [("memory_kib", 8), ("memory_kib", u32::MAX), ("passes", 0), ("passes", u32::MAX), ("lanes", 0)]
    {
        rewrite(home.path(), |json| json[field] = value.into());
        let error = never_asked(home.path(), "reg_1").load().unwrap_err();
        assert!(matches!(error, VaultError::Damaged { .. }), "{field}={value}: {error}");
    }
}

#[test]
fn the_file_of_another_registry_is_foreign_even_when_relabelled() {
    let home = tempfile::tempdir().unwrap();
    sealed(home.path(), 7);
    let error = never_asked(home.path(), "reg_2").load().unwrap_err();
    assert!(matches!(error, VaultError::Foreign { .. }), "{error}");
    rewrite(home.path(), |json| json["registry"] = "reg_2".into());
    let relabelled = SealedFile { registry_id: "reg_2".into(), ..vault(home.path(), "good words") };
    assert!(matches!(relabelled.load(), Err(VaultError::WrongPassphrase { .. })));
}

#[test]
fn a_wrong_file_is_refused_without_being_quoted() {
    let home = tempfile::tempdir().unwrap();
    let private = Base64::encode_string(&[9; 32]);
    let huge = "1".repeat(10 << 20);
    for contents in
        [format!("\"{private}\""), format!("{{\"{private}\":1}}"), private.clone(), huge, "[".repeat(4000)]
    {
        fs::write(home.path().join("master.key.sealed"), contents).unwrap();
        let error = never_asked(home.path(), "reg_1").load().unwrap_err();
        assert!(matches!(error, VaultError::Damaged { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains(&private), "quotes the file: {error}");
    }
}

#[test]
fn a_file_that_is_there_is_kept_and_no_passphrase_is_asked_for() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("master.key.sealed"), "anything").unwrap();
    let error = never_asked(home.path(), "reg_1")
        .store(&MasterKey::from_bytes([7; 32]), &mut conformance::rng())
        .unwrap_err();
    assert!(matches!(error, VaultError::AlreadyThere { .. }), "{error}");
    assert_eq!(fs::read(home.path().join("master.key.sealed")).unwrap(), b"anything");
}

#[test]
fn without_a_passphrase_nothing_is_written() {
    let home = tempfile::tempdir().unwrap();
    let asked = Cell::new(None);
    let ask = Box::new(|purpose| {
        asked.set(Some(purpose));
        Err(PassphraseError::NotGiven)
    });
    let mut vault = SealedFile::new(home.path().join("master.key.sealed"), "reg_1", ask);
    let error = vault.store(&MasterKey::from_bytes([7; 32]), &mut conformance::rng()).unwrap_err();
    assert!(matches!(error, VaultError::Passphrase(PassphraseError::NotGiven)), "{error}");
    assert_eq!(asked.get(), Some(Purpose::New));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_probe_needs_no_passphrase_and_finds_a_damaged_file_or_a_missing_folder() {
    let home = tempfile::tempdir().unwrap();
    never_asked(home.path(), "reg_1").probe(&mut conformance::rng()).unwrap();
    fs::write(home.path().join("master.key.sealed"), "{}").unwrap();
    assert!(never_asked(home.path(), "reg_1").probe(&mut conformance::rng()).is_err());
    assert!(never_asked(&home.path().join("none"), "reg_1").probe(&mut conformance::rng()).is_err());
}

#[cfg(unix)]
#[test]
fn a_link_is_neither_followed_nor_erased() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    sealed(other.path(), 7);
    let target = other.path().join("master.key.sealed");
    std::os::unix::fs::symlink(&target, home.path().join("master.key.sealed")).unwrap();
    let mut vault = never_asked(home.path(), "reg_1");
    assert!(matches!(vault.load(), Err(VaultError::Damaged { .. })));
    assert!(vault.erase().is_err());
    assert!(target.exists());
}

#[cfg(unix)]
#[test]
fn a_sealed_file_is_born_0600() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    sealed(home.path(), 7);
    let mode = fs::metadata(home.path().join("master.key.sealed")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
}
