//! Scopes: `resource:action`, what covers what, and sets of them.

use std::fmt;
use std::str::FromStr;

use smol_str::SmolStr;

/// The most scopes one key may hold.
pub const MOST_SCOPES: usize = 100;
const LONGEST_PART: usize = 64;

/// Why a text is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Not two parts of the allowed characters.
    #[error("`{0}` is not a scope")]
    Shape(String),
    /// More than a key can hold.
    #[error("a key holds at most {MOST_SCOPES} scopes")]
    TooMany,
}

/// `resource:action`; each part is `*` or `[a-z0-9][a-z0-9._-]*`, 64 characters at most.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    text: SmolStr,
    colon: usize,
}

impl Scope {
    /// The scope as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the colon.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.text[..self.colon]
    }

    /// The part after the colon.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.text[self.colon + 1..]
    }

    /// Whether a key that holds `self` may do `wanted`: each part is the same, or `*` in `self`.
    ///
    /// A wanted `*` is covered by a held `*` only: asking for everything needs everything.
    #[must_use]
    pub fn covers(&self, wanted: &Self) -> bool {
        self == wanted
            || part_covers(self.resource(), wanted.resource()) && part_covers(self.action(), wanted.action())
    }

    /// Whether either part is `*`.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.resource() == "*" || self.action() == "*"
    }

    /// Whether it grants nothing but reading, which is all a publishable key may hold.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.action() == "read"
    }
}

fn part_covers(held: &str, wanted: &str) -> bool {
    held == "*" || held == wanted
}

fn is_part(text: &str) -> bool {
    text == "*"
        || (text.len() <= LONGEST_PART
            && text.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && text.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
            }))
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        match text.split_once(':') {
            Some((resource, action)) if is_part(resource) && is_part(action) => {
                Ok(Self { text: text.into(), colon: resource.len() })
            }
            _ => Err(ScopeError::Shape(text.chars().take(80).collect())),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.text)
    }
}

/// The scopes of a key, sorted and without repetition. Empty grants nothing: the key only identifies.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Sorts and deduplicates.
    ///
    /// # Errors
    /// [`ScopeError::TooMany`] above [`MOST_SCOPES`].
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Result<Self, ScopeError> {
        let mut scopes: Vec<Scope> = scopes.into_iter().collect();
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.len() > MOST_SCOPES { Err(ScopeError::TooMany) } else { Ok(Self(scopes)) }
    }

    /// Whether any held scope covers `wanted`.
    #[must_use]
    pub fn cover(&self, wanted: &Scope) -> bool {
        self.0.iter().any(|held| held.covers(wanted))
    }

    /// In order.
    pub fn iter(&self) -> std::slice::Iter<'_, Scope> {
        self.0.iter()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// With spaces between, as in OAuth; empty when nothing is held.
    #[must_use]
    pub fn joined(&self) -> String {
        self.0.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
    }
}

impl<'a> IntoIterator for &'a Scopes {
    type Item = &'a Scope;
    type IntoIter = std::slice::Iter<'a, Scope>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scope(text: &str) -> Scope {
        text.parse().unwrap()
    }

    #[test]
    fn what_covers_what() {
        for (held, wanted, covered) in [
            ("orders:read", "orders:read", true),
            ("orders:read", "orders:write", false),
            ("orders:*", "orders:write", true),
            ("*:read", "orders:read", true),
            ("*:read", "orders:write", false),
            ("*:*", "orders:write", true),
            ("orders:read", "orders:*", false),
            ("orders:*", "orders:*", true),
            ("orders:*", "orders.items:read", false),
        ] {
            assert_eq!(scope(held).covers(&scope(wanted)), covered, "{held} covers {wanted}");
        }
    }

    #[test]
    fn texts_that_are_no_scope_are_refused() {
        for text in [
            "",
            "orders",
            "orders:",
            ":read",
            "Orders:read",
            "a:b:c",
            "a b:c",
            "*x:read",
            "orders:read\n",
            "-a:b",
        ] {
            assert!(text.parse::<Scope>().is_err(), "{text:?}");
        }
        assert!(format!("{}:read", "a".repeat(64)).parse::<Scope>().is_ok());
        assert!(format!("{}:read", "a".repeat(65)).parse::<Scope>().is_err());
    }

    proptest! {
        #[test]
        fn fewer_scopes_never_allow_more(held in prop::collection::vec("[a-b*]:[a-b*]", 0..6), wanted in "[a-b*]:[a-b*]") {
            let all = Scopes::new(held.iter().map(|text| scope(text))).unwrap();
            let fewer = Scopes::new(held.iter().skip(1).map(|text| scope(text))).unwrap();
            prop_assert!(all.cover(&scope(&wanted)) || !fewer.cover(&scope(&wanted)));
        }
    }
}
