//! What the log last says of a key, an owner or a project, against which a row that was set back is found.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::{EventFilter, RecordedEvent, Registry, RegistryError};
use crate::domain::canonical::{state_of_key, state_of_party};
use crate::domain::event::Action;
use crate::domain::key::Key;
use crate::domain::party::{Party, PartyKind};

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
pub struct PartyStates(HashMap<(PartyKind, String), (u64, [u8; 32])>);

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

    /// Takes in what one event says.
    pub fn note(&mut self, recorded: &RecordedEvent) {
        let event = &recorded.event;
        let (Some(kind), Some(state)) = (event.action.party_kind(), event.state) else { return };
        let last = self.0.entry((kind, event.subject.clone())).or_insert((recorded.number, state));
        if last.0 <= recorded.number {
            *last = (recorded.number, state);
        }
    }

    /// Whether an owner or project can be what the log last says of it.
    #[must_use]
    pub fn fits(&self, party: &Party) -> bool {
        let last = self.0.get(&(party.kind, party.name.to_string()));
        last.is_none_or(|(_, state)| *state == state_of_party(party))
    }
}
