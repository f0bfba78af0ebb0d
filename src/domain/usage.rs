//! Usage: how many requests a key had, by hour, outcome and the scopes asked for.

use super::decision::Decision;
use super::key::KeyId;
use super::name::Name;
use super::secret::SecretId;
use super::time::Instant;
use std::net::IpAddr;
use std::sync::Arc;

/// The start of the hour `at` is in, UTC.
#[must_use]
pub fn hour_of(at: Instant) -> Instant {
    Instant::from_seconds(at.seconds() / 3_600 * 3_600)
}

/// Requests of one sort that came in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Of this key.
    pub key: KeyId,
    /// Where the registry keeps it, if whoever counted knows.
    pub place: Option<u64>,
    /// With this outcome.
    pub decision: Decision,
    /// Asking for these scopes, with spaces between; empty for none. Many counts share them.
    pub scopes: Arc<str>,
    /// So many.
    pub requests: u64,
    /// The last of them, if they were accepted. Its secret says whose they are: with that they are left out if it was
    /// removed before they are written.
    pub last: Option<Used>,
}

/// The last time a secret was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Which secret of the key.
    pub secret: SecretId,
    /// When.
    pub at: Instant,
    /// From where, if it was told.
    pub ip: Option<IpAddr>,
}

/// One row of recorded usage with what it can be summed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// Of this key.
    pub key: KeyId,
    /// Its name.
    pub name: Name,
    /// Its owner.
    pub owner: Name,
    /// Its project.
    pub project: Name,
    /// The start of the hour.
    pub hour: Instant,
    /// `accepted`, or the denial's word.
    pub outcome: String,
    /// The scopes asked for, with spaces between; empty for none.
    pub scopes: String,
    /// So many.
    pub requests: u64,
}
