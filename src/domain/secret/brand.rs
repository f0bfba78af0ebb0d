//! The first part of every secret of a registry, which must be nobody else's.

use std::str::FromStr;

/// Prefixes that other issuers own; scanners would report our secrets as theirs.
const FOREIGN_BRANDS: &[&str] = &[
    "sk", "rk", "pk", "whsec", "ghp", "gho", "ghu", "ghs", "ghr", "github", "glpat", "gldt", "glrt", "npm",
    "pypi", "xoxb", "xoxp", "xoxa", "xapp", "xoxe", "akia", "asia", "hvs", "hvb", "hvr", "cio", "aiza", "sg",
    "shpat", "shpss", "dop", "doo", "dor", "lin", "sq0", "eyj", "figd", "ntn", "secret", "rubygems", "dckr",
    "nvapi", "hf", "glsa", "sbp", "ops", "age", "key", "ck", "cs", "live", "test",
];

/// Why a brand is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrandError {
    /// It does not match `[a-z][a-z0-9]{1,11}`.
    #[error("a brand is 2 to 12 characters, a-z and 0-9, starting with a letter")]
    Shape,
    /// Another issuer's secrets start this way.
    #[error("the prefix `{0}` belongs to another issuer's keys")]
    Foreign(String),
}

/// The first part of every secret of a registry: `[a-z][a-z0-9]{1,11}`, and no other issuer's prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Brand(String);

impl Brand {
    /// The brand as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Brand {
    fn default() -> Self {
        Self("apik".to_owned())
    }
}

impl FromStr for Brand {
    type Err = BrandError;

    fn from_str(text: &str) -> Result<Self, BrandError> {
        if !has_brand_shape(text) {
            return Err(BrandError::Shape);
        }
        if FOREIGN_BRANDS.contains(&text) {
            return Err(BrandError::Foreign(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

pub(super) fn has_brand_shape(text: &str) -> bool {
    (2..=12).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}
