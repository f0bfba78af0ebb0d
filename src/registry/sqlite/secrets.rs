//! The secrets of a key as rows: added, replaced and removed along with it, and marked as used.

use std::collections::HashMap;
use std::net::IpAddr;

use rusqlite::{Connection, params};

use super::failure::{Attempt, Failure, is_constraint};
use super::rows::{CLEAR, damaged, text};
use crate::crypto::sealing::XCHACHA20_POLY1305;
use crate::domain::digest::HMAC_SHA256;
use crate::domain::key::{Kept, Key, KeySecret};
use crate::domain::secret::SecretId;
use crate::domain::time::{Instant, Span};
use crate::registry::RegistryError;

/// Adds the secrets of a new key.
pub(super) fn insert_all(connection: &Connection, key: i64, secrets: &[KeySecret]) -> Attempt<()> {
    (1..).zip(secrets).try_for_each(|(number, secret)| insert(connection, (key, number), secret))
}

/// Makes the rows of a key's secrets what they are in `key`, whose own row was just written.
///
/// Its digest and its creation are part of what a secret is, and stay. A use noted since the key was read stays too.
pub(super) fn replace_all(connection: &Connection, key: &Key) -> Attempt<()> {
    let number: i64 = connection
        .prepare_cached("SELECT number FROM key WHERE id = ?1")?
        .query_row([key.id.bare()], |row| row.get(0))?;
    let mut there = rows_of(connection, number)?;
    let mut next = there.values().map(|row| row.number).max().unwrap_or(0) + 1;
    for secret in &key.secrets {
        if let Some(row) = there.remove(&secret.id) {
            if secret.revoked_at.is_some() && !row.is_revoked {
                refuse_if_used_meanwhile(key, row, secret.last_use.is_some())?;
            }
            update(connection, (number, row.number), secret)?;
        } else {
            insert(connection, (number, next), secret)?;
            next += 1;
        }
    }
    for row in there.into_values() {
        connection
            .prepare_cached("DELETE FROM secret WHERE key = ?1 AND number = ?2")?
            .execute([number, row.number])?;
    }
    Ok(())
}

/// What is there of a secret before it is replaced.
#[derive(Clone, Copy)]
struct Row {
    number: i64,
    is_used: bool,
    is_revoked: bool,
}

fn rows_of(connection: &Connection, key: i64) -> Attempt<HashMap<SecretId, Row>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, number, last_used_at IS NOT NULL, revoked_at IS NOT NULL FROM secret WHERE key = ?1",
    )?;
    let mut rows = statement.query([key])?;
    let mut all = HashMap::new();
    while let Some(row) = rows.next()? {
        let id = SecretId::parse(text(row, 0)?).ok_or_else(|| damaged("the id of a secret"))?;
        all.insert(id, Row { number: row.get(1)?, is_used: row.get(2)?, is_revoked: row.get(3)? });
    }
    Ok(all)
}

/// `--cancel` is allowed only while the new secret was never accepted, and uses do not count as changes of the key: so
/// the first one, if it came after the key was read, is a conflict. Read again, it is there, and cannot conflict again.
fn refuse_if_used_meanwhile(key: &Key, row: Row, known_as_used: bool) -> Attempt<()> {
    if row.is_used && !known_as_used { Err(RegistryError::Conflict(key.id).into()) } else { Ok(()) }
}

fn insert(connection: &Connection, (key, number): (i64, i64), secret: &KeySecret) -> Attempt<()> {
    let (kept_algorithm, kept) = kept_columns(&secret.kept);
    let (algorithm, seal) = secret.seal.columns();
    connection
        .prepare_cached(
            "INSERT INTO secret (key, number, id, digest_algorithm, digest, created_at, expires_at, retires_at, \
             pending_grace_seconds, revoked_at, last_used_at, last_used_ip, kept_algorithm, kept, seal_algorithm, seal) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(params![
            key,
            number,
            secret.id.as_str(),
            HMAC_SHA256,
            secret.digest.as_bytes(),
            secret.created_at.seconds(),
            secret.expires_at.map(Instant::seconds),
            secret.retires_at.map(Instant::seconds),
            secret.pending_grace.map(Span::seconds),
            secret.revoked_at.map(Instant::seconds),
            secret.last_use.map(|last| last.at.seconds()),
            secret.last_use.and_then(|last| last.ip).map(|ip| ip.to_string()),
            kept_algorithm,
            kept,
            algorithm,
            seal
        ])
        .map_err(id_taken)?;
    Ok(())
}

/// The only rules an insertion can break are those of its id.
fn id_taken(error: rusqlite::Error) -> Failure {
    if is_constraint(&error) { RegistryError::IdTaken.into() } else { error.into() }
}

fn update(connection: &Connection, (key, number): (i64, i64), secret: &KeySecret) -> Attempt<()> {
    let (kept_algorithm, kept) = kept_columns(&secret.kept);
    let (algorithm, seal) = secret.seal.columns();
    connection
        .prepare_cached(
            "UPDATE secret SET expires_at = ?3, retires_at = ?4, pending_grace_seconds = ?5, revoked_at = ?6, \
             kept_algorithm = ?7, kept = ?8, seal_algorithm = ?9, seal = ?10 WHERE key = ?1 AND number = ?2",
        )?
        .execute(params![
            key,
            number,
            secret.expires_at.map(Instant::seconds),
            secret.retires_at.map(Instant::seconds),
            secret.pending_grace.map(Span::seconds),
            secret.revoked_at.map(Instant::seconds),
            kept_algorithm,
            kept,
            algorithm,
            seal
        ])?;
    match secret.last_use {
        Some(last) => note_use(connection, secret.id, last.at, last.ip),
        None => Ok(()),
    }
}

/// Notes a use, unless a later one is noted already.
pub(super) fn note_use(
    connection: &Connection,
    id: SecretId,
    at: Instant,
    ip: Option<IpAddr>,
) -> Attempt<()> {
    connection
        .prepare_cached(
            "UPDATE secret SET last_used_at = ?2, last_used_ip = ?3 \
             WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at <= ?2)",
        )?
        .execute(params![id.as_str(), at.seconds(), ip.map(|ip| ip.to_string())])?;
    Ok(())
}

fn kept_columns(kept: &Kept) -> (Option<&'static str>, Option<&[u8]>) {
    match kept {
        Kept::No => (None, None),
        Kept::Sealed(bytes) => (Some(XCHACHA20_POLY1305), Some(bytes)),
        Kept::Clear(text) => (Some(CLEAR), Some(text.as_bytes())),
    }
}
