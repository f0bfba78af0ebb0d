//! Counting limits in memory, and what of it is written down: enough ahead that nothing is admitted twice, whatever
//! fails.
//!
//! While [`Counters`] are in use they are the truth. A process that is killed loses nothing of them. A machine that
//! fails loses them, so before a request is let pass, the registry says that it may have been: for a rate, one row says
//! until when rates may have been used, and after a failure every rate counts as used up at that instant; for a quota,
//! a part of it is written down as used before it is. So a failure costs at most one burst, and one part of each quota.

use rusqlite::{Connection, OptionalExtension, params};

use super::counters::{Counters, Slot, boot};
use super::meters::{Reserve, note_secured, put_used, used_of};
use super::{Result, SqliteRegistry, limits, unusable};
use crate::domain::key::KeyId;
use crate::domain::limit::{Limits, Period, Quota, Subject, Window, nanos};
use crate::domain::time::Instant;
use crate::registry::RegistryError;

/// A [`Reserve`] with whose it is.
#[derive(Debug, Clone)]
pub struct Ahead {
    /// Whose quota.
    pub subject: Subject,
    /// A key's place.
    pub place: Option<u64>,
    /// The quota.
    pub quota: Quota,
    /// The day or month in which it is used.
    pub window: Window,
    /// At least so much is used.
    pub used: u64,
    /// So much more is to be written down.
    pub more: u64,
}

impl Ahead {
    /// What a meter asks for.
    #[must_use]
    pub fn new(subject: Subject, place: Option<u64>, quota: Quota, reserve: &Reserve) -> Self {
        Self { subject, place, quota, window: reserve.window, used: reserve.used, more: reserve.more }
    }
}

impl SqliteRegistry {
    /// The counters of this registry, which others may have begun; none where limits cannot be counted in memory.
    ///
    /// # Errors
    /// Those of SQLite and of the file system; [`RegistryError::Busy`] while another process writes.
    pub fn counters(&mut self, now: Instant) -> Result<Option<Counters>> {
        if let Some(counters) = self.attached()? {
            return Ok(Some(counters));
        }
        let path = self.real_path()?;
        self.in_transaction(|transaction| {
            // Another process may have been faster.
            if let Some(counters) = Counters::attach(&path).map_err(|error| failed(&error))? {
                return Ok(Some(counters));
            }
            let Some(counters) = Counters::make(&path).map_err(|error| failed(&error))? else {
                return Ok(None);
            };
            let used_up = write_off(transaction, now)?;
            load(transaction, &counters, now)?;
            look_ahead(transaction, now)?;
            // Before the commit: who writes next looks for them.
            counters.publish(&path, used_up).map_err(|error| failed(&error))?;
            counters.note_secured(now);
            Ok(Some(counters))
        })
    }

    /// Writes down ahead what requests are about to use: all rates for a while, and these parts of quotas. Durable when
    /// it returns.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn secure(&mut self, counters: &Counters, ahead: &[Ahead], now: Instant) -> Result<()> {
        let written = self.in_transaction(|transaction| {
            look_ahead(transaction, now)?;
            ahead.iter().map(|ahead| reserve(transaction, ahead)).collect::<Result<Vec<u64>>>()
        })?;
        counters.note_secured(now);
        let is_now = |ahead: &Ahead| ahead.quota.period().window(now) == ahead.window;
        for (ahead, written) in ahead.iter().zip(written).filter(|(ahead, _)| is_now(ahead)) {
            if let Some(slot) = counters.of(&ahead.subject, ahead.place)? {
                note_secured(slot, ahead.quota.period(), written, now);
            }
        }
        Ok(())
    }

    /// Ends the use of counters, which are dropped next: the last process that has them writes everything down, and
    /// removes them.
    ///
    /// # Errors
    /// Those of SQLite and of the file system; the counters are still there then.
    pub fn end_counting(&mut self, counters: &Counters, now: Instant) -> Result<()> {
        let is_last = self.in_transaction(|transaction| {
            if !counters.is_last() {
                return Ok(false);
            }
            write_down(transaction, counters, now)?;
            transaction.execute(
                "UPDATE counting SET boot = NULL, until = 0, used_up = ?1",
                [limits::stored(counters.used_up())],
            )?;
            counters.withdraw();
            Ok(true)
        })?;
        if is_last { counters.remove().map_err(|error| failed(&error)) } else { Ok(()) }
    }

    pub(super) fn attached(&self) -> Result<Option<Counters>> {
        self.placed(Counters::attach(&self.real_path()?).map_err(|error| failed(&error)))
    }

    pub(super) fn real_path(&self) -> Result<std::path::PathBuf> {
        self.placed(self.path.canonicalize().map_err(|error| failed(&error)))
    }
}

pub(super) fn failed(error: &std::io::Error) -> RegistryError {
    unusable(format!("its counters cannot be used: {error}"), "remove the file that ends in `-counters`")
}

/// What runs of verifiers before this one left unwritten, because the machine failed, counts as used up. Says until
/// when.
pub(super) fn write_off(connection: &Connection, now: Instant) -> Result<u64> {
    let (boot, until, used_up): (Option<String>, i64, i64) = connection
        .prepare_cached("SELECT boot, until, used_up FROM counting")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?
        // Whoever removed it made nothing of what limits used: counters say that.
        .unwrap_or_default();
    let used_up = used_up.unsigned_abs();
    if boot.is_none() {
        return Ok(used_up);
    }
    let used_up = used_up.max(until.unsigned_abs().min(nanos(now)));
    connection
        .prepare_cached("UPDATE counting SET boot = NULL, until = 0, used_up = ?1")?
        .execute([limits::stored(used_up)])?;
    Ok(used_up)
}

/// Until when rates count as used up, for whoever only reads.
pub(super) fn used_up(connection: &Connection, now: Instant) -> Result<u64> {
    let mut statement = connection
        .prepare_cached("SELECT max(used_up, iif(boot IS NULL, 0, min(until, ?1))) FROM counting")?;
    let used_up: Option<i64> =
        statement.query_row([limits::stored(nanos(now))], |row| row.get(0)).optional()?;
    Ok(used_up.unwrap_or_default().unsigned_abs())
}

fn look_ahead(connection: &Connection, now: Instant) -> Result<()> {
    connection
        // Another process may have written further ahead, by a look at the clock that came later, and relies on it.
        .prepare_cached(
            "INSERT INTO counting (only_row, boot, until) VALUES (1, ?1, ?2) \
             ON CONFLICT DO UPDATE SET boot = ?1, until = iif(boot IS ?1, max(until, ?2), ?2)",
        )?
        .execute(params![boot(), limits::stored(nanos(now) + Counters::AHEAD)])?;
    Ok(())
}

fn reserve(connection: &Connection, ahead: &Ahead) -> Result<u64> {
    let (subject, window) = (ahead.subject.to_string(), ahead.window);
    let written = limits::used(connection, &subject, window)?;
    let wanted = ahead.used.saturating_add(ahead.more).min(ahead.quota.count()).max(ahead.used);
    if wanted > written {
        limits::put_used(connection, &subject, window, wanted)?;
    }
    Ok(wanted.max(written))
}

/// Puts everything that is written down into new counters.
fn load(connection: &Connection, counters: &Counters, now: Instant) -> Result<()> {
    let mut statement = connection.prepare("SELECT subject, arrival FROM rate_state")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(slot) = slot_of(connection, counters, &row.get::<_, String>(0)?)? {
            let arrival: i64 = row.get(1)?;
            slot.word(super::counters::Count::Arrival)
                .store(arrival.unsigned_abs(), std::sync::atomic::Ordering::Release);
        }
    }
    for period in [Period::Day, Period::Month] {
        let mut statement =
            connection.prepare("SELECT subject, used FROM quota_used WHERE quota_window = ?1")?;
        let mut rows = statement.query([period.window(now).to_string()])?;
        while let Some(row) = rows.next()? {
            if let Some(slot) = slot_of(connection, counters, &row.get::<_, String>(0)?)? {
                put_used(slot, period, row.get::<_, i64>(1)?.unsigned_abs(), now);
            }
        }
    }
    Ok(())
}

fn slot_of<'a>(connection: &Connection, counters: &'a Counters, subject: &str) -> Result<Option<Slot<'a>>> {
    let named = |kind: &str| subject.strip_prefix(kind).and_then(|name| name.parse().ok());
    if let Ok(id) = subject.parse::<KeyId>() {
        let place = place_of(connection, subject)?;
        return counters.of(&Subject::Key(id), place);
    }
    let party = named("owner:").map(Subject::Owner).or_else(|| named("project:").map(Subject::Project));
    party.map_or(Ok(None), |subject| counters.of(&subject, None))
}

/// Where a key is.
pub(super) fn place_of(connection: &Connection, id: &str) -> Result<Option<u64>> {
    let mut statement = connection.prepare_cached("SELECT place FROM key WHERE id = ?1")?;
    let place: Option<i64> = statement.query_row([id], |row| row.get(0)).optional()?;
    Ok(place.and_then(|place| u64::try_from(place).ok()))
}

/// Writes down what every counter says, for those who are limited now.
fn write_down(connection: &Connection, counters: &Counters, now: Instant) -> Result<()> {
    let columns = "rate_count, rate_seconds, rate_burst, quota_count, quota_period";
    let is_limited = "rate_count IS NOT NULL OR quota_count IS NOT NULL";
    let sql = format!(
        "SELECT id, place, {columns} FROM key WHERE {is_limited} UNION ALL \
         SELECT kind || ':' || name, NULL, {columns} FROM party WHERE {is_limited}"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let subject: String = row.get(0)?;
        let place = row.get::<_, Option<i64>>(1)?.and_then(|place| u64::try_from(place).ok());
        let slot = match (place, subject.parse::<KeyId>()) {
            (Some(place), Ok(id)) => counters.of(&Subject::Key(id), Some(place))?,
            _ => slot_of(connection, counters, &subject)?,
        };
        if let Some(slot) = slot {
            write_down_one(connection, (&subject, &limits::limits(row, 2)?), slot, now)?;
        }
    }
    Ok(())
}

fn write_down_one(
    connection: &Connection,
    (subject, limits): (&str, &Limits),
    slot: Slot<'_>,
    now: Instant,
) -> Result<()> {
    let arrival = slot.word(super::counters::Count::Arrival).load(std::sync::atomic::Ordering::Acquire);
    // What lies in the past says nothing, and most counters are there.
    if limits.rate.is_some() && arrival > nanos(now) {
        limits::put_arrival(connection, subject, arrival)?;
    }
    if let Some(quota) = limits.quota
        && let Some(used) = used_of(slot, quota.period(), now).filter(|used| *used > 0)
    {
        limits::put_used(connection, subject, quota.period().window(now), used)?;
    }
    Ok(())
}
