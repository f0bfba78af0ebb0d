//! Usage as rows: counted one by one, or written in pieces by a busy server and folded in later.
//!
//! A busy server writes some pieces a second, with much the same keys in those of each. So pieces wait until there are some
//! of them, and are summed: what an hour's pieces say together lies in up to [`SHARES`] rows with negative numbers, by the
//! place of the key. As long as that is little it is folded in soon; of a million keys it is folded once, when the hour is
//! over, or when somebody wants to read it. What is counted in a second is divided by shares too if it is much: then each
//! share is summed by itself, and is read and written once for all pieces of it. Each transaction is short.

mod batch;
mod check;

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::counting::place_of;
use super::{Result, damaged};
use crate::domain::key::KeyId;
use crate::domain::name::Name;
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, UsageRow, Used, hour_of};
use crate::registry::ledger::UsageFilter;
use crate::registry::{RegistryError, Visit};
use batch::{Batch, LastUse, SHARES, Sums, Whose, divided, read, text_of, written};

/// Up to so many counts are written as rows at once; above, in pieces, which costs a server a hundredth.
const DIRECT: usize = 100;
/// Up to so many are written in one piece; above, in a piece for each share.
const MIXED: usize = 1_000;
/// How many counts are folded in one transaction: others write in between.
const FOLD: usize = 2_000;
/// How many pieces are summed at once, and about how many bytes of them.
const MOST_PIECES: i64 = 1_024;
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// About how many bytes of pieces that are not divided: each time all shares are written.
const MOST_BYTES_MIXED: usize = 16 * 1024 * 1024;
/// Pieces have numbers above zero: the first so many are for those that are not divided, the next for those of the first
/// share, and so on. What is in a piece of another share is found all the same, only at a greater price.
const NUMBERS: i64 = 1 << 40;
/// Up to so many bytes of sums are folded in although their hour goes on: some 14,000 secrets.
const SOON: i64 = 600_000;
/// The numbers of sums are below zero; that of the oldest is the largest.
pub(super) const OLDEST: i64 = -1;
pub(super) const ALL: i64 = i64::MIN;

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
    /// In pieces, when it is much: the first numbers of each, and its body.
    pieces: Vec<(i64, Vec<u8>)>,
}

impl Counts {
    /// All of an hour. To make pieces takes time, and so it is done before anything is locked.
    pub(super) fn of(counted: &[Counted], used: &[Used], at: Instant) -> Result<Self> {
        let all = Batch::of(counted, used, hour_of(at).seconds())?;
        let size = counted.len() + used.len();
        if size <= DIRECT {
            return Ok(Self { rows: all, pieces: Vec::new() });
        }
        let pieces = if size <= MIXED {
            vec![(0, written(&all)?)]
        } else {
            let shares = (1..).zip(divided(all)?).filter(|(_, share)| !share.is_empty());
            shares.map(|(space, share)| Ok((space * NUMBERS, written(&share)?))).collect::<Result<_>>()?
        };
        Ok(Self { rows: Batch::default(), pieces })
    }

    /// Writes it.
    pub(super) fn put(&self, connection: &Connection, at: Instant) -> Result<()> {
        fold_into_tables(connection, &self.rows)?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO usage_batch (number, at, body) SELECT coalesce(max(number), ?1) + 1, ?3, ?4 \
             FROM usage_batch WHERE number > ?1 AND number <= ?2",
        )?;
        for (before, body) in &self.pieces {
            insert.execute(params![before, end_of(before + 1), at.seconds(), body])?;
        }
        Ok(())
    }
}

/// Pieces that are summed together: the numbers of the first and the last.
pub(super) type Pieces = (i64, i64);

/// Those with the lowest numbers behind this one.
pub(super) fn next_pieces(connection: &Connection, after: i64) -> Result<Option<Pieces>> {
    let first = "SELECT min(number) FROM usage_batch WHERE number > ?1";
    let first: Option<i64> = connection.prepare_cached(first)?.query_row([after], |row| row.get(0))?;
    let Some(first) = first else { return Ok(None) };
    let last = "SELECT max(number) FROM usage_batch WHERE number >= ?1 AND number <= ?2";
    let last = connection.prepare_cached(last)?.query_row([first, end_of(first)], |row| row.get(0))?;
    Ok(Some((first, last)))
}

fn space_of(piece: i64) -> i64 {
    (piece - 1) / NUMBERS
}

/// The last number for pieces that are summed together with this one.
pub(super) fn end_of(piece: i64) -> i64 {
    (space_of(piece) + 1) * NUMBERS
}

/// Behind which sums there is nothing to fold yet at this instant.
pub(super) fn unripe(connection: &Connection, now: Instant) -> Result<i64> {
    let bytes = "SELECT coalesce(sum(length(body)), 0) FROM usage_batch WHERE number < 0";
    let bytes: i64 = connection.prepare_cached(bytes)?.query_row([], |row| row.get(0))?;
    Ok(if bytes > SOON { number_of(hour_of(now).seconds(), 0) } else { ALL })
}

/// The oldest sum from this number on, but none up to `after`.
pub(super) fn next_sum(connection: &Connection, from: i64, after: i64) -> Result<Option<i64>> {
    let sql = "SELECT max(number) FROM usage_batch WHERE number <= ?1 AND number > ?2";
    Ok(connection.prepare_cached(sql)?.query_row([from, after], |row| row.get(0))?)
}

/// Where a share of an hour lies: the oldest hour has the largest number.
fn number_of(hour: i64, share: i64) -> i64 {
    -(hour / 3_600 * SHARES + share) - 1
}

/// Folds some of the oldest sums from this number on, but none up to `after`. Says where to go on, if there is more.
pub(super) fn fold_sums(connection: &Connection, from: i64, after: i64) -> Result<Option<i64>> {
    let mut left = FOLD;
    let mut next = next_sum(connection, from, after)?;
    while let Some(number) = next
        && left > 0
    {
        let mut rest = read(&body_of(connection, number)?.ok_or_else(|| damaged("counted usage"))?)?;
        let counted = rest.counted.split_off(rest.counted.len().saturating_sub(left));
        let used = rest.used.split_off(rest.used.len().saturating_sub(left));
        left -= counted.len().max(used.len());
        fold_into_tables(connection, &Batch { hour: rest.hour, sorts: rest.sorts.clone(), counted, used })?;
        put(connection, number, &rest)?;
        next = next_sum(connection, number, after)?;
    }
    Ok(next)
}

fn body_of(connection: &Connection, number: i64) -> Result<Option<Vec<u8>>> {
    let mut known = connection.prepare_cached("SELECT body FROM usage_batch WHERE number = ?1")?;
    Ok(known.query_row([number], |row| row.get(0)).optional()?)
}

/// Writes a share, or removes what is empty.
fn put(connection: &Connection, number: i64, batch: &Batch) -> Result<()> {
    if batch.is_empty() {
        connection.prepare_cached("DELETE FROM usage_batch WHERE number = ?1")?.execute([number])?;
        return Ok(());
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO usage_batch (number, at, body) VALUES (?1, ?2, ?3)")?
        .execute(params![number, batch.hour, written(batch)?])?;
    Ok(())
}

/// Adds some of these pieces to the sums of their hour. Says which are left.
pub(super) fn sum(connection: &Connection, (first, newest): Pieces) -> Result<Option<Pieces>> {
    let mut statement = connection.prepare_cached(
        "SELECT number, body FROM usage_batch WHERE number >= ?1 AND number <= ?2 ORDER BY number LIMIT ?3",
    )?;
    let mut pieces = statement.query([first, newest, MOST_PIECES])?;
    let space = space_of(first);
    let most = if space == 0 { MOST_BYTES_MIXED } else { MOST_BYTES };
    let mut shares: BTreeMap<i64, Sums> = BTreeMap::new();
    let (mut hour, mut last, mut bytes) = (None, first, 0);
    while let Some(piece) = pieces.next()?
        && bytes < most
    {
        let body = piece.get_ref(1)?.as_blob().map_err(|_| damaged("counted usage"))?;
        let batch = read(body)?;
        if hour.is_some_and(|hour| hour != batch.hour) {
            break;
        }
        (bytes, hour, last) = (bytes + body.len(), Some(batch.hour), piece.get(0)?);
        if space == 0 {
            for (share, batch) in (0..).zip(divided(batch)?).filter(|(_, batch)| !batch.is_empty()) {
                shares.entry(share).or_default().add(batch)?;
            }
        } else {
            shares.entry(space - 1).or_default().add(batch)?;
        }
    }
    drop(pieces);
    // Another process may have been faster.
    let Some(hour) = hour else { return Ok(None) };
    for (share, mut sums) in shares {
        let number = number_of(hour, share);
        if let Some(body) = body_of(connection, number)? {
            sums.add(read(&body)?)?;
        }
        put(connection, number, &sums.batch(hour))?;
    }
    connection
        .prepare_cached("DELETE FROM usage_batch WHERE number >= ?1 AND number <= ?2")?
        .execute([first, last])?;
    Ok((last < newest).then_some((last + 1, newest)))
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
         ON CONFLICT DO UPDATE SET requests = min(requests, 9223372036854775807 - ?6) + ?6",
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
