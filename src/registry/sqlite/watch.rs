//! Whether anything was committed to a registry's file since the last look, at the price of a few reads of memory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use super::{Result, unusable};
use crate::registry::RegistryError;

/// The header of the WAL index, which every commit of every process rewrites before it is visible to anybody: 48 bytes
/// at the start of the file `-shm`, of which SQLite promises the place and the size (sqlite.org/walformat.html).
const HEADER_WORDS: usize = 6;

/// Looks at the WAL index that all processes share.
#[derive(Debug)]
pub struct Watch {
    index: memmap2::MmapRaw,
    path: PathBuf,
    file: FileIdentity,
}

/// The header as it stood at one look; equal ones mean that nothing was committed in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Glance([u64; HEADER_WORDS]);

impl Watch {
    pub(super) fn new(connection: &Connection, path: &Path) -> Result<Self> {
        // A read makes the index, and the connection keeps it from being removed.
        connection
            .query_row("SELECT count(*) FROM touched WHERE number = 0", [], |row| row.get::<_, i64>(0))?;
        let path = path.canonicalize().map_err(|error| failed(&error))?;
        let mut name = path.as_os_str().to_owned();
        name.push("-shm");
        let shared = File::open(&name).map_err(|error| failed(&error))?;
        let index = memmap2::MmapOptions::new()
            .len(HEADER_WORDS * 8)
            .map_raw_read_only(&shared)
            .map_err(|error| failed(&error))?;
        Ok(Self { index, file: FileIdentity::of(&path).map_err(|error| failed(&error))?, path })
    }

    /// The header as it stands. A glance in the middle of a commit differs from those before and after it.
    #[must_use]
    pub fn glance(&self) -> Glance {
        #[expect(clippy::cast_ptr_alignment, reason = "a mapping begins at a page")]
        let words = self.index.as_ptr().cast::<AtomicU64>();
        #[expect(
            unsafe_code,
            reason = "the mapping is HEADER_WORDS * 8 bytes long, page-aligned, and lives as long as `self`; other \
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
        #[cfg(not(unix))]
        let identity = {
            let made = file.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
            Self(0, made.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(0)))
        };
        Ok(identity)
    }
}
