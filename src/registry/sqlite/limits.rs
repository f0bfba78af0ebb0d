//! The states of limits: what was used of rates and quotas, and leases of them.

use rusqlite::{Connection, OptionalExtension, params};

use super::Result;
use crate::domain::limit::{Account, Limits, Period, Quota, Rate, Spending, Subject, Window, nanos, spend};
use crate::domain::time::{Instant, Span};
use crate::registry::ledger::{Grant, Limit, Rest, Unused, Want};

/// So many windows of each subject are kept, the newest. By number and not by age: a clock that was years ahead for a
/// while must find the counts it left.
const KEPT_WINDOWS: u32 = 400;

/// What stands on these accounts.
pub(super) fn accounts(
    connection: &Connection,
    of: &[(Subject, Limits)],
    now: Instant,
) -> Result<Vec<Account>> {
    of.iter()
        .map(|(subject, limits)| {
            let name = subject.to_string();
            let arrival = if limits.rate.is_some() { arrival(connection, &name)? } else { 0 };
            let used = match limits.quota {
                Some(quota) => used(connection, &name, quota.period().window(now))?,
                None => 0,
            };
            Ok(Account { subject: subject.clone(), limits: *limits, arrival, used })
        })
        .collect()
}

/// Takes `cost` from all accounts or from none, inside a transaction that somebody else commits.
pub(super) fn take(
    connection: &Connection,
    of: &[(Subject, Limits)],
    cost: u32,
    now: Instant,
) -> Result<Spending> {
    let mut accounts = accounts(connection, of, now)?;
    let spending = spend(&mut accounts, cost, now);
    for account in &accounts {
        let name = account.subject.to_string();
        if let Some(rate) = account.limits.rate {
            // Also after a refusal: an arrival that a clock set back has left behind is brought back for good.
            put_arrival(connection, &name, rate.trusted(account.arrival, nanos(now)))?;
        }
        if let (Some(quota), None) = (account.limits.quota, spending.denial) {
            put_used(connection, &name, quota.period().window(now), account.used)?;
        }
    }
    Ok(spending)
}

/// One lease, granted or refused.
pub(super) fn lease(connection: &Connection, want: &Want, now: Instant) -> Result<Grant> {
    let name = want.subject.to_string();
    match want.limit {
        Limit::Rate(rate) => lease_rate(connection, &name, &rate, (want.cost, want.most), now),
        Limit::Quota(quota) => lease_quota(connection, &name, quota, (want.cost, want.most), now),
    }
}

fn lease_rate(
    connection: &Connection,
    subject: &str,
    rate: &Rate,
    amounts: (u32, u32),
    now: Instant,
) -> Result<Grant> {
    let stored = arrival(connection, subject)?;
    let lease = rate.lease(stored, amounts, now);
    let after = match &lease {
        Ok(lease) => lease.0.end,
        Err(_) => rate.trusted(stored, nanos(now)),
    };
    if after != stored {
        put_arrival(connection, subject, after)?;
    }
    Ok(Grant::Rate(lease))
}

fn lease_quota(
    connection: &Connection,
    subject: &str,
    quota: Quota,
    (cost, most): (u32, u32),
    now: Instant,
) -> Result<Grant> {
    let window = quota.period().window(now);
    let used = used(connection, subject, window)?;
    let free = quota.count().saturating_sub(used);
    let granted = if free < u64::from(cost) { 0 } else { u64::from(most.max(cost)).min(free) };
    if granted > 0 {
        put_used(connection, subject, window, used + granted)?;
    }
    Ok(Grant::Quota { window, granted, left: free - granted })
}

/// Takes one rest back.
pub(super) fn give_back(connection: &Connection, unused: &Unused) -> Result<()> {
    let subject = unused.subject.to_string();
    match &unused.rest {
        Rest::Rate(lease) => {
            connection
                .prepare_cached("UPDATE rate_state SET arrival = ?2 WHERE subject = ?1 AND arrival = ?3")?
                .execute(params![subject, stored(lease.0.start), stored(lease.0.end)])?;
        }
        Rest::Quota(window, count) => {
            connection
                .prepare_cached(
                    "UPDATE quota_used SET used = max(used - ?3, 0) WHERE subject = ?1 AND quota_window = ?2",
                )?
                .execute(params![subject, window.to_string(), stored(*count)])?;
        }
    }
    Ok(())
}

fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn arrival(connection: &Connection, subject: &str) -> Result<u64> {
    let mut statement = connection.prepare_cached("SELECT arrival FROM rate_state WHERE subject = ?1")?;
    let arrival: Option<i64> = statement.query_row([subject], |row| row.get(0)).optional()?;
    Ok(arrival.unwrap_or(0).unsigned_abs())
}

fn put_arrival(connection: &Connection, subject: &str, arrival: u64) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO rate_state VALUES (?1, ?2) ON CONFLICT DO UPDATE SET arrival = ?2")?
        .execute(params![subject, stored(arrival)])?;
    Ok(())
}

fn used(connection: &Connection, subject: &str, window: Window) -> Result<u64> {
    let mut statement =
        connection.prepare_cached("SELECT used FROM quota_used WHERE subject = ?1 AND quota_window = ?2")?;
    let used: Option<i64> =
        statement.query_row(params![subject, window.to_string()], |row| row.get(0)).optional()?;
    Ok(used.unwrap_or(0).unsigned_abs())
}

fn put_used(connection: &Connection, subject: &str, window: Window, used: u64) -> Result<()> {
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
