//! Opening and making the file: what is refused, what is set, and how it appears whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use super::{DAMAGED, Result, unusable, write};
use crate::domain::digest::HMAC_SHA256;
use crate::registry::{Change, Identity, RegistryError};

/// `apik` in ASCII: what `file` and SQLite know our files by.
const APPLICATION_ID: i64 = 0x6170_696b;
/// 3.51.3, the first version whose WAL does not corrupt a file when it is reset under readers.
const OLDEST_SQLITE: i32 = 3_051_003;
/// Append only; the number of a migration is its place, from 1.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_limits_and_usage.sql"),
    include_str!("../migrations/0003_counters.sql"),
    include_str!("../migrations/0004_touched.sql"),
    include_str!("../migrations/0005_retires_at_before.sql"),
    include_str!("../migrations/0006_states.sql"),
    include_str!("../migrations/0007_places_in_usage.sql"),
    include_str!("../migrations/0008_last_uses_in_usage.sql"),
];
const BUSY_FOR: Duration = Duration::from_secs(5);

/// Held while a registry is being made.
#[derive(Debug)]
pub struct CreationLock(#[expect(dead_code, reason = "unlocks when dropped")] File);

pub(super) fn existing(path: &Path) -> Result<Connection> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        let why = format!("SQLite {} is too old: before 3.51.3 it can damage the file", rusqlite::version());
        return Err(unusable(why, "build apikey with its bundled SQLite"));
    }
    check_file(path)?;
    let mut connection = connect(&canonical(path)?)?;
    let version = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, schema) = (version("application_id")?, version("user_version")?);
    if application != APPLICATION_ID {
        return Err(unusable(
            "it is a database of another program",
            "name the right file with `--registry PATH`",
        ));
    }
    refuse_if_open(path)?;
    let known = known_schema();
    if schema > known {
        return Err(RegistryError::Newer { found: schema, known });
    }
    if schema < known {
        migrate(&mut connection)?;
    }
    Ok(connection)
}

/// Even to read, SQLite makes two files beside this one, by which it learns what others are writing. Its `immutable`
/// does without, and would miss a revocation that another process has just written.
fn unread(error: rusqlite::Error, path: &Path) -> RegistryError {
    use rusqlite::ErrorCode::{CannotOpen, ReadOnly};
    if !matches!(error.sqlite_error_code(), Some(CannotOpen | ReadOnly)) {
        return error.into();
    }
    let folder = folder_of(path).display();
    unusable(
        "its folder cannot be written, which reading needs too",
        format!(
            "chmod u+w '{folder}', or copy the registry to where you can write and name it with `--registry PATH`"
        ),
    )
}

pub(super) fn known_schema() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// A regular file: a symlink could lead anywhere.
fn check_file(path: &Path) -> Result<()> {
    let file = match fs::symlink_metadata(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Err(RegistryError::NotThere(path.display().to_string()));
        }
        Err(error) => return Err(unusable(error.to_string(), "check the permissions of the folder")),
        Ok(file) => file,
    };
    if file.is_symlink() {
        return Err(unusable("it is a symbolic link", "name the file itself with `--registry PATH`"));
    }
    if !file.is_file() {
        return Err(unusable("it is not a file", "name a file with `--registry PATH`"));
    }
    if file.len() == 0 {
        return Err(unusable("the file is empty", DAMAGED));
    }
    for suffix in ["-wal", "-shm"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        if fs::symlink_metadata(&beside).is_ok_and(|file| file.is_symlink()) {
            return Err(unusable(format!("its file `{suffix}` is a symbolic link"), "remove the link"));
        }
    }
    Ok(())
}

/// Refuses a registry that others can use. Asked once it is known to be one: nobody is advised to close a file to others
/// that others may well need. SQLite has it open already, and it is not opened here: to close it would drop all locks that
/// this process has on it (sqlite.org/howtocorrupt.html, 2.2).
#[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix"))]
fn refuse_if_open(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        let file = fs::symlink_metadata(path)
            .map_err(|error| unusable(error.to_string(), "check the permissions of the folder"))?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            let why = format!("others on this machine can read or write it (mode {mode:04o})");
            return Err(unusable(why, format!("chmod 600 '{}'", path.display())));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// The file under its folder's real name: SQLite then refuses any symlink, and none of the folders is one.
fn canonical(path: &Path) -> Result<PathBuf> {
    let name =
        path.file_name().ok_or_else(|| unusable("it is not a file", "name a file with `--registry PATH`"))?;
    let folder =
        folder_of(path).canonicalize().map_err(|error| unusable(error.to_string(), "check the folder"))?;
    Ok(folder.join(name))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Without URI names, without following links, with the settings that every connection has.
fn connect(path: &Path) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_FOR)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // Plans then do not look at bound values: otherwise SQLite prepares a cached statement anew for each of them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    // The first that reads the file.
    let set = connection.execute_batch(
        "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; \
         PRAGMA journal_size_limit = 67108864;",
    );
    set.map_err(|error| unread(error, path))?;
    Ok(connection)
}

/// Each migration in one immediate transaction, looked at again inside: another process may have been faster.
fn migrate(connection: &mut Connection) -> Result<()> {
    for (place, sql) in MIGRATIONS.iter().enumerate() {
        let number = i64::try_from(place + 1).unwrap_or(i64::MAX);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let schema: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if schema < number {
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "user_version", number)?;
            transaction.commit()?;
        }
    }
    Ok(())
}

pub(super) fn lock(path: &Path) -> Result<CreationLock> {
    let folder = folder_of(path);
    let failed =
        |error: io::Error| RegistryError::Storage(format!("{} cannot be used: {error}", folder.display()));
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(failed)?;
    // A folder can be locked on Unix, and leaves no file behind; elsewhere a file has to stand for it.
    let file = if cfg!(unix) { File::open(folder) } else { File::create(folder.join(".apikey.lock")) };
    let file = file.map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(CreationLock(file))
}

pub(super) fn create(path: &Path, identity: &Identity, first: &Change<'_>) -> Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(RegistryError::AlreadyThere(path.display().to_string()));
    }
    let path = canonical(path)?;
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => RegistryError::AlreadyThere(path.display().to_string()),
        _ => RegistryError::Storage(format!("{} cannot be made: {error}", path.display())),
    };
    // Private from its first byte (0600), in the same folder, gone again whatever happens.
    let unfinished =
        tempfile::Builder::new().prefix(".registry-").tempfile_in(folder_of(&path)).map_err(failed)?;
    fill(unfinished.path(), identity, first)?;
    unfinished.as_file().sync_all().map_err(failed)?;
    unfinished.persist_noclobber(&path).map_err(|error| failed(error.error))?;
    #[cfg(unix)]
    File::open(folder_of(&path)).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(())
}

fn fill(path: &Path, identity: &Identity, first: &Change<'_>) -> Result<()> {
    let mut connection = connect(path)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(&mut connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(
        "INSERT INTO registry (only_row, id, brand, vault_kind, check_algorithm, check_value, created_at) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            identity.id,
            identity.brand.as_str(),
            identity.vault_kind,
            HMAC_SHA256,
            identity.check_value,
            identity.created_at.seconds()
        ],
    )?;
    write::apply(&transaction, first)?;
    transaction.commit()?;
    // Recorded in the file; its side files vanish with this, the only connection.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error.into())
}
