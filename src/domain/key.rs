//! A key and its secrets: what they hold, their status at an instant, and the changes that take authority away.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rand::CryptoRng;

use super::digest::Digest;
use super::lifetime::{Lifetime, earlier, has_ended};
use super::name::{Name, Note, Tag};
use super::network::Network;
use super::origin::Origin;
use super::scope::Scopes;
use super::seal::{Seal, Taken};
use super::secret::{Env, Kind, SecretId};
use super::time::{Instant, Span};

/// `key_` and 12 base62 characters; never reused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(SecretId);

impl KeyId {
    /// Draws a new id.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        Self(SecretId::generate(rng))
    }

    /// The 12 characters behind `key_`, which a consumer key carries too.
    #[must_use]
    pub fn bare(&self) -> &str {
        self.0.as_str()
    }

    /// The id whose 12 characters are `bare`.
    #[must_use]
    pub fn from_bare(bare: &str) -> Option<Self> {
        SecretId::parse(bare).map(Self)
    }
}

impl FromStr for KeyId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.strip_prefix("key_").and_then(Self::from_bare).ok_or(())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&format!("key_{}", self.bare()))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

/// Which of something is allowed. There is no empty list that could mean everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed<T> {
    /// Not restricted.
    Any,
    /// These only; not empty, sorted.
    Only(Vec<T>),
}

impl<T: Ord> Allowed<T> {
    /// `Any` when nothing is named, which is what an option that was not given says.
    #[must_use]
    pub fn from_named(named: impl IntoIterator<Item = T>) -> Self {
        let set: BTreeSet<T> = named.into_iter().collect();
        if set.is_empty() { Self::Any } else { Self::Only(set.into_iter().collect()) }
    }
}

impl<T> Allowed<T> {
    /// What is named; nothing when not restricted.
    #[must_use]
    pub fn named(&self) -> &[T] {
        match self {
            Self::Any => &[],
            Self::Only(items) => items,
        }
    }

    /// Whether anything is restricted.
    #[must_use]
    pub fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }
}

/// Why a key was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RevokeReason {
    /// Somebody else has it.
    Leaked,
    /// Another key took its place.
    Superseded,
    /// Its owner left.
    Offboarded,
    /// Nobody used it.
    Unused,
    /// None of these.
    Other,
}

impl RevokeReason {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Leaked, Self::Superseded, Self::Offboarded, Self::Unused, Self::Other];

    /// The word on the command line, in SQL and JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Leaked => "leaked",
            Self::Superseded => "superseded",
            Self::Offboarded => "offboarded",
            Self::Unused => "unused",
            Self::Other => "other",
        }
    }

    /// The reason with this word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// When and why a key was revoked: for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Since when.
    pub at: Instant,
    /// Why.
    pub reason: RevokeReason,
}

/// The copy of a secret that is kept beside its digest.
#[derive(Clone, PartialEq, Eq)]
pub enum Kept {
    /// Only the digest is left.
    No,
    /// XChaCha20-Poly1305 under the `seal` subkey: nonce, ciphertext, tag.
    Sealed(Vec<u8>),
    /// In the clear: a publishable key's, which is public by nature.
    Clear(String),
}

impl fmt::Debug for Kept {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::No => "Kept::No",
            Self::Sealed(_) => "Kept::Sealed(hidden)",
            Self::Clear(_) => "Kept::Clear(hidden)",
        })
    }
}

/// When and from where a secret was last accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: Instant,
    /// The address of the request, if it was told.
    pub ip: Option<IpAddr>,
}

/// One of a key's secrets, as it is recorded: its digest and its end, never its text.
#[derive(Debug, Clone)]
pub struct KeySecret {
    /// Public id.
    pub id: SecretId,
    /// What is stored in place of the text.
    pub digest: Digest,
    /// When it was issued.
    pub created_at: Instant,
    /// Its own end.
    pub expires_at: Option<Instant>,
    /// The end of the grace, once another secret was added; never extends `expires_at`.
    pub retires_at: Option<Instant>,
    /// Set while this secret waits for its first use: the grace its predecessor then gets.
    pub pending_grace: Option<Span>,
    /// Since when this one is revoked on its own.
    pub revoked_at: Option<Instant>,
    /// When it was last accepted.
    pub last_use: Option<LastUse>,
    /// The kept copy.
    pub kept: Kept,
    /// Proves that the row is as it was left.
    pub seal: Seal,
}

impl KeySecret {
    /// The earlier of its own end and the end of its grace.
    #[must_use]
    pub fn ends_at(&self) -> Option<Instant> {
        earlier(self.expires_at, self.retires_at)
    }

    /// Neither revoked on its own nor over at `now`.
    #[must_use]
    pub fn is_live(&self, now: Instant) -> bool {
        self.revoked_at.is_none() && !has_ended(self.ends_at(), now)
    }

    /// Whether it was rotated out and its grace, rather than its own life, is what ended first.
    #[must_use]
    pub fn is_retired(&self, now: Instant) -> bool {
        has_ended(self.retires_at, now) && self.expires_at.is_none_or(|end| self.retires_at <= Some(end))
    }

    /// Revokes this one; says whether that changed anything.
    fn revoke(&mut self, now: Instant) -> bool {
        if self.revoked_at.is_some() {
            return false;
        }
        self.revoked_at = Some(now);
        self.seal = self.seal.withdrawn(Taken::Revoked);
        self.erase_copy();
        true
    }

    /// Erases the sealed copy; a publishable one stays, since it is public.
    pub fn erase_copy(&mut self) {
        if matches!(self.kept, Kept::Sealed(_)) {
            self.kept = Kept::No;
        }
    }
}

/// The status of a secret at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretStatus {
    /// Accepted; its first use will start its predecessor's grace.
    Pending,
    /// Accepted.
    Active,
    /// Accepted until its grace ends.
    Retiring,
    /// Rotated out, grace over.
    Retired,
    /// Its own life is over.
    Expired,
    /// Revoked, alone or with its key.
    Revoked,
}

impl SecretStatus {
    /// The word in JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// The status of a key at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyStatus {
    /// Accepted.
    Active,
    /// Not yet valid.
    Pending,
    /// Switched off, for now.
    Disabled,
    /// Its owner or project is suspended.
    Suspended,
    /// No secret of it lives any more.
    Expired,
    /// Ended for good.
    Revoked,
}

impl KeyStatus {
    /// All of them, in the order they are documented.
    pub const ALL: [Self; 6] =
        [Self::Active, Self::Pending, Self::Disabled, Self::Suspended, Self::Expired, Self::Revoked];

    /// The word in JSON and on the command line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Disabled => "disabled",
            Self::Suspended => "suspended",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// The status with this word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}

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
        self.newest_secret().and_then(KeySecret::ends_at)
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
        self.seal = self.seal.withdrawn(Taken::Disabled);
        Ok(true)
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
