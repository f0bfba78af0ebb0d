//! A repeatable request (`--request-id`): the same id with the same wish gives the same secret again.

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use super::kept;
use crate::crypto::Subkeys;
use crate::domain::key::{Kept, Key, KeySecret};
use crate::domain::secret::{Secret, contains_secret};
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::issuance::Issued;
use crate::registry::{Registry, RememberedRequest};

/// What is asked for under which id.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    id: String,
    fingerprint: [u8; 32],
}

impl Request {
    /// `wish` is all that was asked for, in canonical bytes. A request id is a word of the caller's: bounded, visible, and no secret.
    pub(crate) fn new(id: &str, wish: &[u8]) -> Result<Self> {
        let is_plain = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        if is_plain && !contains_secret(id) {
            return Ok(Self { id: id.to_owned(), fingerprint: Sha256::digest(wish).into() });
        }
        Err(Failure::usage("a request id is 1 to 128 visible ASCII characters")
            .hint("a UUID, or the run's own id, does")
            .into())
    }

    /// The key that it changed before, and the secret that it issued, whose copy is kept.
    pub(crate) fn made_before(&self, registry: &dyn Registry) -> Result<Option<(Key, KeySecret)>> {
        let Some(earlier) = registry.request(&self.id)? else { return Ok(None) };
        if earlier.fingerprint != self.fingerprint {
            return Err(self.used("for another wish").hint("use a new id for a new wish").into());
        }
        let Some(found) = registry.find_key(earlier.key)? else {
            return Err(self.used("and its key is gone").into());
        };
        let issued = found.key.secrets.iter().find(|secret| secret.id == earlier.secret);
        match issued.filter(|secret| secret.kept != Kept::No).cloned() {
            Some(secret) => Ok(Some((found.key, secret))),
            None => Err(self.no_longer_kept(&found.key).into()),
        }
    }

    /// The secret of [`Self::made_before`].
    pub(crate) fn open(
        &self,
        (key, secret): &(Key, KeySecret),
        (keys, now): (&Subkeys, Instant),
    ) -> Result<Secret> {
        Ok(kept::open(key, secret, keys, now)?.ok_or_else(|| self.no_longer_kept(key))?)
    }

    /// The caller's word for it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What is recorded of it.
    pub(crate) fn remember(&self, issued: &Issued, at: Instant) -> RememberedRequest {
        RememberedRequest {
            id: self.id.clone(),
            fingerprint: self.fingerprint,
            key: issued.key.id,
            secret: issued.secret.parts().id,
            at,
        }
    }

    fn no_longer_kept(&self, key: &Key) -> Failure {
        self.used("and its secret is no longer kept").hint(format!("see `apikey show {}`", key.id))
    }

    fn used(&self, how: &str) -> Failure {
        let message = format!("the request id `{}` was already used {how}", self.id);
        Failure::new(Exit::Conflict, "request_used", message)
    }
}
