//! The kind `keyring`: one entry in the keyring of the operating system. The only file that uses the `keyring` crate.
//!
//! Each operation runs on a thread of its own under one limit of time, since a locked keyring with a display blocks for
//! ever. `keyring`'s errors hold raw bytes in `Debug`, and one of them shows others' `Debug` in `Display`: none of them
//! leaves this file.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rand::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::error::{VaultError, printable};
use super::patience::{self, NoAnswer, Wanted};
use super::{TEXT_LENGTH, Vault, VaultKind, from_text, to_text};
use crate::crypto::MasterKey;

/// The service under which the one entry is kept.
pub const SERVICE: &str = "apikey";
/// How long the keyring is given when nobody can unlock it.
pub const PATIENCE_UNATTENDED: Duration = Duration::from_secs(3);
/// How long it is given when somebody at a terminal can.
pub const PATIENCE_ATTENDED: Duration = Duration::from_secs(120);

type Text = Zeroizing<[u8; TEXT_LENGTH]>;

/// The entry of one registry in the keyring.
///
/// Two processes that store for the same registry id at the same instant are not kept apart by the keyring: each `init`
/// draws an id of its own.
pub struct OsKeyring<'a> {
    entries: Arc<dyn Entries>,
    user: String,
    patience: Duration,
    on_wait: Box<dyn Fn() + 'a>,
}

impl<'a> OsKeyring<'a> {
    /// The entry of this registry; touches nothing. Each operation is given `patience`; `on_wait` is called once in it,
    /// after a second: "waiting for the keyring to be unlocked…".
    pub fn new(registry_id: impl Into<String>, patience: Duration, on_wait: Box<dyn Fn() + 'a>) -> Self {
        Self { entries: Arc::new(Platform), user: registry_id.into(), patience, on_wait }
    }

    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Entries, &Wanted) -> Result<T, Fault> + Send + 'static,
        undo: impl FnOnce(&dyn Entries) + Send + 'static,
    ) -> Result<T, VaultError> {
        let (worker, undoer) = (Arc::clone(&self.entries), Arc::clone(&self.entries));
        let undo = move |late: Result<T, Fault>| {
            if late.is_ok() {
                undo(undoer.as_ref());
            }
        };
        match patience::run(self.patience, &*self.on_wait, move |wanted| work(worker.as_ref(), wanted), undo)
        {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(fault)) => Err(self.error(fault)),
            Err(NoAnswer::InTime) => Err(self.error(Fault::Hanging)),
            Err(NoAnswer::AtAll) => Err(self.error(Fault::Unavailable("the call did not return".into()))),
        }
    }

    fn error(&self, fault: Fault) -> VaultError {
        let place = self.describe();
        match fault {
            Fault::NoEntry => VaultError::Missing { place },
            Fault::Taken => VaultError::AlreadyThere { place },
            Fault::Locked => VaultError::Locked { place },
            Fault::Hanging => VaultError::Hanging { place, waited: self.patience },
            Fault::Unavailable(cause) => VaultError::Unavailable { place, cause },
            Fault::Damaged(cause) => VaultError::Damaged { place, cause: cause.into() },
        }
    }
}

impl fmt::Debug for OsKeyring<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("OsKeyring").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Vault for OsKeyring<'_> {
    fn kind(&self) -> VaultKind {
        VaultKind::Keyring
    }

    fn describe(&self) -> String {
        format!("the OS keyring (service `{SERVICE}`, user `{}`)", printable(&self.user))
    }

    fn load(&self) -> Result<MasterKey, VaultError> {
        let user = self.user.clone();
        self.run(
            move |entries, _| {
                let text = entries.read(&user)?;
                from_text(&text).ok_or(Fault::Damaged("it is not 32 bytes in base64"))
            },
            |_| (),
        )
    }

    fn store(&mut self, key: &MasterKey, _: &mut dyn CryptoRng) -> Result<(), VaultError> {
        let (user, late_user, text) = (self.user.clone(), self.user.clone(), to_text(key));
        self.run(
            move |entries, wanted| write_new(entries, &user, &text, wanted),
            // Nobody will ever use a master key whose `init` has failed.
            move |entries| drop(entries.delete(&late_user)),
        )
    }

    fn erase(&mut self) -> Result<(), VaultError> {
        let user = self.user.clone();
        self.run(move |entries, _| delete_for_sure(entries, &user), |_| ())
    }

    /// Writes, reads and deletes an entry of its own, random in name and value: reading alone proves nothing, since a
    /// keyring without a default collection answers every reading with "no such entry".
    fn probe(&self, rng: &mut dyn CryptoRng) -> Result<(), VaultError> {
        let canary = to_text(&MasterKey::generate(rng));
        let mut name = [0; 8];
        rng.fill_bytes(&mut name);
        let user = format!("canary-{:016x}", u64::from_be_bytes(name));
        self.run(
            move |entries, wanted| {
                write_new(entries, &user, &canary, wanted)?;
                delete_for_sure(entries, &user)
            },
            |_| (),
        )
    }
}

/// Writes an entry where there is none, and reads it back; takes it away again if that fails.
fn write_new(entries: &dyn Entries, user: &str, text: &Text, wanted: &Wanted) -> Result<(), Fault> {
    match entries.read(user) {
        Err(Fault::NoEntry) => {}
        Ok(_) | Err(Fault::Damaged(_)) => return Err(Fault::Taken),
        Err(fault) => return Err(fault),
    }
    if !wanted.still() {
        return Err(Fault::Hanging);
    }
    let written = entries.write(user, text).and_then(|()| {
        let read = entries.read(user)?;
        let same = bool::from(read.as_slice().ct_eq(text.as_slice()));
        if same { Ok(()) } else { Err(Fault::Damaged("what was written does not read back")) }
    });
    if written.is_err() {
        // The first failure is what the caller has to know.
        let _ = entries.delete(user);
    }
    written
}

/// Deletes an entry and sees that it is gone; done as well when there is none.
fn delete_for_sure(entries: &dyn Entries, user: &str) -> Result<(), Fault> {
    match entries.delete(user) {
        Ok(()) | Err(Fault::NoEntry) => {}
        Err(fault) => return Err(fault),
    }
    match entries.read(user) {
        Err(Fault::NoEntry) => Ok(()),
        Ok(_) => Err(Fault::Damaged("what was deleted is still there")),
        Err(fault) => Err(fault),
    }
}

/// What a keyring can answer, without the library's raw bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    NoEntry,
    Taken,
    Locked,
    Hanging,
    Unavailable(String),
    Damaged(&'static str),
}

/// The three calls made to a keyring, each of which may block for ever; tests put other behaviours here.
trait Entries: Send + Sync {
    fn read(&self, user: &str) -> Result<Zeroizing<Vec<u8>>, Fault>;
    fn write(&self, user: &str, text: &Text) -> Result<(), Fault>;
    fn delete(&self, user: &str) -> Result<(), Fault>;
}

/// The platform's own keyring.
struct Platform;

impl Platform {
    fn entry(user: &str) -> Result<keyring::Entry, Fault> {
        // `Entry::new` hides why there is no keyring; `store_status` says it.
        if let Err(error) = keyring::Entry::store_status() {
            return Err(unavailable(error));
        }
        keyring::Entry::new(SERVICE, user).map_err(fault)
    }
}

impl Entries for Platform {
    fn read(&self, user: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
        Self::entry(user)?.get_secret().map(Zeroizing::new).map_err(fault)
    }

    fn write(&self, user: &str, text: &Text) -> Result<(), Fault> {
        Self::entry(user)?.set_secret(text.as_slice()).map_err(fault)
    }

    fn delete(&self, user: &str) -> Result<(), Fault> {
        Self::entry(user)?.delete_credential().map_err(fault)
    }
}

fn fault(error: keyring::Error) -> Fault {
    use keyring::Error;
    match error {
        Error::NoEntry => Fault::NoEntry,
        Error::BadEncoding(mut bytes) | Error::BadDataFormat(mut bytes, _) => {
            bytes.zeroize();
            Fault::Damaged("it is not text as this program writes it")
        }
        Error::Ambiguous(_) => Fault::Damaged("the keyring has more than one such entry"),
        Error::NoStorageAccess(cause) => no_access(&cause.to_string()),
        other => unavailable(&other),
    }
}

/// The library gives one error for a locked Secret Service and for one without a default collection; only its text
/// tells them apart (`tests/secret_service.rs` notices when it changes).
fn no_access(cause: &str) -> Fault {
    if cause.contains("result not returned") {
        return Fault::Unavailable(
            "it has no default collection (log in to the desktop once to make one)".into(),
        );
    }
    if cfg!(windows) {
        return Fault::Unavailable(printable(cause));
    }
    Fault::Locked
}

/// D-Bus gives up on a service that does not start after 25 s, before a person's patience ends.
fn unavailable(error: &keyring::Error) -> Fault {
    let cause = match error {
        keyring::Error::PlatformFailure(cause) | keyring::Error::NoStorageAccess(cause) => cause.to_string(),
        keyring::Error::NoDefaultStore => "there is none on this system".into(),
        keyring::Error::NotSupportedByStore(what) => what.clone(),
        _ => "it refused the entry".into(),
    };
    let timed_out = ["TimedOut", "NoReply", "Timeout", "timed out"].iter().any(|word| cause.contains(word));
    if timed_out { Fault::Hanging } else { Fault::Unavailable(printable(&cause)) }
}

#[cfg(test)]
#[path = "os_keyring/tests.rs"]
mod tests;
