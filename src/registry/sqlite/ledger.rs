//! The ledger of the SQLite file: limits used up and requests counted, each call one transaction, durable unless it says
//! otherwise.

use std::path::Path;
use std::thread::yield_now;

use rusqlite::{Transaction, TransactionBehavior};

use super::counters::Counters;
use super::{Result, SqliteRegistry, counting, limits, usage};
use crate::domain::decision::Decision;
use crate::domain::limit::{Account, Limits, Spending, Subject};
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, UsageRow, Used};
use crate::registry::Visit;
use crate::registry::ledger::{Clock, Ledger, UsageFilter, Use};

impl SqliteRegistry {
    pub(super) fn in_transaction<T>(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let begun =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Into::into);
        let written = begun.and_then(|transaction| {
            let answer = write(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        });
        self.placed(written)
    }

    /// Notes a last use ahead of what is counted with it, for whoever asks meanwhile whether a secret was ever accepted.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn note_use(&mut self, used: &Used) -> Result<()> {
        self.in_transaction(|transaction| usage::note_use(transaction, used))
    }

    /// As [`Ledger::add_usage`], but safe from a failure of the machine only with the next transaction: for all but the
    /// last of several.
    ///
    /// # Errors
    /// Those of [`Ledger::add_usage`].
    pub fn add_usage_unsynced(&mut self, counted: &[Counted], at: Instant) -> Result<()> {
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        let added = self.add_usage(counted, at);
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        added
    }
}

/// The counters, if a request needs any.
fn counters_for(path: &Path, used: &Use) -> Result<Option<Counters>> {
    if used.accounts.is_empty() || !used.decision.is_accepted() {
        return Ok(None);
    }
    Counters::attach(path).map_err(|error| counting::failed(&error))
}

impl Ledger for SqliteRegistry {
    fn record(&mut self, used: &Use, clock: &Clock<'_>) -> Result<Spending> {
        // Those who make counters hold the write lock, so inside the transaction there are counters or there are none.
        let path = self.real_path()?;
        self.in_transaction(|transaction| {
            let counters = counters_for(&path, used)?;
            let now = clock();
            let spending = match used.decision {
                Decision::Accepted => {
                    limits::take(transaction, counters.as_ref(), &used.accounts, (used.cost, now, clock))?
                }
                Decision::Denied(_) => Spending::default(),
            };
            let decision = spending.denial.map_or(used.decision, Decision::Denied);
            usage::count(transaction, &used.counted(decision, now), now)?;
            Ok(spending)
        })
    }

    fn accounts(&self, of: &[(Subject, Limits)], now: Instant) -> Result<Vec<Account>> {
        let counters = if of.is_empty() { None } else { self.attached()? };
        self.placed(limits::accounts(&self.connection, counters.as_ref(), of, now))
    }

    fn add_usage(&mut self, counted: &[Counted], at: Instant) -> Result<()> {
        let counts = usage::Counts::of(counted, at)?;
        // Whoever answers requests on the same processor goes first.
        yield_now();
        self.in_transaction(|transaction| counts.put(transaction, at))
    }

    fn sum_usage(&mut self, from: i64) -> Result<Option<i64>> {
        let Some(pieces) = self.placed(usage::next_pieces(&self.connection, from))? else { return Ok(None) };
        let mut left = Some(pieces);
        while let Some(some) = left {
            left = self.in_transaction(|transaction| usage::sum(transaction, some))?;
        }
        // What others write here meanwhile is for the next time.
        Ok(Some(usage::end_of(pieces.0)))
    }

    fn fold_usage(&mut self, now: Instant) -> Result<bool> {
        // Without anything to fold nothing is locked.
        let unripe = self.placed(usage::unripe(&self.connection, now))?;
        if self.placed(usage::next_sum(&self.connection, usage::OLDEST, unripe))?.is_none() {
            return Ok(false);
        }
        let next = self.in_transaction(|transaction| usage::fold_sums(transaction, usage::OLDEST, unripe))?;
        Ok(next.is_some())
    }

    fn fold_all_usage(&mut self) -> Result<()> {
        let mut from = Some(0);
        while let Some(place) = from {
            from = self.sum_usage(place)?;
        }
        // Never back to older sums, to which others may add while this goes on.
        let mut next = self.placed(usage::next_sum(&self.connection, usage::OLDEST, usage::ALL))?;
        while let Some(number) = next {
            next = self.in_transaction(|transaction| usage::fold_sums(transaction, number, usage::ALL))?;
        }
        Ok(())
    }

    fn usage(&self, filter: &UsageFilter, visit: &mut Visit<'_, UsageRow>) -> Result<()> {
        self.placed(usage::usage(&self.connection, filter, visit))
    }
}
