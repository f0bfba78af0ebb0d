//! Usage as rows: counted one by one, or written in pieces by a busy server and folded in later.
//!
//! A busy server writes some pieces a second, with much the same keys in those of each. So pieces wait until there are some
//! of them, and are summed: what an hour's pieces say together lies in up to [`SHARES`] rows with negative numbers, by the
//! place of the key. As long as that is little it is folded in soon; of a million keys it is folded once, when the hour is
//! over, or when somebody wants to read it. What is counted in a second is divided by shares too if it is much: then each
//! share is summed by itself, and is read and written once for all pieces of it. Each transaction is short.

mod batch;
mod check;
mod tables;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension, params};

use super::{Result, damaged};
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, hour_of};
use batch::{Batch, SHARES, Sums, divided, read, written};
use tables::fold_into_tables;
pub(super) use tables::{count, note_use, usage};

/// Up to so many counts are written as rows at once; above, in pieces, which costs a server a hundredth.
const DIRECT: usize = 100;
/// Up to so many are written in one piece; above, in a piece for each share.
const MIXED: usize = 1_000;
/// How many counts are folded in one transaction: others write in between.
const FOLD: usize = 2_000;
/// How many pieces are summed at once, and about how many bytes of them.
const MOST_PIECES: i64 = 1_024;
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// About how many bytes of pieces that are not divided: each time all shares are written.
const MOST_BYTES_MIXED: usize = 8 * 1024 * 1024;
/// Pieces have numbers above zero: the first so many are for those that are not divided, the next for those of the first
/// share, and so on. What is in a piece of another share is found all the same, only at a greater price.
const NUMBERS: i64 = 1 << 40;
/// Up to so many bytes of sums are folded in although their hour goes on: some 14,000 secrets.
const SOON: i64 = 250_000;
/// The numbers of sums are below zero; that of the oldest is the largest.
pub(super) const OLDEST: i64 = -1;
pub(super) const ALL: i64 = i64::MIN;

/// What a server counted, as it will be written.
pub(super) struct Counts {
    /// As rows, when it is little.
    rows: Batch,
    /// In pieces, when it is much: the first numbers of each, and its body.
    pieces: Vec<(i64, Vec<u8>)>,
}

impl Counts {
    /// All of an hour. To make pieces takes time, and so it is done before anything is locked.
    pub(super) fn of(counted: &[Counted], at: Instant) -> Result<Self> {
        let all = Batch::of(counted, hour_of(at).seconds())?;
        if counted.len() <= DIRECT {
            return Ok(Self { rows: all, pieces: Vec::new() });
        }
        let pieces = if counted.len() <= MIXED {
            vec![(0, written(&all)?)]
        } else {
            let shares = (1..).zip(divided(all)?).filter(|(_, share)| !share.rows.is_empty());
            shares.map(|(space, share)| Ok((space * NUMBERS, written(&share)?))).collect::<Result<_>>()?
        };
        Ok(Self { rows: Batch::default(), pieces })
    }

    /// Writes it.
    pub(super) fn put(&self, connection: &Connection, at: Instant) -> Result<()> {
        fold_into_tables(connection, &self.rows)?;
        // Not in one statement, for which SQLite would copy the body once more.
        let mut next = connection.prepare_cached(
            "SELECT coalesce(max(number), ?1) + 1 FROM usage_batch WHERE number > ?1 AND number <= ?2",
        )?;
        let mut insert =
            connection.prepare_cached("INSERT INTO usage_batch (number, at, body) VALUES (?1, ?2, ?3)")?;
        for (before, body) in &self.pieces {
            let number: i64 = next.query_row([*before, end_of(before + 1)], |row| row.get(0))?;
            insert.execute(params![number, at.seconds(), body])?;
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
        let rows = rest.rows.split_off(rest.rows.len().saturating_sub(left));
        left -= rows.len();
        fold_into_tables(connection, &Batch { hour: rest.hour, sorts: rest.sorts.clone(), rows })?;
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
    if batch.rows.is_empty() {
        connection.prepare_cached("DELETE FROM usage_batch WHERE number = ?1")?.execute([number])?;
        return Ok(());
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO usage_batch (number, at, body) VALUES (?1, ?2, ?3)")?
        .execute(params![number, batch.hour, written(batch)?])?;
    Ok(())
}

/// What a share of an hour says, begun with what was summed before: of two uses in a second the newer one is told later.
fn sums_of<'s>(
    connection: &Connection,
    share: i64,
    hour: i64,
    shares: &'s mut BTreeMap<i64, Sums>,
) -> Result<&'s mut Sums> {
    match shares.entry(share) {
        Entry::Occupied(known) => Ok(known.into_mut()),
        Entry::Vacant(place) => {
            let mut sums = Sums::default();
            if let Some(body) = body_of(connection, number_of(hour, share))? {
                sums.add(read(&body)?)?;
            }
            Ok(place.insert(sums))
        }
    }
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
            for (share, batch) in (0..).zip(divided(batch)?).filter(|(_, batch)| !batch.rows.is_empty()) {
                sums_of(connection, share, batch.hour, &mut shares)?.add(batch)?;
            }
        } else {
            sums_of(connection, space - 1, batch.hour, &mut shares)?.add(batch)?;
        }
    }
    drop(pieces);
    // Another process may have been faster.
    let Some(hour) = hour else { return Ok(None) };
    for (share, sums) in shares {
        put(connection, number_of(hour, share), &sums.batch(hour))?;
    }
    connection
        .prepare_cached("DELETE FROM usage_batch WHERE number >= ?1 AND number <= ?2")?
        .execute([first, last])?;
    Ok((last < newest).then_some((last + 1, newest)))
}
