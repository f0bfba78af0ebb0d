//! Keys that somebody may want to look at: counts, with the command that shows them.

use super::{FindingStatus, FindingView};
use crate::domain::key::{Kept, Key, KeyStatus};
use crate::domain::time::{Instant, Span};
use crate::registry::{Filter, Listed};

const SOON: Span = Span::days(14);
const UNUSED: Span = Span::days(90);
/// The most keys that are named where no listing shows just them.
const NAMED: usize = 5;

/// Counts of live keys, one after the other.
pub(super) struct Counts {
    now: Instant,
    ending_soon: Count,
    due: Count,
    unused: Count,
    never_ending: Count,
    kept: Count,
}

/// How many there are, and the first of them.
#[derive(Default)]
struct Count {
    count: usize,
    names: Vec<String>,
}

impl Count {
    fn add_if(&mut self, is_one: bool, key: &Key) {
        self.count += usize::from(is_one);
        if is_one && self.names.len() < NAMED {
            self.names.push(format!("{}/{}", key.project, key.name));
        }
    }

    fn named(&self) -> String {
        let more = if self.count > self.names.len() { ", …" } else { "" };
        if self.count == 0 { String::new() } else { format!(" ({}{more})", self.names.join(", ")) }
    }
}

impl Counts {
    pub(super) fn new(now: Instant) -> Self {
        let [ending_soon, due, unused, never_ending, kept] = Default::default();
        Self { now, ending_soon, due, unused, never_ending, kept }
    }

    /// Counts a key, if it lives.
    pub(super) fn look_at(&mut self, listed: &Listed) {
        let (Listed { key, suspended }, now) = (listed, self.now);
        if matches!(key.status(*suspended, now), KeyStatus::Revoked | KeyStatus::Expired) {
            return;
        }
        let is = |filter: Filter| filter.matches(listed, now);
        self.ending_soon.add_if(is(Filter { expiring_within: Some(SOON), ..Filter::default() }), key);
        self.due.add_if(is(Filter { due: true, ..Filter::default() }), key);
        self.unused.add_if(is(Filter { unused_for: Some(UNUSED), ..Filter::default() }), key);
        self.never_ending.add_if(key.expires_at().is_none(), key);
        let is_kept = key.secrets.iter().any(|secret| matches!(secret.kept, Kept::Sealed(_)));
        self.kept.add_if(is_kept, key);
    }

    /// One finding for each kind of key to look at.
    pub(super) fn findings(&self) -> [FindingView; 5] {
        let noted = |check, status, (count, what, names): (&Count, &str, String), command: &str| {
            let message = format!("live keys {what}: {}{names}", count.count);
            if count.count == 0 {
                return super::ok(check, message);
            }
            FindingView { check, status, message, hint: Some(format!("see them with {command}")) }
        };
        let unnamed = String::new;
        [
            noted(
                "expiring",
                FindingStatus::Warning,
                (&self.ending_soon, "ending within 14 days", unnamed()),
                "`apikey list --expiring 14d`",
            ),
            noted(
                "due",
                FindingStatus::Warning,
                (&self.due, "due for rotation", unnamed()),
                "`apikey list --due`",
            ),
            noted(
                "unused",
                FindingStatus::Ok,
                (&self.unused, "not used for 90 days", unnamed()),
                "`apikey list --unused 90d`",
            ),
            noted(
                "never_expiring",
                FindingStatus::Ok,
                (&self.never_ending, "without an end", self.never_ending.named()),
                "`apikey show KEY`; `apikey expire KEY` gives one an end",
            ),
            noted(
                "kept",
                FindingStatus::Ok,
                (&self.kept, "with a kept copy of a secret", self.kept.named()),
                "`apikey show KEY`; `apikey forget KEY` erases one",
            ),
        ]
    }
}
