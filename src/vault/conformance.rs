//! What every vault does alike: one suite, which each of them passes, and the real keyring too
//! (`tests/secret_service.rs`).

use crate::crypto::MasterKey;
use crate::vault::{Vault, VaultError, open};

/// Runs the whole suite on an empty vault, and leaves it empty.
pub(crate) fn every_vault(vault: &mut dyn Vault) {
    an_empty_vault_is_missing_its_key(vault);
    a_probe_leaves_nothing_behind(vault);
    what_is_stored_is_read_back(vault);
    a_master_key_is_never_replaced(vault);
    a_probe_leaves_a_stored_key_alone(vault);
    a_foreign_master_key_is_told_from_the_right_one(vault);
    what_is_said_of_it_shows_nothing_private(vault);
    what_is_erased_is_missing_and_stays_erased(vault);
    a_key_can_be_stored_again_after_erasure(vault);
}

fn key(byte: u8) -> MasterKey {
    MasterKey::from_bytes([byte; 32])
}

fn assert_missing(vault: &dyn Vault) {
    let error = vault.load().expect_err("a master key out of nothing");
    assert!(matches!(error, VaultError::Missing { .. }), "{error}");
    let error = open(vault, &key(1).check_value()).expect_err("a master key out of nothing");
    assert!(matches!(error, VaultError::Missing { .. }), "{error}");
}

fn assert_holds(vault: &dyn Vault, byte: u8) {
    let read = vault.load().expect("the stored master key is read");
    assert_eq!(read.expose(), key(byte).expose());
}

fn an_empty_vault_is_missing_its_key(vault: &mut dyn Vault) {
    assert_missing(vault);
}

fn a_probe_leaves_nothing_behind(vault: &mut dyn Vault) {
    vault.probe(&mut rng()).expect("an empty vault that works passes its probe");
    assert_missing(vault);
}

fn what_is_stored_is_read_back(vault: &mut dyn Vault) {
    vault.store(&key(1), &mut rng()).expect("an empty vault takes a master key");
    assert_holds(vault, 1);
    assert_holds(vault, 1);
}

fn a_master_key_is_never_replaced(vault: &mut dyn Vault) {
    for other in [2, 1] {
        let error = vault.store(&key(other), &mut rng()).expect_err("a master key was replaced");
        assert!(matches!(error, VaultError::AlreadyThere { .. }), "{error}");
    }
    assert_holds(vault, 1);
}

fn a_probe_leaves_a_stored_key_alone(vault: &mut dyn Vault) {
    vault.probe(&mut rng()).expect("a vault that works passes its probe");
    assert_holds(vault, 1);
}

fn a_foreign_master_key_is_told_from_the_right_one(vault: &mut dyn Vault) {
    open(vault, &key(1).check_value()).expect("the right key-check value opens it");
    let error = open(vault, &key(2).check_value()).expect_err("a foreign master key was accepted");
    assert!(matches!(error, VaultError::Foreign { .. }), "{error}");
}

fn what_is_said_of_it_shows_nothing_private(vault: &mut dyn Vault) {
    let described = vault.describe();
    assert!(!described.is_empty() && !described.contains(char::is_control), "{described:?}");
    assert!(!described.contains("AQEBAQEB"), "{described}");
}

fn what_is_erased_is_missing_and_stays_erased(vault: &mut dyn Vault) {
    vault.erase().expect("a stored master key is erased");
    assert_missing(vault);
    vault.erase().expect("erasing nothing is done already");
}

fn a_key_can_be_stored_again_after_erasure(vault: &mut dyn Vault) {
    vault.store(&key(3), &mut rng()).expect("an erased vault is an empty one");
    assert_holds(vault, 3);
    vault.erase().expect("a stored master key is erased");
    assert_missing(vault);
}

/// The generator for tests of vaults.
#[expect(clippy::disallowed_methods, reason = "no value drawn here is ever compared with a fixed one")]
pub(crate) fn rng() -> impl rand::CryptoRng {
    rand::rng()
}
