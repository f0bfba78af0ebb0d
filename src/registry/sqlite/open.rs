//! Opening a registry file, and making one so that it is either whole or not there.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, params};

use super::failure::{Attempt, Failure, io, symlink, unusable};
use super::schema;
use crate::registry::{Change, Identity, RegistryError};

/// SQLite 3.51.3: earlier ones can lose a checkpoint in write-ahead mode.
const OLDEST_SQLITE: i32 = 3_051_003;
/// As many as a session of all commands uses.
const CACHED_STATEMENTS: usize = 64;

/// Opens what is there.
pub(super) fn open(path: &Path) -> Attempt<(Connection, PathBuf)> {
    let file = existing(path)?;
    let mut connection = connect(&file, OpenFlags::empty())?;
    schema::admit(&mut connection, &file)?;
    Ok((connection, file))
}

/// Opens what is there, be it in a folder that cannot be written.
pub(super) fn open_for_reading(path: &Path) -> Attempt<(Connection, PathBuf)> {
    match open(path) {
        Err(failure) if failure.is_refusal_to_open() => {
            let file = existing(path)?;
            // With a log beside it, the file alone is not the newest state.
            if fs::metadata(beside(&file, "-wal")).is_ok_and(|log| log.len() > 0) {
                return Err(failure);
            }
            let mut connection = connect(&immutable(&file)?, OpenFlags::SQLITE_OPEN_URI)?;
            schema::admit(&mut connection, &file)?;
            Ok((connection, file))
        }
        opened => opened,
    }
}

/// Makes a whole registry beside `path` and puts it there in one step.
pub(super) fn create(path: &Path, identity: &Identity, first: &Change<'_>) -> Attempt<PathBuf> {
    let folder = folder_of(path);
    make_folder(folder).map_err(|error| io("make the folder", folder, &error))?;
    let file = located(path)?;
    if fs::symlink_metadata(&file).is_ok() {
        return Err(RegistryError::AlreadyThere(path.display().to_string()).into());
    }
    let draft = Draft::new(&file, &identity.id)?;
    draft.fill(identity, first)?;
    match draft.publish(&file) {
        Ok(()) => Ok(file),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(RegistryError::AlreadyThere(path.display().to_string()).into())
        }
        Err(error) => Err(io("create", &file, &error).into()),
    }
}

/// The file that is there, if it can be trusted: a file, not empty, no link, nobody else's to read.
fn existing(path: &Path) -> Attempt<PathBuf> {
    let file = located(path)?;
    let metadata = match fs::symlink_metadata(&file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(RegistryError::NotThere(path.display().to_string()).into());
        }
        Err(error) => return Err(io("look at", &file, &error).into()),
    };
    if metadata.is_symlink() {
        return Err(symlink(path).into());
    }
    if !metadata.is_file() {
        return Err(unusable(path, "it is not a file".into(), "name a file with `--registry`").into());
    }
    if metadata.len() == 0 {
        let hint = "restore it from a backup, or move it away and run `apikey init`";
        return Err(unusable(path, "it is an empty file".into(), hint).into());
    }
    refuse_open_to_others(path, &metadata)?;
    for side in ["-wal", "-shm"] {
        let side = beside(&file, side);
        if fs::symlink_metadata(&side).is_ok_and(|metadata| metadata.is_symlink()) {
            return Err(symlink(&side).into());
        }
    }
    Ok(file)
}

#[cfg(unix)]
fn refuse_open_to_others(path: &Path, metadata: &fs::Metadata) -> Attempt<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o777;
    let for_others = mode & 0o077;
    if for_others == 0 {
        return Ok(());
    }
    let hint = format!("close it with `chmod 600 {}`", path.display());
    Err(unusable(path, format!("other users can use it (its mode is {mode:04o})"), hint).into())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere the folder's own access list decides")]
fn refuse_open_to_others(_path: &Path, _metadata: &fs::Metadata) -> Attempt<()> {
    Ok(())
}

/// `path` with its folder resolved: absolute, so never taken for a URI, and free of links that SQLite would refuse.
fn located(path: &Path) -> Attempt<PathBuf> {
    let Some(name) = path.file_name() else {
        return Err(unusable(path, "it is not a file".into(), "name a file with `--registry`").into());
    };
    match fs::canonicalize(folder_of(path)) {
        Ok(folder) => Ok(folder.join(name)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(RegistryError::NotThere(path.display().to_string()).into())
        }
        Err(error) => Err(io("look into", folder_of(path), &error).into()),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}

/// Opens `file`, which is there: never creates, never follows a link, takes no URI unless `more` says so.
fn connect(file: &Path, more: OpenFlags) -> Attempt<Connection> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        let why = format!("SQLite {} is too old to be safe", rusqlite::version());
        return Err(unusable(file, why, "install an apikey that brings its own SQLite").into());
    }
    // rusqlite waits five seconds for a lock unless told otherwise.
    let connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW
            | more,
    )?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")?;
    Ok(connection)
}

/// The URI under which SQLite reads a file without its side files; the only one there is, and not a user's own.
fn immutable(file: &Path) -> Attempt<PathBuf> {
    let url = url::Url::from_file_path(file)
        .map_err(|()| unusable(file, "its path cannot be written as a URI".into(), "move it elsewhere"))?;
    Ok(PathBuf::from(format!("{url}?immutable=1")))
}

/// A registry in the making: a file of its own beside the place it is for, removed unless it was published.
struct Draft {
    path: PathBuf,
}

impl Draft {
    /// An empty file that only its user can read from the moment it exists, whatever the umask.
    fn new(place: &Path, id: &str) -> Attempt<Self> {
        static DRAFTS: AtomicU64 = AtomicU64::new(0);
        let mut name = OsString::from(".");
        name.push(place.file_name().unwrap_or_default());
        let count = DRAFTS.fetch_add(1, Ordering::Relaxed);
        name.push(format!(".{id}.{}.{count}.new", std::process::id()));
        let path = place.with_file_name(name);
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map_err(|error| io("create", &path, &error))?;
        Ok(Self { path })
    }

    fn fill(&self, identity: &Identity, first: &Change<'_>) -> Attempt<()> {
        let mut connection = connect(&self.path, OpenFlags::empty())?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        schema::migrate(&mut connection)?;
        connection.execute(
            "INSERT INTO registry (one, id, brand, vault_kind, check_algorithm, check_value, created_at) \
             VALUES (1, ?1, ?2, ?3, 'hmac-sha256', ?4, ?5)",
            params![
                identity.id,
                identity.brand.as_str(),
                identity.vault_kind,
                identity.check_value,
                identity.created_at.seconds()
            ],
        )?;
        super::commit(&mut connection, first)?;
        // Closing the only connection brings everything from the log into the file.
        connection.close().map_err(|(_, error)| Failure::from(error))
    }

    /// Puts the whole file at `place`, unless something is there.
    fn publish(&self, place: &Path) -> io::Result<()> {
        File::options().write(true).open(&self.path)?.sync_all()?;
        match fs::hard_link(&self.path, place) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(error),
            // File systems without hard links.
            Err(_) => rename_under_lock(&self.path, place)?,
            Ok(()) => fs::remove_file(&self.path)?,
        }
        sync_folder(folder_of(place))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            // What was published or never made is not there; what cannot be removed is in nobody's way.
            let _ = fs::remove_file(beside(&self.path, suffix));
        }
    }
}

/// A rename replaces what is there, so those who would rename take turns.
fn rename_under_lock(draft: &Path, place: &Path) -> io::Result<()> {
    let folder = File::open(folder_of(place))?;
    folder.lock()?;
    if fs::symlink_metadata(place).is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    fs::rename(draft, place)
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Makes a new name in a folder survive power loss.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "folders cannot be opened as files elsewhere")]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
