//! What requests did, noted in memory one after the other, and summed when it is written down.
//!
//! Noting is an append under a lock that hardly anybody else wants; summing is done by the thread that writes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::locked;
use super::rows::IdHasher;
use crate::domain::decision::Decision;
use crate::domain::key::KeyId;
use crate::domain::secret::SecretId;
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, Used};

/// Threads share these; more than there are processors in most servers that ask one registry.
const SHARDS: usize = 16;
/// As many requests are noted before the thread that noted the last sums them itself: some 4 MB.
const MOST_NOTES: usize = 65_536;
/// As many different sets of scopes; most servers ask for a few.
const MOST_SCOPES: usize = 64;

/// One request with a matching secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note {
    pub(super) key: KeyId,
    pub(super) secret: SecretId,
    pub(super) decision: Decision,
    pub(super) at: Instant,
    pub(super) ip: Option<IpAddr>,
}

/// Everything noted and not yet written.
#[derive(Debug, Default)]
pub(super) struct Tally {
    shards: [Shard; SHARDS],
    sums: Mutex<Sums>,
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    notes: Vec<(Note, u16)>,
    scopes: Vec<Box<str>>,
}

/// Requests by what they have in common, and the last use of each secret.
#[derive(Debug, Default)]
pub(super) struct Sums {
    counts: HashMap<Common, u64, BuildHasherDefault<IdHasher>>,
    used: HashMap<SecretId, Used, BuildHasherDefault<IdHasher>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Common {
    key: KeyId,
    decision: Decision,
    scopes: std::sync::Arc<str>,
}

impl Hash for Common {
    /// The key alone: most ask for one thing and get one answer.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl Tally {
    /// Notes a request that asked for these scopes.
    pub(super) fn note(&self, note: Note, scopes: &str) {
        let mut notes = locked(&self.shards[shard()].0);
        let known = notes.scopes.iter().position(|known| **known == *scopes);
        let place = known.unwrap_or_else(|| {
            notes.scopes.push(scopes.into());
            notes.scopes.len() - 1
        });
        // At most MOST_SCOPES, so it fits.
        notes.notes.push((note, u16::try_from(place).unwrap_or(0)));
        if notes.notes.len() >= MOST_NOTES || notes.scopes.len() >= MOST_SCOPES {
            let full = std::mem::take(&mut *notes);
            drop(notes);
            locked(&self.sums).add(full);
        }
    }

    /// Sums everything and hands it over; what is noted from now on is for the next time.
    pub(super) fn take(&self) -> Sums {
        let mut sums = std::mem::take(&mut *locked(&self.sums));
        for shard in &self.shards {
            let notes = std::mem::take(&mut *locked(&shard.0));
            sums.add(notes);
        }
        sums
    }

    /// Takes back what could not be written.
    pub(super) fn put_back(&self, older: Sums) {
        let mut sums = locked(&self.sums);
        let newer = std::mem::replace(&mut *sums, older);
        for (common, more) in newer.counts {
            *sums.counts.entry(common).or_default() += more;
        }
        // The later use of a secret replaces the earlier one.
        sums.used.extend(newer.used);
    }
}

impl Sums {
    pub(super) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// As the ledger takes it.
    pub(super) fn rows(&self) -> (Vec<Counted>, Vec<Used>) {
        let counted = self.counts.iter().map(|(common, requests)| Counted {
            key: common.key,
            decision: common.decision,
            scopes: common.scopes.to_string(),
            requests: *requests,
        });
        (counted.collect(), self.used.values().cloned().collect())
    }

    fn add(&mut self, notes: Notes) {
        let scopes: Vec<std::sync::Arc<str>> = notes.scopes.into_iter().map(Into::into).collect();
        for (note, place) in notes.notes {
            let scopes = scopes[usize::from(place)].clone();
            let common = Common { key: note.key, decision: note.decision, scopes };
            *self.counts.entry(common).or_default() += 1;
            if note.decision.is_accepted() {
                let used = Used { secret: note.secret, at: note.at.whole_second(), ip: note.ip };
                match self.used.entry(note.secret) {
                    std::collections::hash_map::Entry::Occupied(mut last) if last.get().at <= used.at => {
                        last.insert(used);
                    }
                    std::collections::hash_map::Entry::Occupied(_) => {}
                    std::collections::hash_map::Entry::Vacant(none) => _ = none.insert(used),
                }
            }
        }
    }
}

/// This thread's.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
    }
    OWN.with(|own| *own)
}
