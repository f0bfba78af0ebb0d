//! The triggers, by which every change is noted and nothing that was noted is taken back: whether they are still those
//! that the migrations made.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rusqlite::Connection;

use super::{Result, SqliteRegistry, open, unusable};
use crate::registry::RegistryError;

impl SqliteRegistry {
    /// Refuses a registry whose triggers were dropped or altered, or that has others: running verifiers would not learn
    /// of a revocation.
    ///
    /// # Errors
    /// [`crate::registry::RegistryError::Unusable`]; those of SQLite.
    pub fn check_triggers(&self) -> Result<()> {
        static MADE: OnceLock<BTreeMap<String, String>> = OnceLock::new();
        let made = if let Some(made) = MADE.get() {
            made
        } else {
            let triggers = made_by_migrations()?;
            MADE.get_or_init(|| triggers)
        };
        let (found, known) = (self.schema()?, open::known_schema());
        if found > known {
            // Brought up to date by a later version while this one has it open.
            return Err(RegistryError::Newer { found, known });
        }
        if *made == triggers(&self.connection)? {
            return Ok(());
        }
        let why = "its triggers, by which running servers learn of changes, were altered outside apikey";
        self.placed(Err(unusable(why, "restore it from a backup; `apikey log` says what was changed since")))
    }

    /// Counts changes of the schema, whoever makes them.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn schema_changes(&self) -> Result<i64> {
        Ok(self.connection.pragma_query_value(None, "schema_version", |row| row.get(0))?)
    }
}

fn made_by_migrations() -> Result<BTreeMap<String, String>> {
    let connection = Connection::open_in_memory()?;
    for migration in open::MIGRATIONS {
        connection.execute_batch(migration)?;
    }
    triggers(&connection)
}

/// By their names.
fn triggers(connection: &Connection) -> Result<BTreeMap<String, String>> {
    let mut statement = connection
        .prepare_cached("SELECT name, coalesce(sql, '') FROM sqlite_schema WHERE type = 'trigger'")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
