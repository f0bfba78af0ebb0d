//! Whether every row that grants something is as apikey left it.

use super::{FindingView, Keys, Registry, failed, ok, problem};
use crate::crypto::RowKey;
use crate::crypto::rows::{key_holds, party_holds, secret_holds};
use crate::domain::party::PartyKind;

/// The most altered rows that are named.
const NAMED: usize = 10;

const REVOKE: &str = "revoke these keys with `apikey revoke KEY` and issue new ones; `apikey log` says what apikey itself changed";
const RESUME: &str = "`apikey owner resume NAME` or `apikey project resume NAME` puts right a suspension that was cleared; \
     if it refuses, issue new keys under another name";

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
    let of_keys = altered.len();
    for kind in [PartyKind::Owner, PartyKind::Project] {
        let parties = match registry.parties(kind) {
            Ok(parties) => parties,
            Err(error) => return failed("seals", &error.into()),
        };
        let broken = parties.iter().filter(|one| !party_holds(row, &one.party));
        altered.extend(broken.map(|one| format!("the {} {}", kind.code(), one.party.name)));
    }
    if altered.is_empty() {
        let what = match keys.len() {
            1 => "1 key, its owner and project are".to_owned(),
            several => format!("{several} keys, their owners and projects are"),
        };
        return ok("seals", format!("{what} as apikey left them"));
    }
    // Keys come first: those of an altered owner or project are denied whatever else is mended.
    let hint = if of_keys > 0 { REVOKE } else { RESUME };
    let more = altered.len().saturating_sub(NAMED);
    altered.truncate(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    problem("seals", format!("altered outside apikey, and denied: {}{more}", altered.join(", ")), hint)
}
