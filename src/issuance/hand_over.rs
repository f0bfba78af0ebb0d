//! Commit, then hand over, and take back what could not be handed over.

use super::Issued;
use crate::domain::event::{Action, Actor, Event};
use crate::domain::time::Instant;
use crate::registry::{Change, Registry, RegistryError};

/// Commits a change in so many parts, of [`crate::registry::PART`] keys each, then hands over; if either fails, takes back what was committed, the last first.
/// `change` and `undo` make a part by its number.
///
/// # Errors
/// The registry's when nothing was committed; the hand-over's when it was taken back; the registry's with both said
/// when even that failed.
pub fn commit_then_hand_over<'a, E: From<RegistryError>>(
    registry: &mut dyn Registry,
    parts: usize,
    change: impl Fn(usize) -> Change<'a>,
    undo: impl Fn(usize) -> Change<'a>,
    hand_over: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    let mut committed = 0;
    let written = (0..parts).try_for_each(|part| {
        registry.apply(&change(part))?;
        committed += 1;
        Ok(())
    });
    let ended = written.and_then(|()| hand_over());
    if ended.is_ok() {
        return ended;
    }
    // Each is tried, whatever became of the others.
    let undone = (0..committed).rev().map(|part| registry.apply(&undo(part)));
    match undone.filter_map(Result::err).reduce(|first, _| first) {
        None => ended,
        Some(error) => Err(E::from(RegistryError::Storage(format!(
            "the secret could not be handed over, and the key could not be taken back either ({error}); revoke it"
        )))),
    }
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
