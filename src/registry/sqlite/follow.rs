//! Following a registry that others change: what is in it, and what changed since.
//!
//! Triggers note every changed key in `touched`, whichever hand changed it. [`Watch`] says in nanoseconds whether
//! anything was committed at all, so that a verifier can ask at every request.

use std::ops::Range;

use rusqlite::{Connection, params};

use super::{Result, SqliteRegistry, read};
use crate::domain::key::Key;
use crate::domain::party::{Party, PartyKind};

/// What changed between two looks.
#[derive(Debug, Default)]
pub struct Changes {
    /// Where the next look begins.
    pub number: i64,
    /// Whether owners or projects changed.
    pub parties: bool,
    /// The places of keys that changed or are gone.
    pub places: Vec<i64>,
}

impl SqliteRegistry {
    /// What changed after `number`; from 0 on, everything.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn changes_since(&self, number: i64) -> Result<Changes> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT number, key_place FROM touched WHERE number > ?1 ORDER BY number")?;
        let mut rows = statement.query([number])?;
        let mut changes = Changes { number, ..Changes::default() };
        while let Some(row) = rows.next()? {
            changes.number = row.get(0)?;
            match row.get(1)? {
                0 => changes.parties = true,
                place => changes.places.push(place),
            }
        }
        Ok(changes)
    }

    /// The number of the newest change.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn newest_change(&self) -> Result<i64> {
        let sql = "SELECT coalesce(max(number), 0) FROM touched";
        Ok(self.connection.query_row(sql, [], |row| row.get(0))?)
    }

    /// The places that keys have had so far: from 1 to before the end.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn places(&self) -> Result<Range<i64>> {
        let last: i64 =
            self.connection.query_row("SELECT coalesce(max(place), 0) FROM key", [], |row| row.get(0))?;
        Ok(1..last + 1)
    }

    /// The keys at these places, in order, without the kept copies of their secrets.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn keys_at(&self, places: Range<i64>, visit: &mut dyn FnMut(i64, Key)) -> Result<()> {
        self.placed(keys_at(&self.connection, places, visit))
    }

    /// All owners or all projects.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn all_parties(&self, kind: PartyKind) -> Result<Vec<Party>> {
        self.placed(read::all_parties(&self.connection, kind))
    }

    /// A watch on this registry's file, with a connection of its own.
    ///
    /// # Errors
    /// Those of SQLite and of the file system.
    pub fn watch(&self) -> Result<super::Watch> {
        super::Watch::new(super::open::existing(&self.path)?, &self.path)
    }
}

fn keys_at(connection: &Connection, places: Range<i64>, visit: &mut dyn FnMut(i64, Key)) -> Result<()> {
    let secret_columns =
        read::SECRET_COLUMNS.replace("s.kept_algorithm, s.kept,", "NULL AS kept_algorithm, NULL AS kept,");
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {}, {secret_columns}, k.place FROM key AS k LEFT JOIN secret AS s ON s.key_place = k.place \
         WHERE k.place >= ?1 AND k.place < ?2 ORDER BY k.place, s.number",
        read::KEY_COLUMNS
    ))?;
    let mut rows = statement.query(params![places.start, places.end])?;
    let mut current: Option<(i64, Key)> = None;
    while let Some(row) = rows.next()? {
        let place: i64 = row.get(read::WIDTH)?;
        match &mut current {
            Some((same, key)) if *same == place => key.secrets.extend(read::secret(row)?),
            _ => {
                let mut key = read::key(row)?;
                key.secrets.extend(read::secret(row)?);
                if let Some((done, key)) = current.replace((place, key)) {
                    visit(done, key);
                }
            }
        }
    }
    if let Some((place, key)) = current {
        visit(place, key);
    }
    Ok(())
}
