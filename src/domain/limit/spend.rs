//! Spending on several accounts at once, all or nothing: a key's own limits, its owner's and its project's.

use std::fmt;

use super::{Limits, Wait};
use crate::domain::decision::Denial;
use crate::domain::key::KeyId;
use crate::domain::name::Name;
use crate::domain::time::Instant;

/// Whose limits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A key's own; they last over its rotations.
    Key(KeyId),
    /// Those that all keys of an owner share.
    Owner(Name),
    /// Those that all keys of a project share.
    Project(Name),
}

impl Subject {
    /// `key`, `owner` or `project`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Owner(_) => "owner",
            Self::Project(_) => "project",
        }
    }
}

impl fmt::Display for Subject {
    /// `key_…`, `owner:NAME` or `project:NAME`: how states are found.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(out, "{id}"),
            Self::Owner(name) => write!(out, "owner:{name}"),
            Self::Project(name) => write!(out, "project:{name}"),
        }
    }
}

/// Limits with what was used of them.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// Whose: `key`, `owner` or `project`.
    pub of: &'static str,
    /// What it may use.
    pub limits: Limits,
    /// The arrival time of its rate, in nanoseconds since the epoch.
    pub arrival: u64,
    /// What was used of its quota in the window that now is.
    pub used: u64,
}

/// Which of the two limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// The rate.
    Rate,
    /// The quota.
    Quota,
}

impl Measure {
    /// The word in JSON and in header fields.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Quota => "quota",
        }
    }
}

/// What is left of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// `key`, `owner` or `project`.
    pub of: &'static str,
    /// Which limit.
    pub measure: Measure,
    /// What may pass at most: the burst of a rate, the count of a quota.
    pub limit: u64,
    /// The span of the rate, or the length of the calendar window.
    pub window_seconds: u64,
    /// Requests that would pass now.
    pub remaining: u64,
    /// Until all of it is there again.
    pub resets_after_seconds: u64,
}

impl Allowance {
    /// How much of it is used, in whole percent, rounded down.
    #[must_use]
    pub fn used_percent(&self) -> u64 {
        // A quota is below 2^48, so this does not overflow.
        (self.limit.saturating_sub(self.remaining) * 100).checked_div(self.limit).unwrap_or(100)
    }
}

/// What came of asking the limits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spending {
    /// [`Denial::QuotaExceeded`] or [`Denial::RateLimited`], and then nothing was consumed.
    pub denial: Option<Denial>,
    /// When it would pass, if waiting helps: whole seconds, rounded up.
    pub retry_after_seconds: Option<u64>,
    /// What is left of each limit afterwards.
    pub allowances: Vec<Allowance>,
}

impl Spending {
    /// The least that is left of any limit; `None` when nothing limits.
    #[must_use]
    pub fn remaining(&self) -> Option<u64> {
        self.allowances.iter().map(|allowance| allowance.remaining).min()
    }
}

/// Takes `cost` from every account, or from none. A cost of zero only asks: it passes if one request would.
pub fn spend(accounts: &mut [Account], cost: u32, now: Instant) -> Spending {
    let wanted = cost.max(1);
    let (denial, retry_after_seconds) = match refusal(accounts, wanted, now) {
        Some((denial, retry)) => (Some(denial), retry),
        None => (None, None),
    };
    if denial.is_none() && cost > 0 {
        for account in accounts.iter_mut() {
            if let Some(Ok(next)) = account.limits.rate.map(|rate| rate.take(account.arrival, cost, now)) {
                account.arrival = next;
            }
            account.used += u64::from(cost);
        }
    }
    Spending { denial, retry_after_seconds, allowances: allowances(accounts, now) }
}

fn refusal(accounts: &[Account], wanted: u32, now: Instant) -> Option<(Denial, Option<u64>)> {
    for account in accounts {
        if let Some(quota) = account.limits.quota
            && account.used.saturating_add(u64::from(wanted)) > quota.count()
        {
            let helps = u64::from(wanted) <= quota.count();
            return Some((Denial::QuotaExceeded, helps.then(|| quota.period().ends_after_seconds(now))));
        }
    }
    let waits =
        accounts.iter().filter_map(|account| account.limits.rate?.take(account.arrival, wanted, now).err());
    // None as soon as one of them can never pass.
    let longest = waits.map(|wait: Wait| wait.0).reduce(|longest, wait| Some(longest?.max(wait?)))?;
    Some((Denial::RateLimited, longest.map(|nanos| nanos.div_ceil(1_000_000_000))))
}

/// What is left of each limit.
#[must_use]
pub fn allowances(accounts: &[Account], now: Instant) -> Vec<Allowance> {
    let mut all = Vec::with_capacity(2 * accounts.len());
    for account in accounts {
        let of = account.of;
        all.extend(account.limits.rate.map(|rate| Allowance {
            of,
            measure: Measure::Rate,
            limit: u64::from(rate.burst()),
            window_seconds: rate.per().seconds().unsigned_abs(),
            remaining: rate.remaining(account.arrival, now),
            resets_after_seconds: rate.full_after_seconds(account.arrival, now),
        }));
        all.extend(account.limits.quota.map(|quota| Allowance {
            of,
            measure: Measure::Quota,
            limit: quota.count(),
            window_seconds: quota.period().seconds(now),
            remaining: quota.count().saturating_sub(account.used),
            resets_after_seconds: quota.period().ends_after_seconds(now),
        }));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::limit::Rate;
    use crate::domain::samples::NOW;

    fn account(subject: &Subject, rate: Option<&str>, quota: Option<&str>) -> Account {
        let limits = Limits {
            rate: rate.map(|text| Rate::parse(text, None).unwrap()),
            quota: quota.map(|text| text.parse().unwrap()),
        };
        Account { of: subject.kind(), limits, arrival: 0, used: 0 }
    }

    fn owner() -> Subject {
        Subject::Owner("acme".parse().unwrap())
    }

    fn project() -> Subject {
        Subject::Project("shop".parse().unwrap())
    }

    fn now() -> Instant {
        Instant::from_seconds(NOW)
    }

    #[test]
    fn what_one_account_refuses_none_pays() {
        let mut accounts = [account(&owner(), Some("2/1m"), None), account(&project(), None, Some("1/day"))];
        assert_eq!(spend(&mut accounts, 1, now()).denial, None);
        let before = accounts;
        let refused = spend(&mut accounts, 1, now());
        assert_eq!(refused.denial, Some(Denial::QuotaExceeded));
        assert_eq!(refused.retry_after_seconds, Some(12 * 3_600), "at midnight");
        assert_eq!((accounts[0].arrival, accounts[1].used), (before[0].arrival, 1));
    }

    #[test]
    fn a_cost_of_zero_asks_and_consumes_nothing() {
        let mut accounts = [account(&owner(), Some("1/1m"), Some("5/day"))];
        assert_eq!(spend(&mut accounts, 0, now()).remaining(), Some(1));
        assert_eq!(spend(&mut accounts, 1, now()).remaining(), Some(0));
        let asked = spend(&mut accounts, 0, now());
        assert_eq!((asked.denial, asked.retry_after_seconds), (Some(Denial::RateLimited), Some(60)));
        assert_eq!(accounts[0].used, 1);
    }

    #[test]
    fn what_can_never_pass_is_not_told_to_wait() {
        let mut accounts = [account(&owner(), Some("5/1m"), None)];
        let refused = spend(&mut accounts, 6, now());
        assert_eq!((refused.denial, refused.retry_after_seconds), (Some(Denial::RateLimited), None));
    }
}
