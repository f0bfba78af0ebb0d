//! One key for people: its fields one below the other, then its secrets as a table.

use std::io::{self, Write};

use super::colour::Tone;
use super::list::Record as _;
use super::relative::relative;
use super::rows::{key_tone, or_dash};
use super::table::{Look, write_table};
use super::view::{KeyView, SecretView, Shown};
use crate::domain::key::SecretStatus;
use crate::domain::text::escape;
use crate::domain::time::{Instant, Span};

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
    let rows: Vec<_> = shown.map(|secret| secret.cells(now)).collect();
    let left = key.secrets.len() - rows.len();
    write_table(out, SecretView::SHAPE.columns, rows, look)?;
    if left > 0 {
        writeln!(out, "and {left} older, which are over; `--json` has them all")?;
    }
    Ok(())
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
    let from = key.last_used_ip.map(|Shown(ip)| format!(", from {ip}")).unwrap_or_default();
    block.plain("last used", &(both(key.last_used_at, now) + &from));
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
