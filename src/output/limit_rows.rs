//! Limits as rows.

use super::colour::Tone;
use super::fit::{Column, Room};
use super::list::{Record, Shape};
use super::relative::relative;
use super::table::Cell;
use super::tsv::Line;
use super::view::{LimitView, limits_text};
use crate::domain::time::{Instant, Span};

impl Record for LimitView {
    const SHAPE: &'static Shape = &Shape {
        fields: &["of", "name", "limit", "value", "remaining", "used_percent", "resets_after_seconds"],
        columns: &[
            Column { title: "OF", rank: 0, room: Room::Whole },
            Column { title: "NAME", rank: 0, room: Room::AtLeast(10) },
            Column { title: "LIMIT", rank: 0, room: Room::Whole },
            Column { title: "LEFT", rank: 0, room: Room::Whole },
            Column { title: "USED", rank: 1, room: Room::Whole },
            Column { title: "WHOLE AGAIN", rank: 2, room: Room::Whole },
        ],
    };

    fn fill(&self, line: &mut Line<'_>) {
        line.plain(Some(self.of)).text(Some(&self.name)).plain(Some(self.limit));
        line.plain(limits_text(self.rate, self.quota)).plain(Some(self.remaining));
        line.plain(Some(self.used_percent)).plain(Some(self.resets_after_seconds));
    }

    fn cells(&self, now: Instant) -> Vec<Cell> {
        let tone = match self.used_percent {
            100.. => Tone::Bad,
            80.. => Tone::Warning,
            _ => Tone::Plain,
        };
        vec![
            Cell::plain(self.of),
            Cell::plain(&self.name),
            Cell::plain(&limits_text(self.rate, self.quota).unwrap_or_default()),
            Cell::new(&self.remaining.to_string(), tone),
            Cell::new(&format!("{}%", self.used_percent), tone),
            Cell::new(&whole_again(self.resets_after_seconds, now), Tone::Faint),
        ]
    }
}

fn whole_again(after_seconds: u64, now: Instant) -> String {
    let span = i64::try_from(after_seconds).ok().and_then(Span::from_seconds);
    span.and_then(|span| now.checked_add(span)).map_or_else(|| "now".to_owned(), |at| relative(at, now))
}
