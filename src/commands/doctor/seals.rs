//! Whether every row that grants something is as apikey left it.

use super::named::Named;
use super::{FindingView, Registry, failed, ok, problem};
use crate::crypto::RowKey;
use crate::crypto::rows::{key_holds, party_holds, secret_holds};
use crate::domain::key::Key;
use crate::domain::party::PartyKind;

const REVOKE: &str = "revoke these keys with `apikey revoke KEY` and issue new ones; `apikey log` says what apikey itself changed";
const RESUME: &str = "`apikey owner resume NAME` or `apikey project resume NAME` puts right a suspension that was cleared; \
     if it refuses, issue new keys under another name";

/// What was found so far, one key after the other.
pub(super) struct Seals<'a> {
    row: &'a RowKey,
    keys: usize,
    altered: Named,
}

impl<'a> Seals<'a> {
    pub(super) fn new(row: &'a RowKey) -> Self {
        Self { row, keys: 0, altered: Named::default() }
    }

    /// Checks a key and its secrets.
    pub(super) fn look_at(&mut self, key: &Key) {
        self.keys += 1;
        let name = || format!("{}/{} ({})", key.project, key.name, key.id);
        if !key_holds(self.row, key) {
            self.altered.add(format!("the key {}", name()));
        }
        for secret in key.secrets.iter().filter(|secret| !secret_holds(self.row, key.id, secret)) {
            self.altered.add(format!("secret {} of {}", secret.id, name()));
        }
    }

    /// Checks owners and projects too, and says what was found of all.
    pub(super) fn finding(mut self, registry: &dyn Registry) -> FindingView {
        let of_keys = !self.altered.is_empty();
        for kind in [PartyKind::Owner, PartyKind::Project] {
            let parties = match registry.parties(kind) {
                Ok(parties) => parties,
                Err(error) => return failed("seals", &error.into()),
            };
            for one in parties.iter().filter(|one| !party_holds(self.row, &one.party)) {
                self.altered.add(format!("the {} {}", kind.code(), one.party.name));
            }
        }
        if self.altered.is_empty() {
            let what = match self.keys {
                1 => "1 key, its owner and project are".to_owned(),
                several => format!("{several} keys, their owners and projects are"),
            };
            return ok("seals", format!("{what} as apikey left them"));
        }
        // Keys come first: those of an altered owner or project are denied whatever else is mended.
        let hint = if of_keys { REVOKE } else { RESUME };
        problem("seals", format!("altered outside apikey, and denied: {}", self.altered.list()), hint)
    }
}
