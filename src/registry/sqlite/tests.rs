//! Attacks on the file, and many processes at once.

mod files;
pub(in crate::registry::sqlite) mod limits;
mod together;
mod usage;

use std::path::{Path, PathBuf};

use super::SqliteRegistry;
use crate::domain::party::PartyKind;
use crate::domain::samples::{self, NOW};
use crate::domain::secret::Brand;
use crate::domain::time::Instant;
use crate::registry::{Change, Identity, RegistryError};

fn identity() -> Identity {
    Identity {
        id: "0000000000ID".into(),
        brand: Brand::default(),
        vault_kind: "keyfile".into(),
        check_value: [3; 32],
        created_at: Instant::from_seconds(NOW),
    }
}

fn create(path: &Path) -> Result<(), RegistryError> {
    let parties = [PartyKind::Owner, PartyKind::Project].map(samples::party);
    SqliteRegistry::create(path, &identity(), &Change { new_parties: &parties, ..Change::default() })
}

/// A registry file with one key in it, and the folder it goes with.
pub(crate) fn created() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    create(&path).unwrap();
    let keys = [samples::key("ci")];
    open(&path).apply(&Change { insert: &keys, ..Change::default() }).unwrap();
    (folder, path)
}

/// As [`SqliteRegistry::open`], with every method at hand.
fn open(path: &Path) -> Box<dyn crate::registry::Registry> {
    Box::new(SqliteRegistry::open(path).unwrap())
}

/// Edits a registry as the sqlite3 shell would.
pub(crate) fn edit(path: &std::path::Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// Copies a registry's file into the place of another's content, as `.restore` of the sqlite3 shell does.
pub(crate) fn restore(path: &std::path::Path, backup: &std::path::Path) {
    use rusqlite::ffi;
    let [to, from] = [path, backup].map(|path| rusqlite::Connection::open(path).unwrap());
    #[expect(unsafe_code, reason = "both connections are open until the copy is made")]
    unsafe {
        let copy = ffi::sqlite3_backup_init(to.handle(), c"main".as_ptr(), from.handle(), c"main".as_ptr());
        assert!(!copy.is_null());
        assert_eq!(ffi::sqlite3_backup_step(copy, -1), ffi::SQLITE_DONE);
        assert_eq!(ffi::sqlite3_backup_finish(copy), ffi::SQLITE_OK);
    }
}

/// Does something while another connection holds the write lock.
pub(crate) fn while_locked(path: &std::path::Path, work: impl FnOnce()) {
    let other = rusqlite::Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    work();
    other.execute_batch("ROLLBACK").unwrap();
}
