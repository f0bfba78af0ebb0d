//! What the log last says of a key, against which a row that was set back is found.

use crate::domain::canonical::state_of_key;
use crate::domain::event::Action;
use crate::domain::key::Key;

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
