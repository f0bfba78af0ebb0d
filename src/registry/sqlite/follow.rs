//! Following a registry that others change: what is in it, and what changed since.
//!
//! Triggers note every changed key in `touched`, whichever hand changed it. [`Watch`] says in nanoseconds whether
//! anything was committed at all, so that a verifier can ask at every request.

use std::ops::{ControlFlow, Range};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Result, SqliteRegistry, parties, read};
use crate::domain::key::Key;
use crate::domain::party::{Party, PartyKind};

/// How far a reader has come, and by what it knows the same history again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// The newest change, and what was drawn for it.
    change: (i64, i64),
    /// The newest event, and its hash.
    event: (i64, [u8; 32]),
}

/// What changed between two looks.
#[derive(Debug, Default)]
pub struct Changes {
    /// Where the next look begins.
    pub mark: Mark,
    /// Whether owners or projects changed.
    pub parties: bool,
    /// The places of keys that changed or are gone.
    pub places: Vec<i64>,
}

/// While it is there, all that is read is of one and the same instant.
#[derive(Debug)]
pub struct Reading<'a>(#[expect(dead_code, reason = "ends when dropped")] Transaction<'a>);

impl SqliteRegistry {
    /// Begins to read one state of the file, whatever others commit meanwhile.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn reading(&self) -> Result<Reading<'_>> {
        Ok(Reading(self.connection.unchecked_transaction()?))
    }

    /// What changed after `since`. None when that is no part of this file's past: a backup was restored into it, and
    /// everything has to be read anew.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn changes_since(&self, since: &Mark) -> Result<Option<Changes>> {
        if !self.has_passed(since)? {
            return Ok(None);
        }
        let mut changes = Changes { mark: self.mark()?, ..Changes::default() };
        let mut statement =
            self.connection.prepare_cached("SELECT DISTINCT key_place FROM touched WHERE number > ?1")?;
        let mut rows = statement.query([since.change.0])?;
        while let Some(row) = rows.next()? {
            match row.get(0)? {
                0 => changes.parties = true,
                place => changes.places.push(place),
            }
        }
        Ok(Some(changes))
    }

    /// Where this file is now.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn mark(&self) -> Result<Mark> {
        let newest = |sql: &str| self.connection.prepare_cached(sql);
        let change = newest("SELECT number, nonce FROM touched ORDER BY number DESC LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let event = newest("SELECT number, hash FROM event ORDER BY number DESC LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(Mark { change: change.unwrap_or_default(), event: event.unwrap_or_default() })
    }

    /// Whether this file was once at `mark`: neither changes nor events are ever removed.
    fn has_passed(&self, mark: &Mark) -> Result<bool> {
        let ((change, nonce), (event, hash)) = (mark.change, mark.event);
        let mut statement = self.connection.prepare_cached(
            "SELECT (?1 = 0 OR EXISTS (SELECT 1 FROM touched WHERE number = ?1 AND nonce = ?2)) \
             AND (?3 = 0 OR EXISTS (SELECT 1 FROM event WHERE number = ?3 AND hash = ?4))",
        )?;
        Ok(statement.query_row(params![change, nonce, event, hash], |row| row.get(0))?)
    }

    /// How many keys there are.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn keys(&self) -> Result<usize> {
        let keys: u32 = self.connection.query_row("SELECT count(*) FROM key", [], |row| row.get(0))?;
        Ok(keys as usize)
    }

    /// The places that keys have had so far: from 1 to before the end.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn places(&self) -> Result<Range<i64>> {
        let last: i64 =
            self.connection.query_row("SELECT coalesce(max(place), 0) FROM key", [], |row| row.get(0))?;
        Ok(1..last.saturating_add(1))
    }

    /// The keys at these places, in order, without what grants nothing: tags, notes, last uses and kept copies.
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
        self.placed(parties::all(&self.connection, kind))
    }

    /// A watch on this registry's file.
    ///
    /// # Errors
    /// Those of opening, of SQLite and of the file system.
    pub fn watch(&self) -> Result<super::Watch> {
        super::Watch::new(Self::open(&self.path)?.connection, &self.path)
    }
}

fn keys_at(connection: &Connection, places: Range<i64>, visit: &mut dyn FnMut(i64, Key)) -> Result<()> {
    let key_columns = read::KEY_COLUMNS.replace("k.tags, k.note,", "'', NULL,");
    let secret_columns = read::SECRET_COLUMNS
        .replace("s.last_used_at, s.last_used_ip, s.kept_algorithm, s.kept,", "NULL, NULL, NULL, NULL,");
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {key_columns}, {secret_columns}, k.place FROM key AS k LEFT JOIN secret AS s ON s.key_place = k.place \
         WHERE k.place >= ?1 AND k.place < ?2 ORDER BY k.place, s.number"
    ))?;
    let mut rows = statement.query(params![places.start, places.end])?;
    read::keys(&mut rows, |place, key| {
        visit(place, key);
        ControlFlow::Continue(())
    })
}
