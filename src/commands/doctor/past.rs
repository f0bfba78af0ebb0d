//! Whether each key, owner and project is what the log last says of it: one that was set back to an earlier state of its
//! own has a seal that fits.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::named::Named;
use super::{FindingView, Registry, failed, ok, problem};
use crate::domain::canonical::state_of_party;
use crate::domain::event::Action;
use crate::domain::key::Key;
use crate::domain::party::PartyKind;
use crate::registry::{EventFilter, RegistryError};

/// What was found so far, one key after the other.
#[derive(Default)]
pub(super) struct Past {
    set_back: Named,
    failed: Option<RegistryError>,
}

impl Past {
    /// Holds a key against the newest event on it.
    pub(super) fn look_at(&mut self, key: &Key, registry: &dyn Registry) {
        match registry.last_state(key.id) {
            Ok(last) if !last.fits(key) => {
                self.set_back.add(format!("the key {}/{} ({})", key.project, key.name, key.id));
            }
            Ok(_) => {}
            Err(error) => self.failed = Some(error),
        }
    }

    /// Holds owners and projects against theirs too, and says what was found of all.
    pub(super) fn finding(mut self, registry: &dyn Registry) -> FindingView {
        if let Err(error) = self.look_at_parties(registry) {
            self.failed = Some(error);
        }
        if let Some(error) = self.failed {
            return failed("states", &error.into());
        }
        if self.set_back.is_empty() {
            return ok("states", "every row is what the log last says of it");
        }
        problem(
            "states",
            format!("not what the log last says, and may be accepted: {}", self.set_back.list()),
            "revoke these keys with `apikey revoke KEY`, suspend these owners and projects anew; `apikey log` says what they were",
        )
    }

    fn look_at_parties(&mut self, registry: &dyn Registry) -> Result<(), RegistryError> {
        let of_owners = [Action::OwnerSuspended, Action::OwnerResumed, Action::OwnerLimited];
        let of_projects = [Action::ProjectSuspended, Action::ProjectResumed, Action::ProjectLimited];
        for (kind, actions) in [(PartyKind::Owner, of_owners), (PartyKind::Project, of_projects)] {
            let mut last: HashMap<String, (u64, [u8; 32])> = HashMap::new();
            for action in actions {
                let filter = EventFilter { action: Some(action), ..EventFilter::default() };
                registry.events(&filter, &mut |recorded| {
                    let known = last.get(&recorded.event.subject).map_or(0, |(number, _)| *number);
                    if let Some(state) = recorded.event.state.filter(|_| recorded.number > known) {
                        last.insert(recorded.event.subject, (recorded.number, state));
                    }
                    ControlFlow::Continue(())
                })?;
            }
            for one in registry.parties(kind)? {
                let state = last.get(one.party.name.as_str()).map(|(_, state)| *state);
                if state.is_some_and(|state| state != state_of_party(&one.party)) {
                    self.set_back.add(format!("the {} {}", kind.code(), one.party.name));
                }
            }
        }
        Ok(())
    }
}
