//! A secret as it is recorded: its digest and its ends, never its text.

use std::fmt;
use std::net::IpAddr;

use crate::domain::digest::Digest;
use crate::domain::lifetime::{earlier, has_ended};
use crate::domain::seal::{Seal, Taken};
use crate::domain::secret::SecretId;
use crate::domain::time::{Instant, Span};

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

/// The two ends of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Its own end.
    pub expires_at: Option<Instant>,
    /// The end of the grace, once another secret was added.
    pub retires_at: Option<Instant>,
}

impl Ends {
    /// The earlier of both.
    #[must_use]
    pub fn first(self) -> Option<Instant> {
        earlier(self.expires_at, self.retires_at)
    }

    /// Whether it was rotated out and its grace, rather than its own life, is what ended first.
    #[must_use]
    pub fn is_retired(self, now: Instant) -> bool {
        has_ended(self.retires_at, now) && self.is_retired_first()
    }

    /// Whether the grace ends no later than its own life.
    #[must_use]
    pub fn is_retired_first(self) -> bool {
        self.retires_at.is_some_and(|grace| self.expires_at.is_none_or(|end| grace <= end))
    }
}

/// One of a key's secrets, as it is recorded: its digest and its end, never its text.
#[derive(Debug, Clone)]
pub struct KeySecret {
    /// Public id.
    pub id: SecretId,
    /// Its place among the secrets that its key ever had, from 0: which is the older one decides what a rotation ends.
    pub number: u32,
    /// What is stored in place of the text.
    pub digest: Digest,
    /// When it was issued.
    pub created_at: Instant,
    /// Its own end.
    pub expires_at: Option<Instant>,
    /// The end of the grace, once another secret was added; never extends `expires_at`.
    pub retires_at: Option<Instant>,
    /// The `retires_at` that an earlier rotation had given it: what cancelling the one under way gives back.
    pub retires_at_before: Option<Instant>,
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
    /// Both of its ends.
    #[must_use]
    pub fn ends(&self) -> Ends {
        Ends { expires_at: self.expires_at, retires_at: self.retires_at }
    }

    /// The earlier of its own end and the end of its grace.
    #[must_use]
    pub fn ends_at(&self) -> Option<Instant> {
        self.ends().first()
    }

    /// Neither revoked on its own nor over at `now`.
    #[must_use]
    pub fn is_live(&self, now: Instant) -> bool {
        self.revoked_at.is_none() && !has_ended(self.ends_at(), now)
    }

    /// Whether it was rotated out and its grace, rather than its own life, is what ended first.
    #[must_use]
    pub fn is_retired(&self, now: Instant) -> bool {
        self.ends().is_retired(now)
    }

    /// Revokes this one; says whether that changed anything.
    pub(super) fn revoke(&mut self, now: Instant) -> bool {
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
