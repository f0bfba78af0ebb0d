//! What is stored in place of a secret. Only this type fits a column; a presented secret does not.

use std::fmt;

use subtle::ConstantTimeEq;

/// The algorithm name stored beside every digest of an issued secret.
pub const HMAC_SHA256: &str = "hmac-sha256";

/// HMAC-SHA-256 of a whole presented secret under the `digest` subkey: 32 bytes.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Wraps bytes computed by the crypto module or read from the registry.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the column and for the row seal.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same, in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.words().ct_eq(&other.words()).into()
    }

    /// The bytes, eight at a time: fewer steps to compare, and as many whatever is the same.
    fn words(&self) -> [u64; 4] {
        let (words, _) = self.0.as_chunks::<8>();
        std::array::from_fn(|place| u64::from_ne_bytes(words[place]))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Digest(hidden)")
    }
}
