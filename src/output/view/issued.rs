//! The answer of `create`, `rotate` and `reveal`: the only one that carries a secret.

use serde::{Serialize, Serializer};

use super::{KeyView, Shown};
use crate::domain::secret::SecretId;
use crate::domain::time::Instant;

/// A secret's text on its way to the person who asked for it; `Debug` hides it.
#[derive(Clone, Copy)]
pub struct ExposedSecret<'a>(&'a str);

impl<'a> ExposedSecret<'a> {
    /// Wraps what `Secret::expose` gave.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for ExposedSecret<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ExposedSecret(hidden)")
    }
}

impl Serialize for ExposedSecret<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// A key with the secret that was issued, rotated in or revealed.
#[derive(Debug, Clone, Serialize)]
pub struct IssuedView<'a> {
    /// The key's own fields, beside the following.
    #[serde(flatten)]
    pub key: KeyView<'a>,
    /// `null` when it goes elsewhere (`--secret-out`) or nothing was issued (`--dry-run`).
    pub secret: Option<ExposedSecret<'a>>,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// Only in the answer of `rotate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationView>,
}

/// What a rotation means for whoever uses the key.
#[derive(Debug, Clone, Serialize)]
pub struct RotationView {
    /// The secret that goes.
    #[serde(serialize_with = "id_text")]
    pub old_secret_id: SecretId,
    /// Until when the old one is accepted; `null` while that is not known, or when it never ends.
    pub old_accepted_until: Option<Shown<Instant>>,
    /// From when on the new one is accepted.
    pub new_accepted_from: Shown<Instant>,
    /// Whether the old one's grace waits for the first use of the new one.
    pub pending: bool,
}

fn id_text<S: Serializer>(id: &SecretId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(id.as_str())
}
