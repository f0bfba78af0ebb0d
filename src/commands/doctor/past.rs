//! Whether each key, owner and project is what the log last says of it: one that was set back to an earlier state of its
//! own has a seal that fits.

use super::named::Named;
use super::{FindingView, Registry, failed, ok, problem, warning};
use crate::crypto::AuditKey;
use crate::domain::key::Key;
use crate::domain::party::PartyKind;
use crate::registry::{PartyStates, RegistryError};

/// What was found so far, one key after the other.
#[derive(Default)]
pub(super) struct Past {
    set_back: Named,
    failed: Option<RegistryError>,
}

impl Past {
    /// Holds a key against what the log says of it; seals are checked when the vault is open.
    pub(super) fn look_at(&mut self, key: &Key, registry: &dyn Registry, audit: Option<&AuditKey>) {
        match registry.last_state(key.id, audit) {
            Ok(last) if !last.fits(key) => {
                self.set_back.add(format!("the key {}/{} ({})", key.project, key.name, key.id));
            }
            Ok(_) => {}
            Err(error) => self.failed = Some(error),
        }
    }

    /// Holds owners and projects against what the log says of them too, and says what was found of all; no log, and it
    /// cannot be said.
    pub(super) fn finding(mut self, registry: &dyn Registry, log: Option<&PartyStates>) -> FindingView {
        let kinds = [PartyKind::Owner, PartyKind::Project];
        for (kind, log) in kinds.into_iter().filter_map(|kind| Some((kind, log?))) {
            match registry.parties(kind) {
                Ok(parties) => parties
                    .iter()
                    .filter(|one| !log.fits(&one.party))
                    .for_each(|one| self.set_back.add(format!("the {} {}", kind.code(), one.party.name))),
                Err(error) => self.failed = Some(error),
            }
        }
        if let Some(error) = self.failed {
            return failed("states", &error.into());
        }
        if !self.set_back.is_empty() {
            return problem(
                "states",
                format!("not what the log last says, and may be accepted: {}", self.set_back.list()),
                "revoke these keys with `apikey revoke KEY`, suspend these owners and projects anew and look at their limits; `apikey log` says what they were",
            );
        }
        match log {
            Some(_) => ok("states", "every row is what the log last says of it"),
            None => warning("states", "not checked: the log cannot be read", "mend the log first"),
        }
    }
}
