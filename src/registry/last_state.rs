//! What the log last says of a key, an owner or a project, against which a row that was set back is found.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::{EventFilter, RecordedEvent, Registry, RegistryError};
use crate::crypto::AuditKey;
use crate::domain::canonical::{state_of_key, state_of_party};
use crate::domain::event::{Action, Event};
use crate::domain::key::Key;
use crate::domain::party::{Party, PartyKind};
use crate::domain::secret::SecretId;
use crate::domain::time::Instant;

/// What the log last says of a key: what the newest event under seal left of it, and what was taken from it since. Who takes
/// away needs no vault, and so proves nothing of what is left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LastState {
    left: Left,
    /// The newest first.
    taken: Vec<Taken>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Left {
    /// No event under seal is on it: it was put there by another program.
    #[default]
    Nothing,
    /// Those that are do not say what they left: they are of an earlier version.
    Unknown,
    /// It was removed.
    Gone,
    /// It was revoked, and stays so.
    Revoked,
    /// See [`crate::domain::event::Event::state`].
    Is([u8; 32]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// It was switched off at this instant.
    Disabled(Instant),
    /// This secret was revoked.
    Secret(SecretId),
}

impl LastState {
    /// Takes in the next older event on the key, and whether it is under a seal that holds; breaks when no older one counts.
    pub(super) fn note(&mut self, event: &Event, is_sealed: bool) -> ControlFlow<()> {
        if is_sealed {
            self.left = Left::Unknown;
        }
        self.left = match (event.action, event.state) {
            (Action::KeyTakenBack | Action::KeyPurged, _) => Left::Gone,
            (Action::KeyRevoked, _) => Left::Revoked,
            (Action::KeyDisabled, _) => {
                self.taken.push(Taken::Disabled(event.at));
                return ControlFlow::Continue(());
            }
            (Action::SecretRevoked, _) => {
                self.taken.extend(secret_of(event).map(Taken::Secret));
                return ControlFlow::Continue(());
            }
            (_, Some(state)) if is_sealed => Left::Is(state),
            // A server of an earlier version may do this while a later one has the registry too.
            (Action::GraceStarted, None) if is_sealed => Left::Unknown,
            _ => return ControlFlow::Continue(()),
        };
        ControlFlow::Break(())
    }

    /// Whether a key can be what the log last says of it.
    #[must_use]
    pub fn fits(&self, key: &Key) -> bool {
        let mut key = key.clone();
        let mut was_disabled = false;
        for taken in &self.taken {
            match taken {
                Taken::Disabled(at) if !was_disabled => {
                    if key.disabled_at.take() != Some(*at) {
                        return false;
                    }
                    was_disabled = true;
                }
                // Somebody took it out of the file, and it was switched off again.
                Taken::Disabled(_) => {}
                Taken::Secret(id) => {
                    let secret = key.secrets.iter_mut().find(|secret| secret.id == *id);
                    if secret.is_none_or(|secret| secret.revoked_at.take().is_none()) {
                        return false;
                    }
                }
            }
        }
        match self.left {
            Left::Nothing | Left::Gone => false,
            Left::Unknown => true,
            Left::Revoked => key.revoked.is_some(),
            Left::Is(state) => state == state_of_key(&key),
        }
    }

    /// The same of a key whose disabling was taken out of the file, as if that were put back.
    #[must_use]
    pub fn fits_disabled(&self, key: &Key) -> bool {
        let disabled_at = self.taken.iter().find_map(|taken| match taken {
            Taken::Disabled(at) => Some(*at),
            Taken::Secret(_) => None,
        });
        self.fits(&Key { disabled_at, ..key.clone() })
    }
}

/// Which secret was revoked.
fn secret_of(event: &Event) -> Option<SecretId> {
    let revoked = event.changes.iter().find(|change| change.after.as_deref() == Some("revoked"))?;
    revoked.field.strip_prefix("secret ").and_then(SecretId::parse)
}

/// What the log last says of each owner and project; nothing of those that no event changed, or an earlier version did.
#[derive(Debug, Default)]
pub struct PartyStates(HashMap<(PartyKind, String), LastOfParty>);

#[derive(Debug, Clone, Default)]
struct LastOfParty {
    /// What the newest event under seal left of it, and that event's number.
    state: Option<(u64, [u8; 32])>,
    /// When it was suspended, and the numbers of those events: that needs no vault, and so proves nothing of what is left.
    suspended: Vec<(u64, Instant)>,
}

impl PartyStates {
    /// Reads what the log says of owners, or of projects. Without the audit key seals are not checked.
    ///
    /// # Errors
    /// The registry's.
    pub fn read(
        registry: &dyn Registry,
        kind: PartyKind,
        audit: Option<&AuditKey>,
    ) -> Result<Self, RegistryError> {
        let mut states = Self::default();
        for action in Action::ALL.into_iter().filter(|action| action.party_kind() == Some(kind)) {
            let filter = EventFilter { action: Some(action), ..EventFilter::default() };
            registry.events(&filter, &mut |recorded| {
                states.note(&recorded, audit);
                ControlFlow::Continue(())
            })?;
        }
        Ok(states)
    }

    /// Takes in what one event says; in whichever order they come, the newest counts.
    pub fn note(&mut self, recorded: &RecordedEvent, audit: Option<&AuditKey>) {
        let (event, number) = (&recorded.event, recorded.number);
        let (Some(kind), Some(state)) = (event.action.party_kind(), event.state) else { return };
        let last = self.0.entry((kind, event.subject.clone())).or_default();
        if matches!(event.action, Action::OwnerSuspended | Action::ProjectSuspended) {
            last.suspended.push((number, event.at));
            last.suspended.sort_unstable();
        } else if recorded.is_sealed(audit) {
            last.state = last.state.max(Some((number, state)));
        }
    }

    /// Whether an owner or project can be what the log last says of it.
    #[must_use]
    pub fn fits(&self, party: &Party) -> bool {
        let Some(last) = self.0.get(&(party.kind, party.name.to_string())) else { return true };
        let (number, state) = match last.state {
            Some((number, state)) => (number, Some(state)),
            None => (0, None),
        };
        let as_it_was = |suspended_at| {
            state.is_none_or(|state| state == state_of_party(&Party { suspended_at, ..party.clone() }))
        };
        let before = last.suspended.iter().rev().find(|(one, _)| *one < number).map(|(_, at)| *at);
        match last.suspended.last().filter(|(one, _)| *one > number) {
            None => as_it_was(party.suspended_at),
            // When it was suspended anew because it had been set back, it was suspended before too.
            Some((_, at)) => party.suspended_at == Some(*at) && (as_it_was(None) || as_it_was(before)),
        }
    }

    /// The same of one whose suspension was taken out of the file, as if that were put back.
    #[must_use]
    pub fn fits_suspended(&self, party: &Party) -> bool {
        let last = self.0.get(&(party.kind, party.name.to_string())).and_then(|last| last.suspended.last());
        self.fits(&Party { suspended_at: last.map(|(_, at)| *at), ..party.clone() })
    }
}
