//! The registry in one SQLite file: WAL, every commit durable, private from creation.

mod counters;
mod counting;
mod events;
mod follow;
mod ledger;
mod limits;
mod list;
mod meters;
mod names;
mod numbers;
mod open;
mod parties;
mod prefetch;
mod read;
mod secrets;
mod triggers;
// With modes, links, process groups and `sh`.
#[cfg(test)]
#[cfg(unix)]
pub(crate) mod tests;
mod usage;
mod watch;
mod write;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use super::{
    Change, DefinedScope, EventFilter, Filter, Found, Identity, LastState, Listed, PartySummary,
    RecordedEvent, Registry, RegistryError, RememberedRequest, Visit,
};
use crate::crypto::AuditKey;
use crate::domain::key::KeyId;
use crate::domain::name::Name;
use crate::domain::party::{Party, PartyKind};
use crate::domain::secret::SecretId;
use crate::domain::time::Instant;

pub use counters::{Counters, Slot};
pub use counting::Ahead;
pub use follow::{Changes, Mark, Reading};
pub use meters::{Meters, Reserve};
pub use numbers::PLACES;
pub use open::CreationLock;
pub(crate) use prefetch::{in_large_pages, prefetch};
pub use watch::{Glance, Watch};

type Result<T> = std::result::Result<T, RegistryError>;

/// An open registry file.
#[derive(Debug)]
pub struct SqliteRegistry {
    connection: Connection,
    path: PathBuf,
}

impl SqliteRegistry {
    /// Opens a registry that is there.
    ///
    /// # Errors
    /// [`RegistryError::NotThere`], [`RegistryError::Newer`], or [`RegistryError::Unusable`] for a symlink, a file that
    /// others can read, that is empty, damaged, or something else's.
    pub fn open(path: &Path) -> Result<Self> {
        let connection = open::existing(path).map_err(|error| at(path, error))?;
        Ok(Self { connection, path: path.to_owned() })
    }

    /// Makes a registry with its first events: complete when its name appears, or not at all.
    ///
    /// # Errors
    /// [`RegistryError::AlreadyThere`]; else what the file system said, and nothing is left behind.
    pub fn create(path: &Path, identity: &Identity, first: &Change<'_>) -> Result<()> {
        open::create(path, identity, first).map_err(|error| at(path, error))
    }

    /// Keeps other processes from making a registry in the same folder until dropped; makes the folder (0700).
    ///
    /// # Errors
    /// When the folder cannot be made or locked.
    pub fn lock_for_creation(path: &Path) -> Result<CreationLock> {
        open::lock(path).map_err(|error| at(path, error))
    }

    /// The schema this file has.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn schema(&self) -> Result<i64> {
        Ok(self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
    }

    /// Has it wait no longer than this for another process that writes; five seconds unless told otherwise.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn wait_at_most(&self, length: std::time::Duration) -> Result<()> {
        Ok(self.connection.busy_timeout(length)?)
    }

    fn found(&self, place: Option<i64>) -> Result<Option<Found>> {
        place.map(|place| read::found(&self.connection, place)).transpose().map(Option::flatten)
    }

    fn placed<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| at(&self.path, error))
    }
}

/// An error from below, with the place it speaks of.
fn at(path: &Path, error: RegistryError) -> RegistryError {
    match error {
        RegistryError::Unusable { path: place, why, hint } if place.is_empty() => {
            RegistryError::Unusable { path: path.display().to_string(), why, hint }
        }
        other => other,
    }
}

impl From<rusqlite::Error> for RegistryError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked | Code::FileLockingProtocolFailed) => Self::Busy,
            Some(Code::SystemIoFailure) => {
                Self::Storage(format!("the file system failed ({error}); nothing was changed"))
            }
            Some(Code::DatabaseCorrupt) => unusable("the file is damaged", DAMAGED),
            Some(Code::NotADatabase) => unusable("it is not a registry, or it is damaged", DAMAGED),
            Some(Code::DiskFull) => {
                // SQLite says the same where a number that counts up was set to the last there is.
                Self::Storage("the disk is full, or a number of the registry is; nothing was changed".into())
            }
            Some(Code::ReadOnly | Code::PermissionDenied) => {
                Self::Storage("the file or its folder is read-only".into())
            }
            Some(Code::CannotOpen) => {
                Self::Storage("the file or its folder cannot be opened or written".into())
            }
            _ => Self::Storage(error.to_string()),
        }
    }
}

const DAMAGED: &str = "restore it from a backup, or name another with `--registry PATH`; nothing was changed";

fn unusable(why: impl Into<String>, hint: impl Into<String>) -> RegistryError {
    RegistryError::Unusable { path: String::new(), why: why.into(), hint: hint.into() }
}

/// A stored value that no version of this program wrote.
fn damaged(what: &str) -> RegistryError {
    unusable(format!("it holds {what} that cannot be read"), "see `apikey doctor`; restore it from a backup")
}

impl Registry for SqliteRegistry {
    fn identity(&self) -> Result<Identity> {
        self.placed(read::identity(&self.connection))
    }

    fn apply(&mut self, change: &Change<'_>) -> Result<()> {
        self.in_transaction(|transaction| write::apply(transaction, change))
    }

    fn check_names(&self, change: &Change<'_>) -> Result<()> {
        self.placed(names::check(&self.connection, change))
    }

    fn find_secret(&self, id: SecretId) -> Result<Option<Found>> {
        self.placed(read::place_of_secret(&self.connection, id).and_then(|place| self.found(place)))
    }

    fn find_key(&self, id: KeyId) -> Result<Option<Found>> {
        self.placed(read::place_of(&self.connection, id).and_then(|place| self.found(place)))
    }

    fn list(&self, filter: &Filter, now: Instant, visit: &mut Visit<'_, Listed>) -> Result<()> {
        self.placed(list::list(&self.connection, filter, now, visit))
    }

    fn party(&self, kind: PartyKind, name: &Name) -> Result<Option<Party>> {
        self.placed(parties::one(&self.connection, kind, name.as_str()))
    }

    fn party_summary(&self, kind: PartyKind, name: &Name) -> Result<Option<PartySummary>> {
        let found = parties::summaries(&self.connection, kind, Some(name));
        Ok(self.placed(found)?.pop())
    }

    fn parties(&self, kind: PartyKind) -> Result<Vec<PartySummary>> {
        self.placed(parties::summaries(&self.connection, kind, None))
    }

    fn defined_scopes(&self) -> Result<Vec<DefinedScope>> {
        self.placed(read::defined_scopes(&self.connection))
    }

    fn request(&self, id: &str) -> Result<Option<RememberedRequest>> {
        self.placed(read::request(&self.connection, id))
    }

    fn target(&self, key: KeyId) -> Result<Option<String>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT target FROM target JOIN key ON key.place = key_place WHERE key.id = ?1",
        )?;
        self.placed(statement.query_row([key.to_string()], |row| row.get(0)).optional().map_err(Into::into))
    }

    fn events(&self, filter: &EventFilter, visit: &mut Visit<'_, RecordedEvent>) -> Result<()> {
        self.placed(events::list(&self.connection, filter, visit))
    }

    fn last_state(&self, key: KeyId, audit: Option<&AuditKey>) -> Result<LastState> {
        self.placed(events::last_state(&self.connection, key, audit))
    }

    fn integrity(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        self.connection.pragma_query(None, "integrity_check", |row| {
            found.push(row.get::<_, String>(0)?);
            Ok(())
        })?;
        found.retain(|line| line != "ok");
        self.connection.pragma_query(None, "foreign_key_check", |row| {
            found.push(format!("a row of `{}` refers to nothing", row.get::<_, String>(0)?));
            Ok(())
        })?;
        Ok(found)
    }
}
