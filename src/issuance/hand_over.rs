//! Commit, then hand over, and take back what could not be handed over.

use super::Issued;
use crate::domain::event::{Action, Actor, Event};
use crate::domain::time::Instant;
use crate::registry::{Change, Registry, RegistryError};

/// Commits `change`, then hands over; if that fails, commits `undo`.
///
/// # Errors
/// The registry's when nothing was committed; the hand-over's when it was taken back; the registry's with both said
/// when even that failed.
pub fn commit_then_hand_over<E: From<RegistryError>>(
    registry: &mut dyn Registry,
    change: &Change<'_>,
    undo: &Change<'_>,
    hand_over: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    registry.apply(change)?;
    let handed = hand_over();
    if handed.is_err() {
        registry.apply(undo).map_err(|error| {
            RegistryError::Storage(format!(
                "the secret could not be handed over, and the key could not be taken back either ({error}); revoke it"
            ))
        })?;
    }
    handed
}

/// The change that takes newly inserted keys back.
#[must_use]
pub fn undo_insert<'a>(issued: &[Issued], actor: &Actor, now: Instant) -> Change<'a> {
    Change {
        remove: issued.iter().map(|one| (one.key.id, one.key.revision)).collect(),
        events: issued
            .iter()
            .map(|one| Event {
                changes: Vec::new(),
                ..Event::on_key(Action::KeyTakenBack, actor, None, &one.key, now)
            })
            .collect(),
        ..Change::default()
    }
}
