//! Reading rows into the domain's types.
//!
//! What a sealed field holds beyond understanding is left out: the seal then says that the row was edited, and the one
//! row does not hide all others from a listing or a revocation. Elsewhere it is damage, and said so.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Rows};

use super::{Result, damaged, limits, parties};
use crate::crypto::sealing::XCHACHA20_POLY1305;
use crate::domain::digest::Digest;
use crate::domain::key::{Allowed, Kept, Key, KeyId, KeySecret, LastUse, Revocation, RevokeReason};
use crate::domain::lifetime::Lifetime;
use crate::domain::name::{Name, Note};
use crate::domain::party::{Party, PartyKind};
use crate::domain::scope::{MOST_SCOPES, Scopes};
use crate::domain::seal::Seal;
use crate::domain::secret::{Env, Kind, SecretId};
use crate::domain::time::{Instant, Span};
use crate::registry::{DefinedScope, Found, Identity, RememberedRequest};

/// The columns [`key`] reads, in its order.
pub(super) const KEY_COLUMNS: &str = "k.id, k.name, k.kind, k.env, k.owner, k.project, k.scopes, k.allow_ips, \
     k.allow_origins, k.lifetime_seconds, k.lifetime_until, k.not_before, k.rotate_every_seconds, k.tags, k.note, \
     k.created_at, k.disabled_at, k.revoked_at, k.revoke_reason, k.revision, k.seal_algorithm, k.seal, \
     k.rate_count, k.rate_seconds, k.rate_burst, k.quota_count, k.quota_period";
const KEY_WIDTH: usize = 27;
/// How many columns key and secret have together: the place of what comes behind them.
const WIDTH: usize = KEY_WIDTH + 15;

/// The columns [`secret`] reads, in its order, behind those of the key.
pub(super) const SECRET_COLUMNS: &str = "s.id, s.digest, s.created_at, s.expires_at, s.retires_at, \
     s.pending_grace_seconds, s.revoked_at, s.last_used_at, s.last_used_ip, s.kept_algorithm, s.kept, \
     s.seal_algorithm, s.seal, s.retires_at_before, s.number";

pub(super) fn identity(connection: &Connection) -> Result<Identity> {
    let mut statement = connection
        .prepare("SELECT id, brand, vault_kind, check_value, created_at FROM registry WHERE only_row = 1")?;
    let mut rows = statement.query([])?;
    let row = rows.next()?.ok_or_else(|| damaged("no identity"))?;
    Ok(Identity {
        id: row.get(0)?,
        brand: text(row, 1)?.parse().map_err(|_| damaged("a brand"))?,
        vault_kind: row.get(2)?,
        check_value: row.get(3)?,
        created_at: Instant::from_seconds(row.get(4)?),
    })
}

pub(super) fn place_of(connection: &Connection, id: KeyId) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT place FROM key WHERE id = ?1")?;
    Ok(statement.query_row([id.to_string()], |row| row.get(0)).optional()?)
}

pub(super) fn place_of_secret(connection: &Connection, id: SecretId) -> Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT key_place FROM secret WHERE id = ?1")?;
    Ok(statement.query_row([id.as_str()], |row| row.get(0)).optional()?)
}

pub(super) fn found(connection: &Connection, place: i64) -> Result<Option<Found>> {
    let Some(key) = whole_key(connection, place)? else { return Ok(None) };
    let party = |kind, name: &Name| {
        // One that was removed by another program: its key is found, to be revoked, and by no seal grants anything.
        let gone = || Party::new(kind, name.clone(), key.created_at);
        Ok::<_, super::RegistryError>(parties::one(connection, kind, name.as_str())?.unwrap_or_else(gone))
    };
    let (owner, project) = (party(PartyKind::Owner, &key.owner)?, party(PartyKind::Project, &key.project)?);
    Ok(Some(Found { key, owner, project }))
}

fn whole_key(connection: &Connection, place: i64) -> Result<Option<Key>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {KEY_COLUMNS}, {SECRET_COLUMNS}, k.place FROM key AS k LEFT JOIN secret AS s ON s.key_place = k.place \
         WHERE k.place = ?1 ORDER BY s.number"
    ))?;
    let mut whole = None;
    keys(&mut statement.query([place])?, |_, key| {
        whole = Some(key);
        ControlFlow::Continue(())
    })?;
    Ok(whole)
}

/// The keys in rows of [`KEY_COLUMNS`], [`SECRET_COLUMNS`] and `k.place`, those of one key together. One at a time, with
/// its place, until one says to stop.
pub(super) fn keys(rows: &mut Rows<'_>, mut visit: impl FnMut(i64, Key) -> ControlFlow<()>) -> Result<()> {
    let mut current: Option<(i64, Key)> = None;
    while let Some(row) = rows.next()? {
        let place: i64 = row.get(WIDTH)?;
        match &mut current {
            Some((same, key)) if *same == place => key.secrets.extend(secret(row, KEY_WIDTH)?),
            _ => {
                let mut next = key(row)?;
                next.secrets.extend(secret(row, KEY_WIDTH)?);
                if let Some((done, key)) = current.replace((place, next))
                    && visit(done, key).is_break()
                {
                    return Ok(());
                }
            }
        }
    }
    if let Some((place, key)) = current {
        // There is none after it to stop at.
        let _ = visit(place, key);
    }
    Ok(())
}

/// A text with what is no UTF-8 replaced.
pub(super) fn text<'a>(row: &'a Row<'_>, place: usize) -> Result<Cow<'a, str>> {
    optional_text(row, place)?.ok_or_else(|| damaged("a text"))
}

fn optional_text<'a>(row: &'a Row<'_>, place: usize) -> Result<Option<Cow<'a, str>>> {
    match row.get_ref(place)? {
        ValueRef::Null => Ok(None),
        // Nearly all are, and to find that out is much faster than to look for what is not.
        ValueRef::Text(bytes) => Ok(Some(match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(bytes),
        })),
        _ => Err(damaged("a text")),
    }
}

pub(super) fn instant(row: &Row<'_>, place: usize) -> Result<Option<Instant>> {
    Ok(row.get::<_, Option<i64>>(place)?.map(Instant::from_seconds))
}

fn span(row: &Row<'_>, place: usize) -> Result<Option<Span>> {
    match row.get::<_, Option<i64>>(place)? {
        None => Ok(None),
        Some(0) => Ok(Some(Span::ZERO)),
        // None is what the seal then says it was not.
        Some(seconds) => Ok(Span::from_seconds(seconds)),
    }
}

pub(super) fn seal(row: &Row<'_>, place: usize) -> Result<Seal> {
    let bytes = row.get_ref(place + 1)?.as_blob_or_null().map_err(|_| damaged("a seal"))?;
    Ok(Seal::from_columns(optional_text(row, place)?.as_deref(), bytes))
}

/// A key without its secrets.
fn key(row: &Row<'_>) -> Result<Key> {
    let name = |place| Ok::<_, super::RegistryError>(Name::from_stored(text(row, place)?.into_owned()));
    Ok(Key {
        id: text(row, 0)?.parse().map_err(|()| damaged("a key's id"))?,
        name: name(1)?,
        kind: Kind::from_code(&*text(row, 2)?).ok_or_else(|| damaged("a kind"))?,
        env: Env::from_code(&*text(row, 3)?).ok_or_else(|| damaged("an environment"))?,
        owner: name(4)?,
        project: name(5)?,
        scopes: scopes(&text(row, 6)?),
        networks: words(optional_text(row, 7)?.as_deref()),
        origins: words(optional_text(row, 8)?.as_deref()),
        lifetime: match (span(row, 9)?, instant(row, 10)?) {
            (Some(span), _) => Lifetime::Span(span),
            (None, Some(end)) => Lifetime::Until(end),
            (None, None) => Lifetime::Never,
        },
        not_before: instant(row, 11)?,
        rotate_every: span(row, 12)?,
        tags: text(row, 13)?
            .split(',')
            .filter(|tag| !tag.is_empty())
            .map(|tag| Name::from_stored(tag.to_owned()))
            .collect::<BTreeSet<_>>(),
        note: optional_text(row, 14)?.map(|note| Note::from_stored(note.into_owned())),
        created_at: Instant::from_seconds(row.get(15)?),
        disabled_at: instant(row, 16)?,
        revoked: match instant(row, 17)? {
            None => None,
            Some(at) => {
                // A revocation for whatever reason, or for none, is a revocation.
                let reason = optional_text(row, 18)?.and_then(|code| RevokeReason::from_code(&code));
                let reason = reason.unwrap_or(RevokeReason::Other);
                Some(Revocation { at, reason })
            }
        },
        revision: u64::try_from(row.get::<_, i64>(19)?).map_err(|_| damaged("a revision"))?,
        limits: limits::limits(row, 22)?,
        seal: seal(row, 20)?,
        secrets: Vec::with_capacity(1),
    })
}

/// Words that are no scopes, or more than a key may have, grant nothing: they are left out, and the row's seal does not
/// hold without them.
fn scopes(joined: &str) -> Scopes {
    let scopes = joined.split(' ').filter_map(|word| word.parse().ok());
    Scopes::new(scopes.take(MOST_SCOPES)).unwrap_or_default()
}

/// Words that are no `T` allow nothing. A list that holds nothing else is an empty one, and never "everything".
fn words<T: std::str::FromStr + Ord>(joined: Option<&str>) -> Allowed<T> {
    let Some(joined) = joined else { return Allowed::Any };
    Allowed::Only(joined.split(' ').filter_map(|word| word.parse().ok()).collect())
}

/// The secret in a row's columns from this one on; none for a key whose secrets were removed by another program.
pub(super) fn secret(row: &Row<'_>, from: usize) -> Result<Option<KeySecret>> {
    let column = |place: usize| from + place;
    let Some(id) = optional_text(row, column(0))? else { return Ok(None) };
    let kept = row.get_ref(column(10))?.as_blob_or_null().map_err(|_| damaged("a kept copy"))?;
    Ok(Some(KeySecret {
        id: SecretId::parse(&*id).ok_or_else(|| damaged("a secret's id"))?,
        // One that cannot be is not what was sealed.
        number: u32::try_from(row.get::<_, i64>(column(14))?).unwrap_or(u32::MAX),
        digest: Digest::from_bytes(row.get(column(1))?),
        created_at: Instant::from_seconds(row.get(column(2))?),
        expires_at: instant(row, column(3))?,
        retires_at: instant(row, column(4))?,
        retires_at_before: instant(row, column(13))?,
        pending_grace: span(row, column(5))?,
        revoked_at: instant(row, column(6))?,
        last_use: match instant(row, column(7))? {
            None => None,
            Some(at) => {
                Some(LastUse { at, ip: optional_text(row, column(8))?.and_then(|ip| ip.parse().ok()) })
            }
        },
        kept: match (optional_text(row, column(9))?.as_deref(), kept) {
            (Some(XCHACHA20_POLY1305), Some(bytes)) => Kept::Sealed(bytes.to_vec()),
            (Some("clear"), Some(bytes)) => Kept::Clear(String::from_utf8_lossy(bytes).into_owned()),
            _ => Kept::No,
        },
        seal: seal(row, column(11))?,
    }))
}

pub(super) fn defined_scopes(connection: &Connection) -> Result<Vec<DefinedScope>> {
    let mut statement =
        connection.prepare_cached("SELECT scope, description FROM defined_scope ORDER BY scope")?;
    let mut rows = statement.query([])?;
    let mut scopes = Vec::new();
    while let Some(row) = rows.next()? {
        let scope = text(row, 0)?.parse().map_err(|_| damaged("a scope"))?;
        scopes.push(DefinedScope { scope, description: row.get(1)? });
    }
    Ok(scopes)
}

pub(super) fn request(connection: &Connection, id: &str) -> Result<Option<RememberedRequest>> {
    let mut statement =
        connection.prepare("SELECT id, fingerprint, key, secret, at, seal FROM request WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(RememberedRequest {
        id: row.get(0)?,
        fingerprint: row.get(1)?,
        key: text(row, 2)?.parse().map_err(|()| damaged("a key's id"))?,
        secret: SecretId::parse(&*text(row, 3)?).ok_or_else(|| damaged("a secret's id"))?,
        at: Instant::from_seconds(row.get(4)?),
        seal: row.get(5)?,
    }))
}
