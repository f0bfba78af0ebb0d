//! Usage as rows: counted one by one, or written in one piece by a busy server and folded in later.
//!
//! A busy server writes one piece a second, with much the same keys in each. So pieces wait until there are some of them,
//! are summed, and are folded in as parts that each fit a short transaction. Summed parts have negative numbers.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use serde::{Deserialize, Serialize};

use super::{Result, damaged};
use crate::domain::key::KeyId;
use crate::domain::name::Name;
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, UsageRow, Used, hour_of};
use crate::registry::ledger::{Folding, UsageFilter};
use crate::registry::{RegistryError, Visit};

/// Up to so many counts are written as rows at once; above, in one piece, which costs a server a hundredth.
const DIRECT: usize = 100;
/// How many counts are folded in one transaction: others write in between.
const FOLD: usize = 2_000;
/// How many pieces are summed at once, and about how many bytes of them.
const MOST_PIECES: usize = 64;
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// One second of a busy server.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Batch {
    hour: i64,
    counted: Vec<Row>,
    used: Vec<LastUse>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    key: String,
    outcome: String,
    scopes: String,
    requests: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct LastUse {
    secret: String,
    at: i64,
    ip: Option<String>,
}

/// Counts one request.
pub(super) fn count(connection: &Connection, counted: &Counted, at: Instant) -> Result<()> {
    let row = Row {
        key: counted.key.to_string(),
        outcome: counted.decision.code().to_owned(),
        scopes: counted.scopes.clone(),
        requests: counted.requests,
    };
    add_row(connection, &row, hour_of(at).seconds())
}

/// Notes a last use, unless a later one is known.
pub(super) fn note_use(connection: &Connection, used: &Used) -> Result<()> {
    let ip = used.ip.map(|ip| ip.to_string());
    put_last_use(connection, &LastUse { secret: used.secret.to_string(), at: used.at.seconds(), ip })
}

/// Writes what a server counted: as rows, or in one piece when it is much.
pub(super) fn add(connection: &Connection, counted: &[Counted], used: &[Used], at: Instant) -> Result<()> {
    let hour = hour_of(at).seconds();
    let batch = Batch {
        hour,
        counted: counted
            .iter()
            .map(|one| Row {
                key: one.key.to_string(),
                outcome: one.decision.code().to_owned(),
                scopes: one.scopes.clone(),
                requests: one.requests,
            })
            .collect(),
        used: used
            .iter()
            .map(|one| LastUse {
                secret: one.secret.to_string(),
                at: one.at.seconds(),
                ip: one.ip.map(|ip| ip.to_string()),
            })
            .collect(),
    };
    if batch.counted.len() + batch.used.len() <= DIRECT {
        return fold_into_tables(connection, &batch);
    }
    connection
        .prepare_cached("INSERT INTO usage_batch (at, body) VALUES (?1, ?2)")?
        .execute(params![at.seconds(), written(&batch)?])?;
    Ok(())
}

/// Whether there is a piece to fold.
pub(super) fn has_batch(connection: &Connection) -> Result<bool> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM usage_batch)")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Folds a part that is summed; if there is none, and all is to be folded, sums the oldest pieces. Says whether there may
/// be more.
pub(super) fn fold(connection: &Connection, what: Folding) -> Result<bool> {
    let oldest: Option<i64> = connection
        .prepare_cached("SELECT min(number) FROM usage_batch")?
        .query_row([], |row| row.get(0))
        .optional()?
        .flatten();
    match (oldest, what) {
        (Some(number), _) if number < 0 => {
            let body: Vec<u8> = connection
                .prepare_cached("SELECT body FROM usage_batch WHERE number = ?1")?
                .query_row([number], |row| row.get(0))?;
            fold_into_tables(connection, &read(&body)?)?;
            connection.prepare_cached("DELETE FROM usage_batch WHERE number = ?1")?.execute([number])?;
        }
        (None, _) | (Some(_), Folding::Summed) => return Ok(false),
        (Some(_), Folding::All) => sum(connection)?,
    }
    Ok(true)
}

/// Puts what the oldest pieces of one hour say together in parts of [`FOLD`] counts.
fn sum(connection: &Connection) -> Result<()> {
    let mut statement =
        connection.prepare_cached("SELECT number, body FROM usage_batch ORDER BY number LIMIT ?1")?;
    let mut pieces = statement.query([i64::try_from(MOST_PIECES).unwrap_or(i64::MAX)])?;
    let (mut sums, mut last, mut bytes) = (Summed::default(), 0, 0);
    while let Some(piece) = pieces.next()?
        && bytes < MOST_BYTES
    {
        let body = piece.get_ref(1)?.as_blob().map_err(|_| damaged("counted usage"))?;
        let batch = read(body)?;
        if last > 0 && batch.hour != sums.hour {
            break;
        }
        bytes += body.len();
        last = piece.get(0)?;
        sums.add(batch);
    }
    drop(pieces);
    connection.prepare_cached("DELETE FROM usage_batch WHERE number <= ?1")?.execute([last])?;
    let mut insert =
        connection.prepare_cached("INSERT INTO usage_batch (number, at, body) VALUES (?1, ?2, ?3)")?;
    for (part, number) in sums.parts().iter().zip(1_i64..) {
        insert.execute(params![-number, part.hour, written(part)?])?;
    }
    Ok(())
}

/// Several pieces of one hour.
#[derive(Default)]
struct Summed {
    hour: i64,
    counted: BTreeMap<(String, String, String), u64>,
    used: BTreeMap<String, LastUse>,
}

impl Summed {
    fn add(&mut self, batch: Batch) {
        self.hour = batch.hour;
        for row in batch.counted {
            let count = self.counted.entry((row.key, row.outcome, row.scopes)).or_default();
            *count = count.saturating_add(row.requests);
        }
        for used in batch.used {
            match self.used.get_mut(&used.secret) {
                Some(known) if known.at > used.at => {}
                Some(known) => *known = used,
                None => _ = self.used.insert(used.secret.clone(), used),
            }
        }
    }

    fn parts(self) -> Vec<Batch> {
        let mut used: Vec<LastUse> = self.used.into_values().collect();
        let row = |((key, outcome, scopes), requests)| Row { key, outcome, scopes, requests };
        let mut counted: Vec<Row> = self.counted.into_iter().map(row).collect();
        let mut parts = Vec::new();
        while !counted.is_empty() || !used.is_empty() {
            parts.push(Batch { hour: self.hour, counted: last(&mut counted), used: last(&mut used) });
        }
        parts
    }
}

/// Takes the last [`FOLD`] away, or all.
fn last<T>(all: &mut Vec<T>) -> Vec<T> {
    all.split_off(all.len().saturating_sub(FOLD))
}

fn read(body: &[u8]) -> Result<Batch> {
    postcard::from_bytes(body).map_err(|_| damaged("counted usage"))
}

fn written(batch: &Batch) -> Result<Vec<u8>> {
    postcard::to_allocvec(batch).map_err(|error| RegistryError::Storage(error.to_string()))
}

fn fold_into_tables(connection: &Connection, batch: &Batch) -> Result<()> {
    batch.counted.iter().try_for_each(|row| add_row(connection, row, batch.hour))?;
    batch.used.iter().try_for_each(|used| put_last_use(connection, used))
}

/// A key that was removed meanwhile is left out.
fn add_row(connection: &Connection, row: &Row, hour: i64) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO usage SELECT place, ?2, ?3, ?4, ?5 FROM key WHERE id = ?1 \
             ON CONFLICT DO UPDATE SET requests = requests + ?5",
        )?
        .execute(params![
            row.key,
            hour,
            row.outcome,
            row.scopes,
            i64::try_from(row.requests).unwrap_or(i64::MAX)
        ])?;
    Ok(())
}

fn put_last_use(connection: &Connection, used: &LastUse) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE secret SET last_used_at = ?2, last_used_ip = ?3 \
             WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at <= ?2)",
        )?
        .execute(params![used.secret, used.at, used.ip])?;
    Ok(())
}

/// Recorded usage by key and hour.
pub(super) fn usage(
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
