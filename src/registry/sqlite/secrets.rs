//! The secrets of a key as rows: added, replaced and removed with it, and their kept copies erased.

use std::collections::HashMap;

use rusqlite::{Connection, Statement};

use super::read::{self, SECRET_COLUMNS};
use super::write::{seconds, span};
use super::{Result, SqliteRegistry};
use crate::crypto::sealing::XCHACHA20_POLY1305;
use crate::domain::digest::HMAC_SHA256;
use crate::domain::key::{Kept, Key, KeySecret};
use crate::domain::time::Instant;
use crate::registry::RegistryError;

/// Adds the secrets of a new key.
pub(super) fn insert(connection: &Connection, place: i64, key: &Key) -> Result<()> {
    key.secrets.iter().try_for_each(|secret| add(connection, place, secret))
}

/// Makes the rows what they are in `key`, whose own row was just replaced. A key that was rotated often has many secrets,
/// of which a change is about one or two.
pub(super) fn replace(connection: &Connection, place: i64, key: &Key) -> Result<()> {
    refuse_if_used_meanwhile(connection, key)?;
    let mut stored = HashMap::new();
    let mut statement = connection
        .prepare_cached(&format!("SELECT {SECRET_COLUMNS} FROM secret AS s WHERE s.key_place = ?1"))?;
    let mut rows = statement.query([place])?;
    while let Some(row) = rows.next()? {
        let secret = read::secret(row, 0)?;
        stored.extend(secret.map(|secret| (secret.id, secret)));
    }
    drop(rows);
    for secret in &key.secrets {
        match stored.remove(&secret.id) {
            None => add(connection, place, secret)?,
            Some(stored) if is_same(&stored, secret) => {}
            Some(_) => update(connection, place, secret)?,
        }
    }
    for id in stored.into_keys() {
        connection.prepare_cached("DELETE FROM secret WHERE id = ?1")?.execute([id.as_str()])?;
    }
    Ok(())
}

/// But for the last use, which is written elsewhere.
fn is_same(one: &KeySecret, other: &KeySecret) -> bool {
    let fields = |of: &KeySecret| {
        (
            *of.digest.as_bytes(),
            of.created_at,
            of.ends(),
            of.retires_at_before,
            of.pending_grace,
            of.revoked_at,
            of.seal,
        )
    };
    fields(one) == fields(other) && one.kept == other.kept
}

/// `rotate --cancel` revokes a secret because it was never accepted, and a use counts no revision: so a first use after
/// the key was read is a conflict. Read again, the use is known, and cannot be in the way a second time.
fn refuse_if_used_meanwhile(connection: &Connection, key: &Key) -> Result<()> {
    let unused = key.secrets.iter().filter(|secret| secret.revoked_at.is_some() && secret.last_use.is_none());
    for secret in unused {
        let is_used = connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM secret WHERE id = ?1 AND last_used_at IS NOT NULL AND revoked_at IS NULL)",
            )?
            .query_row([secret.id.as_str()], |row| row.get(0))?;
        if is_used {
            return Err(RegistryError::Conflict(key.id));
        }
    }
    Ok(())
}

/// No id is ever given twice, not even after what had it was removed.
pub(super) fn refuse_spent(connection: &Connection, id: &str) -> Result<()> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM spent WHERE id = ?1)")?;
    if statement.query_row([id], |row| row.get(0))? { Err(RegistryError::IdTaken) } else { Ok(()) }
}

/// Adds a secret to this key, numbered behind those that are there: its place among them is not its number once an older
/// one was removed.
fn add(connection: &Connection, place: i64, secret: &KeySecret) -> Result<()> {
    refuse_spent(connection, secret.id.as_str())?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO secret (id, key_place, digest, expires_at, retires_at, pending_grace_seconds, revoked_at, \
         kept_algorithm, kept, seal_algorithm, seal, retires_at_before, digest_algorithm, created_at, number) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, \
         (SELECT coalesce(max(number) + 1, 0) FROM secret WHERE key_place = ?2)) ON CONFLICT (id) DO NOTHING",
    )?;
    bind(&mut statement, place, secret)?;
    statement.raw_bind_parameter(13, HMAC_SHA256)?;
    statement.raw_bind_parameter(14, secret.created_at.seconds())?;
    // An id that belongs to another secret is a collision and never overwrites it.
    if statement.raw_execute()? == 1 { Ok(()) } else { Err(RegistryError::IdTaken) }
}

/// Makes a secret's row what it is now. Its last use is left to [`super::usage`], which counts no revision and must not be
/// undone by a change read before it.
fn update(connection: &Connection, place: i64, secret: &KeySecret) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE secret SET expires_at = ?4, retires_at = ?5, pending_grace_seconds = ?6, revoked_at = ?7, \
         kept_algorithm = ?8, kept = ?9, seal_algorithm = ?10, seal = ?11, retires_at_before = ?12 \
         WHERE id = ?1 AND key_place = ?2 AND digest = ?3",
    )?;
    bind(&mut statement, place, secret)?;
    if statement.raw_execute()? == 1 { Ok(()) } else { Err(RegistryError::IdTaken) }
}

/// Binds what a new and a changed row share, from the first parameter on.
fn bind(statement: &mut Statement<'_>, place: i64, secret: &KeySecret) -> rusqlite::Result<()> {
    let (algorithm, seal) = secret.seal.columns();
    let (kept_algorithm, kept) = match &secret.kept {
        Kept::No => (None, None),
        Kept::Sealed(bytes) => (Some(XCHACHA20_POLY1305), Some(bytes.as_slice())),
        Kept::Clear(text) => (Some("clear"), Some(text.as_bytes())),
    };
    statement.raw_bind_parameter(1, secret.id.as_str())?;
    statement.raw_bind_parameter(2, place)?;
    statement.raw_bind_parameter(3, secret.digest.as_bytes())?;
    statement.raw_bind_parameter(4, seconds(secret.expires_at))?;
    statement.raw_bind_parameter(5, seconds(secret.retires_at))?;
    statement.raw_bind_parameter(6, span(secret.pending_grace))?;
    statement.raw_bind_parameter(7, seconds(secret.revoked_at))?;
    statement.raw_bind_parameter(8, kept_algorithm)?;
    statement.raw_bind_parameter(9, kept)?;
    statement.raw_bind_parameter(10, algorithm)?;
    statement.raw_bind_parameter(11, seal)?;
    statement.raw_bind_parameter(12, seconds(secret.retires_at_before))
}

/// As many copies as one change erases at most: whoever changes one key does not wait for everybody's.
const SWEPT: usize = 1_000;

impl SqliteRegistry {
    /// Erases some sealed copies of secrets that have ended, as every change does; locks nothing where there are none.
    ///
    /// # Errors
    /// Those of SQLite; [`RegistryError::Busy`] while another process writes.
    pub fn sweep(&mut self, now: Instant) -> Result<()> {
        if !self.placed(has_ended_copies(&self.connection, now))? {
            return Ok(());
        }
        self.in_transaction(|transaction| sweep(transaction, now))
    }
}

/// Those that have a sealed copy and ended by one of their two ends; a partial index makes each a look and not a scan.
fn ended() -> [String; 2] {
    ["expires_at", "retires_at"]
        .map(|end| format!("kept_algorithm = '{XCHACHA20_POLY1305}' AND {end} IS NOT NULL AND {end} <= ?1"))
}

fn has_ended_copies(connection: &Connection, now: Instant) -> Result<bool> {
    let [expired, retired] = ended();
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM secret WHERE {expired}) OR EXISTS (SELECT 1 FROM secret WHERE {retired})"
    );
    Ok(connection.prepare_cached(&sql)?.query_row([now.seconds()], |row| row.get(0))?)
}

/// Erases sealed copies of secrets that have ended. It is looked first, since it is nearly always in vain, and to prepare
/// the writing takes four times as long.
pub(super) fn sweep(connection: &Connection, now: Instant) -> Result<()> {
    if has_ended_copies(connection, now)? {
        for over in &ended() {
            let sql = format!(
                "UPDATE secret SET kept = NULL, kept_algorithm = NULL \
                 WHERE id IN (SELECT id FROM secret WHERE {over} LIMIT {SWEPT})"
            );
            connection.execute(&sql, [now.seconds()])?;
        }
    }
    Ok(())
}

// With the other tests of the file, which are for Unix.
#[cfg(test)]
#[cfg(unix)]
mod tests;
