//! What is written at request time: limits used up, requests counted. One trait beside [`super::Registry`].
//!
//! Nothing here is audited, and nothing of it grants: limits themselves are part of the sealed rows.

use std::net::IpAddr;

use super::Result;
use super::Visit;
use crate::domain::decision::Decision;
use crate::domain::key::KeyId;
use crate::domain::limit::{Account, Limits, Spending, Subject};
use crate::domain::secret::SecretId;
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, UsageRow, Used};

/// One request with a matching secret, as it is to be counted.
#[derive(Debug, Clone)]
pub struct Use {
    /// The key.
    pub key: KeyId,
    /// Which of its secrets was presented.
    pub secret: SecretId,
    /// What was decided before limits were asked.
    pub decision: Decision,
    /// The scopes asked for, with spaces between.
    pub scopes: String,
    /// Where it came from.
    pub ip: Option<IpAddr>,
    /// How much of the limits it takes.
    pub cost: u32,
    /// Whose limits; those without any are left out.
    pub accounts: Vec<(Subject, Limits)>,
}

impl Use {
    /// As one request that ended so.
    pub(super) fn counted(&self, decision: Decision, now: Instant) -> Counted {
        let last = Used { secret: self.secret, at: now.whole_second(), ip: self.ip };
        Counted {
            key: self.key,
            place: None,
            decision,
            scopes: self.scopes.as_str().into(),
            requests: 1,
            last: decision.is_accepted().then_some(last),
        }
    }
}

/// Which usage to read.
#[derive(Debug, Clone, Default)]
pub struct UsageFilter {
    /// Of this key.
    pub key: Option<KeyId>,
    /// From the hour this is in.
    pub since: Option<Instant>,
    /// Before this.
    pub until: Option<Instant>,
}

/// Says when it is.
pub type Clock<'a> = dyn Fn() -> Instant + 'a;

/// The states of limits, and what was counted.
#[expect(
    clippy::missing_errors_doc,
    reason = "every method fails as `RegistryError` says, and in no way of its own"
)]
pub trait Ledger: super::Registry {
    /// Counts one request. If it was accepted so far, its cost is taken from every account or from none, and the
    /// answer says which; what is finally accepted is noted as the secret's last use. All in one durable transaction.
    /// `clock` says when it is once nobody else writes: by an instant from before what others took meanwhile would
    /// look like what a clock that was set back left behind, and be forgotten.
    fn record(&mut self, used: &Use, clock: &Clock<'_>) -> Result<Spending>;

    /// What stands on these accounts at `now`.
    fn accounts(&self, of: &[(Subject, Limits)], now: Instant) -> Result<Vec<Account>>;

    /// Adds what a running verifier counted since it last did; `at` is in the hour all of it belongs to.
    fn add_usage(&mut self, counted: &[Counted], at: Instant) -> Result<()>;

    /// Sums some of what is written in pieces by now, from the place that the last call said, or from zero: for whoever
    /// writes them, in short transactions. Says where to go on. To be readable it must be folded too.
    fn sum_usage(&mut self, from: i64) -> Result<Option<i64>>;

    /// Makes a part of what is summed readable, if that is little or its hour is over at `now`. Says whether there may be
    /// more.
    fn fold_usage(&mut self, now: Instant) -> Result<bool>;

    /// Makes readable all usage that is written by now, for whoever reads: in many short transactions, and in no more of
    /// them because others go on writing.
    fn fold_all_usage(&mut self) -> Result<()>;

    /// Recorded usage, by key and hour.
    fn usage(&self, filter: &UsageFilter, visit: &mut Visit<'_, UsageRow>) -> Result<()>;
}
