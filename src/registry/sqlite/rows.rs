//! Rows as values. What a list column holds beyond understanding is left out: the row's seal then fails, so it grants
//! nothing, and one edited row does not hide all others.

use std::net::IpAddr;
use std::str::FromStr;

use rusqlite::Row;

use super::failure::{Attempt, Failure};
use crate::crypto::sealing::XCHACHA20_POLY1305;
use crate::domain::digest::{Digest, HMAC_SHA256};
use crate::domain::key::{Allowed, Kept, Key, KeyId, KeySecret, LastUse, Revocation, RevokeReason};
use crate::domain::lifetime::Lifetime;
use crate::domain::name::{Name, Note};
use crate::domain::party::{Party, PartyKind};
use crate::domain::scope::Scopes;
use crate::domain::seal::Seal;
use crate::domain::secret::{Env, Kind, SecretId};
use crate::domain::time::{Instant, Span};

/// The algorithm name of a copy that is public by nature.
pub(super) const CLEAR: &str = "clear";

/// What [`key_row`] reads, of `key AS k`.
pub(super) const KEY_COLUMNS: &str = "k.number, k.id, k.name, k.kind, k.env, k.owner, k.project, k.scopes, k.networks, k.origins, \
     k.lifetime_seconds, k.lifetime_until, k.not_before, k.rotate_every_seconds, k.tags, k.note, k.created_at, \
     k.disabled_at, k.revoked_at, k.revoke_reason, k.revision, k.seal_algorithm, k.seal";

/// What [`secret_row`] reads, of `secret AS s`, behind the columns of its key.
pub(super) const SECRET_COLUMNS: &str = "s.id, s.digest_algorithm, s.digest, s.created_at, s.expires_at, s.retires_at, \
     s.pending_grace_seconds, s.revoked_at, s.last_used_at, s.last_used_ip, s.kept_algorithm, s.kept, \
     s.seal_algorithm, s.seal";

const FIRST_SECRET_COLUMN: usize = 23;

/// What [`party_row`] reads.
pub(super) const PARTY_COLUMNS: &str = "kind, name, created_at, suspended_at, seal_algorithm, seal";

/// A key's own row, before its owner, project and secrets are put in.
pub(super) struct KeyRow {
    pub(super) number: i64,
    pub(super) owner: i64,
    pub(super) project: i64,
    /// Owner and project are still empty.
    pub(super) key: Key,
}

/// Reads [`KEY_COLUMNS`].
pub(super) fn key_row(row: &Row<'_>) -> Attempt<KeyRow> {
    let key = Key {
        id: KeyId::from_bare(text(row, 1)?).ok_or_else(|| damaged("the id of a key"))?,
        name: Name::from_stored(text(row, 2)?.to_owned()),
        kind: Kind::from_code(text(row, 3)?).ok_or_else(|| damaged("the kind of a key"))?,
        env: Env::from_code(text(row, 4)?).ok_or_else(|| damaged("the environment of a key"))?,
        owner: Name::from_stored(String::new()),
        project: Name::from_stored(String::new()),
        scopes: Scopes::new(items(Some(text(row, 7)?), ' ')).map_err(|_| damaged("the scopes of a key"))?,
        networks: allowed(optional_text(row, 8)?),
        origins: allowed(optional_text(row, 9)?),
        lifetime: match (span(row, 10)?, instant(row, 11)?) {
            (Some(span), _) => Lifetime::Span(span),
            (None, Some(end)) => Lifetime::Until(end),
            (None, None) => Lifetime::Never,
        },
        not_before: instant(row, 12)?,
        rotate_every: span(row, 13)?,
        tags: optional_text(row, 14)?
            .map(|tags| tags.split(',').map(|tag| Name::from_stored(tag.to_owned())).collect())
            .unwrap_or_default(),
        note: optional_text(row, 15)?.map(|note| Note::from_stored(note.to_owned())),
        created_at: Instant::from_seconds(row.get(16)?),
        disabled_at: instant(row, 17)?,
        revoked: revocation(row)?,
        secrets: Vec::with_capacity(1),
        revision: row.get::<_, i64>(20)?.unsigned_abs(),
        seal: seal(row, 21)?,
    };
    Ok(KeyRow { number: row.get(0)?, owner: row.get(5)?, project: row.get(6)?, key })
}

fn revocation(row: &Row<'_>) -> Attempt<Option<Revocation>> {
    // An unknown reason is still a revocation.
    let reason = optional_text(row, 19)?.and_then(RevokeReason::from_code).unwrap_or(RevokeReason::Other);
    Ok(instant(row, 18)?.map(|at| Revocation { at, reason }))
}

/// Reads [`SECRET_COLUMNS`]; nothing for a key that was left without any.
pub(super) fn secret_row(row: &Row<'_>) -> Attempt<Option<KeySecret>> {
    let at = |place| FIRST_SECRET_COLUMN + place;
    let Some(id) = optional_text(row, at(0))? else { return Ok(None) };
    if text(row, at(1))? != HMAC_SHA256 {
        return Err(damaged("the digest algorithm of a secret"));
    }
    let ip = optional_text(row, at(9))?;
    Ok(Some(KeySecret {
        id: SecretId::parse(id).ok_or_else(|| damaged("the id of a secret"))?,
        digest: Digest::from_bytes(bytes_32(row, at(2))?),
        created_at: Instant::from_seconds(row.get(at(3))?),
        expires_at: instant(row, at(4))?,
        retires_at: instant(row, at(5))?,
        pending_grace: grace(row, at(6))?,
        revoked_at: instant(row, at(7))?,
        last_use: instant(row, at(8))?
            .map(|at| LastUse { at, ip: ip.and_then(|ip| IpAddr::from_str(ip).ok()) }),
        kept: kept(row, at(10))?,
        seal: seal(row, at(12))?,
    }))
}

fn kept(row: &Row<'_>, first: usize) -> Attempt<Kept> {
    let Some(algorithm) = optional_text(row, first)? else { return Ok(Kept::No) };
    let bytes = row.get_ref(first + 1)?.as_blob()?.to_vec();
    match algorithm {
        XCHACHA20_POLY1305 => Ok(Kept::Sealed(bytes)),
        CLEAR => String::from_utf8(bytes).map(Kept::Clear).map_err(|_| damaged("the copy of a secret")),
        _ => Err(damaged("the algorithm of a kept copy")),
    }
}

/// Reads [`PARTY_COLUMNS`] from column `first` on.
pub(super) fn party_row(row: &Row<'_>, first: usize) -> Attempt<Party> {
    let kind = match text(row, first)? {
        "owner" => PartyKind::Owner,
        "project" => PartyKind::Project,
        _ => return Err(damaged("an owner or project")),
    };
    Ok(Party {
        kind,
        name: Name::from_stored(text(row, first + 1)?.to_owned()),
        created_at: Instant::from_seconds(row.get(first + 2)?),
        suspended_at: instant(row, first + 3)?,
        seal: seal(row, first + 4)?,
    })
}

pub(super) fn damaged(what: &str) -> Failure {
    Failure::Damaged(format!("{what} cannot be understood"))
}

pub(super) fn text<'r>(row: &'r Row<'_>, column: usize) -> Attempt<&'r str> {
    Ok(row.get_ref(column)?.as_str()?)
}

pub(super) fn optional_text<'r>(row: &'r Row<'_>, column: usize) -> Attempt<Option<&'r str>> {
    Ok(row.get_ref(column)?.as_str_or_null()?)
}

pub(super) fn bytes_32(row: &Row<'_>, column: usize) -> Attempt<[u8; 32]> {
    row.get_ref(column)?.as_blob()?.try_into().map_err(|_| damaged("a value of 32 bytes"))
}

fn instant(row: &Row<'_>, column: usize) -> Attempt<Option<Instant>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Instant::from_seconds))
}

fn span(row: &Row<'_>, column: usize) -> Attempt<Option<Span>> {
    Ok(row.get::<_, Option<i64>>(column)?.and_then(Span::from_seconds))
}

/// A grace, alone among spans, may be no time at all.
fn grace(row: &Row<'_>, column: usize) -> Attempt<Option<Span>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(|seconds| Span::from_seconds(seconds).unwrap_or(Span::ZERO)))
}

fn seal(row: &Row<'_>, first: usize) -> Attempt<Seal> {
    Ok(Seal::from_columns(optional_text(row, first)?, row.get_ref(first + 1)?.as_blob_or_null()?))
}

fn allowed<T: FromStr + Ord>(column: Option<&str>) -> Allowed<T> {
    match column {
        None => Allowed::Any,
        // Not `from_named`: what holds nothing understandable allows nothing, and not everything.
        some => Allowed::Only(items(some, ' ').collect()),
    }
}

fn items<T: FromStr>(column: Option<&str>, separator: char) -> impl Iterator<Item = T> {
    column.unwrap_or_default().split(separator).filter_map(|item| item.parse().ok())
}
