//! Events, owners, projects, scopes and decisions as rows.

use std::fmt::Write as _;

use super::colour::Tone;
use super::fit::{Column, Room};
use super::list::{Record, Shape};
use super::table::Cell;
use super::tsv::Line;
use super::view::{
    ChangeView, CheckOutcome, CheckView, DecisionView, EventView, PartyView, ScopeView, limits_text,
};
use crate::domain::time::Instant;

impl Record for EventView<'_> {
    const SHAPE: &'static Shape = &Shape {
        fields: &[
            "number", "at", "action", "user", "host", "ci_run", "key_id", "subject", "changes", "sealed",
            "hash",
        ],
        columns: &[
            Column { title: "#", rank: 4, room: Room::Whole },
            Column { title: "AT", rank: 0, room: Room::Whole },
            Column { title: "ACTION", rank: 0, room: Room::Whole },
            Column { title: "SUBJECT", rank: 1, room: Room::AtLeast(12) },
            Column { title: "BY", rank: 2, room: Room::AtLeast(8) },
            Column { title: "CHANGES", rank: 3, room: Room::AtLeast(16) },
        ],
    };

    fn fill(&self, line: &mut Line<'_>) {
        line.plain(Some(self.number)).plain(Some(self.at)).plain(Some(self.action));
        line.text(Some(self.actor.user)).text(Some(self.actor.host)).text(self.actor.ci_run);
        line.plain(self.key_id).text(Some(self.subject)).text(Some(&summary(&self.changes)));
        line.plain(Some(self.sealed)).plain(Some(self.hash));
    }

    fn cells(&self, _now: Instant) -> Vec<Cell> {
        vec![
            Cell::new(&self.number.to_string(), Tone::Faint),
            Cell::plain(&self.at.to_string()),
            Cell::plain(self.action),
            Cell::plain(self.subject),
            Cell::plain(&format!("{}@{}", self.actor.user, self.actor.host)),
            Cell::new(&summary(&self.changes), Tone::Faint),
        ]
    }
}

/// `field: before -> after; …`, where what is absent is `-`.
fn summary(changes: &[ChangeView<'_>]) -> String {
    let mut out = String::new();
    for change in changes {
        let separator = if out.is_empty() { "" } else { "; " };
        let (before, after) = (change.before.unwrap_or("-"), change.after.unwrap_or("-"));
        write!(out, "{separator}{}: {before} -> {after}", change.field)
            .expect("a string takes all that is written");
    }
    out
}

impl Record for PartyView<'_> {
    const SHAPE: &'static Shape = &Shape {
        fields: &["name", "kind", "suspended", "suspended_at", "created_at", "keys", "rate", "quota"],
        columns: &[
            Column { title: "NAME", rank: 0, room: Room::AtLeast(10) },
            Column { title: "STATUS", rank: 0, room: Room::AtLeast(9) },
            Column { title: "KEYS", rank: 0, room: Room::Whole },
            Column { title: "CREATED", rank: 2, room: Room::Whole },
            Column { title: "SUSPENDED", rank: 1, room: Room::Whole },
            Column { title: "LIMITS", rank: 0, room: Room::AtLeast(8) },
        ],
    };

    fn fill(&self, line: &mut Line<'_>) {
        line.text(Some(self.name)).plain(Some(self.kind)).plain(Some(self.suspended));
        line.plain(self.suspended_at).plain(Some(self.created_at)).plain(Some(self.keys));
        line.plain(self.rate).plain(self.quota);
    }

    fn cells(&self, _now: Instant) -> Vec<Cell> {
        let (status, tone) =
            if self.suspended { ("suspended", Tone::Warning) } else { ("active", Tone::Good) };
        vec![
            Cell::plain(self.name),
            Cell::new(status, tone),
            Cell::plain(&self.keys.to_string()),
            Cell::plain(&self.created_at.to_string()),
            Cell::plain(&self.suspended_at.map_or_else(|| "-".to_owned(), |at| at.to_string())),
            Cell::plain(&limits_text(self.rate, self.quota).unwrap_or_else(|| "-".to_owned())),
        ]
    }
}

impl Record for ScopeView<'_> {
    const SHAPE: &'static Shape = &Shape {
        fields: &["scope", "description"],
        columns: &[
            Column { title: "SCOPE", rank: 0, room: Room::Whole },
            Column { title: "DESCRIPTION", rank: 0, room: Room::Wrapped(20) },
        ],
    };

    fn fill(&self, line: &mut Line<'_>) {
        line.text(Some(self.scope)).text(self.description);
    }

    fn cells(&self, _now: Instant) -> Vec<Cell> {
        vec![Cell::plain(self.scope), Cell::plain(self.description.unwrap_or("-"))]
    }
}

impl Record for DecisionView<'_> {
    const SHAPE: &'static Shape = &Shape {
        fields: &["accepted", "code", "message", "hint", "key_id", "remaining", "retry_after_seconds"],
        columns: &[
            Column { title: "DECISION", rank: 0, room: Room::Whole },
            Column { title: "KEY", rank: 0, room: Room::Whole },
            Column { title: "MESSAGE", rank: 0, room: Room::Wrapped(20) },
        ],
    };

    fn fill(&self, line: &mut Line<'_>) {
        line.plain(Some(self.accepted)).plain(Some(self.code)).text(Some(self.message)).text(self.hint);
        line.plain(self.key.as_ref().map(|key| key.id)).plain(self.remaining).plain(self.retry_after_seconds);
    }

    fn cells(&self, _now: Instant) -> Vec<Cell> {
        let tone = if self.accepted { Tone::Good } else { Tone::Bad };
        let key = self.key.as_ref().map_or_else(|| "-".to_owned(), |key| key.id.to_string());
        vec![Cell::new(self.code, tone), Cell::plain(&key), Cell::plain(self.message)]
    }
}

impl Record for CheckView<'_> {
    const SHAPE: &'static Shape = &Shape {
        fields: &["check", "outcome", "compared"],
        columns: &[
            Column { title: "CHECK", rank: 0, room: Room::Whole },
            Column { title: "OUTCOME", rank: 0, room: Room::Whole },
            Column { title: "COMPARED", rank: 0, room: Room::Wrapped(14) },
        ],
    };

    fn fill(&self, line: &mut Line<'_>) {
        line.plain(Some(self.code)).plain(Some(self.outcome.code())).text(Some(&self.compared));
    }

    fn cells(&self, _now: Instant) -> Vec<Cell> {
        let tone = match self.outcome {
            CheckOutcome::Passed => Tone::Good,
            CheckOutcome::Denied => Tone::Bad,
            CheckOutcome::NotReached => Tone::Faint,
        };
        vec![Cell::plain(self.code), Cell::new(self.outcome.code(), tone), Cell::plain(&self.compared)]
    }
}
