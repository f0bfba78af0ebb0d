//! The schema: append-only migrations, each in one immediate transaction, and what tells a registry from other files.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::failure::{Attempt, unusable};
use crate::registry::RegistryError;

/// `apky`, in the header of every registry.
pub(super) const APPLICATION_ID: i64 = 0x6170_6b79;

/// In order; the schema's version is how many were run. Never edited, only added to.
const MIGRATIONS: [&str; 1] = [include_str!("../migrations/0001_initial.sql")];

/// The newest schema this program knows.
pub(super) const KNOWN: i64 = 1;
const _: () = assert!(MIGRATIONS.len() as u64 == KNOWN.unsigned_abs());

/// Brings an empty file or an older registry to the newest schema.
pub(super) fn migrate(connection: &mut Connection) -> Attempt<()> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Read inside the lock: another process may have done this step meanwhile.
        let version = version(&transaction)?;
        if version > KNOWN {
            return Err(RegistryError::Newer { found: version, known: KNOWN }.into());
        }
        let Some(step) = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version)) else {
            return Ok(());
        };
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version + 1)?;
        transaction.commit()?;
    }
}

/// Refuses what is no registry or a newer one, and brings an older one up to date.
pub(super) fn admit(connection: &mut Connection, path: &Path) -> Attempt<()> {
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id != APPLICATION_ID {
        return Err(unusable(
            path,
            "it is a database of another program".into(),
            "name another file with `--registry`",
        )
        .into());
    }
    match version(connection)? {
        KNOWN => Ok(()),
        found if found > KNOWN => Err(RegistryError::Newer { found, known: KNOWN }.into()),
        _ => migrate(connection),
    }
}

fn version(connection: &Connection) -> Attempt<i64> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
