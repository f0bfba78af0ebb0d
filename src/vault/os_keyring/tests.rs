//! Every way a keyring fails, told apart.

use std::collections::HashMap;
use std::sync::{Mutex, mpsc};
use std::thread;

use super::super::conformance;
use super::*;

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(60);

/// A keyring that works, but for what a test makes it do.
#[derive(Default)]
struct Simulated {
    held: Mutex<HashMap<String, Vec<u8>>>,
    read: Option<Fault>,
    write: Option<Fault>,
    delete: Option<Fault>,
    /// Writing blocks until told to go on.
    blocked: Mutex<Option<mpsc::Receiver<()>>>,
    /// Told after each deletion.
    deleted: Option<mpsc::Sender<()>>,
    garbled: bool,
}

impl Entries for Simulated {
    fn read(&self, user: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.read.clone().map_or(Ok(()), Err)?;
        self.held.lock().unwrap().get(user).cloned().map(Zeroizing::new).ok_or(Fault::NoEntry)
    }

    fn write(&self, user: &str, text: &Text) -> Result<(), Fault> {
        if let Some(go) = self.blocked.lock().unwrap().take() {
            let _ = go.recv();
        }
        self.write.clone().map_or(Ok(()), Err)?;
        let kept = if self.garbled { vec![b'?'; TEXT_LENGTH] } else { text.to_vec() };
        self.held.lock().unwrap().insert(user.into(), kept);
        Ok(())
    }

    fn delete(&self, user: &str) -> Result<(), Fault> {
        self.delete.clone().map_or(Ok(()), Err)?;
        let found = self.held.lock().unwrap().remove(user);
        if let Some(deleted) = &self.deleted {
            deleted.send(()).unwrap();
        }
        found.map(drop).ok_or(Fault::NoEntry)
    }
}

fn vault(simulated: Simulated, patience: Duration) -> (OsKeyring<'static>, Arc<Simulated>) {
    let entries = Arc::new(simulated);
    let vault = OsKeyring {
        entries: Arc::clone(&entries) as Arc<dyn Entries>,
        user: "reg_1".into(),
        patience,
        on_wait: Box::new(|| ()),
    };
    (vault, entries)
}

fn key() -> MasterKey {
    MasterKey::from_bytes([7; 32])
}

#[test]
fn it_behaves_as_every_vault_does() {
    let (mut vault, entries) = vault(Simulated::default(), LONG);
    conformance::every_vault(&mut vault);
    assert!(entries.held.lock().unwrap().is_empty(), "something was left behind");
}

#[test]
fn the_one_entry_is_44_characters_under_the_registry_id() {
    let (mut vault, entries) = vault(Simulated::default(), LONG);
    vault.store(&key(), &mut conformance::rng()).unwrap();
    let held = entries.held.lock().unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held["reg_1"], b"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
}

#[test]
fn a_keyring_that_reads_but_cannot_write_fails_its_probe() {
    let no_collection = Fault::Unavailable("no default collection".into());
    let (vault, _) = vault(Simulated { write: Some(no_collection), ..Simulated::default() }, LONG);
    assert!(matches!(vault.load(), Err(VaultError::Missing { .. })), "the reading that lies");
    assert!(matches!(vault.probe(&mut conformance::rng()), Err(VaultError::Unavailable { .. })));
}

#[test]
fn a_keyring_that_cannot_delete_fails_its_probe() {
    let (vault, _) = vault(Simulated { delete: Some(Fault::Locked), ..Simulated::default() }, LONG);
    assert!(matches!(vault.probe(&mut conformance::rng()), Err(VaultError::Locked { .. })));
}

#[test]
fn a_locked_keyring_takes_nothing_and_is_not_taken_for_an_empty_one() {
    let (mut vault, entries) = vault(Simulated { read: Some(Fault::Locked), ..Simulated::default() }, LONG);
    assert!(matches!(vault.load(), Err(VaultError::Locked { .. })));
    assert!(matches!(vault.store(&key(), &mut conformance::rng()), Err(VaultError::Locked { .. })));
    assert!(entries.held.lock().unwrap().is_empty());
}

#[test]
fn a_keyring_that_garbles_is_noticed_and_left_empty() {
    let (mut vault, entries) = vault(Simulated { garbled: true, ..Simulated::default() }, LONG);
    assert!(matches!(vault.store(&key(), &mut conformance::rng()), Err(VaultError::Damaged { .. })));
    assert!(entries.held.lock().unwrap().is_empty());
}

#[test]
fn an_entry_that_is_no_master_key_is_damaged_and_is_not_overwritten() {
    let (mut vault, entries) = vault(Simulated::default(), LONG);
    entries.held.lock().unwrap().insert("reg_1".into(), b"hunter2".to_vec());
    let error = vault.load().unwrap_err();
    assert!(matches!(error, VaultError::Damaged { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert!(matches!(vault.store(&key(), &mut conformance::rng()), Err(VaultError::AlreadyThere { .. })));
    assert_eq!(entries.held.lock().unwrap()["reg_1"], b"hunter2");
}

#[test]
fn a_keyring_that_blocks_is_hanging_and_what_it_writes_too_late_is_taken_away() {
    let (go, blocked) = mpsc::channel();
    let (deleted, was_deleted) = mpsc::channel();
    let simulated =
        Simulated { blocked: Mutex::new(Some(blocked)), deleted: Some(deleted), ..Simulated::default() };
    let (mut vault, entries) = vault(simulated, SHORT);
    let error = vault.store(&key(), &mut conformance::rng()).unwrap_err();
    assert!(matches!(error, VaultError::Hanging { waited: SHORT, .. }), "{error}");
    go.send(()).unwrap();
    was_deleted.recv_timeout(LONG).unwrap();
    assert!(entries.held.lock().unwrap().is_empty(), "the orphan stays in the keyring");
}

#[test]
fn a_library_that_panics_makes_the_keyring_unavailable() {
    struct Panics;
    impl Entries for Panics {
        fn read(&self, _: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
            assert!(thread::current().name() == Some("nobody"), "as the library does");
            Err(Fault::NoEntry)
        }
        fn write(&self, _: &str, _: &Text) -> Result<(), Fault> {
            Ok(())
        }
        fn delete(&self, _: &str) -> Result<(), Fault> {
            Ok(())
        }
    }
    let (vault, _) = vault(Simulated::default(), LONG);
    let vault = OsKeyring { entries: Arc::new(Panics), ..vault };
    assert!(matches!(vault.load(), Err(VaultError::Unavailable { .. })));
}

#[test]
fn the_librarys_errors_are_told_apart_and_their_bytes_never_shown() {
    let boxed = |text: &str| Box::new(std::io::Error::other(text.to_owned()));
    let private = || b"hunter2".to_vec();
    let shown = format!(
        "{:?} {:?}",
        fault(keyring::Error::BadEncoding(private())),
        fault(keyring::Error::BadDataFormat(private(), boxed("hunter2")))
    );
    assert!(!shown.contains("hunter2") && !shown.contains("104, 117"), "{shown}");
    assert_eq!(fault(keyring::Error::NoEntry), Fault::NoEntry);
    let slow = keyring::Error::PlatformFailure(boxed("org.freedesktop.DBus.Error.TimedOut: too slow"));
    assert_eq!(fault(slow), Fault::Hanging);
    let gone = fault(keyring::Error::PlatformFailure(boxed("gone\u{1b}[2J")));
    assert!(matches!(&gone, Fault::Unavailable(cause) if !cause.contains('\u{1b}')), "{gone:?}");
    assert!(matches!(fault(keyring::Error::NoDefaultStore), Fault::Unavailable(_)));
    #[cfg(not(windows))]
    assert_eq!(fault(keyring::Error::NoStorageAccess(boxed("SS error: prompt dismissed"))), Fault::Locked);
    let none = fault(keyring::Error::NoStorageAccess(boxed("SS error: result not returned from SS API")));
    assert!(matches!(none, Fault::Unavailable(_)));
}
