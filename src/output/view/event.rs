//! An audit event as it leaves the program.

use std::fmt;

use serde::Serialize;

use super::Shown;
use crate::domain::key::KeyId;
use crate::domain::time::Instant;
use crate::registry::RecordedEvent;

/// One event of the log.
#[derive(Debug, Clone, Serialize)]
pub struct EventView<'a> {
    /// 1 for the first, without gaps.
    pub number: u64,
    /// When.
    pub at: Shown<Instant>,
    /// What.
    pub action: &'static str,
    /// Who.
    pub actor: ActorView<'a>,
    /// On which key.
    pub key_id: Option<Shown<KeyId>>,
    /// On what, by its name then.
    pub subject: &'a str,
    /// What before and after.
    pub changes: Vec<ChangeView<'a>>,
    /// Whether the vault was open, so that the hash is sealed.
    pub sealed: bool,
    /// Of this event and all before it.
    pub hash: Shown<Hex<'a>>,
}

/// Who did it and from where.
#[derive(Debug, Clone, Serialize)]
pub struct ActorView<'a> {
    /// Login name.
    pub user: &'a str,
    /// Host name.
    pub host: &'a str,
    /// The CI run, as its system names it.
    pub ci_run: Option<&'a str>,
}

/// One field before and after.
#[derive(Debug, Clone, Serialize)]
pub struct ChangeView<'a> {
    /// Its name in JSON.
    pub field: &'a str,
    /// Before.
    pub before: Option<&'a str>,
    /// After.
    pub after: Option<&'a str>,
}

/// Bytes in lower-case hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl<'a> EventView<'a> {
    /// The event as it is recorded.
    #[must_use]
    pub fn of(recorded: &'a RecordedEvent) -> Self {
        let event = &recorded.event;
        Self {
            number: recorded.number,
            at: Shown(event.at),
            action: event.action.code(),
            actor: ActorView {
                user: &event.actor.user,
                host: &event.actor.host,
                ci_run: event.actor.ci_run.as_deref(),
            },
            key_id: event.key.map(Shown),
            subject: &event.subject,
            changes: event
                .changes
                .iter()
                .map(|change| ChangeView {
                    field: &change.field,
                    before: change.before.as_deref(),
                    after: change.after.as_deref(),
                })
                .collect(),
            sealed: recorded.seal.is_some(),
            hash: Shown(Hex(&recorded.hash)),
        }
    }
}
