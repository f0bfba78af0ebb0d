//! What can go wrong with a registry.

use crate::domain::key::KeyId;
use crate::domain::name::Name;

/// What went wrong, divided by what the caller can do.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// There is no registry yet.
    #[error("there is no registry at {0}")]
    NotThere(String),
    /// A second `init`.
    #[error("there is already a registry at {0}")]
    AlreadyThere(String),
    /// It cannot be read: damaged, foreign, a symlink, wrong permissions.
    #[error("the registry at {path} cannot be used: {why}")]
    Unusable {
        /// Where it is.
        path: String,
        /// What is wrong with it.
        why: String,
        /// What to do about it.
        hint: String,
    },
    /// Written by a later version.
    #[error("the registry has schema {found}; this program knows up to {known}")]
    Newer {
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Another process holds it for longer than it is waited for: five seconds, or less where others would wait as well.
    #[error("the registry is busy: another process goes on writing")]
    Busy,
    /// Somebody else changed a key first.
    #[error("{0} was changed by somebody else meanwhile")]
    Conflict(KeyId),
    /// Somebody else changed an owner or project first.
    #[error("the {kind} `{name}` was changed by somebody else meanwhile")]
    PartyConflict {
        /// `owner` or `project`.
        kind: &'static str,
        /// Its name.
        name: Name,
    },
    /// An owner or project that live keys name is not there.
    #[error("the {kind} `{name}`, which live keys name, was removed outside apikey")]
    PartyRemoved {
        /// `owner` or `project`.
        kind: &'static str,
        /// Its name.
        name: Name,
    },
    /// A live key of this project has this name, or one that looks the same.
    #[error("project `{project}` already has a live key named `{taken}`")]
    NameTaken {
        /// The project.
        project: Name,
        /// The name asked for.
        wanted: Name,
        /// The name in use.
        taken: Name,
    },
    /// An owner or project with a name that looks the same.
    #[error("`{wanted}` looks like the {kind} `{taken}`, which already exists")]
    PartyLooksAlike {
        /// `owner` or `project`.
        kind: &'static str,
        /// The name asked for.
        wanted: Name,
        /// The name in use.
        taken: Name,
    },
    /// An id was drawn that is in use; draw again.
    #[error("a random id is already in use")]
    IdTaken,
    /// This request id was used, by somebody else at the same time.
    #[error("the request id `{0}` was already used")]
    RequestTaken(String),
    /// The file system or SQLite failed.
    #[error("the registry could not be written or read: {0}")]
    Storage(String),
}
