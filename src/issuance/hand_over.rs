//! Commit, then hand over, and take back what could not be handed over.

use super::Issued;
use crate::domain::event::{Action, Actor, Event};
use crate::domain::time::Instant;
use crate::registry::{Change, Registry, RegistryError};

/// Commits a change in so many parts, of [`crate::registry::PART`] keys each, then hands over; if either fails, takes back
/// what was committed, the last first. `change` and `undo` make a part by its number.
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
                state: None,
                ..Event::on_key(Action::KeyTakenBack, actor, None, &one.key, now)
            })
            .collect(),
        ..Change::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key::Key;
    use crate::domain::samples;
    use crate::registry::conformance::memory;

    /// Nothing to take back, by a change that conflicts with everything.
    fn impossible<'a>(key: &Key) -> Change<'a> {
        Change { remove: vec![(key.id, key.revision + 1)], ..Change::default() }
    }

    fn insert(keys: &[Key]) -> Change<'_> {
        Change { insert: keys, ..Change::default() }
    }

    fn remove<'a>(key: &Key) -> Change<'a> {
        Change { remove: vec![(key.id, key.revision)], ..Change::default() }
    }

    fn failure() -> RegistryError {
        RegistryError::Storage("nobody takes it".into())
    }

    fn is_there(registry: &dyn Registry, key: &Key) -> bool {
        registry.find_key(key.id).unwrap().is_some()
    }

    #[test]
    fn what_was_handed_over_stays_and_is_committed_first() {
        let mut registry = memory();
        let keys = [samples::key("one"), samples::key("two")];
        let mut is_handed_over = false;
        commit_then_hand_over(
            &mut registry,
            2,
            |part| insert(&keys[part..=part]),
            |part| remove(&keys[part]),
            || -> Result<(), RegistryError> {
                is_handed_over = true;
                Ok(())
            },
        )
        .unwrap();
        assert!(is_handed_over);
        assert!(keys.iter().all(|key| is_there(&registry, key)));
    }

    #[test]
    fn if_a_part_cannot_be_written_nothing_is_handed_over_and_the_parts_before_it_are_taken_back() {
        let mut registry = memory();
        let keys = [samples::key("one"), samples::key("two"), samples::key("one")];
        let ended = commit_then_hand_over(
            &mut registry,
            3,
            |part| insert(&keys[part..=part]),
            |part| remove(&keys[part]),
            || -> Result<(), RegistryError> { panic!("handed over") },
        );
        assert!(matches!(ended, Err(RegistryError::NameTaken { .. })), "{ended:?}");
        assert!(!keys.iter().any(|key| is_there(&registry, key)));
    }

    #[test]
    fn if_it_cannot_be_handed_over_all_parts_are_taken_back_the_last_first() {
        let mut registry = memory();
        let keys = [samples::key("one"), samples::key("two")];
        let undone = std::cell::RefCell::new(Vec::new());
        let undo = |part: usize| {
            undone.borrow_mut().push(part);
            remove(&keys[part])
        };
        let ended = commit_then_hand_over(
            &mut registry,
            2,
            |part| insert(&keys[part..=part]),
            undo,
            || Err(failure()),
        );
        assert!(matches!(&ended, Err(RegistryError::Storage(why)) if why == "nobody takes it"), "{ended:?}");
        assert_eq!(undone.into_inner(), [1, 0]);
        assert!(!keys.iter().any(|key| is_there(&registry, key)));
    }

    #[test]
    fn if_a_part_cannot_be_taken_back_that_is_said_and_the_others_are() {
        let mut registry = memory();
        let keys = [samples::key("one"), samples::key("two"), samples::key("three")];
        let undo = |part: usize| if part == 1 { impossible(&keys[1]) } else { remove(&keys[part]) };
        let ended = commit_then_hand_over(
            &mut registry,
            3,
            |part| insert(&keys[part..=part]),
            undo,
            || Err(failure()),
        );
        let Err(RegistryError::Storage(why)) = ended else { panic!("{ended:?}") };
        assert!(why.contains("could not be taken back either") && why.ends_with("revoke it"), "{why}");
        assert_eq!(keys.each_ref().map(|key| is_there(&registry, key)), [false, true, false]);
    }
}
