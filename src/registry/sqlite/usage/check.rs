//! Whether what servers counted, and nobody folded in yet, can be read.

use super::batch::{Batch, Row, read, sort_of, text_of};
use crate::registry::sqlite::{Result, SqliteRegistry};

impl SqliteRegistry {
    /// The numbers of pieces that cannot be read: what is in them and behind them is in no sum of usage.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn unreadable_usage(&self) -> Result<Vec<i64>> {
        let mut statement =
            self.connection.prepare("SELECT number, body FROM usage_batch ORDER BY number")?;
        let mut pieces = statement.query([])?;
        let mut unreadable = Vec::new();
        while let Some(piece) = pieces.next()? {
            let body = piece.get_ref(1)?.as_blob().ok();
            if !body.is_some_and(|body| read(body).is_ok_and(|batch| is_sound(&batch))) {
                unreadable.push(piece.get(0)?);
            }
        }
        Ok(unreadable)
    }
}

fn is_sound(batch: &Batch) -> bool {
    let is_sound = |row: &Row| {
        text_of(&row.id).is_ok() && (row.requests == 0 || sort_of(&batch.sorts, row.sort).is_ok())
    };
    batch.rows.iter().all(is_sound)
}
