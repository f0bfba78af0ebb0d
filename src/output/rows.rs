//! Keys and their secrets as rows: their fields in tab-separated output and their columns in a table.

use super::colour::Tone;
use super::fit::{Column, Room};
use super::list::{Record, Shape};
use super::relative::relative;
use super::table::Cell;
use super::tsv::Line;
use super::view::{KeyView, SecretView, Shown, limits_text};
use crate::domain::key::{KeyStatus, SecretStatus};
use crate::domain::time::Instant;

/// A list in a cell is built no further than this: no terminal is wider.
const CELL_ENOUGH: usize = 1_000;

impl Record for KeyView<'_> {
    const SHAPE: &'static Shape = &Shape {
        fields: &[
            "id",
            "name",
            "kind",
            "env",
            "status",
            "owner",
            "project",
            "scopes",
            "allow_ips",
            "allow_origins",
            "rate",
            "quota",
            "lifetime_seconds",
            "created_at",
            "not_before",
            "expires_at",
            "last_used_at",
            "tags",
            "note",
            "consumer_key",
            "rotate_every_seconds",
            "due_at",
            "disabled_at",
            "revoked_at",
            "revoke_reason",
            "secrets",
        ],
        columns: &[
            Column { title: "NAME", rank: 0, room: Room::AtLeast(10) },
            Column { title: "ID", rank: 0, room: Room::Whole },
            Column { title: "KIND", rank: 8, room: Room::Whole },
            Column { title: "ENV", rank: 4, room: Room::Whole },
            Column { title: "STATUS", rank: 0, room: Room::AtLeast(9) },
            Column { title: "OWNER", rank: 5, room: Room::AtLeast(8) },
            Column { title: "PROJECT", rank: 6, room: Room::AtLeast(8) },
            Column { title: "SCOPES", rank: 7, room: Room::AtLeast(11) },
            Column { title: "EXPIRES", rank: 2, room: Room::Whole },
            Column { title: "LAST USED", rank: 3, room: Room::Whole },
            Column { title: "LIMITS", rank: 9, room: Room::AtLeast(10) },
        ],
    };

    fn fill(&self, line: &mut Line<'_>) {
        line.plain(Some(self.id)).text(Some(self.name));
        line.plain(Some(self.kind)).plain(Some(self.env)).plain(Some(self.status.code()));
        line.text(Some(self.owner)).text(Some(self.project));
        line.plain(Some(self.scopes.all())).plain(self.allow_ips.map(|ips| ips.all()));
        line.text(self.allow_origins.map(|origins| origins.all()).as_deref());
        line.plain(self.rate).plain(self.quota);
        line.plain(self.lifetime_seconds).plain(Some(self.created_at)).plain(self.not_before);
        line.plain(self.expires_at).plain(self.last_used_at);
        line.text(Some(&self.tags.all())).text(self.note).plain(self.consumer_key.as_deref());
        line.plain(self.rotate_every_seconds).plain(self.due_at).plain(self.disabled_at);
        line.plain(self.revoked_at).plain(self.revoke_reason);
        line.plain(Some(
            self.secrets.iter().map(|secret| secret.public.as_str()).collect::<Vec<_>>().join(","),
        ));
    }

    fn cells(&self, now: Instant) -> Vec<Cell> {
        vec![
            Cell::plain(self.name),
            Cell::plain(&self.id.to_string()),
            Cell::plain(self.kind),
            Cell::plain(self.env),
            Cell::new(self.status.code(), key_tone(self.status)),
            Cell::plain(self.owner),
            Cell::plain(self.project),
            Cell::plain(&or_dash(self.scopes.joined(", ", CELL_ENOUGH))),
            moment(self.expires_at, now),
            moment(self.last_used_at, now),
            Cell::plain(&limits_text(self.rate, self.quota).unwrap_or_else(|| "-".to_owned())),
        ]
    }
}

impl Record for SecretView {
    const SHAPE: &'static Shape = &Shape {
        fields: &["id", "public", "status", "created_at", "expires_at", "last_used_at", "kept"],
        columns: &[
            Column { title: "SECRET", rank: 0, room: Room::Whole },
            Column { title: "STATUS", rank: 0, room: Room::AtLeast(8) },
            Column { title: "CREATED", rank: 4, room: Room::Whole },
            Column { title: "EXPIRES", rank: 1, room: Room::Whole },
            Column { title: "LAST USED", rank: 2, room: Room::Whole },
            Column { title: "KEPT", rank: 3, room: Room::Whole },
        ],
    };

    fn fill(&self, line: &mut Line<'_>) {
        line.plain(Some(self.id)).plain(Some(&self.public)).plain(Some(self.status.code()));
        line.plain(Some(self.created_at)).plain(self.expires_at).plain(self.last_used_at);
        line.plain(Some(self.kept));
    }

    fn cells(&self, now: Instant) -> Vec<Cell> {
        vec![
            Cell::plain(&format!("{}…", self.public)),
            Cell::new(self.status.code(), secret_tone(self.status)),
            Cell::plain(&relative(self.created_at.0, now)),
            moment(self.expires_at, now),
            moment(self.last_used_at, now),
            Cell::plain(if self.kept { "yes" } else { "no" }),
        ]
    }
}

pub(super) fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

/// An instant as seen from `now`; without one, `never`.
fn moment(at: Option<Shown<Instant>>, now: Instant) -> Cell {
    match at {
        Some(Shown(at)) => Cell::plain(&relative(at, now)),
        None => Cell::new("never", Tone::Faint),
    }
}

pub(super) fn key_tone(status: KeyStatus) -> Tone {
    match status {
        KeyStatus::Active => Tone::Good,
        KeyStatus::Pending | KeyStatus::Disabled | KeyStatus::Suspended => Tone::Warning,
        KeyStatus::Expired | KeyStatus::Revoked => Tone::Bad,
    }
}

fn secret_tone(status: SecretStatus) -> Tone {
    match status {
        SecretStatus::Active => Tone::Good,
        SecretStatus::Pending | SecretStatus::Retiring => Tone::Warning,
        SecretStatus::Retired | SecretStatus::Expired | SecretStatus::Revoked => Tone::Bad,
    }
}
