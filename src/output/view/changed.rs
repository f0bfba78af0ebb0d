//! A key as it is after a change.

use serde::Serialize;

use super::{IssuedView, KeyView};
use crate::domain::time::Instant;
use crate::output::{Cell, Line, Record, Shape};

/// The answer of every command that changes a key and issues nothing.
#[derive(Debug, Clone, Serialize)]
pub struct ChangedView<'a> {
    /// The key's own fields, beside the following.
    #[serde(flatten)]
    pub key: KeyView<'a>,
    /// Whether anything is different now; `false` when it was so already.
    pub changed: bool,
    /// Whether it was only said and not done.
    pub dry_run: bool,
}

impl Record for ChangedView<'_> {
    const SHAPE: &'static Shape = KeyView::SHAPE;

    fn fill(&self, line: &mut Line<'_>) {
        self.key.fill(line);
    }

    fn cells(&self, now: Instant) -> Vec<Cell> {
        self.key.cells(now)
    }
}

impl Record for IssuedView<'_> {
    const SHAPE: &'static Shape = KeyView::SHAPE;

    fn fill(&self, line: &mut Line<'_>) {
        self.key.fill(line);
    }

    fn cells(&self, now: Instant) -> Vec<Cell> {
        self.key.cells(now)
    }
}
