//! Which statuses count as "the key was accepted": `2xx`, `200`, `200,204`, `2xx,404`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is not a list of statuses or classes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected statuses are written `2xx`, `200` or `200,204`")]
pub struct ExpectError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pattern {
    /// `2xx`, as 2.
    Class(u16),
    /// `204`.
    Status(u16),
}

/// A list, never empty, of statuses (100 to 599) and classes (`1xx` to `5xx`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Expect(Vec<Pattern>);

impl Expect {
    /// `2xx`: what is expected where nobody said.
    #[must_use]
    pub fn success() -> Self {
        Self(vec![Pattern::Class(2)])
    }

    /// Whether this status is one of those expected.
    #[must_use]
    pub fn covers(&self, status: u16) -> bool {
        self.0.iter().any(|pattern| match *pattern {
            Pattern::Class(class) => status / 100 == class,
            Pattern::Status(exact) => status == exact,
        })
    }
}

impl FromStr for Expect {
    type Err = ExpectError;

    fn from_str(text: &str) -> Result<Self, ExpectError> {
        text.split(',').map(pattern).collect::<Option<Vec<_>>>().map(Self).ok_or(ExpectError)
    }
}

fn pattern(word: &str) -> Option<Pattern> {
    let [first @ b'1'..=b'5', rest @ ..] = word.as_bytes() else { return None };
    match rest {
        b"xx" => Some(Pattern::Class(u16::from(first - b'0'))),
        [b'0'..=b'9', b'0'..=b'9'] => word.parse().ok().map(Pattern::Status),
        _ => None,
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pattern) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match pattern {
                Pattern::Class(class) => write!(out, "{comma}{class}xx")?,
                Pattern::Status(status) => write!(out, "{comma}{status}")?,
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for Expect {
    type Error = ExpectError;

    fn try_from(text: String) -> Result<Self, ExpectError> {
        text.parse()
    }
}

impl From<Expect> for String {
    fn from(expect: Expect) -> Self {
        expect.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_covers_what_it_names_and_nothing_beside_it() {
        let expect: Expect = "2xx,404".parse().unwrap();
        for (status, covered) in
            [(199, false), (200, true), (299, true), (300, false), (404, true), (405, false)]
        {
            assert_eq!(expect.covers(status), covered, "{status}");
        }
        assert_eq!(expect.to_string(), "2xx,404");
    }

    #[test]
    fn an_empty_list_or_a_non_status_is_refused() {
        for text in
            ["", ",", "200,", "2x", "2XX", "099", "600", "6xx", "0xx", "2000", " 200", "200 ", "+20", "*"]
        {
            assert_eq!(text.parse::<Expect>(), Err(ExpectError), "{text:?}");
        }
    }
}
