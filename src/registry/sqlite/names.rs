//! Whose name is in use. The table's own indexes refuse it; here it is said by what.

use rusqlite::{Connection, OptionalExtension, params};

use super::Result;
use crate::domain::key::Key;
use crate::domain::name::Name;
use crate::domain::party::{Party, PartyKind};
use crate::registry::{Change, RegistryError};

/// Refuses the names of a change that are in use.
pub(super) fn check(connection: &Connection, change: &Change<'_>) -> Result<()> {
    for party in change.new_parties {
        if !is_there(connection, party)? {
            refuse_removed(connection, party)?;
            check_party(connection, party)?;
        }
    }
    change.replace.iter().chain(change.insert).try_for_each(|key| check_key(connection, key))
}

/// Whether an owner or project of exactly this name is there.
pub(super) fn is_there(connection: &Connection, party: &Party) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM party WHERE kind = ?1 AND name = ?2)";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([party.kind.code(), party.name.as_str()], |row| row.get(0))?)
}

/// Refuses an owner or project that is missing although live keys name it: another program removed it, and to make it anew
/// would end its suspension and its limits.
pub(super) fn refuse_removed(connection: &Connection, party: &Party) -> Result<()> {
    let sql = match party.kind {
        PartyKind::Owner => "SELECT EXISTS (SELECT 1 FROM key WHERE owner = ?1 AND revoked_at IS NULL)",
        PartyKind::Project => "SELECT EXISTS (SELECT 1 FROM key WHERE project = ?1 AND revoked_at IS NULL)",
    };
    if connection.prepare_cached(sql)?.query_row([party.name.as_str()], |row| row.get(0))? {
        return Err(RegistryError::PartyRemoved { kind: party.kind.code(), name: party.name.clone() });
    }
    Ok(())
}

/// Refuses an owner or project that looks like another.
pub(super) fn check_party(connection: &Connection, party: &Party) -> Result<()> {
    let sql = "SELECT name FROM party WHERE kind = ?1 AND skeleton = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let looks_alike = params![party.kind.code(), party.name.skeleton()];
    match statement.query_row(looks_alike, |row| row.get(0)).optional()? {
        None => Ok(()),
        Some(taken) => {
            let (kind, wanted) = (party.kind.code(), party.name.clone());
            Err(RegistryError::PartyLooksAlike { kind, wanted, taken: Name::from_stored(taken) })
        }
    }
}

/// Refuses a key whose name another of the project's live keys has, or one that looks like it.
pub(super) fn check_key(connection: &Connection, key: &Key) -> Result<()> {
    if key.revoked.is_some() {
        return Ok(());
    }
    let sql = "SELECT name FROM key WHERE project = ?1 AND skeleton = ?2 AND revoked_at IS NULL AND id <> ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let looks_alike = params![key.project.as_str(), key.name.skeleton(), key.id.to_string()];
    match statement.query_row(looks_alike, |row| row.get(0)).optional()? {
        None => Ok(()),
        Some(taken) => Err(RegistryError::NameTaken {
            project: key.project.clone(),
            wanted: key.name.clone(),
            taken: Name::from_stored(taken),
        }),
    }
}
