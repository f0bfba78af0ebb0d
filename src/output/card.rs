//! One key for people: its fields one below the other, then its secrets as a table.

use std::io::{self, Write};

use super::colour::Tone;
use super::fit::{Column, Room};
use super::relative::relative;
use super::rows::{key_tone, moment, or_dash, secret_tone};
use super::table::{Cell, Look, write_table};
use super::view::{DecisionView, KeyView, SecretView, Shown};
use crate::domain::key::SecretStatus;
use crate::domain::text::escape;
use crate::domain::time::{Instant, Span};

const SECRETS: &[Column] = &[
    Column { title: "SECRET", rank: 0, room: Room::Whole },
    Column { title: "STATUS", rank: 0, room: Room::AtLeast(8) },
    Column { title: "CREATED", rank: 4, room: Room::Whole },
    Column { title: "EXPIRES", rank: 1, room: Room::Whole },
    Column { title: "LAST USED", rank: 2, room: Room::Whole },
    Column { title: "KEPT", rank: 3, room: Room::Whole },
];

const CHECKS: &[Column] = &[
    Column { title: "CHECK", rank: 0, room: Room::Whole },
    Column { title: "OUTCOME", rank: 0, room: Room::Whole },
    Column { title: "COMPARED", rank: 0, room: Room::Wrapped(14) },
];

/// The longest label, so that values stand below each other.
const LABEL: usize = 13;

/// Labels with their values; a value is never shortened or broken.
struct Block {
    text: String,
    look: Look,
}

impl Block {
    fn field(&mut self, label: &str, value: &str, tone: Tone) {
        let label = format!("{label:LABEL$}  ");
        self.text.push_str(&self.look.palette.paint(Tone::Faint, &label));
        self.text.push_str(&self.look.palette.paint(tone, &escape(value)));
        self.text.push('\n');
    }

    fn plain(&mut self, label: &str, value: &str) {
        self.field(label, value, Tone::Plain);
    }

    fn optional(&mut self, label: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.plain(label, value);
        }
    }
}

/// As many secrets a person is shown of a key that was rotated often: the newest, and whichever else live.
const NEWEST: usize = 10;

/// Writes a key with its secrets.
pub(super) fn write_key(out: &mut dyn Write, key: &KeyView<'_>, look: Look, now: Instant) -> io::Result<()> {
    let mut block = Block { text: String::new(), look };
    describe(&mut block, key, now);
    block.text.push('\n');
    out.write_all(block.text.as_bytes())?;
    let (older, newest) = key.secrets.split_at(key.secrets.len().saturating_sub(NEWEST));
    let lives = |secret: &&SecretView| {
        matches!(secret.status, SecretStatus::Pending | SecretStatus::Active | SecretStatus::Retiring)
    };
    let shown = older.iter().filter(lives).chain(newest);
    let rows: Vec<_> = shown.map(|secret| secret_cells(secret, now)).collect();
    let left = key.secrets.len() - rows.len();
    write_table(out, SECRETS, rows, look)?;
    if left > 0 {
        writeln!(out, "and {left} older, which are over; `--json` has them all")?;
    }
    Ok(())
}

/// Writes the checks of a decision, if it carries them.
pub(super) fn write_checks(out: &mut dyn Write, decision: &DecisionView<'_>, look: Look) -> io::Result<()> {
    use super::view::CheckOutcome::{Denied, NotReached, Passed};
    let Some(checks) = &decision.checks else { return Ok(()) };
    out.write_all(b"\n")?;
    let rows = checks.iter().map(|check| {
        let tone = match check.outcome {
            Passed => Tone::Good,
            Denied => Tone::Bad,
            NotReached => Tone::Faint,
        };
        vec![Cell::plain(check.code), Cell::new(check.outcome.code(), tone), Cell::plain(&check.compared)]
    });
    write_table(out, CHECKS, rows.collect(), look)
}

fn describe(block: &mut Block, key: &KeyView<'_>, now: Instant) {
    block.field("name", key.name, Tone::Strong);
    block.plain("id", &key.id.to_string());
    block.field("status", key.status.code(), key_tone(key.status));
    block.plain("kind", key.kind);
    block.plain("env", key.env);
    block.optional("consumer key", key.consumer_key.as_deref());
    block.plain("owner", key.owner);
    block.plain("project", key.project);
    block.plain("scopes", &or_dash(key.scopes.joined(" ", usize::MAX)));
    let any = || "any".to_owned();
    block.plain("addresses", &key.allow_ips.as_ref().map_or_else(any, |ips| ips.joined(" ", usize::MAX)));
    block.plain("origins", &key.allow_origins.as_ref().map_or_else(any, |all| all.joined(" ", usize::MAX)));
    block.optional("rate", key.rate.map(|rate| rate.to_string()).as_deref());
    block.optional("quota", key.quota.map(|quota| quota.to_string()).as_deref());
    block.plain("created", &both(Some(key.created_at), now));
    block.optional("not before", key.not_before.map(|at| both(Some(at), now)).as_deref());
    block.plain("expires", &both(key.expires_at, now));
    block.optional("lifetime", span(key.lifetime_seconds).as_deref());
    block.plain("last used", &both(key.last_used_at, now));
    block.optional("rotate every", span(key.rotate_every_seconds).as_deref());
    block.optional("due", key.due_at.map(|at| both(Some(at), now)).as_deref());
    block.optional("disabled", key.disabled_at.map(|at| both(Some(at), now)).as_deref());
    block.optional("revoked", key.revoked_at.map(|at| both(Some(at), now)).as_deref());
    block.optional("reason", key.revoke_reason);
    let tags = key.tags.joined(", ", usize::MAX);
    block.optional("tags", (!tags.is_empty()).then_some(tags.as_str()));
    block.optional("note", key.note);
}

/// `2027-02-21T12:00:00Z (in 89 days)`; only the instant when the other would repeat it; without one, `never`.
fn both(at: Option<Shown<Instant>>, now: Instant) -> String {
    let Some(Shown(at)) = at else { return "never".to_owned() };
    let (exact, near) = (at.to_string(), relative(at, now));
    if exact.starts_with(&near) { exact } else { format!("{exact} ({near})") }
}

fn span(seconds: Option<i64>) -> Option<String> {
    seconds.and_then(Span::from_seconds).map(|span| span.to_string())
}

fn secret_cells(secret: &SecretView, now: Instant) -> Vec<Cell> {
    vec![
        Cell::plain(&format!("{}…", secret.public)),
        Cell::new(secret.status.code(), secret_tone(secret.status)),
        Cell::plain(&relative(secret.created_at.0, now)),
        moment(secret.expires_at, now),
        moment(secret.last_used_at, now),
        Cell::plain(if secret.kept { "yes" } else { "no" }),
    ]
}
