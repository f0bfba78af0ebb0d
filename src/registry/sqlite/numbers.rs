//! What is numbered, one after the other: places of keys, changes and events. Whether any numbers are left.

use super::{Result, SqliteRegistry};

/// The places of keys are given one after the other. What lies beyond these was put there by an editor, and no verifier
/// knows it: a table up to there would be larger than memory.
pub const PLACES: std::ops::Range<i64> = 1..1 << 26;
/// Numbers of changes end not far behind this one; no registry has so many.
const MOST_CHANGES: i64 = i64::MAX - (1 << 32);

impl SqliteRegistry {
    /// Whether no further change has a number, or hardly one, as after an edit of the file.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn is_out_of_numbers(&self) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'touched' AND seq > ?1) \
                   OR EXISTS (SELECT 1 FROM touched WHERE number > ?1) OR EXISTS (SELECT 1 FROM event WHERE number > ?1)";
        Ok(self.connection.query_row(sql, [MOST_CHANGES], |row| row.get(0))?)
    }

    /// Whether a key that is made next would have a place that no verifier knows.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn is_out_of_places(&self) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'key' AND seq >= ?1) \
                   OR EXISTS (SELECT 1 FROM key WHERE place >= ?1)";
        Ok(self.connection.query_row(sql, [PLACES.end - 1], |row| row.get(0))?)
    }
}
