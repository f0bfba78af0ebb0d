//! The registry as one SQLite file: durable, shared between processes, and closed to other users.
//!
//! Writers queue for the write lock, five seconds at most; readers never wait for them. A change is on disk when
//! [`Registry::apply`] returns. Erasing overwrites the pages of the file; copies in its write-ahead log last until
//! the last process that uses the registry ends.

mod events;
mod failure;
mod open;
mod read;
mod rows;
mod schema;
mod secrets;
mod write;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use self::failure::Attempt;
use super::{
    Change, DefinedScope, EventFilter, Filter, Found, Identity, Listed, PartySummary, RecordedEvent,
    Registry, RememberedRequest, Result, Visit,
};
use crate::domain::key::KeyId;
use crate::domain::name::Name;
use crate::domain::party::{Party, PartyKind};
use crate::domain::secret::SecretId;
use crate::domain::time::Instant;

/// An open connection to a registry file.
#[derive(Debug)]
pub struct SqliteRegistry {
    connection: Connection,
    path: PathBuf,
}

impl SqliteRegistry {
    /// Makes a registry with its first change in it, or nothing: it appears at `path` when all of it is on disk.
    ///
    /// The folder is made if it is not there, closed to others; so is the file.
    ///
    /// # Errors
    /// [`super::RegistryError::AlreadyThere`] if one is there, also if another process made it at the same moment;
    /// otherwise as for [`SqliteRegistry::open`] and [`Registry::apply`].
    pub fn create(path: &Path, identity: &Identity, first: &Change<'_>) -> Result<Self> {
        let path = open::create(path, identity, first).map_err(|failure| failure.at(path))?;
        Self::open(&path)
    }

    /// Opens the registry at `path`, and brings an older one up to date.
    ///
    /// # Errors
    /// [`super::RegistryError`]: `NotThere`, `Newer`, `Busy`, or `Unusable` with what to do about it.
    pub fn open(path: &Path) -> Result<Self> {
        let (connection, path) = open::open(path).map_err(|failure| failure.at(path))?;
        Ok(Self { connection, path })
    }

    /// As [`SqliteRegistry::open`]; but in a folder that cannot be written, which SQLite otherwise needs, the file is
    /// read as it was at this moment and every change is refused. For a listing: a verifier that stays open this
    /// way would not learn of a revocation.
    ///
    /// # Errors
    /// As for [`SqliteRegistry::open`].
    pub fn open_for_reading(path: &Path) -> Result<Self> {
        let (connection, path) = open::open_for_reading(path).map_err(|failure| failure.at(path))?;
        Ok(Self { connection, path })
    }

    /// Where the file is, without symbolic links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn told<T>(&self, attempt: Attempt<T>) -> Result<T> {
        attempt.map_err(|failure| failure.at(&self.path))
    }
}

/// Runs `change` under the write lock, and commits it or leaves nothing of it.
fn commit(connection: &mut Connection, change: &Change<'_>) -> Attempt<()> {
    // Immediate: a transaction that begins by reading and then writes is refused when another one wrote in between.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    write::apply(&transaction, change)?;
    Ok(transaction.commit()?)
}

/// Notes a use without waiting for the disk: losing it in a power cut costs a "last used" and nothing else.
fn record_use(connection: &Connection, id: SecretId, at: Instant, ip: Option<IpAddr>) -> Attempt<()> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let noted = secrets::note_use(connection, id, at, ip);
    // Whatever came of it: the next change has to be durable.
    connection.pragma_update(None, "synchronous", "FULL")?;
    noted
}

impl Registry for SqliteRegistry {
    fn identity(&self) -> Result<Identity> {
        self.told(read::identity(&self.connection))
    }

    fn apply(&mut self, change: &Change<'_>) -> Result<()> {
        let committed = commit(&mut self.connection, change);
        self.told(committed)
    }

    fn find_secret(&self, id: SecretId) -> Result<Option<Found>> {
        self.told(read::find_secret(&self.connection, id))
    }

    fn find_key(&self, id: KeyId) -> Result<Option<Found>> {
        self.told(read::find_key(&self.connection, id))
    }

    fn list(&self, filter: &Filter, now: Instant, visit: &mut Visit<'_, Listed>) -> Result<()> {
        self.told(read::list(&self.connection, filter, now, visit))
    }

    fn record_use(&mut self, id: SecretId, at: Instant, ip: Option<IpAddr>) -> Result<()> {
        self.told(record_use(&self.connection, id, at, ip))
    }

    fn party(&self, kind: PartyKind, name: &Name) -> Result<Option<Party>> {
        self.told(read::party(&self.connection, kind, name))
    }

    fn parties(&self, kind: PartyKind) -> Result<Vec<PartySummary>> {
        self.told(read::parties(&self.connection, kind))
    }

    fn defined_scopes(&self) -> Result<Vec<DefinedScope>> {
        self.told(read::defined_scopes(&self.connection))
    }

    fn request(&self, id: &str) -> Result<Option<RememberedRequest>> {
        self.told(read::request(&self.connection, id))
    }

    fn target(&self, key: KeyId) -> Result<Option<String>> {
        self.told(read::target(&self.connection, key))
    }

    fn events(&self, filter: &EventFilter, visit: &mut Visit<'_, RecordedEvent>) -> Result<()> {
        self.told(events::list(&self.connection, filter, visit))
    }

    fn integrity(&self) -> Result<Vec<String>> {
        self.told(read::integrity(&self.connection))
    }
}
