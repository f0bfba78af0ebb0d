//! Revocation by possession: whoever presents a secret can end its key.

use std::time::Duration;

use super::{Credential, Shared, Verifier, VerifierError, locked};
use crate::domain::event::{Action, Actor, Event};
use crate::domain::key::{KeyId, RevokeReason};
use crate::domain::secret::{Kind, SecretId};
use crate::registry::{Change, Registry, RegistryError};
use crate::verification::Compared;

/// How often it begins anew when others change the key meanwhile.
const TRIES: usize = 5;

/// How long another process that holds the file is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// The key.
    pub key: KeyId,
    /// False when it was revoked before.
    pub changed: bool,
}

impl Verifier {
    /// Revokes the key whose secret is presented, as `leaked`, from wherever: an address restriction or a disabling must
    /// not keep a leaked key alive. None when no secret matches; when it is a publishable one, which anybody may hold; and
    /// when it is over itself, revoked, retired or expired: whoever finds one that was replaced long ago must not end
    /// what replaced it. Durable when it returns, and in the log under the name `holder`.
    ///
    /// # Errors
    /// The registry's; the key is not revoked then.
    pub fn revoke_presented(&self, credential: Credential<'_>) -> Result<Option<Revoked>, VerifierError> {
        let Some(held) = self.shared.matching(credential)? else { return Ok(None) };
        for _ in 1..TRIES {
            match self.shared.revoke(held) {
                Err(VerifierError::Registry(RegistryError::Conflict(_))) => {}
                other => return other,
            }
        }
        self.shared.revoke(held)
    }
}

type Held = (KeyId, SecretId);

impl Shared {
    /// The key whose secret is presented, and that secret, if to hold it proves anything.
    fn matching(&self, credential: Credential<'_>) -> Result<Option<Held>, VerifierError> {
        let index = self.current()?;
        Ok(match self.compared(&index, credential) {
            Compared::Match(line) => {
                let line = index.line(line);
                (index.policy(line).kind != Kind::Publishable).then_some((line.key, line.id))
            }
            Compared::Nothing | Compared::Malformed | Compared::Unknown => None,
        })
    }

    fn revoke(&self, (key, secret): Held) -> Result<Option<Revoked>, VerifierError> {
        let now = (self.now)().whole_second();
        if !self.is_in_place() {
            return Err(VerifierError::Replaced);
        }
        let mut registry = locked(&self.ledger);
        let found = registry.find_key(key)?.ok_or(RegistryError::Conflict(key))?;
        let (before, mut after) = (found.key.clone(), found.key);
        let row = before.secrets.iter().find(|row| row.id == secret);
        if !row.is_some_and(|row| row.is_live(now)) {
            return Ok(None);
        }
        if !after.revoke(RevokeReason::Leaked, now) {
            return Ok(Some(Revoked { key, changed: false }));
        }
        let actor = Actor { user: "holder".to_owned(), ..self.actor.clone() };
        let event = Event::on_key(Action::KeyRevoked, &actor, Some(&before), &after, now);
        let (replace, audit) = ([after], Some(&self.keys.audit));
        let change =
            Change { replace: &replace, events: vec![event], audit, now: Some(now), ..Change::default() };
        // Nobody tries that again by himself.
        registry.wait_at_most(PATIENCE)?;
        let applied = registry.apply(&change);
        registry.wait_at_most(super::PATIENCE)?;
        applied?;
        Ok(Some(Revoked { key, changed: true }))
    }
}
