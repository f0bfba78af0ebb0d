//! What the log last says of a key, an owner or a project, against which a row that was set back is found.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::{EventFilter, RecordedEvent, Registry, RegistryError};
use crate::domain::canonical::{state_of_key, state_of_party};
use crate::domain::event::Action;
use crate::domain::key::Key;
use crate::domain::party::{Party, PartyKind};
use crate::domain::time::Instant;

/// What the log last says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastState {
    /// Nothing: no event on it does, or an earlier version changed it last, which did not say to what.
    Unknown,
    /// It was removed.
    Gone,
    /// This was left of it: see [`crate::domain::event::Event::state`].
    Is([u8; 32]),
}

impl LastState {
    /// What an event on it says; none for one that changes nothing of it.
    pub(super) fn of(action: Action, state: Option<[u8; 32]>) -> Option<Self> {
        match (action, state) {
            (Action::KeyTakenBack | Action::KeyPurged, _) => Some(Self::Gone),
            (_, Some(state)) => Some(Self::Is(state)),
            // Servers of an earlier version may do these while a later one has the registry too.
            (Action::KeyRevoked | Action::GraceStarted, None) => Some(Self::Unknown),
            (_, None) => None,
        }
    }

    /// Whether a key can be what the log last says of it.
    #[must_use]
    pub fn fits(self, key: &Key) -> bool {
        match self {
            Self::Unknown => true,
            Self::Gone => false,
            Self::Is(state) => state == state_of_key(key),
        }
    }
}

/// What the log last says of each owner and project; nothing of those that no event changed, or an earlier version did.
#[derive(Debug, Default)]
pub struct PartyStates(HashMap<(PartyKind, String), LastOfParty>);

#[derive(Debug, Clone, Copy, Default)]
struct LastOfParty {
    /// What the newest event that says so left of it, and that event's number.
    state: Option<(u64, [u8; 32])>,
    /// When it was last suspended, and that event's number.
    suspended: Option<(u64, Instant)>,
}

impl PartyStates {
    /// Reads what the log says of owners, or of projects.
    ///
    /// # Errors
    /// The registry's.
    pub fn read(registry: &dyn Registry, kind: PartyKind) -> Result<Self, RegistryError> {
        let mut states = Self::default();
        for action in Action::ALL.into_iter().filter(|action| action.party_kind() == Some(kind)) {
            let filter = EventFilter { action: Some(action), ..EventFilter::default() };
            registry.events(&filter, &mut |recorded| {
                states.note(&recorded);
                ControlFlow::Continue(())
            })?;
        }
        Ok(states)
    }

    /// Takes in what one event says; in whichever order they come, the newest counts.
    pub fn note(&mut self, recorded: &RecordedEvent) {
        let (event, number) = (&recorded.event, recorded.number);
        let (Some(kind), Some(state)) = (event.action.party_kind(), event.state) else { return };
        let last = self.0.entry((kind, event.subject.clone())).or_default();
        last.state = last.state.max(Some((number, state)));
        if matches!(event.action, Action::OwnerSuspended | Action::ProjectSuspended) {
            last.suspended = last.suspended.max(Some((number, event.at)));
        }
    }

    /// Whether an owner or project can be what the log last says of it.
    #[must_use]
    pub fn fits(&self, party: &Party) -> bool {
        let last = self.0.get(&(party.kind, party.name.to_string())).and_then(|last| last.state);
        last.is_none_or(|(_, state)| state == state_of_party(party))
    }

    /// The same of one whose suspension was taken out of the file, as if that were put back.
    #[must_use]
    pub fn fits_suspended(&self, party: &Party) -> bool {
        let last = self.0.get(&(party.kind, party.name.to_string())).and_then(|last| last.suspended);
        self.fits(&Party { suspended_at: last.map(|(_, at)| at), ..party.clone() })
    }
}
