//! The `keyring` vault against a real Secret Service in each of its states. Run by `.ci/secret-service all`, which
//! makes the states; by itself each test refuses to say anything.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it laid it down")]
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use apikey::vault::os_keyring::PATIENCE_UNATTENDED;
use apikey::vault::{OsKeyring, Vault, VaultError};
// Names that `conformance.rs` finds under `crate::`, as it does in the library.
use apikey::{crypto, vault};

#[path = "../src/vault/conformance.rs"]
mod conformance;

/// What scheduling on a busy machine may add to the keyring's patience.
const SLACK: Duration = Duration::from_secs(2);

#[expect(clippy::disallowed_methods, reason = "which state this is comes from the script that made it")]
fn require(state: &str) {
    let found = std::env::var("APIKEY_TEST_KEYRING_STATE").unwrap_or_else(|_| "none".into());
    assert_eq!(found, state, "run this test with `.ci/secret-service {state}`");
}

fn keyring(registry_id: &str) -> OsKeyring<'static> {
    OsKeyring::new(registry_id, PATIENCE_UNATTENDED, Box::new(|| ()))
}

fn key() -> crypto::MasterKey {
    crypto::MasterKey::from_bytes([1; 32])
}

/// Does `call` within the keyring's patience, and gives its error.
#[expect(clippy::disallowed_methods, reason = "the elapsed time is what is tested")]
fn error_of<T>(call: impl FnOnce() -> Result<T, VaultError>) -> VaultError {
    let begun = Instant::now();
    let result = call();
    let took = begun.elapsed();
    assert!(took < PATIENCE_UNATTENDED + SLACK, "took {took:?}");
    match result {
        Ok(_) => panic!("the call succeeded"),
        Err(error) => {
            // Read by whoever runs the script: what a user would see.
            writeln_to_test_output(&error, took);
            error
        }
    }
}

#[expect(clippy::disallowed_macros, reason = "shown by `--nocapture` only")]
fn writeln_to_test_output(error: &VaultError, took: Duration) {
    println!("{} after {took:?}: {error}\n  hint: {}", error.code(), error.hint());
}

/// All four calls, each of which must fail, with their codes.
fn codes(registry_id: &str) -> [&'static str; 4] {
    let mut rng = conformance::rng();
    [
        error_of(|| keyring(registry_id).load()).code(),
        error_of(|| keyring(registry_id).store(&key(), &mut rng)).code(),
        error_of(|| keyring(registry_id).probe(&mut conformance::rng())).code(),
        error_of(|| keyring(registry_id).erase()).code(),
    ]
}

mod when_unlocked {
    use super::*;

    #[test]
    #[ignore = "needs a Secret Service"]
    fn it_behaves_as_every_vault_does() {
        require("unlocked");
        conformance::every_vault(&mut keyring("reg_conformance"));
    }

    #[test]
    #[ignore = "needs a Secret Service"]
    fn two_registries_have_their_own_entries() {
        require("unlocked");
        let (mut one, mut two) = (keyring("reg_one"), keyring("reg_two"));
        one.store(&key(), &mut conformance::rng()).expect("the first is stored");
        assert!(matches!(two.load(), Err(VaultError::Missing { .. })));
        two.store(&crypto::MasterKey::from_bytes([2; 32]), &mut conformance::rng())
            .expect("the second is stored");
        one.erase().expect("the first is erased");
        assert_eq!(two.load().expect("the second is still there").expose(), &[2; 32]);
        two.erase().expect("the second is erased");
    }
}

/// Locks the collection that the keyring keeps its entries in.
fn lock() {
    let status = std::process::Command::new("dbus-send")
        .args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"])
        .arg("org.freedesktop.Secret.Service.Lock")
        .arg("array:objpath:/org/freedesktop/secrets/collection/login")
        .status()
        .expect("dbus-send runs");
    assert!(status.success(), "the collection was not locked");
}

mod when_locked {
    use super::*;

    #[test]
    #[ignore = "needs a Secret Service"]
    fn nothing_is_read_written_or_taken_for_missing() {
        require("locked");
        keyring("reg_locked").store(&key(), &mut conformance::rng()).expect("it is stored while unlocked");
        lock();
        assert_eq!(codes("reg_locked"), ["vault_locked"; 4]);
        let never_stored = error_of(|| keyring("reg_other").store(&key(), &mut conformance::rng()));
        assert_eq!(never_stored.code(), "vault_locked");
    }
}

mod when_locked_display {
    use super::*;

    #[test]
    #[ignore = "needs a Secret Service and a display"]
    fn a_question_that_nobody_answers_is_not_waited_for() {
        require("locked-display");
        keyring("reg_asked").store(&key(), &mut conformance::rng()).expect("it is stored while unlocked");
        lock();
        assert_eq!(codes("reg_asked"), ["vault_hanging"; 4]);
    }
}

mod when_no_default_collection {
    use super::*;

    #[test]
    #[ignore = "needs a Secret Service"]
    fn reading_says_missing_but_the_probe_and_the_writing_say_why() {
        require("no-default-collection");
        assert_eq!(error_of(|| keyring("reg_1").load()).code(), "vault_missing");
        for error in [
            error_of(|| keyring("reg_1").probe(&mut conformance::rng())),
            error_of(|| keyring("reg_1").store(&key(), &mut conformance::rng())),
        ] {
            assert!(error.to_string().contains("no default collection"), "{error}");
            assert_eq!(error.code(), "vault_unavailable");
        }
    }
}

mod when_no_service {
    use super::*;

    #[test]
    #[ignore = "needs a Secret Service"]
    fn the_keyring_is_unavailable() {
        require("no-service");
        assert_eq!(codes("reg_1"), ["vault_unavailable"; 4]);
    }
}

mod when_no_bus {
    use super::*;

    #[test]
    #[ignore = "needs a Secret Service"]
    fn the_keyring_is_unavailable() {
        require("no-bus");
        assert_eq!(codes("reg_1"), ["vault_unavailable"; 4]);
    }
}

mod when_hung {
    use super::*;

    #[test]
    #[ignore = "needs a Secret Service"]
    fn every_call_gives_up_in_time() {
        require("hung");
        assert_eq!(codes("reg_1"), ["vault_hanging"; 4]);
    }
}
