//! What a key is put together from: its id, what is allowed, why it was revoked.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use rand::CryptoRng;

use crate::domain::secret::SecretId;
use crate::domain::time::Instant;

/// `key_` and 12 base62 characters; never reused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(SecretId);

impl KeyId {
    /// What stands before the twelve characters.
    pub(crate) const PREFIX: &str = "key_";

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
        text.strip_prefix(Self::PREFIX).and_then(Self::from_bare).ok_or(())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&format!("{}{}", Self::PREFIX, self.bare()))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

/// Which of something is allowed. There is no empty list that could mean everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
