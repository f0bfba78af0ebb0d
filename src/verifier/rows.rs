//! What is kept in memory of a key and a secret, and what many of them share.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;

use smol_str::SmolStr;

use super::locked;
use crate::crypto::RowKey;
use crate::crypto::rows::{key_holds, secret_holds};
use crate::domain::digest::Digest;
use crate::domain::key::{Allowed, Ends, Key, KeyId, KeySecret};
use crate::domain::limit::Limits;
use crate::domain::network::Network;
use crate::domain::origin::Origin;
use crate::domain::scope::Scopes;
use crate::domain::secret::{Env, Kind, SecretId};
use crate::domain::time::Instant;

/// No such line, entry or policy.
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

/// What of a key no check looks at.
#[derive(Debug)]
#[repr(align(32))]
pub(super) struct Entry {
    pub(super) name: SmolStr,
    /// Where the chain of its secrets begins.
    pub(super) first_line: u32,
}

/// A secret with what decides on its key: in the two pieces of memory that come at a time.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Line {
    pub(super) id: SecretId,
    pub(super) digest: Digest,
    /// The earlier of its two ends, in microseconds since the epoch, or [`NEVER`].
    first_end: i64,
    /// When the key's life begins, likewise, or [`ALWAYS`].
    not_before: i64,
    pub(super) key: KeyId,
    /// The key's place in the registry.
    pub(super) place: u32,
    pub(super) policy: u32,
    pub(super) entry: u32,
    /// The next secret of the same key.
    pub(super) next: u32,
    pub(super) standing: Standing,
    /// Its first use starts a grace.
    pub(super) is_waited_for: bool,
    /// The earlier end is that of a grace.
    is_retired_first: bool,
    /// Requests that are not written down yet.
    uses: Mutex<Uses>,
}

// Where a lock is a word, as on Linux and Windows; elsewhere lines are larger.
#[cfg(any(target_os = "linux", windows))]
const _: () = assert!(size_of::<Line>() == 128 && size_of::<Entry>() == 32);

/// The first that denies of what a key and a secret are by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Good,
    Tampered,
    Revoked,
    Disabled,
}

/// Accepted requests that asked for the same scopes, and the last of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Uses {
    pub(super) requests: u32,
    /// In seconds since the epoch.
    at: u32,
    /// Place among the sets of scopes that are counted here.
    pub(super) set: u8,
    is_ip_told: bool,
    /// An address of four bytes as sixteen.
    ip: [u8; 16],
}

/// What was counted with a secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct UsesOf {
    pub(super) key: KeyId,
    /// The key's place in the registry.
    pub(super) place: u32,
    pub(super) secret: SecretId,
    pub(super) uses: Uses,
}

/// What came of counting a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Counting {
    /// It is the first since this was written down: somebody has to know of it.
    First,
    /// It is one more.
    More,
    /// It cannot be counted here: it is of another sort than those that are.
    Elsewhere,
}

impl Uses {
    const NONE: Self = Self { requests: 0, at: 0, set: 0, is_ip_told: false, ip: [0; 16] };

    /// When the last one was.
    pub(super) fn at(&self) -> Instant {
        Instant::from_seconds(i64::from(self.at))
    }

    /// Where the last one came from, if that was told.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.is_ip_told.then(|| IpAddr::V6(Ipv6Addr::from(self.ip)).to_canonical())
    }
}

/// No end.
const NEVER: i64 = i64::MAX;
/// No beginning.
const ALWAYS: i64 = i64::MIN;

/// What lines of one key have in common.
pub(super) struct OfKey {
    pub(super) place: u32,
    pub(super) policy: u32,
    pub(super) entry: u32,
}

impl Line {
    pub(super) fn new(key: &Key, secret: &KeySecret, is_intact: bool, of: &OfKey, next: u32) -> Self {
        let ends = secret.ends();
        let standing = if !is_intact {
            Standing::Tampered
        } else if key.revoked.is_some() || secret.revoked_at.is_some() {
            Standing::Revoked
        } else if key.disabled_at.is_some() {
            Standing::Disabled
        } else {
            Standing::Good
        };
        Self {
            id: secret.id,
            digest: secret.digest,
            first_end: ends.first().map_or(NEVER, Instant::micros),
            not_before: key.not_before.map_or(ALWAYS, Instant::micros),
            key: key.id,
            place: of.place,
            policy: of.policy,
            entry: of.entry,
            next,
            standing,
            is_waited_for: secret.pending_grace.is_some(),
            is_retired_first: ends.is_retired_first(),
            uses: Mutex::new(Uses::NONE),
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

    pub(super) fn not_before(&self) -> Option<Instant> {
        (self.not_before != ALWAYS).then(|| Instant::from_micros(self.not_before))
    }

    /// Counts an accepted request.
    pub(super) fn count(&self, set: u8, at: Instant, ip: Option<IpAddr>) -> Counting {
        let Ok(at) = u32::try_from(at.seconds()) else { return Counting::Elsewhere };
        let ip = ip.map(|ip| match ip {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        });
        let mut uses = locked(&self.uses);
        if uses.requests > 0 && (uses.set != set || uses.requests == u32::MAX) {
            return Counting::Elsewhere;
        }
        let counting = if uses.requests == 0 { Counting::First } else { Counting::More };
        let requests = uses.requests + 1;
        if at >= uses.at || requests == 1 {
            *uses = Uses {
                requests,
                at,
                set,
                is_ip_told: ip.is_some(),
                ip: ip.map_or([0; 16], |ip| ip.octets()),
            };
        } else {
            uses.requests = requests;
        }
        counting
    }

    /// What was counted since the last time, if anything.
    pub(super) fn take_uses(&self) -> Option<UsesOf> {
        let uses = std::mem::replace(&mut *locked(&self.uses), Uses::NONE);
        let (key, place, secret) = (self.key, self.place, self.id);
        (uses.requests > 0).then_some(UsesOf { key, place, secret, uses })
    }
}

/// Ids are random, so their own bits find their place; what a stranger asks for changes nothing in the table.
pub(super) fn hash_of(id: [u8; 12]) -> u32 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let ([first], rest) = id.as_chunks::<8>() else { return 0 };
    let rest = rest.first_chunk().map_or(0, |rest: &[u8; 4]| u32::from_le_bytes(*rest));
    let hash = u64::from_le_bytes(*first).wrapping_mul(ODD).rotate_left(23) ^ u64::from(rest);
    u32::try_from(hash.wrapping_mul(ODD) >> 32).unwrap_or(0)
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
            let of = OfKey { place: 1, policy: 0, entry: 0 };
            let line = Line::new(&crate::domain::samples::key("ci"), &secret, true, &of, NONE);
            let now = Instant::from_seconds(now);
            prop_assert_eq!(line.ends().first(), secret.ends().first());
            prop_assert_eq!(line.ends().is_retired(now), secret.ends().is_retired(now));
            prop_assert_eq!(has_ended(line.ends().first(), now), has_ended(secret.ends().first(), now));
        }
    }
}
