//! The ledger of the SQLite file: limits used up and requests counted, each call one durable transaction.

use rusqlite::{Transaction, TransactionBehavior};

use std::path::Path;

use super::counters::Counters;
use super::{Result, SqliteRegistry, counting, limits, usage};
use crate::domain::decision::Decision;
use crate::domain::limit::{Account, Limits, Spending, Subject};
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, UsageRow, Used};
use crate::registry::Visit;
use crate::registry::ledger::{Folding, Ledger, UsageFilter, Use};

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
}

/// The counters, if a request needs any.
fn counters_for(path: &Path, used: &Use) -> Result<Option<Counters>> {
    if used.accounts.is_empty() || !used.decision.is_accepted() {
        return Ok(None);
    }
    Counters::attach(path).map_err(|error| counting::failed(&error))
}

impl Ledger for SqliteRegistry {
    fn record(&mut self, used: &Use, now: Instant) -> Result<Spending> {
        // Those who make counters hold the write lock, so inside the transaction there are counters or there are none.
        let path = self.real_path()?;
        self.in_transaction(|transaction| {
            let counters = counters_for(&path, used)?;
            let spending = match used.decision {
                Decision::Accepted => {
                    limits::take(transaction, counters.as_ref(), &used.accounts, (used.cost, now))?
                }
                Decision::Denied(_) => Spending::default(),
            };
            let decision = spending.denial.map_or(used.decision, Decision::Denied);
            usage::count(transaction, &used.counted(decision), now)?;
            if decision.is_accepted() {
                usage::note_use(transaction, &used.last_use(now))?;
            }
            Ok(spending)
        })
    }

    fn accounts(&self, of: &[(Subject, Limits)], now: Instant) -> Result<Vec<Account>> {
        let counters = if of.is_empty() { None } else { self.attached()? };
        self.placed(limits::accounts(&self.connection, counters.as_ref(), of, now))
    }

    fn add_usage(&mut self, counted: &[Counted], used: &[Used], at: Instant) -> Result<()> {
        let counts = usage::Counts::of(counted, used, at)?;
        self.in_transaction(|transaction| counts.put(transaction, at))
    }

    fn fold_usage(&mut self, what: Folding) -> Result<bool> {
        // Without anything to fold nothing is locked: a reader asks first, and must not wait for those who write.
        if self.placed(usage::next_step(&self.connection, what))?.is_none() {
            return Ok(false);
        }
        self.in_transaction(|transaction| usage::fold(transaction, what))
    }

    fn usage(&self, filter: &UsageFilter, visit: &mut Visit<'_, UsageRow>) -> Result<()> {
        self.placed(usage::usage(&self.connection, filter, visit))
    }
}
