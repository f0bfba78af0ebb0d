//! What is written at request time: limits used up, requests counted. One trait beside [`super::Registry`].
//!
//! Nothing here is audited, and nothing of it grants: limits themselves are part of the sealed rows.

use std::net::IpAddr;

use super::Result;
use super::Visit;
use crate::domain::decision::Decision;
use crate::domain::key::KeyId;
use crate::domain::limit::{Account, Lease, Limits, Quota, Rate, Spending, Subject, Wait, Window};
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

/// One of the two limits, as it is leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// A rate.
    Rate(Rate),
    /// A quota.
    Quota(Quota),
}

/// What a running verifier wants to have for itself of one limit.
#[derive(Debug, Clone)]
pub struct Want {
    /// Whose limit.
    pub subject: Subject,
    /// Which.
    pub limit: Limit,
    /// At least so much, or nothing.
    pub cost: u32,
    /// At most so much.
    pub most: u32,
}

/// What it got: durable, so that a crash loses it and gives nothing twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Slots of the rate, or how long to wait.
    Rate(std::result::Result<Lease, Wait>),
    /// A part of the quota, which is zero when less than the cost is left.
    Quota {
        /// Of this window.
        window: Window,
        /// So much.
        granted: u64,
        /// What is left for others.
        left: u64,
    },
}

/// What a verifier that stops did not use.
#[derive(Debug, Clone)]
pub struct Unused {
    /// Whose limit.
    pub subject: Subject,
    /// What is left of its lease.
    pub rest: Rest,
}

/// The rest of a lease.
#[derive(Debug, Clone)]
pub enum Rest {
    /// Slots; given back only if nobody has leased behind them.
    Rate(Lease),
    /// Part of a quota.
    Quota(Window, u64),
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

/// The states of limits, and what was counted.
#[expect(
    clippy::missing_errors_doc,
    reason = "every method fails as `RegistryError` says, and in no way of its own"
)]
pub trait Ledger: super::Registry {
    /// Counts one request. If it was accepted so far, its cost is taken from every account or from none, and the
    /// answer says which; what is finally accepted is noted as the secret's last use. All in one durable transaction.
    fn record(&mut self, used: &Use, now: Instant) -> Result<Spending>;

    /// What stands on these accounts at `now`.
    fn accounts(&self, of: &[(Subject, Limits)], now: Instant) -> Result<Vec<Account>>;

    /// Leases for a running verifier, each granted or refused on its own, in one durable transaction.
    fn lease(&mut self, wants: &[Want], now: Instant) -> Result<Vec<Grant>>;

    /// Takes back what was leased and not used.
    fn give_back(&mut self, unused: &[Unused]) -> Result<()>;

    /// Adds what a running verifier counted since it last did; `at` is in the hour all of it belongs to.
    fn add_usage(&mut self, counted: &[Counted], used: &[Used], at: Instant) -> Result<()>;

    /// Makes what [`Self::add_usage`] wrote in one piece readable; says whether there is more to fold.
    fn fold_usage(&mut self) -> Result<bool>;

    /// Recorded usage, by key and hour.
    fn usage(&self, filter: &UsageFilter, visit: &mut Visit<'_, UsageRow>) -> Result<()>;
}
