//! Keys that somebody may want to look at: counts, with the command that shows them.

use super::{FindingStatus, FindingView, Keys};
use crate::domain::key::{Kept, Key, KeyStatus};
use crate::domain::lifetime::has_ended;
use crate::domain::time::{Instant, Span};

const SOON: Span = Span::days(14);
const UNUSED: Span = Span::days(90);
/// The most keys that are named where no listing shows just them.
const NAMED: usize = 5;

/// One count for each kind of key to look at.
pub(super) fn counts(keys: &Keys, now: Instant) -> Vec<FindingView> {
    let live: Vec<&Key> = keys
        .iter()
        .filter(|(key, suspended)| {
            !matches!(key.status(*suspended, now), KeyStatus::Revoked | KeyStatus::Expired)
        })
        .map(|(key, _)| key)
        .collect();
    let ends_soon = |key: &Key| now.checked_add(SOON).is_some_and(|soon| has_ended(key.expires_at(), soon));
    let is_unused = |key: &Key| {
        let since = key.last_use().map_or(key.created_at, |last| last.at);
        since < now.saturating_sub(UNUSED)
    };
    let is_kept = |key: &Key| key.secrets.iter().any(|secret| matches!(secret.kept, Kept::Sealed(_)));
    let is_due = |key: &Key| key.due_at().is_some_and(|due| due <= now);
    let count = |test: &dyn Fn(&Key) -> bool| live.iter().filter(|key| test(key)).count();
    let named = |test: &dyn Fn(&Key) -> bool| names(live.iter().copied().filter(|key| test(key)));
    let never = |key: &Key| key.expires_at().is_none();
    vec![
        noted(
            ("expiring", FindingStatus::Warning),
            (count(&ends_soon), "ending within 14 days", ""),
            "apikey list --expiring 14d",
        ),
        noted(("due", FindingStatus::Warning), (count(&is_due), "due for rotation", ""), "apikey list --due"),
        noted(
            ("unused", FindingStatus::Ok),
            (count(&is_unused), "not used for 90 days", ""),
            "apikey list --unused 90d",
        ),
        noted(
            ("never_expiring", FindingStatus::Ok),
            (count(&never), "without an end", &named(&never)),
            "apikey list, and `apikey expire KEY` to give one an end",
        ),
        noted(
            ("kept", FindingStatus::Ok),
            (count(&is_kept), "with a kept copy of a secret", &named(&is_kept)),
            "apikey list, and `apikey forget KEY` to erase one",
        ),
    ]
}

fn noted(
    (check, status): (&'static str, FindingStatus),
    (count, what, names): (usize, &str, &str),
    command: &str,
) -> FindingView {
    let message = format!("live keys {what}: {count}{names}");
    if count == 0 {
        return super::ok(check, message);
    }
    FindingView { check, status, message, hint: Some(format!("see them with {command}")) }
}

fn names<'a>(keys: impl Iterator<Item = &'a Key>) -> String {
    let mut names: Vec<String> = keys.map(|key| format!("{}/{}", key.project, key.name)).collect();
    if names.is_empty() {
        return String::new();
    }
    let more = if names.len() > NAMED { ", …" } else { "" };
    names.truncate(NAMED);
    format!(" ({}{more})", names.join(", "))
}
