//! The states of limits: what was used of rates and quotas.

use rusqlite::{Connection, OptionalExtension, params};

use super::counters::Counters;
use super::meters::{Meters, Where, used_of, used_up_until};
use super::{Result, counting};
use crate::domain::limit::{Account, Limits, Period, Quota, Rate, Spending, Subject, Window, nanos};
use crate::domain::time::{Instant, Span};
use crate::registry::ledger::Clock;

/// So many windows of each subject are kept, the newest. By number and not by age: a clock that was years ahead for a
/// while must find the counts it left.
const KEPT_WINDOWS: u32 = 400;

/// What stands on these accounts: in the counters that verifiers share, or in the registry.
pub(super) fn accounts(
    connection: &Connection,
    counters: Option<&Counters>,
    of: &[(Subject, Limits)],
    now: Instant,
) -> Result<Vec<Account>> {
    let used_up = match counters {
        Some(counters) => counters.used_up(),
        None => counting::used_up(connection, now)?,
    };
    let mut accounts = Vec::with_capacity(of.len());
    for one in of {
        // Each by itself: a counter of a later window, by a clock that was set back, hides no other.
        let meters = meters(connection, (counters, used_up), std::slice::from_ref(one), now)?;
        accounts.extend_from_slice(meters.accounts());
    }
    Ok(accounts)
}

/// Takes `cost` from all accounts or from none, inside a transaction that somebody else commits.
pub(super) fn take(
    connection: &Connection,
    counters: Option<&Counters>,
    of: &[(Subject, Limits)],
    (cost, now, clock): (u32, Instant, &Clock<'_>),
) -> Result<Spending> {
    let used_up = match counters {
        Some(counters) => counters.used_up(),
        None => counting::write_off(connection, now)?,
    };
    loop {
        let mut meters = meters(connection, (counters, used_up), of, now)?;
        // A window that began since they were looked at.
        let Some(spending) = meters.take(cost, now, clock) else { continue };
        for (account, (subject, _)) in meters.accounts().iter().zip(of) {
            write_down(connection, account, subject, &spending, now)?;
        }
        return Ok(spending);
    }
}

fn write_down(
    connection: &Connection,
    account: &Account,
    subject: &Subject,
    spending: &Spending,
    now: Instant,
) -> Result<()> {
    let name = subject.to_string();
    if let Some(rate) = account.limits.rate {
        // Also after a refusal: an arrival that a clock set back has left behind is brought back for good.
        put_arrival(connection, &name, rate.trusted(account.arrival, nanos(now)))?;
    }
    if let (Some(quota), None) = (account.limits.quota, spending.denial) {
        let window = quota.period().window(now);
        // More than is used may be written down, ahead of those who count in memory.
        let written = used(connection, &name, window)?;
        put_used(connection, &name, window, account.used.max(written))?;
    }
    Ok(())
}

fn meters<'a>(
    connection: &Connection,
    (counters, used_up): (Option<&'a Counters>, u64),
    of: &[(Subject, Limits)],
    now: Instant,
) -> Result<Meters<'a>> {
    let mut meters = Meters::begin(used_up);
    for (subject, limits) in of {
        let name = subject.to_string();
        let slot = match (counters, subject) {
            (None, _) => None,
            (Some(counters), Subject::Key(_)) => {
                counters.of(subject, counting::place_of(connection, &name)?)?
            }
            (Some(counters), _) => counters.of(subject, None)?,
        };
        let mut account = Account { of: subject.kind(), limits: *limits, arrival: 0, used: 0 };
        let mut place = Where { rate: slot, quota: slot };
        if let (Some(rate), None) = (limits.rate, slot) {
            account.arrival = arrival(connection, &name)?.max(used_up_until(used_up, rate.tolerance(), now));
        }
        if let Some(quota) = limits.quota
            && slot.and_then(|slot| used_of(slot, quota.period(), now)).is_none()
        {
            // Also when the counter is of a later window, because a clock was set back.
            account.used = used(connection, &name, quota.period().window(now))?;
            place.quota = None;
        }
        meters.put(account, place);
    }
    meters.look(now);
    Ok(meters)
}

pub(super) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn arrival(connection: &Connection, subject: &str) -> Result<u64> {
    let mut statement = connection.prepare_cached("SELECT arrival FROM rate_state WHERE subject = ?1")?;
    let arrival: Option<i64> = statement.query_row([subject], |row| row.get(0)).optional()?;
    Ok(arrival.unwrap_or(0).unsigned_abs())
}

pub(super) fn put_arrival(connection: &Connection, subject: &str, arrival: u64) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO rate_state VALUES (?1, ?2) ON CONFLICT DO UPDATE SET arrival = ?2")?
        .execute(params![subject, stored(arrival)])?;
    Ok(())
}

pub(super) fn used(connection: &Connection, subject: &str, window: Window) -> Result<u64> {
    let mut statement =
        connection.prepare_cached("SELECT used FROM quota_used WHERE subject = ?1 AND quota_window = ?2")?;
    let used: Option<i64> =
        statement.query_row(params![subject, window.to_string()], |row| row.get(0)).optional()?;
    Ok(used.unwrap_or(0).unsigned_abs())
}

pub(super) fn put_used(connection: &Connection, subject: &str, window: Window, used: u64) -> Result<()> {
    let window = window.to_string();
    let changed = connection
        .prepare_cached("UPDATE quota_used SET used = ?3 WHERE subject = ?1 AND quota_window = ?2")?
        .execute(params![subject, window, stored(used)])?;
    if changed == 0 {
        connection.prepare_cached("INSERT INTO quota_used VALUES (?1, ?2, ?3)")?.execute(params![
            subject,
            window,
            stored(used)
        ])?;
        connection
            .prepare_cached(
                "DELETE FROM quota_used WHERE subject = ?1 AND quota_window != ?2 AND quota_window <= \
                 (SELECT quota_window FROM quota_used WHERE subject = ?1 \
                 ORDER BY quota_window DESC LIMIT 1 OFFSET ?3)",
            )?
            .execute(params![subject, window, KEPT_WINDOWS])?;
    }
    Ok(())
}

/// The five columns of [`Limits`].
pub(super) type Columns = (Option<u32>, Option<i64>, Option<u32>, Option<i64>, Option<&'static str>);

/// Limits as columns.
pub(super) fn columns(limits: &Limits) -> Columns {
    let rate = limits.rate;
    (
        rate.map(|rate| rate.count()),
        rate.map(|rate| rate.per().seconds()),
        rate.map(|rate| rate.burst()),
        limits.quota.map(|quota| stored(quota.count())),
        limits.quota.map(|quota| quota.period().code()),
    )
}

/// Limits from five columns that begin at `place`. What cannot be read is left out: the seal does not hold without it.
pub(super) fn limits(row: &rusqlite::Row<'_>, place: usize) -> rusqlite::Result<Limits> {
    let number = |offset: usize| row.get::<_, Option<i64>>(place + offset);
    let (count, seconds, burst) = (number(0)?, number(1)?, number(2)?);
    let small = |number: i64| u32::try_from(number).ok();
    let rate = match (count.and_then(small), seconds.and_then(Span::from_seconds), burst.and_then(small)) {
        (Some(count), Some(per), burst) => Rate::new(count, per, burst).ok(),
        _ => None,
    };
    let period = row.get_ref(place + 4)?.as_str_or_null().ok().flatten().and_then(Period::from_code);
    let quota = match (number(3)?.and_then(|count| u64::try_from(count).ok()), period) {
        (Some(count), Some(period)) => Quota::new(count, period).ok(),
        _ => None,
    };
    Ok(Limits { rate, quota })
}
