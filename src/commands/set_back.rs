//! Rows that are not what the log last says of them although their seals fit: whoever may write the file set them back to an
//! earlier state of their own. Nothing is granted on them.

use anyhow::Result;

use crate::crypto::RowKey;
use crate::crypto::rows::{key_holds, party_holds, secret_holds};
use crate::domain::key::Key;
use crate::domain::party::Party;
use crate::domain::text::shell_word;
use crate::exit::{Exit, Failure};
use crate::registry::{PartyStates, Registry};

/// Refuses a key that is not what the log last says of it: a row that was set back to an earlier state of its own has a
/// seal that fits, and whatever is recorded of it next would confirm it. What takes away is never refused; of a row whose
/// seal does not fit the seal decides.
///
/// # Errors
/// Exit 6; those of the registry.
pub(super) fn refuse_key(key: &Key, registry: &dyn Registry, row: &RowKey) -> Result<()> {
    let is_sealed = key_holds(row, key) && key.secrets.iter().all(|one| secret_holds(row, key.id, one));
    if !is_sealed || registry.last_state(key.id)?.fits(key) {
        return Ok(());
    }
    let message = format!(
        "`{}/{}` is not what the log last says of it: it was set back outside apikey",
        key.project, key.name
    );
    let hint = format!("revoke it with `apikey revoke {0}`; `apikey log --key {0}` says what it was", key.id);
    Err(Failure::new(Exit::Conflict, "tampered", message).hint(hint).into())
}

/// Refuses to grant anything on a row with a seal that is not what the log last says of it: whoever may write the file set
/// it back to an earlier state of its own.
///
/// # Errors
/// Exit 6; those of the registry.
pub(super) fn refuse_party(party: &Party, registry: &dyn Registry, row: &RowKey) -> Result<()> {
    if !party_holds(row, party) || PartyStates::read(registry, party.kind)?.fits(party) {
        return Ok(());
    }
    let (kind, name) = (party.kind.code(), &party.name);
    let message =
        format!("the {kind} `{name}` is not what the log last says of it: it was set back outside apikey");
    let hint = format!(
        "suspend it anew with `apikey {kind} suspend {}`; `apikey log` says what it was",
        shell_word(name.as_str())
    );
    Err(Failure::new(Exit::Conflict, "tampered", message).hint(hint).into())
}
