//! What was counted of one key since it was last written down.

use std::net::IpAddr;

use crate::domain::decision::Decision;
use crate::domain::key::KeyId;
use crate::domain::secret::SecretId;
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, Used};

/// Counts and last uses of one key. Most keys ask for one thing, so the list is short.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Vec<(Decision, Box<str>, u64)>,
    used: Vec<Used>,
}

impl Tally {
    /// Counts one request; says whether it is the first since the last writing.
    pub(super) fn count(&mut self, decision: Decision, scopes: &str) -> bool {
        self.add(decision, scopes, 1)
    }

    /// As [`Self::count`], for several.
    pub(super) fn add(&mut self, decision: Decision, scopes: &str, more: u64) -> bool {
        let is_first = self.counts.is_empty();
        match self.counts.iter_mut().find(|(same, asked, _)| *same == decision && **asked == *scopes) {
            Some((_, _, requests)) => *requests += more,
            None => self.counts.push((decision, scopes.into(), more)),
        }
        is_first
    }

    /// Notes an accepted use.
    pub(super) fn note_use(&mut self, secret: SecretId, at: Instant, ip: Option<IpAddr>) {
        match self.used.iter_mut().find(|used| used.secret == secret) {
            Some(used) => (used.at, used.ip) = (at, ip),
            None => self.used.push(Used { secret, at, ip }),
        }
    }

    /// Notes a use that could not be written, unless there was another since.
    pub(super) fn note_older_use(&mut self, older: Used) {
        if !self.used.iter().any(|used| used.secret == older.secret) {
            self.used.push(older);
        }
    }

    /// Hands over what was counted, and begins anew.
    pub(super) fn take(&mut self, key: KeyId, counted: &mut Vec<Counted>, used: &mut Vec<Used>) {
        let counts = self.counts.drain(..);
        counted.extend(counts.map(|(decision, scopes, requests)| Counted {
            key,
            decision,
            scopes: scopes.into(),
            requests,
        }));
        used.append(&mut self.used);
    }
}
