//! Whether anything was committed to a registry's file since the last look, at the price of a few reads of memory.

use std::ffi::c_int;
use std::fs;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use rusqlite::{Connection, ffi};

use super::{Result, unusable};
use crate::registry::RegistryError;

/// The header of the WAL index, which every commit of every process rewrites before it is visible to anybody: 48 bytes
/// at its start, of which SQLite promises the place and the size (sqlite.org/walformat.html).
const HEADER_WORDS: usize = 6;
/// How much of the WAL index SQLite maps at a time (`WALINDEX_PGSZ`, sqlite.org/walformat.html).
const REGION_BYTES: c_int = 32_768;

/// Looks at the WAL index that all processes share, where SQLite itself has mapped it.
///
/// The file is never opened a second time: closing any descriptor of a file ends all POSIX locks that the process has
/// on it, SQLite's too. The next process to open the registry would then take it for unused and empty the index under
/// everybody who has it mapped (sqlite.org/howtocorrupt.html, section 2.2).
#[derive(Debug)]
pub struct Watch {
    header: AtomicPtr<AtomicU64>,
    /// Keeps the index mapped, and is asked for nothing.
    _connection: Mutex<Connection>,
    path: PathBuf,
    file: FileIdentity,
}

/// The header as it stood at one look; equal ones mean that nothing was committed in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Glance([u64; HEADER_WORDS]);

impl Watch {
    pub(super) fn new(connection: Connection, path: &Path) -> Result<Self> {
        // A read has SQLite map the index, for as long as the connection is open.
        connection
            .query_row("SELECT count(*) FROM touched WHERE number = 0", [], |row| row.get::<_, i64>(0))?;
        let path = path.canonicalize().map_err(|error| failed(&error))?;
        let file = FileIdentity::of(&path).map_err(|error| failed(&error))?;
        let header = mapped_index(&connection)
            .ok_or_else(|| failed(&"SQLite keeps none in memory that processes share"))?;
        Ok(Self { header: AtomicPtr::new(header), _connection: Mutex::new(connection), path, file })
    }

    /// The header as it stands. A glance in the middle of a commit differs from those before and after it.
    #[must_use]
    pub fn glance(&self) -> Glance {
        let words = self.header.load(Ordering::Relaxed);
        #[expect(
            unsafe_code,
            reason = "SQLite's mapping is REGION_BYTES long, page-aligned, and lives as long as the connection; other \
                      processes write it, so it is read atomically, as SQLite itself does"
        )]
        let header = unsafe { std::slice::from_raw_parts(words, HEADER_WORDS) };
        // Acquire: what was committed before the header changed is seen after it was read.
        Glance(std::array::from_fn(|place| header[place].load(Ordering::Acquire)))
    }

    /// Whether the file under the registry's name is still the one that is watched: a backup may have been put in its
    /// place.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        FileIdentity::of(&self.path).is_ok_and(|now| now == self.file)
    }
}

/// Where SQLite has mapped the first part of the WAL index for this connection; none if it has not.
fn mapped_index(connection: &Connection) -> Option<*mut AtomicU64> {
    #[expect(
        unsafe_code,
        reason = "the file object and its methods belong to the open connection; asking for a part that is mapped \
                  already, without extending it, only tells where it is (sqlite.org/c3ref/io_methods.html)"
    )]
    unsafe {
        let mut file: *mut ffi::sqlite3_file = ptr::null_mut();
        let code = ffi::SQLITE_FCNTL_FILE_POINTER;
        let told =
            ffi::sqlite3_file_control(connection.handle(), c"main".as_ptr(), code, (&raw mut file).cast());
        let methods = file.as_ref().filter(|_| told == ffi::SQLITE_OK)?.pMethods.as_ref()?;
        // The methods for shared memory came with the second version.
        let map = methods.xShmMap.filter(|_| methods.iVersion >= 2)?;
        let mut region = ptr::null_mut();
        let told = map(file, 0, REGION_BYTES, 0, &raw mut region);
        let words = region.cast::<AtomicU64>();
        (told == ffi::SQLITE_OK && !words.is_null() && words.is_aligned()).then_some(words)
    }
}

fn failed(error: &dyn std::fmt::Display) -> RegistryError {
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
        #[cfg(not(unix))]
        let identity = {
            let made = file.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
            Self(0, made.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(0)))
        };
        Ok(identity)
    }
}
