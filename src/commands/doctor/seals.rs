//! Whether every row that grants something is as apikey left it.

use super::{FindingView, Keys, Registry, failed, ok, problem};
use crate::crypto::RowKey;
use crate::crypto::rows::{key_holds, party_holds, secret_holds};
use crate::domain::party::PartyKind;

/// The most altered rows that are named.
const NAMED: usize = 10;

/// Checks all keys, secrets, owners and projects.
pub(super) fn check(registry: &dyn Registry, keys: &Keys, row: &RowKey) -> FindingView {
    let mut altered = Vec::new();
    for (key, _) in keys {
        let name = format!("{}/{} ({})", key.project, key.name, key.id);
        if !key_holds(row, key) {
            altered.push(format!("the key {name}"));
        }
        let secrets = key.secrets.iter().filter(|secret| !secret_holds(row, key.id, secret));
        altered.extend(secrets.map(|secret| format!("secret {} of {name}", secret.id)));
    }
    for kind in [PartyKind::Owner, PartyKind::Project] {
        let parties = match registry.parties(kind) {
            Ok(parties) => parties,
            Err(error) => return failed("seals", &error.into()),
        };
        let broken = parties.iter().filter(|one| !party_holds(row, &one.party));
        altered.extend(broken.map(|one| format!("the {} {}", kind.code(), one.party.name)));
    }
    if altered.is_empty() {
        return ok(
            "seals",
            format!("{} keys, their owners and projects are as apikey left them", keys.len()),
        );
    }
    let more = altered.len().saturating_sub(NAMED);
    altered.truncate(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    problem(
        "seals",
        format!("altered outside apikey, and denied: {}{more}", altered.join(", ")),
        "revoke these keys with `apikey revoke KEY` and issue new ones; `apikey log` says what apikey itself changed",
    )
}
