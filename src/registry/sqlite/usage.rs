//! Usage as rows: counted one by one, or written in pieces by a busy server and folded in later.
//!
//! A busy server writes some pieces a second, with much the same keys in those of each. So pieces wait until there are some
//! of them, and are summed: what an hour's pieces say together lies in up to [`SHARES`] rows with negative numbers, by the
//! place of the key. As long as that is little it is folded in soon; of a million keys it is folded once, when the hour is
//! over, or when somebody wants to read it. Each transaction is short.

mod batch;

use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::counting::place_of;
use super::{Result, damaged};
use crate::domain::key::KeyId;
use crate::domain::name::Name;
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, UsageRow, Used, hour_of};
use crate::registry::ledger::{Folding, UsageFilter};
use crate::registry::{RegistryError, Visit};
use batch::{Batch, LastUse, SHARES, Sums, Whose, divided, read, text_of, written};

/// Up to so many counts are written as rows at once; above, in pieces, which costs a server a hundredth.
const DIRECT: usize = 100;
/// How many are written in one piece.
const PIECE: usize = 4_096;
/// How many counts are folded in one transaction: others write in between.
const FOLD: usize = 2_000;
/// How many pieces are summed at once, and about how many bytes of them.
const MOST_PIECES: usize = 1_024;
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Up to so many bytes of sums are folded in although their hour goes on: some 15,000 secrets.
const SOON: i64 = 600_000;

/// Counts one request.
pub(super) fn count(connection: &Connection, counted: &Counted, at: Instant) -> Result<()> {
    let sort = (counted.decision.code(), &*counted.scopes);
    add_row(connection, &Whose::counted(counted)?, sort, (hour_of(at).seconds(), counted.requests))
}

/// Notes a last use, unless a later one is known.
pub(super) fn note_use(connection: &Connection, used: &Used) -> Result<()> {
    put_last_use(connection, &Whose::used(used), (used.at.seconds(), used.ip))
}

/// What a server counted, as it will be written.
pub(super) struct Counts {
    /// As rows, when it is little.
    rows: Batch,
    /// In pieces, when it is much.
    pieces: Vec<Vec<u8>>,
}

impl Counts {
    /// All of an hour. To make pieces takes time, and so it is done before anything is locked.
    pub(super) fn of(counted: &[Counted], used: &[Used], at: Instant) -> Result<Self> {
        let hour = hour_of(at).seconds();
        if counted.len() + used.len() <= DIRECT {
            return Ok(Self { rows: Batch::of(counted, used, hour)?, pieces: Vec::new() });
        }
        let mut pieces = Vec::new();
        let (mut counted, mut used) = (counted.chunks(PIECE), used.chunks(PIECE));
        loop {
            let (counted, used) = (counted.next().unwrap_or_default(), used.next().unwrap_or_default());
            if counted.is_empty() && used.is_empty() {
                return Ok(Self { rows: Batch::default(), pieces });
            }
            pieces.push(written(&Batch::of(counted, used, hour)?)?);
        }
    }

    /// Writes it.
    pub(super) fn put(&self, connection: &Connection, at: Instant) -> Result<()> {
        fold_into_tables(connection, &self.rows)?;
        let mut insert = connection.prepare_cached("INSERT INTO usage_batch (at, body) VALUES (?1, ?2)")?;
        for body in &self.pieces {
            insert.execute(params![at.seconds(), body])?;
        }
        Ok(())
    }
}

/// What can be done next with what waits.
pub(super) enum Step {
    /// Add pieces to the sums.
    Sum,
    /// Fold the sums behind this number.
    Fold(i64),
}

/// The next step, if there is anything to do.
pub(super) fn next_step(connection: &Connection, what: Folding) -> Result<Option<Step>> {
    let (pieces, sums): (bool, i64) = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM usage_batch WHERE number > 0), \
             (SELECT coalesce(sum(length(body)), 0) FROM usage_batch WHERE number < 0)",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(match what {
        // When no sums are left, there may be pieces.
        Folding::All if sums > 0 => Some(Step::Fold(i64::MIN)),
        Folding::All | Folding::Sum => pieces.then_some(Step::Sum),
        Folding::Ripe(now) if sums > SOON => {
            let goes_on = number_of(hour_of(now).seconds(), 0);
            has_sums_behind(connection, goes_on)?.then_some(Step::Fold(goes_on))
        }
        Folding::Ripe(_) => (sums > 0).then_some(Step::Fold(i64::MIN)),
    })
}

fn has_sums_behind(connection: &Connection, number: i64) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM usage_batch WHERE number < 0 AND number > ?1)";
    Ok(connection.prepare_cached(sql)?.query_row([number], |row| row.get(0))?)
}

/// Does one step. Says whether there may be more.
pub(super) fn fold(connection: &Connection, what: Folding) -> Result<bool> {
    match next_step(connection, what)? {
        None => Ok(false),
        Some(Step::Sum) => sum(connection).map(|()| true),
        Some(Step::Fold(after)) => fold_sums(connection, after).map(|more| more || what == Folding::All),
    }
}

/// Where a share of an hour lies: the oldest hour has the largest number.
fn number_of(hour: i64, share: i64) -> i64 {
    -(hour / 3_600 * SHARES + share) - 1
}

/// Folds some of the oldest sums, but none up to `after`.
fn fold_sums(connection: &Connection, after: i64) -> Result<bool> {
    let mut left = FOLD;
    while left > 0 {
        let oldest: Option<(i64, Vec<u8>)> = connection
            .prepare_cached(
                "SELECT number, body FROM usage_batch WHERE number < 0 AND number > ?1 ORDER BY number DESC LIMIT 1",
            )?
            .query_row([after], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((number, body)) = oldest else { return Ok(false) };
        let mut rest = read(&body)?;
        let counted = rest.counted.split_off(rest.counted.len().saturating_sub(left));
        let used = rest.used.split_off(rest.used.len().saturating_sub(left));
        left -= counted.len().max(used.len());
        fold_into_tables(connection, &Batch { hour: rest.hour, sorts: rest.sorts.clone(), counted, used })?;
        put(connection, number, &rest)?;
    }
    Ok(true)
}

/// Writes a share, or removes what is empty.
fn put(connection: &Connection, number: i64, batch: &Batch) -> Result<()> {
    if batch.counted.is_empty() && batch.used.is_empty() {
        connection.prepare_cached("DELETE FROM usage_batch WHERE number = ?1")?.execute([number])?;
        return Ok(());
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO usage_batch (number, at, body) VALUES (?1, ?2, ?3)")?
        .execute(params![number, batch.hour, written(batch)?])?;
    Ok(())
}

/// Adds what the oldest pieces of one hour say to the sums of that hour.
fn sum(connection: &Connection) -> Result<()> {
    let mut statement = connection
        .prepare_cached("SELECT number, body FROM usage_batch WHERE number > 0 ORDER BY number LIMIT ?1")?;
    let mut pieces = statement.query([i64::try_from(MOST_PIECES).unwrap_or(i64::MAX)])?;
    let mut shares: Vec<Sums> = (0..SHARES).map(|_| Sums::default()).collect();
    let (mut hour, mut last, mut bytes) = (0, 0, 0);
    while let Some(piece) = pieces.next()?
        && bytes < MOST_BYTES
    {
        let body = piece.get_ref(1)?.as_blob().map_err(|_| damaged("counted usage"))?;
        let batch = read(body)?;
        if last > 0 && batch.hour != hour {
            break;
        }
        (bytes, hour, last) = (bytes + body.len(), batch.hour, piece.get(0)?);
        shares.iter_mut().zip(divided(batch)).try_for_each(|(sums, batch)| sums.add(batch))?;
    }
    drop(pieces);
    connection
        .prepare_cached("DELETE FROM usage_batch WHERE number > 0 AND number <= ?1")?
        .execute([last])?;
    let mut known = connection.prepare_cached("SELECT body FROM usage_batch WHERE number = ?1")?;
    for (share, mut sums) in (0..).zip(shares) {
        if sums.is_empty() {
            continue;
        }
        let number = number_of(hour, share);
        let body: Option<Vec<u8>> = known.query_row([number], |row| row.get(0)).optional()?;
        if let Some(body) = body {
            sums.add(read(&body)?)?;
        }
        put(connection, number, &sums.batch(hour))?;
    }
    Ok(())
}

fn fold_into_tables(connection: &Connection, batch: &Batch) -> Result<()> {
    for (key, sort, requests) in &batch.counted {
        let (outcome, scopes) = batch.sorts.get(*sort as usize).ok_or_else(|| damaged("counted usage"))?;
        add_row(connection, key, (outcome, scopes), (batch.hour, *requests))?;
    }
    batch.used.iter().try_for_each(|(secret, last)| put_last_use(connection, secret, *last))
}

/// A key that was removed meanwhile is left out.
fn add_row(
    connection: &Connection,
    whose: &Whose,
    (outcome, scopes): (&str, &str),
    (hour, requests): (i64, u64),
) -> Result<()> {
    let id = format!("{}{}", KeyId::PREFIX, text_of(&whose.id)?);
    // The row at this place, not the index of ids: keys that are folded one after the other lie beside each other.
    let mut add = connection.prepare_cached(
        "INSERT INTO usage SELECT place, ?3, ?4, ?5, ?6 FROM key WHERE place = ?1 AND +id = ?2 \
         ON CONFLICT DO UPDATE SET requests = requests + ?6",
    )?;
    let requests = i64::try_from(requests).unwrap_or(i64::MAX);
    let mut add = |place: u64| {
        add.execute(params![i64::try_from(place).unwrap_or(0), id, hour, outcome, scopes, requests])
    };
    if add(whose.place)? == 0
        && let Some(place) = place_of(connection, &id)?
    {
        add(place)?;
    }
    Ok(())
}

fn put_last_use(connection: &Connection, whose: &Whose, (at, ip): LastUse) -> Result<()> {
    let (id, ip) = (text_of(&whose.id)?, ip.map(|ip| ip.to_string()));
    let place = i64::try_from(whose.place).unwrap_or(0);
    let set = "UPDATE secret SET last_used_at = ?2, last_used_ip = ?3 WHERE (last_used_at IS NULL OR last_used_at <= ?2)";
    let mut here = connection.prepare_cached(&format!("{set} AND key_place = ?4 AND +id = ?1"))?;
    if here.execute(params![id, at, ip, place])? == 0 {
        connection.prepare_cached(&format!("{set} AND id = ?1"))?.execute(params![id, at, ip])?;
    }
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
