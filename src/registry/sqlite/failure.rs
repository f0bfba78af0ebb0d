//! What can go wrong inside the SQLite backend, and what of it the caller is told.

use std::path::Path;

use rusqlite::ErrorCode;
use rusqlite::ffi::Error as Code;
use rusqlite::types::FromSqlError;

use crate::registry::RegistryError;

/// SQLite's result code for a path with a symbolic link in it, when links are not followed.
const CANNOT_OPEN_SYMLINK: i32 = rusqlite::ffi::SQLITE_CANTOPEN_SYMLINK;

/// Said wherever a file is damaged: apikey does not touch it.
const RESTORE: &str =
    "restore it from a backup, or move it away and run `apikey init`; apikey never repairs or deletes it";

/// An error before it is known which file it is about.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite's own.
    Sqlite(rusqlite::Error),
    /// A row that cannot be understood, by what is wrong with it.
    Damaged(String),
    /// Already what the caller is told.
    Refused(RegistryError),
}

pub(super) type Attempt<T> = Result<T, Failure>;

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<FromSqlError> for Failure {
    fn from(error: FromSqlError) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::Refused(error)
    }
}

impl Failure {
    /// The error of the registry at `path`.
    pub(super) fn at(self, path: &Path) -> RegistryError {
        match self {
            Self::Refused(error) => error,
            Self::Damaged(what) => unusable(path, format!("it is damaged: {what}"), RESTORE),
            Self::Sqlite(rusqlite::Error::SqliteFailure(code, message)) => from_code(path, code, message),
            Self::Sqlite(
                error @ (rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)),
            ) => unusable(path, format!("it is damaged: {error}"), RESTORE),
            Self::Sqlite(error) => RegistryError::Storage(error.to_string()),
        }
    }

    /// Whether the file could not be opened the way it was asked to: no permission, or no room for its side files.
    pub(super) fn is_refusal_to_open(&self) -> bool {
        matches!(self, Self::Sqlite(error)
            if matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)))
    }
}

fn from_code(path: &Path, code: Code, message: Option<String>) -> RegistryError {
    let message = message.unwrap_or_else(|| code.to_string());
    match code.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
            RegistryError::Busy
        }
        ErrorCode::NotADatabase => {
            unusable(path, "it is not a registry, or its beginning is damaged".into(), RESTORE)
        }
        ErrorCode::DatabaseCorrupt => unusable(path, format!("it is damaged: {message}"), RESTORE),
        ErrorCode::CannotOpen if code.extended_code == CANNOT_OPEN_SYMLINK => symlink(path),
        ErrorCode::CannotOpen | ErrorCode::PermissionDenied => unusable(
            path,
            "it, or the files SQLite keeps beside it, cannot be opened".into(),
            "check who owns the file and its folder, and that both can be read and written",
        ),
        ErrorCode::DiskFull => RegistryError::Storage("the disk is full; nothing was changed".into()),
        ErrorCode::ReadOnly => {
            RegistryError::Storage("the file or its folder is read-only; nothing was changed".into())
        }
        ErrorCode::SystemIoFailure => {
            RegistryError::Storage(format!("the file system failed ({message}); nothing was changed"))
        }
        _ => RegistryError::Storage(message),
    }
}

/// A file that is, or lies behind, a symbolic link.
pub(super) fn symlink(path: &Path) -> RegistryError {
    unusable(
        path,
        "it is a symbolic link, which could be pointed elsewhere".into(),
        "name the file itself with `--registry`",
    )
}

/// A file that cannot be used as it is.
pub(super) fn unusable(path: &Path, why: String, hint: impl Into<String>) -> RegistryError {
    RegistryError::Unusable { path: path.display().to_string(), why, hint: hint.into() }
}

/// What a file operation around SQLite said.
pub(super) fn io(doing: &str, path: &Path, error: &std::io::Error) -> RegistryError {
    RegistryError::Storage(format!("cannot {doing} {}: {error}", path.display()))
}

/// Whether `error` is a rule of the schema that was about to be broken.
pub(super) fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(result_code: i32) -> RegistryError {
        Failure::Sqlite(rusqlite::Error::SqliteFailure(Code::new(result_code), None)).at(Path::new("r.db"))
    }

    #[test]
    fn every_failure_says_what_the_caller_can_do() {
        assert!(matches!(told(5), RegistryError::Busy), "SQLITE_BUSY");
        assert!(matches!(told(261), RegistryError::Busy), "SQLITE_BUSY_RECOVERY");
        assert!(matches!(told(13), RegistryError::Storage(text) if text.contains("disk is full")));
        assert!(matches!(told(8), RegistryError::Storage(text) if text.contains("read-only")));
        assert!(matches!(told(10), RegistryError::Storage(text) if text.contains("file system")));
        assert!(
            matches!(told(CANNOT_OPEN_SYMLINK), RegistryError::Unusable { why, .. } if why.contains("link"))
        );
        for damaged in [11, 26] {
            assert!(matches!(told(damaged), RegistryError::Unusable { hint, .. } if hint.contains("backup")));
        }
    }
}
