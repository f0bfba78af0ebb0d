//! A key and its secrets: what they hold, their status at an instant, and the changes that take authority away.

mod parts;
mod secret_row;
mod status;

use std::collections::BTreeSet;

use super::lifetime::{Lifetime, has_ended, later};
use super::limit::Limits;
use super::name::{Name, Note, Tag};
use super::network::Network;
use super::origin::Origin;
use super::scope::Scopes;
use super::seal::{Seal, Taken};
use super::secret::{Env, Kind, SecretId};
use super::time::{Instant, Span};

pub use parts::{Allowed, KeyId, Revocation, RevokeReason};
pub use secret_row::{Ends, Kept, KeySecret, LastUse};
pub use status::{KeyStatus, SecretStatus};

/// The lasting thing: who may do what, from where, until when, and with which secrets.
#[derive(Debug, Clone)]
pub struct Key {
    /// Never reused.
    pub id: KeyId,
    /// Unique among its project's keys that are not revoked.
    pub name: Name,
    /// What it is made of.
    pub kind: Kind,
    /// Where it is valid.
    pub env: Env,
    /// Who it belongs to.
    pub owner: Name,
    /// What it is for.
    pub project: Name,
    /// What it may do.
    pub scopes: Scopes,
    /// Where requests may come from.
    pub networks: Allowed<Network>,
    /// Which sites and apps may send it.
    pub origins: Allowed<Origin>,
    /// How much it may use up.
    pub limits: Limits,
    /// How long each new secret lives.
    pub lifetime: Lifetime,
    /// Before this, it is not accepted.
    pub not_before: Option<Instant>,
    /// The schedule of rotation.
    pub rotate_every: Option<Span>,
    /// Words to find it by.
    pub tags: BTreeSet<Tag>,
    /// Free text.
    pub note: Option<Note>,
    /// When it was created.
    pub created_at: Instant,
    /// Since when it is switched off.
    pub disabled_at: Option<Instant>,
    /// Ended for good.
    pub revoked: Option<Revocation>,
    /// Its secrets, oldest first; at least one.
    pub secrets: Vec<KeySecret>,
    /// Counts changes; every change states the one it was made from.
    pub revision: u64,
    /// Proves that the row is as it was left.
    pub seal: Seal,
}

/// Why a change that takes authority away cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefusal {
    /// A revoked key stays as it is.
    #[error("this key is revoked, which is for good")]
    Revoked,
    /// The key would be left without any secret.
    #[error("{0} is the only live secret of this key")]
    OnlySecret(SecretId),
    /// The key has no such secret.
    #[error("this key has no secret {0}")]
    NoSuchSecret(SecretId),
}

impl Key {
    /// The status at `now`, in the order verification looks; `suspended` says so of its owner or project.
    #[must_use]
    pub fn status(&self, suspended: bool, now: Instant) -> KeyStatus {
        if self.revoked.is_some() {
            KeyStatus::Revoked
        } else if self.disabled_at.is_some() {
            KeyStatus::Disabled
        } else if !self.secrets.iter().any(|secret| secret.is_live(now)) {
            KeyStatus::Expired
        } else if self.not_before.is_some_and(|start| now < start) {
            KeyStatus::Pending
        } else if suspended {
            KeyStatus::Suspended
        } else {
            KeyStatus::Active
        }
    }

    /// The status of one of its secrets at `now`.
    #[must_use]
    pub fn secret_status(&self, secret: &KeySecret, now: Instant) -> SecretStatus {
        if self.revoked.is_some() || secret.revoked_at.is_some() {
            SecretStatus::Revoked
        } else if secret.is_retired(now) {
            SecretStatus::Retired
        } else if has_ended(secret.expires_at, now) {
            SecretStatus::Expired
        } else if secret.pending_grace.is_some() {
            SecretStatus::Pending
        } else if secret.retires_at.is_some() {
            SecretStatus::Retiring
        } else {
            SecretStatus::Active
        }
    }

    /// The secret a client should use: the newest that is not revoked, pending ones included.
    #[must_use]
    pub fn newest_secret(&self) -> Option<&KeySecret> {
        self.secrets.iter().rev().find(|secret| secret.revoked_at.is_none())
    }

    /// When the last of its secrets ends: `None` is never.
    #[must_use]
    pub fn expires_at(&self) -> Option<Instant> {
        let ends = self.secrets.iter().filter(|secret| secret.revoked_at.is_none()).map(KeySecret::ends_at);
        ends.reduce(later).flatten()
    }

    /// When any of its secrets was last accepted.
    #[must_use]
    pub fn last_use(&self) -> Option<LastUse> {
        self.secrets.iter().filter_map(|secret| secret.last_use).max_by_key(|last| last.at)
    }

    /// When its schedule asks for a new secret.
    #[must_use]
    pub fn due_at(&self) -> Option<Instant> {
        self.newest_secret()?.created_at.checked_add(self.rotate_every?)
    }

    /// Revokes it at once and for good; says whether that changed anything.
    pub fn revoke(&mut self, reason: RevokeReason, now: Instant) -> bool {
        if self.revoked.is_some() {
            return false;
        }
        self.revoked = Some(Revocation { at: now, reason });
        self.seal = self.seal.withdrawn(Taken::Revoked);
        self.secrets.iter_mut().for_each(KeySecret::erase_copy);
        true
    }

    /// Adds a secret, the newest of all it ever had.
    pub fn add_secret(&mut self, mut secret: KeySecret) {
        secret.number = self.secrets.iter().map(|one| one.number.saturating_add(1)).max().unwrap_or(0);
        self.secrets.push(secret);
    }

    /// Revokes one of its secrets; says whether that changed anything.
    ///
    /// # Errors
    /// [`KeyRefusal`] when it is not there, or is the only one that lives.
    pub fn revoke_secret(&mut self, id: SecretId, now: Instant) -> Result<bool, KeyRefusal> {
        let others_live = self.secrets.iter().any(|secret| secret.id != id && secret.is_live(now));
        let is_revoked = self.revoked.is_some();
        let secret =
            self.secrets.iter_mut().find(|secret| secret.id == id).ok_or(KeyRefusal::NoSuchSecret(id))?;
        if !is_revoked && secret.is_live(now) && !others_live {
            return Err(KeyRefusal::OnlySecret(id));
        }
        Ok(secret.revoke(now))
    }

    /// Switches it off; says whether that changed anything.
    ///
    /// # Errors
    /// [`KeyRefusal::Revoked`].
    pub fn disable(&mut self, now: Instant) -> Result<bool, KeyRefusal> {
        if self.revoked.is_some() {
            return Err(KeyRefusal::Revoked);
        }
        if self.disabled_at.is_some() {
            return Ok(false);
        }
        self.disabled_at = Some(now);
        // A seal that is withdrawn already is that of a disabling somebody cleared in the file; it still proves the row.
        if !matches!(self.seal, Seal::Withdrawn(_)) {
            self.seal = self.seal.withdrawn(Taken::Disabled);
        }
        Ok(true)
    }

    /// Whether its disabling was taken out of the file: the seal is still that of one that is off.
    #[must_use]
    pub fn was_enabled_outside(&self) -> bool {
        let is_on = self.disabled_at.is_none() && self.revoked.is_none();
        is_on && matches!(self.seal, Seal::Withdrawn(_))
    }

    /// Switches it on again; the caller seals it anew. Says whether that changed anything.
    ///
    /// # Errors
    /// [`KeyRefusal::Revoked`].
    pub fn enable(&mut self) -> Result<bool, KeyRefusal> {
        if self.revoked.is_some() {
            return Err(KeyRefusal::Revoked);
        }
        Ok(self.disabled_at.take().is_some())
    }
}
