//! Usage in its tables: a row for each key, hour, outcome and set of scopes, and the last use beside each secret.

use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::batch::{Batch, LastUse, Row, sort_of, text_of};
use crate::domain::key::KeyId;
use crate::domain::name::Name;
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, UsageRow, Used, hour_of};
use crate::registry::ledger::UsageFilter;
use crate::registry::sqlite::counting::place_of;
use crate::registry::sqlite::{Result, damaged};
use crate::registry::{RegistryError, Visit};

/// Counts requests of an hour, and notes their last use unless a later one is known.
pub(in crate::registry::sqlite) fn count(
    connection: &Connection,
    counted: &Counted,
    at: Instant,
) -> Result<()> {
    let sort = (counted.decision.code(), &*counted.scopes);
    fold_row(connection, &Row::new(counted, 0)?, sort, hour_of(at).seconds())
}

/// Adds what is in a piece.
pub(super) fn fold_into_tables(connection: &Connection, batch: &Batch) -> Result<()> {
    for row in &batch.rows {
        let (outcome, scopes) = if row.requests == 0 {
            ("", "")
        } else {
            let (outcome, scopes) = sort_of(&batch.sorts, row.sort)?;
            (&**outcome, &**scopes)
        };
        fold_row(connection, row, (outcome, scopes), batch.hour)?;
    }
    Ok(())
}

/// A key or secret that was removed meanwhile is left out.
fn fold_row(connection: &Connection, row: &Row, (outcome, scopes): (&str, &str), hour: i64) -> Result<()> {
    let bare = text_of(&row.id)?;
    let told = i64::try_from(row.place).unwrap_or(0);
    let place = match row.last {
        Some(last) => put_last_use(connection, bare, told, last)?,
        None => place_of_key(connection, bare, told)?,
    };
    let requests = i64::try_from(row.requests).unwrap_or(i64::MAX);
    if let Some(place) = place
        && requests > 0
    {
        // In a file that was edited there may be a secret without a key.
        connection
            .prepare_cached(
                "INSERT INTO usage SELECT place, ?2, ?3, ?4, ?5 FROM key WHERE place = ?1 \
                 ON CONFLICT DO UPDATE SET requests = min(requests, 9223372036854775807 - ?5) + ?5",
            )?
            .execute(params![place, hour, outcome, scopes, requests])?;
    }
    Ok(())
}

/// Where a key is: mostly at the place that was told. Looked for in the table and not in the index of ids: keys that are
/// folded one after the other lie beside each other there.
fn place_of_key(connection: &Connection, bare: &str, told: i64) -> Result<Option<i64>> {
    let id = format!("{}{bare}", KeyId::PREFIX);
    let mut here = connection.prepare_cached("SELECT place FROM key WHERE place = ?1 AND +id = ?2")?;
    if let Some(place) = here.query_row(params![told, id], |row| row.get(0)).optional()? {
        return Ok(Some(place));
    }
    Ok(place_of(connection, &id)?.and_then(|place| i64::try_from(place).ok()))
}

/// Notes a last use, unless a later one is known. Says where the secret's key is, as [`place_of_key`].
fn put_last_use(connection: &Connection, id: &str, told: i64, (at, ip): LastUse) -> Result<Option<i64>> {
    let ip = ip.map(|ip| ip.to_string());
    let mut put = connection.prepare_cached(
        "UPDATE secret SET last_used_at = max(coalesce(last_used_at, ?2), ?2), \
         last_used_ip = iif(coalesce(last_used_at, ?2) <= ?2, ?3, last_used_ip) WHERE key_place = ?4 AND +id = ?1",
    )?;
    if put.execute(params![id, at, ip, told])? > 0 {
        return Ok(Some(told));
    }
    let mut anywhere = connection.prepare_cached("SELECT key_place FROM secret WHERE id = ?1")?;
    let place: Option<i64> = anywhere.query_row([id], |row| row.get(0)).optional()?;
    if let Some(place) = place {
        put.execute(params![id, at, ip, place])?;
    }
    Ok(place)
}

/// Notes a last use by itself.
pub(in crate::registry::sqlite) fn note_use(connection: &Connection, used: &Used) -> Result<()> {
    put_last_use(connection, used.secret.as_str(), 0, (used.at.seconds(), used.ip))?;
    Ok(())
}

/// Recorded usage by key and hour.
pub(in crate::registry::sqlite) fn usage(
    connection: &Connection,
    filter: &UsageFilter,
    visit: &mut Visit<'_, UsageRow>,
) -> Result<()> {
    let key = filter.key.map(|key| key.to_string());
    let mut sql = String::from(
        "SELECT k.id, k.name, k.owner, k.project, u.hour, u.outcome, u.scopes, u.requests FROM usage AS u \
         JOIN key AS k ON k.place = u.key_place WHERE u.hour >= ?1 AND u.hour < ?2",
    );
    let since = filter.since.map_or(0, |since| hour_of(since).seconds());
    let until = filter.until.map_or(i64::MAX, Instant::seconds);
    let mut values: Vec<rusqlite::types::Value> = vec![since.into(), until.into()];
    if let Some(key) = key {
        sql.push_str(" AND k.id = ?3");
        values.push(key.into());
    }
    sql.push_str(" ORDER BY u.key_place, u.hour, u.outcome, u.scopes");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        if visit(usage_row(row)?).is_break() {
            break;
        }
    }
    Ok(())
}

fn usage_row(row: &rusqlite::Row<'_>) -> Result<UsageRow> {
    let name = |place| Ok::<_, RegistryError>(Name::from_stored(row.get(place)?));
    let id: String = row.get(0)?;
    Ok(UsageRow {
        key: id.parse::<KeyId>().map_err(|()| damaged("a key's id"))?,
        name: name(1)?,
        owner: name(2)?,
        project: name(3)?,
        hour: Instant::from_seconds(row.get(4)?),
        outcome: row.get(5)?,
        scopes: row.get(6)?,
        requests: u64::try_from(row.get::<_, i64>(7)?).unwrap_or(0),
    })
}
