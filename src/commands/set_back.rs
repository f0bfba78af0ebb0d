//! Rows that are not what the log last says of them although their seals fit: whoever may write the file set them back to an
//! earlier state of their own, or took out that they are off, which leaves a seal that proves the rest. Nothing is granted on
//! them.

use anyhow::Result;

use crate::crypto::Subkeys;
use crate::crypto::rows::{key_holds, party_holds};
use crate::domain::event::Action;
use crate::domain::key::Key;
use crate::domain::party::Party;
use crate::domain::text::shell_word;
use crate::exit::{Exit, Failure};
use crate::registry::{PartyStates, Registry, RegistryError};

/// Refuses `action` on a key that is not what the log last says of it, which whatever is recorded of it next would confirm;
/// and, but for enabling it, on one that was switched on outside. What takes away is never refused; of a row whose seal does
/// not fit the seal decides.
///
/// # Errors
/// Exit 6; those of the registry.
pub(super) fn refuse_key(key: &Key, action: Action, registry: &dyn Registry, keys: &Subkeys) -> Result<()> {
    let last = registry.last_state(key.id, Some(&keys.audit))?;
    let fits = if !key.was_enabled_outside() {
        !key_holds(&keys.row, key) || last.fits(key)
    } else if action == Action::KeyEnabled {
        last.fits_disabled(key)
    } else {
        let message = format!("`{}/{}` was disabled, and switched on outside apikey", key.project, key.name);
        let hint = format!("see to it with `apikey enable {0}` or `apikey disable {0}` first", key.id);
        return Err(Failure::new(Exit::Conflict, "tampered", message).hint(hint).into());
    };
    if fits {
        return Ok(());
    }
    if registry.find_key(key.id)?.is_none_or(|now| now.key.revision != key.revision) {
        // Somebody changed it since it was read, and the log says so already.
        return Err(RegistryError::Conflict(key.id).into());
    }
    let message = format!(
        "`{}/{}` is not what the log last says of it: it was set back outside apikey",
        key.project, key.name
    );
    let hint = format!("revoke it with `apikey revoke {0}`; `apikey log --key {0}` says what it was", key.id);
    Err(Failure::new(Exit::Conflict, "tampered", message).hint(hint).into())
}

/// As [`refuse_key`], of an owner or a project, and resuming it.
///
/// # Errors
/// Exit 6; those of the registry.
pub(super) fn refuse_party(
    party: &Party,
    action: Action,
    registry: &dyn Registry,
    keys: &Subkeys,
) -> Result<()> {
    let (kind, name) = (party.kind.code(), shell_word(party.name.as_str()));
    let is_resumed = matches!(action, Action::OwnerResumed | Action::ProjectResumed);
    if party.suspended_at.is_some() && !is_resumed {
        // Nothing is granted on it, and the way out of one that was set back is to say its limits anew.
        return Ok(());
    }
    let states = || PartyStates::read(registry, party.kind, Some(&keys.audit));
    let fits = if !party.was_resumed_outside() {
        !party_holds(&keys.row, party) || states()?.fits(party)
    } else if is_resumed {
        states()?.fits_suspended(party)
    } else {
        let message = format!("the {kind} `{}` was suspended, and resumed outside apikey", party.name);
        let hint =
            format!("see to it with `apikey {kind} resume {name}` or `apikey {kind} suspend {name}` first");
        return Err(Failure::new(Exit::Conflict, "tampered", message).hint(hint).into());
    };
    if fits {
        return Ok(());
    }
    if registry.party_summary(party.kind, &party.name)?.is_none_or(|now| now.party != *party) {
        return Err(RegistryError::PartyConflict { kind, name: party.name.clone() }.into());
    }
    let message = format!(
        "the {kind} `{}` is not what the log last says of it: it was set back outside apikey",
        party.name
    );
    let hint = format!(
        "suspend it anew with `apikey {kind} suspend {name}`, then say its limits with `apikey limit --{kind} {name}` (`apikey \
         log` says what they were), then resume it"
    );
    Err(Failure::new(Exit::Conflict, "tampered", message).hint(hint).into())
}
