//! What is kept in memory of a key, a secret, an owner and a project.

use std::hash::Hasher;
use std::sync::{Arc, OnceLock};

use crate::crypto::RowKey;
use crate::crypto::rows::{key_holds, secret_holds};
use crate::domain::digest::Digest;
use crate::domain::key::{Allowed, Ends, Key, KeyId, KeySecret};
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

/// A key, in as much memory as comes at a time.
#[derive(Debug)]
#[repr(align(64))]
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
}

/// A secret, in as much memory as comes at a time.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Line {
    pub(super) id: SecretId,
    pub(super) digest: Digest,
    /// The earlier of its two ends, in microseconds since the epoch, or [`NEVER`].
    first_end: i64,
    pub(super) entry: u32,
    /// The next secret of the same key.
    pub(super) next: u32,
    pub(super) is_intact: bool,
    pub(super) is_revoked: bool,
    /// Its first use starts a grace.
    pub(super) is_waited_for: bool,
    /// The earlier end is that of a grace.
    is_retired_first: bool,
}

const _: () = assert!(size_of::<Entry>() == 64 && size_of::<Line>() == 64);

/// No end.
const NEVER: i64 = i64::MAX;

impl Line {
    pub(super) fn new(secret: &KeySecret, is_intact: bool, entry: u32, next: u32) -> Self {
        let ends = secret.ends();
        Self {
            id: secret.id,
            digest: secret.digest,
            first_end: ends.first().map_or(NEVER, Instant::micros),
            entry,
            next,
            is_intact,
            is_revoked: secret.revoked_at.is_some(),
            is_waited_for: secret.pending_grace.is_some(),
            is_retired_first: ends.is_retired_first(),
        }
    }

    /// When its life is over: of two ends the later one is left out, which decides nothing.
    pub(super) fn ends(&self) -> Ends {
        let first = (self.first_end != NEVER).then(|| Instant::from_micros(self.first_end));
        if self.is_retired_first {
            Ends { expires_at: None, retires_at: first }
        } else {
            Ends { expires_at: first, retires_at: None }
        }
    }
}

/// An owner or a project.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) party: Party,
    pub(super) is_intact: bool,
    /// Where its counters are; none when there is no room for them.
    pub(super) counters: OnceLock<Option<u64>>,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::lifetime::has_ended;

    proptest! {
        #[test]
        fn a_line_ends_as_its_secret_does(
            expires in proptest::option::of(1..9_i64), retires in proptest::option::of(1..9_i64), now in 0..10_i64,
        ) {
            let mut secret = crate::domain::samples::secret();
            secret.expires_at = expires.map(Instant::from_seconds);
            secret.retires_at = retires.map(Instant::from_seconds);
            let (line, now) = (Line::new(&secret, true, 0, NONE), Instant::from_seconds(now));
            prop_assert_eq!(line.ends().first(), secret.ends().first());
            prop_assert_eq!(line.ends().is_retired(now), secret.ends().is_retired(now));
            prop_assert_eq!(has_ended(line.ends().first(), now), has_ended(secret.ends().first(), now));
        }
    }
}
