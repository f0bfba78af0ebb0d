//! Writing one whole change inside a transaction that somebody else begins and commits.

use rusqlite::{Connection, Statement, params};

use super::{Result, events, limits, names, parties, read, secrets};
use crate::domain::key::{Allowed, Key, KeyId};
use crate::domain::lifetime::Lifetime;
use crate::domain::name::Name;
use crate::domain::party::Party;
use crate::domain::time::{Instant, Span};
use crate::registry::{Change, PartyChange, RegistryError, RememberedRequest};

pub(super) fn apply(connection: &Connection, change: &Change<'_>) -> Result<()> {
    for party in change.new_parties {
        insert_party(connection, party)?;
    }
    for party in &change.replace_parties {
        replace_party(connection, party)?;
    }
    // What frees a name comes before what takes one.
    for (id, revision) in &change.remove {
        remove_key(connection, *id, *revision)?;
    }
    for key in change.replace {
        replace_key(connection, key)?;
    }
    for key in change.insert {
        insert_key(connection, key)?;
    }
    for scope in &change.define_scopes {
        let mut statement = connection
            .prepare_cached("INSERT OR REPLACE INTO defined_scope (scope, description) VALUES (?1, ?2)")?;
        statement.execute(params![scope.scope.as_str(), scope.description])?;
    }
    for scope in &change.undefine_scopes {
        connection.prepare_cached("DELETE FROM defined_scope WHERE scope = ?1")?.execute([scope.as_str()])?;
    }
    for id in &change.forget_requests {
        connection.prepare_cached("DELETE FROM request WHERE id = ?1")?.execute([id])?;
    }
    for request in &change.remember {
        remember(connection, request)?;
    }
    for (key, target) in &change.targets {
        let sql = "INSERT OR REPLACE INTO target (key_place, target) SELECT place, ?2 FROM key WHERE id = ?1";
        let saved = connection.prepare_cached(sql)?.execute(params![key.to_string(), target])?;
        if saved == 0 {
            return Err(RegistryError::Conflict(*key));
        }
    }
    if let Some(now) = change.now {
        secrets::sweep(connection, now)?;
    }
    events::append(connection, &change.events, change.audit)
}

fn insert_party(connection: &Connection, party: &Party) -> Result<()> {
    if names::is_there(connection, party)? {
        return Ok(());
    }
    names::refuse_removed(connection, party)?;
    let (algorithm, seal) = party.seal.columns();
    let (rate_count, rate_seconds, rate_burst, quota_count, quota_period) = limits::columns(&party.limits);
    let inserted = connection
        .prepare_cached(
            "INSERT INTO party (kind, name, skeleton, created_at, suspended_at, seal_algorithm, seal, \
             rate_count, rate_seconds, rate_burst, quota_count, quota_period) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            party.kind.code(),
            party.name.as_str(),
            party.name.skeleton(),
            party.created_at.seconds(),
            seconds(party.suspended_at),
            algorithm,
            seal,
            rate_count,
            rate_seconds,
            rate_burst,
            quota_count,
            quota_period
        ]);
    match inserted {
        Err(error) if is_unique(&error, "party.") => {
            names::check_party(connection, party)?;
            Err(error.into())
        }
        other => other.map(drop).map_err(Into::into),
    }
}

fn replace_party(connection: &Connection, PartyChange { before, after }: &PartyChange) -> Result<()> {
    let (kind, name) = (before.kind, &before.name);
    // Nobody can come in between: whoever calls holds the write lock.
    if parties::one(connection, kind, name.as_str())?.as_ref() != Some(before) {
        return Err(RegistryError::PartyConflict { kind: kind.code(), name: name.clone() });
    }
    let (algorithm, seal) = after.seal.columns();
    let (rate_count, rate_seconds, rate_burst, quota_count, quota_period) = limits::columns(&after.limits);
    connection
        .prepare_cached(
            "UPDATE party SET suspended_at = ?3, seal_algorithm = ?4, seal = ?5, rate_count = ?6, rate_seconds = ?7, \
             rate_burst = ?8, quota_count = ?9, quota_period = ?10 WHERE kind = ?1 AND name = ?2",
        )?
        .execute(params![
            kind.code(),
            name.as_str(),
            seconds(after.suspended_at),
            algorithm,
            seal,
            rate_count,
            rate_seconds,
            rate_burst,
            quota_count,
            quota_period
        ])?;
    Ok(())
}

pub(super) fn seconds(instant: Option<Instant>) -> Option<i64> {
    instant.map(Instant::seconds)
}

pub(super) fn span(span: Option<Span>) -> Option<i64> {
    span.map(Span::seconds)
}

fn joined<T: ToString>(allowed: &Allowed<T>) -> Option<String> {
    match allowed {
        Allowed::Any => None,
        // Only an edited row is read as this; a word that is no network and no origin keeps it so.
        Allowed::Only(items) if items.is_empty() => Some("none".to_owned()),
        Allowed::Only(items) => Some(items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")),
    }
}

fn is_unique(error: &rusqlite::Error, column: &str) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(failure, Some(message))
        if failure.code == rusqlite::ErrorCode::ConstraintViolation && message.starts_with("UNIQUE") && message.contains(column))
}

/// Binds the columns that a new and a replaced row share, from the first parameter on.
fn bind_key(statement: &mut Statement<'_>, key: &Key) -> rusqlite::Result<()> {
    let (algorithm, seal) = key.seal.columns();
    let (for_seconds, until) = match key.lifetime {
        Lifetime::Span(span) => (Some(span.seconds()), None),
        Lifetime::Until(end) => (None, Some(end.seconds())),
        Lifetime::Never => (None, None),
    };
    let tags = key.tags.iter().map(Name::as_str).collect::<Vec<_>>().join(",");
    statement.raw_bind_parameter(1, key.id.to_string())?;
    statement.raw_bind_parameter(2, key.name.as_str())?;
    statement.raw_bind_parameter(3, key.name.skeleton())?;
    statement.raw_bind_parameter(4, key.kind.code())?;
    statement.raw_bind_parameter(5, key.env.code())?;
    statement.raw_bind_parameter(6, key.owner.as_str())?;
    statement.raw_bind_parameter(7, key.project.as_str())?;
    statement.raw_bind_parameter(8, key.scopes.joined())?;
    statement.raw_bind_parameter(9, joined(&key.networks))?;
    statement.raw_bind_parameter(10, joined(&key.origins))?;
    statement.raw_bind_parameter(11, for_seconds)?;
    statement.raw_bind_parameter(12, until)?;
    statement.raw_bind_parameter(13, seconds(key.not_before))?;
    statement.raw_bind_parameter(14, span(key.rotate_every))?;
    statement.raw_bind_parameter(15, tags)?;
    statement.raw_bind_parameter(16, key.note.as_ref().map(|note| note.as_str().to_owned()))?;
    statement.raw_bind_parameter(17, key.created_at.seconds())?;
    statement.raw_bind_parameter(18, seconds(key.disabled_at))?;
    statement.raw_bind_parameter(19, seconds(key.revoked.map(|revocation| revocation.at)))?;
    statement.raw_bind_parameter(20, key.revoked.map(|revocation| revocation.reason.code()))?;
    statement.raw_bind_parameter(21, algorithm)?;
    statement.raw_bind_parameter(22, seal)?;
    let (rate_count, rate_seconds, rate_burst, quota_count, quota_period) = limits::columns(&key.limits);
    statement.raw_bind_parameter(23, rate_count)?;
    statement.raw_bind_parameter(24, rate_seconds)?;
    statement.raw_bind_parameter(25, rate_burst)?;
    statement.raw_bind_parameter(26, quota_count)?;
    statement.raw_bind_parameter(27, quota_period)
}

fn insert_key(connection: &Connection, key: &Key) -> Result<()> {
    secrets::refuse_spent(connection, &key.id.to_string())?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO key (id, name, skeleton, kind, env, owner, project, scopes, allow_ips, allow_origins, \
         lifetime_seconds, lifetime_until, not_before, rotate_every_seconds, tags, note, created_at, disabled_at, \
         revoked_at, revoke_reason, seal_algorithm, seal, rate_count, rate_seconds, rate_burst, quota_count, quota_period, \
         revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, \
         ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, \
         ?23, ?24, ?25, ?26, ?27, 1)",
    )?;
    bind_key(&mut statement, key)?;
    statement.raw_execute().map_err(|error| key_refused(connection, key, error))?;
    let place = connection.last_insert_rowid();
    secrets::insert(connection, place, key)
}

/// A key stays with its owner and its project. If these are gone from the file it can be revoked all the same.
fn replace_key(connection: &Connection, key: &Key) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE key SET name = ?2, skeleton = ?3, kind = ?4, env = ?5, scopes = ?8, \
         allow_ips = ?9, allow_origins = ?10, lifetime_seconds = ?11, lifetime_until = ?12, not_before = ?13, \
         rotate_every_seconds = ?14, tags = ?15, note = ?16, created_at = ?17, disabled_at = ?18, revoked_at = ?19, \
         revoke_reason = ?20, seal_algorithm = ?21, seal = ?22, rate_count = ?23, rate_seconds = ?24, rate_burst = ?25, \
         quota_count = ?26, quota_period = ?27, revision = iif(revision < 9223372036854775807, revision + 1, 1) WHERE id = ?1 AND revision = ?28 \
         AND owner = ?6 AND project = ?7",
    )?;
    bind_key(&mut statement, key)?;
    statement.raw_bind_parameter(28, revision(key.revision))?;
    let changed = statement.raw_execute().map_err(|error| key_refused(connection, key, error))?;
    if changed != 1 {
        return Err(RegistryError::Conflict(key.id));
    }
    let place = read::place_of(connection, key.id)?.ok_or(RegistryError::Conflict(key.id))?;
    secrets::replace(connection, place, key)
}

fn revision(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

fn key_refused(connection: &Connection, key: &Key, error: rusqlite::Error) -> RegistryError {
    if is_unique(&error, "key.id") {
        return RegistryError::IdTaken;
    }
    if !is_unique(&error, "key.") {
        return error.into();
    }
    names::check_key(connection, key).err().unwrap_or_else(|| error.into())
}

fn remove_key(connection: &Connection, id: KeyId, expected: u64) -> Result<()> {
    let removed = connection
        .prepare_cached("DELETE FROM key WHERE id = ?1 AND revision = ?2")?
        .execute(params![id.to_string(), revision(expected)])?;
    if removed == 1 { Ok(()) } else { Err(RegistryError::Conflict(id)) }
}

fn remember(connection: &Connection, request: &RememberedRequest) -> Result<()> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO request (id, fingerprint, key, secret, at, seal) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            request.id,
            request.fingerprint,
            request.key.to_string(),
            request.secret.as_str(),
            request.at.seconds(),
            request.seal
        ]);
    match inserted {
        Err(error) if is_unique(&error, "request.id") => Err(RegistryError::RequestTaken(request.id.clone())),
        other => other.map(drop).map_err(Into::into),
    }
}
