//! Requests summed, as rows: a table with a bar in each.

use super::colour::Tone;
use super::fit::{Column, Room};
use super::list::{Record, Shape};
use super::table::Cell;
use super::tsv::Line;
use super::view::UsageView;
use crate::domain::time::Instant;

impl Record for UsageView {
    const SHAPE: &'static Shape = &Shape {
        fields: &["by", "value", "key_id", "requests", "accepted", "denied"],
        columns: &[
            // An hour has 20, and is whole before there is a bar.
            Column { title: "REQUESTS OF", rank: 0, room: Room::AtLeast(20) },
            Column { title: "ALL", rank: 0, room: Room::Whole },
            Column { title: "DENIED", rank: 0, room: Room::Whole },
            Column { title: "", rank: 1, room: Room::Whole },
        ],
    };

    fn fill(&self, line: &mut Line<'_>) {
        line.plain(Some(self.by)).text(self.value.as_deref()).plain(self.key_id);
        line.plain(Some(self.requests)).plain(Some(self.accepted)).plain(Some(self.denied));
    }

    fn cells(&self, _now: Instant) -> Vec<Cell> {
        let denied = if self.denied == 0 { Tone::Faint } else { Tone::Warning };
        vec![
            Cell::plain(self.value.as_deref().unwrap_or("-")),
            Cell::plain(&self.requests.to_string()),
            Cell::new(&self.denied.to_string(), denied),
            Cell::new(&self.bar, Tone::Good),
        ]
    }
}
