//! Whether anything was committed to a registry's file since the last look, at the price of a few reads of memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, ffi};

use super::{Result, unusable};
use crate::registry::RegistryError;

/// The header of the WAL index, which every commit of every process rewrites before it is visible to anybody: 48 bytes
/// at the start of the file `-shm`, of which SQLite promises the place and the size (sqlite.org/walformat.html).
const HEADER_WORDS: usize = 6;
/// What SQLite maps of the index at a time.
const REGION_BYTES: i32 = 32_768;

type Header = [AtomicU64; HEADER_WORDS];

/// Looks at the WAL index that all processes share.
#[derive(Debug)]
pub struct Watch {
    /// In memory that `connection` has mapped: it does not leave this struct.
    header: &'static Header,
    /// While it is open the mapping stays, and no process takes the index for one that nobody uses.
    #[expect(dead_code, reason = "keeps the mapping")]
    connection: Mutex<Connection>,
    path: PathBuf,
    files: [FileIdentity; 2],
}

/// The header as it stood at one look; equal ones mean that nothing was committed in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Glance([u64; HEADER_WORDS]);

impl Glance {
    /// Of no file: whoever has seen this looks again.
    pub const NONE: Self = Self([u64::MAX; HEADER_WORDS]);
}

impl Watch {
    /// Takes a connection of its own.
    pub(super) fn new(connection: Connection, path: &Path) -> Result<Self> {
        // A read makes the index.
        connection
            .query_row("SELECT count(*) FROM touched WHERE number = 0", [], |row| row.get::<_, i64>(0))?;
        let path = path.canonicalize().map_err(|error| failed(&error))?;
        let header = header_of(&connection)
            .ok_or_else(|| unusable("it has no WAL index to watch", "see `apikey doctor`"))?;
        let files = files_of(&path).map_err(|error| failed(&error))?;
        Ok(Self { header, connection: Mutex::new(connection), path, files })
    }

    /// The header as it stands. A glance in the middle of a commit differs from those before and after it.
    #[must_use]
    pub fn glance(&self) -> Glance {
        // Acquire: what was committed before the header changed is seen after it was read.
        Glance(std::array::from_fn(|place| self.header[place].load(Ordering::Acquire)))
    }

    /// Whether the files under the registry's name are still those that are watched: a backup may have been put in
    /// their place, or they are gone.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        files_of(&self.path).is_ok_and(|now| now == self.files)
    }
}

/// The header in SQLite's own mapping of the index. The file is not opened here: to close any descriptor of it would drop
/// all locks that this process has on it (sqlite.org/howtocorrupt.html, 2.2), and the next process to come would empty
/// the index under everybody who uses it.
fn header_of(connection: &Connection) -> Option<&'static Header> {
    let mut file: *mut ffi::sqlite3_file = std::ptr::null_mut();
    let mut region = std::ptr::null_mut();
    #[expect(
        unsafe_code,
        reason = "SQLite hands out the file of an open connection, and by that file's own methods the region that it \
                  has mapped already; nothing is made or locked"
    )]
    unsafe {
        let wanted = (&raw mut file).cast();
        let control = ffi::SQLITE_FCNTL_FILE_POINTER;
        let told = ffi::sqlite3_file_control(connection.handle(), c"main".as_ptr(), control, wanted);
        let methods = file.as_ref().filter(|_| told == ffi::SQLITE_OK)?.pMethods.as_ref()?;
        if (methods.xShmMap?)(file, 0, REGION_BYTES, 0, &raw mut region) != ffi::SQLITE_OK {
            return None;
        }
    }
    #[expect(
        unsafe_code,
        reason = "the region begins at a page, is larger than the header, and stays while the connection is open, which \
                  the caller keeps beside this; other processes write it, so it is read atomically, as SQLite itself does"
    )]
    unsafe {
        region.cast::<Header>().as_ref()
    }
}

/// The registry and its WAL index. One that was emptied is gone: SQLite itself never shortens it to nothing.
fn files_of(path: &Path) -> std::io::Result<[FileIdentity; 2]> {
    if fs::symlink_metadata(path)?.len() == 0 {
        return Err(std::io::ErrorKind::NotFound.into());
    }
    let mut index = path.as_os_str().to_owned();
    index.push("-shm");
    Ok([FileIdentity::of(path)?, FileIdentity::of(Path::new(&index))?])
}

fn failed(error: &std::io::Error) -> RegistryError {
    unusable(format!("its WAL index cannot be watched: {error}"), "keep the registry on a local file system")
}

/// What tells one file from another under the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileIdentity(pub(super) u64, pub(super) u64);

impl FileIdentity {
    pub(super) fn of(path: &Path) -> std::io::Result<Self> {
        let file = fs::symlink_metadata(path)?;
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt as _;
            Self(file.dev(), file.ino())
        };
        // SQLite opens its files on Windows so that nobody can remove or rename them meanwhile (no FILE_SHARE_DELETE):
        // what is there is what was opened. Their times say less: a copy soon after takes over that of its forerunner.
        #[cfg(not(unix))]
        let identity = {
            let _ = file;
            Self(0, 0)
        };
        Ok(identity)
    }
}
