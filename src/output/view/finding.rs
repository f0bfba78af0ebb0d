//! What `doctor` found.

use serde::Serialize;

use crate::domain::time::Instant;
use crate::output::{Cell, Column, Line, Record, Room, Shape, Tone};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingStatus {
    /// All is well, or a mere count.
    Ok,
    /// Look at it.
    Warning,
    /// Something is wrong.
    Problem,
}

impl FindingStatus {
    /// The word in JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Ok => Tone::Good,
            Self::Warning => Tone::Warning,
            Self::Problem => Tone::Bad,
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingView {
    /// What was looked at; never renamed.
    pub check: &'static str,
    /// How bad it is.
    pub status: FindingStatus,
    /// What was found.
    pub message: String,
    /// What to run next.
    pub hint: Option<String>,
}

impl Record for FindingView {
    const SHAPE: &'static Shape = &Shape {
        fields: &["check", "status", "message", "hint"],
        columns: &[
            Column { title: "CHECK", rank: 0, room: Room::Whole },
            Column { title: "STATUS", rank: 0, room: Room::Whole },
            Column { title: "FOUND", rank: 0, room: Room::Wrapped(14) },
        ],
    };

    fn fill(&self, line: &mut Line<'_>) {
        line.text(Some(self.check))
            .text(Some(self.status.code()))
            .text(Some(&self.message))
            .text(self.hint.as_deref());
    }

    fn cells(&self, _now: Instant) -> Vec<Cell> {
        vec![
            Cell::plain(self.check),
            Cell::new(self.status.code(), self.status.tone()),
            Cell::plain(&self.message),
        ]
    }
}
