//! How long a key lives, and the one function that says whether something has ended.

use std::fmt;
use std::str::FromStr;

use super::time::{Instant, Span, TimeError};

/// What `--expires` said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// A span, which each rotation gives the new secret anew.
    Span(Span),
    /// An end, which rotation keeps.
    Until(Instant),
    /// No end; it has to be written out.
    Never,
}

impl Lifetime {
    /// What a key gets when nothing is said: 90 days.
    pub const DEFAULT: Self = Self::Span(Span::days(90));

    /// When a secret issued at `now` ends, or why it cannot be issued.
    ///
    /// # Errors
    /// [`LifetimeError`] when the end is not in the future or lies beyond the year 9999.
    pub fn end_from(self, now: Instant) -> Result<Option<Instant>, LifetimeError> {
        match self {
            Self::Span(span) => now.checked_add(span).map(Some).ok_or(LifetimeError::TooLong(span)),
            Self::Until(end) if has_ended(Some(end), now) => Err(LifetimeError::Past(end)),
            Self::Until(end) => Ok(Some(end)),
            Self::Never => Ok(None),
        }
    }
}

/// Whether something with this end is over: it is valid if and only if `now < end`, and for ever without one.
#[must_use]
pub fn has_ended(end: Option<Instant>, now: Instant) -> bool {
    end.is_some_and(|end| now >= end)
}

/// The earlier of two ends, where none means never.
#[must_use]
pub fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (end, None) | (None, end) => end,
    }
}

/// The later of two ends, where none means never.
#[must_use]
pub fn later(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    Some(one?.max(other?))
}

/// Why a lifetime gives no end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LifetimeError {
    /// The date is not in the future.
    #[error("{0} is not in the future")]
    Past(Instant),
    /// Beyond the year 9999.
    #[error("{0} from now is beyond the year 9999")]
    TooLong(Span),
}

impl FromStr for Lifetime {
    type Err = TimeError;

    /// `90d`, a date or instant, or `never`.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        if text == "never" {
            return Ok(Self::Never);
        }
        // A date has a dash after its year; a span never has one inside.
        if text.as_bytes().get(4) == Some(&b'-') {
            return Instant::parse(text).map(Self::Until);
        }
        text.parse().map(Self::Span)
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Span(span) => write!(out, "{span}"),
            Self::Until(end) => write!(out, "{end}"),
            Self::Never => out.write_str("never"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_over_from_the_instant_it_ends_and_not_before() {
        let end = Instant::from_seconds(1_000);
        assert!(!has_ended(Some(end), Instant::from_micros(999_999_999)));
        assert!(has_ended(Some(end), end));
        assert!(has_ended(Some(end), Instant::from_seconds(1_001)));
        assert!(!has_ended(None, Instant::from_seconds(i64::MAX)));
    }

    #[test]
    fn an_end_that_is_now_or_past_is_refused() {
        let now = Instant::from_seconds(1_000);
        assert_eq!(Lifetime::Until(now).end_from(now), Err(LifetimeError::Past(now)));
        assert_eq!(
            Lifetime::Until(Instant::from_seconds(1_001)).end_from(now),
            Ok(Some(Instant::from_seconds(1_001)))
        );
        assert_eq!(Lifetime::Never.end_from(now), Ok(None));
        assert!(
            Lifetime::Span("7999y".parse().unwrap())
                .end_from(Instant::from_seconds(200_000_000_000))
                .is_err()
        );
    }

    #[test]
    fn spans_dates_and_never_are_told_apart() {
        assert_eq!("never".parse(), Ok(Lifetime::Never));
        assert_eq!("90d".parse(), Ok(Lifetime::Span(Span::days(90))));
        assert!(matches!("2027-01-31".parse(), Ok(Lifetime::Until(_))));
        for text in ["Never", "2027-13-01", "-90d", "", "0"] {
            assert!(text.parse::<Lifetime>().is_err(), "{text}");
        }
    }
}
