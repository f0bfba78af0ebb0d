//! What is kept in memory of a key, a secret, an owner and a project.

use std::hash::Hasher;
use std::sync::{Arc, Mutex, OnceLock};

use super::tally::Tally;
use crate::crypto::RowKey;
use crate::crypto::rows::{key_holds, secret_holds};
use crate::domain::digest::Digest;
use crate::domain::key::{Allowed, Ends, Key, KeyId};
use crate::domain::limit::Limits;
use crate::domain::network::Network;
use crate::domain::origin::Origin;
use crate::domain::party::Party;
use crate::domain::scope::Scopes;
use crate::domain::secret::{Env, Kind, SecretId};
use crate::domain::time::Instant;

/// No such line or entry.
pub(super) const NONE: u32 = u32::MAX;

/// What many keys have in common.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) kind: Kind,
    pub(super) env: Env,
    /// Place among the owners.
    pub(super) owner: u32,
    /// Place among the projects.
    pub(super) project: u32,
    pub(super) scopes: Scopes,
    /// The scopes with spaces between.
    pub(super) scopes_text: Box<str>,
    pub(super) networks: Allowed<Network>,
    pub(super) origins: Allowed<Origin>,
    pub(super) limits: Limits,
}

/// A key.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: KeyId,
    /// Its place in the registry.
    pub(super) place: u32,
    pub(super) name: Box<str>,
    pub(super) policy: Arc<Policy>,
    pub(super) not_before: Option<Instant>,
    pub(super) first_line: u32,
    pub(super) is_intact: bool,
    pub(super) is_revoked: bool,
    pub(super) is_disabled: bool,
    pub(super) is_there: bool,
    /// What was counted and not yet written; made at the first use.
    pub(super) tally: OnceLock<Box<Mutex<Tally>>>,
}

/// A secret.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) id: SecretId,
    pub(super) digest: Digest,
    pub(super) ends: Ends,
    pub(super) entry: u32,
    /// The next secret of the same key.
    pub(super) next: u32,
    pub(super) is_intact: bool,
    pub(super) is_revoked: bool,
    /// Its first use starts a grace.
    pub(super) is_waited_for: bool,
}

/// An owner or a project.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) party: Party,
    pub(super) is_intact: bool,
    /// Where its counters are; none when there is no room for them.
    pub(super) counters: OnceLock<Option<u64>>,
}

impl Entry {
    pub(super) fn tally(&self) -> &Mutex<Tally> {
        self.tally.get_or_init(Box::default)
    }
}

/// Ids are random, so their own bits find their place; what a stranger asks for changes nothing in the table.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(23) ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
        self.0 ^= self.0 >> 32;
    }

    // The length before an array says nothing here.
    fn write_usize(&mut self, _: usize) {}
}

/// A key whose own seals were judged.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) key: Key,
    pub(super) key_holds: bool,
    pub(super) secrets_hold: Vec<bool>,
}

impl Judged {
    pub(super) fn new(row: &RowKey, key: Key) -> Self {
        Self {
            key_holds: key_holds(row, &key),
            secrets_hold: key.secrets.iter().map(|secret| secret_holds(row, key.id, secret)).collect(),
            key,
        }
    }
}
