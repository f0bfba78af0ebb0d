//! A repeatable request (`--request-id`): the same id with the same wish gives the same secret again.

use anyhow::Result;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use super::kept;
use crate::crypto::{RowKey, Subkeys};
use crate::domain::canonical::named_bytes;
use crate::domain::key::{Kept, Key, KeySecret};
use crate::domain::secret::{Secret, contains_secret};
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::issuance::Issued;
use crate::registry::{Found, Registry, RememberedRequest};

/// What is asked for under which id.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    id: String,
    fingerprint: [u8; 32],
}

/// What a request made.
pub(crate) struct Made {
    /// The key, as it is now, with its owner and project.
    pub(crate) found: Found,
    /// The secret that was issued.
    pub(crate) secret: KeySecret,
    remembered: RememberedRequest,
}

impl Request {
    /// `wish` is all that was asked for, in canonical bytes. A request id is a word of the caller's: bounded, visible, and
    /// no secret.
    pub(crate) fn new(id: &str, wish: &[u8]) -> Result<Self> {
        let is_plain = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        if is_plain && !contains_secret(id) {
            return Ok(Self { id: id.to_owned(), fingerprint: Sha256::digest(wish).into() });
        }
        Err(Failure::usage("a request id is 1 to 128 visible ASCII characters")
            .hint("a UUID, or the run's own id, does")
            .into())
    }

    /// What it made before, if its copy is kept.
    pub(crate) fn made_before(&self, registry: &dyn Registry) -> Result<Option<Made>> {
        let Some(earlier) = registry.request(&self.id)? else { return Ok(None) };
        if earlier.seal.is_none() {
            return Err(self.used("by an earlier version of apikey").hint("use a new id").into());
        }
        if earlier.fingerprint != self.fingerprint {
            return Err(self.used("for another wish").hint("use a new id for a new wish").into());
        }
        let Some(found) = registry.find_key(earlier.key)? else {
            return Err(self.used("and its key is gone").into());
        };
        let issued = found.key.secrets.iter().find(|secret| secret.id == earlier.secret);
        match issued.filter(|secret| secret.kept != Kept::No).cloned() {
            Some(secret) => Ok(Some(Made { found, secret, remembered: earlier })),
            None => Err(self.no_longer_kept(&found.key).into()),
        }
    }

    /// The secret of [`Self::made_before`]. An edited registry must not pass another's off as it.
    pub(crate) fn open(&self, made: &Made, (keys, now): (&Subkeys, Instant)) -> Result<Secret> {
        let sealed = keys.row.tag(&bytes(&made.remembered));
        if !made.remembered.seal.is_some_and(|seal| seal.ct_eq(&sealed).into()) {
            let message = format!("what is recorded of the request `{}` was altered outside apikey", self.id);
            return Err(Failure::new(Exit::Conflict, "tampered", message).hint("use a new id").into());
        }
        Ok(kept::open(&made.found.key, &made.secret, keys, now)?
            .ok_or_else(|| self.no_longer_kept(&made.found.key))?)
    }

    /// The caller's word for it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What is recorded of it.
    pub(crate) fn remember(&self, issued: &Issued, row: &RowKey, at: Instant) -> RememberedRequest {
        let mut remembered = RememberedRequest {
            id: self.id.clone(),
            fingerprint: self.fingerprint,
            key: issued.key.id,
            secret: issued.secret.parts().id,
            at,
            seal: None,
        };
        remembered.seal = Some(row.tag(&bytes(&remembered)));
        remembered
    }

    fn no_longer_kept(&self, key: &Key) -> Failure {
        self.used("and its secret is no longer kept").hint(format!("see `apikey show {}`", key.id))
    }

    fn used(&self, how: &str) -> Failure {
        let message = format!("the request id `{}` was already used {how}", self.id);
        Failure::new(Exit::Conflict, "request_used", message)
    }
}

/// What the seal of a remembered request is over.
fn bytes(remembered: &RememberedRequest) -> Vec<u8> {
    named_bytes(
        "request",
        [
            ("id", Some(remembered.id.clone())),
            ("fingerprint", Some(format!("{:?}", remembered.fingerprint))),
            ("key", Some(remembered.key.to_string())),
            ("secret", Some(remembered.secret.to_string())),
            ("at", Some(remembered.at.to_string())),
        ],
    )
}
