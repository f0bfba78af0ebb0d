//! The ledger in memory, as plainly as it can be.

use super::MemoryRegistry;
use crate::domain::decision::Decision;
use crate::domain::key::{Key, LastUse};
use crate::domain::limit::{Account, Limits, Spending, Subject, nanos, spend};
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, UsageRow, Used, hour_of};
use crate::registry::ledger::{Clock, Ledger, UsageFilter, Use};
use crate::registry::{Result, Visit};

/// By key, hour, outcome and scopes.
pub(super) type Usage = std::collections::BTreeMap<(crate::domain::key::KeyId, i64, String, String), u64>;

impl MemoryRegistry {
    fn count(&mut self, counted: &Counted, at: Instant) {
        // A secret says whose it is.
        let is_its = |key: &&Key| match counted.last {
            Some(last) => key.secrets.iter().any(|secret| secret.id == last.secret),
            None => key.id == counted.key,
        };
        if let Some(key) = self.keys.iter().find(is_its) {
            let outcome = counted.decision.code().to_owned();
            let row = (key.id, hour_of(at).seconds(), outcome, counted.scopes.to_string());
            *self.usage.entry(row).or_default() += counted.requests;
        }
        if let Some(last) = counted.last {
            self.note_use(last);
        }
    }

    fn note_use(&mut self, used: Used) {
        let mut secrets = self.keys.iter_mut().flat_map(|key| &mut key.secrets);
        if let Some(secret) = secrets.find(|secret| secret.id == used.secret)
            && secret.last_use.is_none_or(|last| last.at <= used.at)
        {
            secret.last_use = Some(LastUse { at: used.at, ip: used.ip });
        }
    }
}

impl Ledger for MemoryRegistry {
    fn record(&mut self, used: &Use, clock: &Clock<'_>) -> Result<Spending> {
        let now = clock();
        let mut spending = Spending::default();
        if used.decision == Decision::Accepted {
            let mut accounts = self.accounts(&used.accounts, now)?;
            spending = spend(&mut accounts, used.cost, now);
            for (account, (subject, _)) in accounts.iter().zip(&used.accounts) {
                if let Some(rate) = account.limits.rate {
                    let trusted = rate.trusted(account.arrival, nanos(now));
                    self.arrivals.insert(subject.clone(), trusted);
                }
                if let (Some(quota), None) = (account.limits.quota, spending.denial) {
                    self.used.insert((subject.clone(), quota.period().window(now)), account.used);
                }
            }
        }
        let decision = spending.denial.map_or(used.decision, Decision::Denied);
        self.count(&used.counted(decision, now), now);
        Ok(spending)
    }

    fn accounts(&self, of: &[(Subject, Limits)], now: Instant) -> Result<Vec<Account>> {
        let account = |(subject, limits): &(Subject, Limits)| Account {
            of: subject.kind(),
            limits: *limits,
            arrival: self.arrivals.get(subject).copied().unwrap_or_default(),
            used: limits
                .quota
                .and_then(|quota| self.used.get(&(subject.clone(), quota.period().window(now))).copied())
                .unwrap_or_default(),
        };
        Ok(of.iter().map(account).collect())
    }

    fn add_usage(&mut self, counted: &[Counted], at: Instant) -> Result<()> {
        for one in counted {
            self.count(one, at);
        }
        Ok(())
    }

    fn sum_usage(&mut self, _: i64) -> Result<Option<i64>> {
        Ok(None)
    }

    fn fold_usage(&mut self, _: Instant) -> Result<bool> {
        Ok(false)
    }

    fn fold_all_usage(&mut self) -> Result<()> {
        Ok(())
    }

    fn usage(&self, filter: &UsageFilter, visit: &mut Visit<'_, UsageRow>) -> Result<()> {
        for key in self.keys.iter().filter(|key| filter.key.is_none_or(|wanted| wanted == key.id)) {
            for ((id, hour, outcome, scopes), requests) in &self.usage {
                let hour = Instant::from_seconds(*hour);
                let is_in = filter.since.is_none_or(|since| hour >= hour_of(since))
                    && filter.until.is_none_or(|until| hour < until);
                if *id != key.id || !is_in {
                    continue;
                }
                let row = UsageRow {
                    key: key.id,
                    name: key.name.clone(),
                    owner: key.owner.clone(),
                    project: key.project.clone(),
                    hour,
                    outcome: outcome.clone(),
                    scopes: scopes.clone(),
                    requests: *requests,
                };
                if visit(row).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
