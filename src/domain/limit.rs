//! Limits: how many requests a key, an owner or a project may make, and how they are read and printed.
//!
//! A [`Rate`] smooths, a [`Quota`] counts. Both are checked last, all or nothing: what is denied consumes nothing.

mod quota;
mod rate;
mod spend;

use std::fmt;

pub use quota::{Period, Quota, Window};
pub(crate) use rate::nanos;
pub use rate::{Rate, Wait};
pub use spend::{Account, Allowance, Measure, Spending, Subject, allowances, spend};

/// What one key, owner or project may use up; nothing given is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Limits {
    /// So many requests in a span, smoothly.
    pub rate: Option<Rate>,
    /// So many requests in a calendar day or month.
    pub quota: Option<Quota>,
}

impl Limits {
    /// Whether nothing is limited.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.rate.is_none() && self.quota.is_none()
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.rate, self.quota) {
            (None, None) => out.write_str("no limit"),
            (Some(rate), None) => rate.fmt(out),
            (None, Some(quota)) => quota.fmt(out),
            (Some(rate), Some(quota)) => write!(out, "{rate}, {quota}"),
        }
    }
}

/// Why a limit is refused; the text is the user's own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// Not a number, a slash and a span.
    #[error("`{0}` is not a rate")]
    Rate(String),
    /// More than a million in a second, or over more than a year.
    #[error("`{0}` is beyond what can be measured")]
    Range(String),
    /// Not a number, a slash and `day` or `month`.
    #[error("`{0}` is not a quota")]
    Quota(String),
}

impl LimitError {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Rate(_) => "a rate is a number of requests and a span: 100/1m, 5/1s, 1000/12h",
            Self::Range(_) => {
                "from 1 request in 365 days to 1000000 in a second, and a burst that is earned within 365 days"
            }
            Self::Quota(_) => {
                "a quota is 1 to 281474976710655 requests in a calendar window (UTC): 10000/day, 500000/month"
            }
        }
    }
}
