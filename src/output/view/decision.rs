//! A decision as it leaves the program.

use serde::Serialize;

use super::KeyView;

/// The answer of `verify`.
#[derive(Debug, Clone, Serialize)]
pub struct DecisionView<'a> {
    /// Whether to let the request pass.
    pub accepted: bool,
    /// `accepted`, or the denial's word.
    pub code: &'a str,
    /// One sentence for people.
    pub message: &'a str,
    /// What to do about it.
    pub hint: Option<&'a str>,
    /// `null` before a key matched.
    pub key: Option<KeyView<'a>>,
    /// The least that is left of any limit; `null` when nothing limits.
    pub remaining: Option<u64>,
    /// When it would pass, for what was refused by a limit and can pass at all.
    pub retry_after_seconds: Option<u64>,
    /// Only with `--explain`: every check in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Vec<CheckView<'a>>>,
}

/// One check of a decision.
#[derive(Debug, Clone, Serialize)]
pub struct CheckView<'a> {
    /// The word of the denial it would be.
    pub code: &'a str,
    /// How it went.
    pub outcome: CheckOutcome,
    /// What was held against what.
    pub compared: String,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// It did not stand in the way.
    Passed,
    /// It is why the answer is no.
    Denied,
    /// An earlier one denied.
    NotReached,
}

impl CheckOutcome {
    /// The word in JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Denied => "denied",
            Self::NotReached => "not_reached",
        }
    }
}
