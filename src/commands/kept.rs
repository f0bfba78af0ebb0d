//! The kept copy of a secret, opened for whoever may have it: of a live secret, and only if it is what was digested.

use anyhow::Result;

use crate::crypto::Subkeys;
use crate::domain::key::{Key, KeySecret};
use crate::domain::secret::Secret;
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::issuance::kept_copy;

/// The secret in this row, if a copy of it is kept. An edited registry must not pass another text off as the secret.
///
/// # Errors
/// Exit 6 for a secret that is over, whose copy is erased sooner or later, and for a copy that is of another text.
pub(super) fn open(key: &Key, row: &KeySecret, keys: &Subkeys, now: Instant) -> Result<Option<Secret>> {
    if key.revoked.is_some() || !row.is_live(now) {
        let status = key.secret_status(row, now).code();
        let message = format!("the secret {} is {status}, and copies of such are erased", row.id);
        return Err(Failure::new(Exit::Conflict, "state_forbids", message)
            .hint("a live key gets a new secret from `apikey rotate KEY`; otherwise create one")
            .into());
    }
    let altered = || {
        let message = format!("the kept copy of the secret {} was altered outside apikey", row.id);
        Failure::new(Exit::Conflict, "tampered", message)
            .hint("get a new secret with `apikey rotate KEY`, and see `apikey doctor`")
    };
    let Some(secret) = kept_copy(&keys.seal, row).map_err(|_| altered())? else { return Ok(None) };
    let digest = keys.digest.digest(secret.expose().as_bytes());
    if row.digest.matches(&digest) { Ok(Some(secret)) } else { Err(altered().into()) }
}
