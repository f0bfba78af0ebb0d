//! Verification inside a running program: all keys in memory, and every change of the registry seen by the next request.
//!
//! [`Verifier::verify`] is what `apikey verify` does, by the same rules ([`crate::verification::compare`],
//! [`crate::domain::decision::judge`], [`crate::domain::limit::spend`]), without reading the file. A request first
//! glances at the registry's WAL index: if any process committed anything since, what changed is read before the answer
//! is given. So a revocation holds from the next request on, without a time-to-live.
//!
//! Requests are counted in memory and written once a second, so that a crash loses a second of usage and nothing else.
//! Limits are counted in memory that all processes on a registry share ([`crate::registry::sqlite::Counters`]): exactly,
//! whatever is killed. What must hold even if the machine fails is written ahead; see `desk`.

mod counting;
mod deciding;
mod desk;
mod follow;
mod index;
mod limiting;
mod parties;
mod policies;
mod revoking;
mod rows;
mod tally;
mod verdict;
// With edits of the file under it, as the registry's own.
#[cfg(test)]
#[cfg(unix)]
pub(crate) mod tests;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crossbeam_utils::sync::ShardedLock;

use crate::crypto::{MasterKey, Subkeys};
use crate::domain::decision::Request;
use crate::domain::event::Actor;
use crate::domain::key::KeyId;
use crate::domain::secret::{Brand, place_of_id};
use crate::domain::time::Instant;
use crate::registry::sqlite::{Counters, SqliteRegistry, Watch};
use crate::registry::{Found, Registry, RegistryError};
use crate::vault::{KeyFile, Vault, VaultError, open};
use desk::Desk;
use follow::Follower;
use index::Index;
pub use revoking::Revoked;
pub use verdict::{Credential, Identified, Verdict, VerifiedKey};

/// Where the time comes from.
pub type Now = dyn Fn() -> Instant + Send + Sync;

/// Why no decision could be made. None of these is an acceptance.
#[derive(Debug, thiserror::Error)]
pub enum VerifierError {
    /// The registry's.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The vault's.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A backup was put in the place of the registry while it was open, or one of its files was removed.
    #[error("the registry was replaced by another file, or is gone; open it anew, or start the server anew")]
    Replaced,
    /// The file in which all that verify count limits together was removed. Keys without a limit are decided on.
    #[error(
        "the counters of limits (`registry.db-counters`, or so) were removed beside the registry; open it anew, or start the server anew"
    )]
    CountersGone,
}

/// Decides on presented secrets; share one among all threads.
pub struct Verifier {
    shared: Arc<Shared>,
    writer: Option<counting::Writer>,
    clerk: Option<desk::Clerk>,
}

struct Shared {
    keys: Subkeys,
    now: Box<Now>,
    actor: Actor,
    brand: Brand,
    watch: Watch,
    index: ShardedLock<Index>,
    follower: Mutex<Follower>,
    /// Where usage is written; whoever holds it may wait for other processes that write.
    ledger: Mutex<SqliteRegistry>,
    /// Where single keys are read, and limits asked where there are no counters: waits for nobody, or not for long.
    reader: Mutex<SqliteRegistry>,
    /// When the last request waited in vain for another process that writes; microseconds.
    stuck_since: AtomicI64,
    counters: OnceLock<Counters>,
    /// Whether they could not be made, because another process holds the file.
    waits_for_counters: AtomicBool,
    /// Since when usage cannot be written, in seconds, or [`WRITTEN`].
    unwritten_since: AtomicI64,
    /// Whether they were removed: others count elsewhere by now, and together they would admit too much.
    counters_are_gone: AtomicBool,
    desk: Desk,
    tally: tally::Tally,
    overdue: Mutex<counting::Overdue>,
}

impl Verifier {
    /// Opens a registry with the key file beside it, or another: for servers.
    ///
    /// # Errors
    /// The registry's and the vault's; a key file of another registry is [`VaultError::Foreign`].
    pub fn with_key_file(registry: &Path, key_file: &Path) -> Result<Self, VerifierError> {
        let identity = SqliteRegistry::open(registry)?.identity()?;
        let vault: Box<dyn Vault> = Box::new(KeyFile::new(key_file));
        let master = open(&*vault, &identity.check_value)?;
        Self::open(registry, &master, Box::new(crate::host::real::now))
    }

    /// Opens a registry with its master key and a clock.
    ///
    /// # Errors
    /// The registry's.
    pub fn open(registry: &Path, master: &MasterKey, now: Box<Now>) -> Result<Self, VerifierError> {
        Self::with_keys(registry, Subkeys::derive(master), now)
    }

    /// As [`Self::open`], with the subkeys of a vault that is open already.
    ///
    /// # Errors
    /// The registry's.
    pub fn with_keys(registry: &Path, keys: Subkeys, now: Box<Now>) -> Result<Self, VerifierError> {
        let (follower, index, watch) = Follower::begin(registry, &keys.row)?;
        let ledger = SqliteRegistry::open(registry)?;
        ledger.wait_at_most(PATIENCE)?;
        let mut reader = SqliteRegistry::open(registry)?;
        reader.wait_at_most(deciding::PATIENCE)?;
        let (counters, mut is_locked) = (OnceLock::new(), false);
        // Although there may be no limit yet: the first may come while another process writes, and holds at once.
        match reader.counters(now()) {
            Ok(Some(made)) => drop(counters.set(made)),
            // The clerk tries again.
            Err(RegistryError::Busy) => is_locked = true,
            Err(error) if index.has_limits() => return Err(error.into()),
            Ok(None) | Err(_) => {}
        }
        let clerks = SqliteRegistry::open(registry)?;
        clerks.wait_at_most(PATIENCE)?;
        let desk = Desk::new(clerks);
        let shared = Arc::new(Shared {
            brand: ledger.identity()?.brand,
            keys,
            now,
            actor: Actor { user: "verifier".to_owned(), ..Actor::default() },
            watch,
            index: ShardedLock::new(index),
            follower: Mutex::new(follower),
            ledger: Mutex::new(ledger),
            reader: Mutex::new(reader),
            stuck_since: AtomicI64::new(i64::MIN),
            counters,
            counters_are_gone: AtomicBool::new(false),
            waits_for_counters: AtomicBool::new(is_locked),
            unwritten_since: AtomicI64::new(WRITTEN),
            desk,
            tally: tally::Tally::default(),
            overdue: Mutex::default(),
        });
        if shared.counters.get().is_none() {
            shared.desk.ask_for_counters();
        }
        let writer = counting::Writer::begin(shared.clone());
        let clerk = desk::Clerk::begin(shared.clone());
        Ok(Self { shared, writer: Some(writer), clerk: Some(clerk) })
    }

    /// How many keys are known.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.shared.read().len()
    }

    /// Decides, takes `cost` from the limits (zero only asks), counts, and hands the verdict to `answer`, which must
    /// not call the verifier.
    ///
    /// # Errors
    /// [`VerifierError`]: no decision could be made.
    pub fn verify<R>(
        &self,
        credential: Credential<'_>,
        (request, cost): (&Request, u32),
        answer: impl FnOnce(&Verdict<'_>) -> R,
    ) -> Result<R, VerifierError> {
        self.shared.verify(credential, (request, cost), answer)
    }

    /// Has where [`Self::verify`] will begin to look for a secret come nearer, for a caller with other work to do first.
    pub(crate) fn foresee(&self, credential: Credential<'_>) {
        if let Some(id) = credential.secret.and_then(place_of_id) {
            self.shared.read().foresee(id);
        }
    }

    /// The key as it is recorded, with its owner and project.
    ///
    /// # Errors
    /// The registry's.
    pub fn found(&self, key: KeyId) -> Result<Option<Found>, VerifierError> {
        Ok(locked(&self.shared.reader).find_key(key)?)
    }

    /// The first part of all its secrets.
    #[must_use]
    pub fn brand(&self) -> &Brand {
        &self.shared.brand
    }

    /// This instant, by the verifier's clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        (self.shared.now)()
    }

    /// For how long what was counted could not be written, in whole seconds; zero when it can.
    #[must_use]
    pub fn unwritten_for(&self) -> Duration {
        let since = self.shared.unwritten_since.load(Ordering::Relaxed);
        let seconds = self.now().seconds().saturating_sub(since);
        Duration::from_secs(if since == WRITTEN { 0 } else { u64::try_from(seconds).unwrap_or(0).max(1) })
    }

    /// Whether all that can be asked can be decided: not while limits cannot be counted, because another process had the
    /// file locked already when this one, the first, began.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.shared.waits_for_counters.load(Ordering::Relaxed) || !self.shared.read().has_limits()
    }

    /// Writes down now what was counted, which else is done once a second, and before it is dropped.
    ///
    /// # Errors
    /// The registry's; what was counted is kept for the next time, and lost if there is none.
    pub fn flush(&self) -> Result<(), VerifierError> {
        Ok(self.shared.flush()?)
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Verifier").field("keys", &self.keys()).finish_non_exhaustive()
    }
}

/// All that was counted is written, but for the last second.
const WRITTEN: i64 = i64::MIN;

/// How long another process that holds the file is waited for at a time: what could not be written is tried again soon,
/// and at the end there are some such times, one after the other.
const PATIENCE: Duration = Duration::from_secs(1);

impl Drop for Verifier {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.end();
        }
        if let Some(clerk) = self.clerk.take() {
            clerk.end(&self.shared.desk);
        }
        if !self.shared.is_in_place() {
            // What was counted belongs to a file that is gone.
            return;
        }
        // Nobody is left to tell: what could not be written is lost, as in a crash, and counters stay for the next verifier.
        let _ = self.shared.flush();
        if let Some(counters) = self.shared.counters.get() {
            let _ = locked(&self.shared.ledger).end_counting(counters, self.now());
        }
    }
}

/// A lock whose holder panicked is still a lock: what it guards is counts and caches.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
