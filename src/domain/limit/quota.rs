//! A quota: an exact number of requests in each calendar day or month of UTC.

use std::fmt;
use std::str::FromStr;

use super::LimitError;
use crate::domain::time::Instant;

/// Which calendar window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// From midnight to midnight, UTC.
    Day,
    /// From the first of a month to the first of the next, UTC.
    Month,
}

impl Period {
    /// The word on the command line, in SQL and JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// The period with this word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Day, Self::Month].into_iter().find(|period| period.code() == code)
    }

    /// The window `now` is in.
    #[must_use]
    pub fn window(self, now: Instant) -> Window {
        let (year, month, day) = now.date();
        match self {
            Self::Day => Window { year, month, day },
            Self::Month => Window { year, month, day: 0 },
        }
    }

    /// The number of the window `now` is in, counted since 1970: later windows have higher numbers.
    #[must_use]
    pub fn number(self, now: Instant) -> i64 {
        match self {
            Self::Day => now.seconds().div_euclid(86_400),
            Self::Month => {
                let (year, month, _) = now.date();
                (year - 1970) * 12 + month - 1
            }
        }
    }

    /// Whole seconds from `now` to the end of its window, at least 1.
    #[must_use]
    pub fn ends_after_seconds(self, now: Instant) -> u64 {
        let (year, month, _) = now.date();
        let end = match self {
            Self::Day => (now.seconds() / 86_400 + 1) * 86_400,
            Self::Month if month == 12 => Instant::start_of_month(year + 1, 1),
            Self::Month => Instant::start_of_month(year, month + 1),
        };
        (end - now.seconds()).unsigned_abs().max(1)
    }

    /// The length of the window `now` is in, in seconds.
    #[must_use]
    pub fn seconds(self, now: Instant) -> u64 {
        let (year, month, _) = now.date();
        let begin = match self {
            Self::Day => now.seconds() / 86_400 * 86_400,
            Self::Month => Instant::start_of_month(year, month),
        };
        (now.seconds() - begin).unsigned_abs() + self.ends_after_seconds(now)
    }
}

/// One day or month; what was used is counted under it, so that a clock set back finds the count it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Window {
    year: i64,
    month: i64,
    /// 0 for the whole month.
    day: i64,
}

impl fmt::Display for Window {
    /// `2026-11-23` or `2026-11`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.year, self.month)?;
        if self.day == 0 { Ok(()) } else { write!(out, "-{:02}", self.day) }
    }
}

/// `count` requests in each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    count: u64,
    period: Period,
}

impl Quota {
    /// The most a quota may allow: what counters in memory, JSON, and the 15 digits of a structured field (RFC 9651,
    /// 3.3.1) can hold.
    pub const MOST: u64 = (1 << 48) - 1;

    /// A quota.
    ///
    /// # Errors
    /// [`LimitError::Quota`] for zero and above [`Self::MOST`].
    pub fn new(count: u64, period: Period) -> Result<Self, LimitError> {
        let quota = Self { count, period };
        if (1..=Self::MOST).contains(&count) { Ok(quota) } else { Err(LimitError::Quota(quota.to_string())) }
    }

    /// Requests in each window.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Which window.
    #[must_use]
    pub fn period(&self) -> Period {
        self.period
    }
}

impl FromStr for Quota {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let wrong = || LimitError::Quota(text.to_owned());
        let (count, period) = text.split_once('/').ok_or_else(wrong)?;
        if !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let period = Period::from_code(period).ok_or_else(wrong)?;
        Self::new(count.parse().map_err(|_| wrong())?, period).map_err(|_| wrong())
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.count, self.period.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn what_is_no_quota_is_refused() {
        for text in
            ["", "10", "0/day", "-1/day", "1/1d", "1/Day", "+1/day", "281474976710656/day", "/day", "1/year"]
        {
            let hint = text.parse::<Quota>().unwrap_err().hint();
            assert!(hint.contains(&format!("1 to {} requests", Quota::MOST)), "{text}");
        }
        assert_eq!("10000/month".parse::<Quota>().unwrap().to_string(), "10000/month");
        assert!("281474976710655/day".parse::<Quota>().is_ok());
    }

    #[test]
    fn windows_begin_at_midnight_and_on_the_first_utc() {
        for (now, day, month) in [
            ("2026-11-23T23:59:59Z", ("2026-11-23", 1), ("2026-11", 7 * 86_400 + 1)),
            ("2026-11-24T00:00:00Z", ("2026-11-24", 86_400), ("2026-11", 7 * 86_400)),
            ("2026-12-31T23:59:59Z", ("2026-12-31", 1), ("2026-12", 1)),
            ("2028-02-01T00:00:00Z", ("2028-02-01", 86_400), ("2028-02", 29 * 86_400)),
        ] {
            let shown =
                |period: Period| (period.window(at(now)).to_string(), period.ends_after_seconds(at(now)));
            assert_eq!(shown(Period::Day), (day.0.to_owned(), day.1));
            assert_eq!(shown(Period::Month), (month.0.to_owned(), month.1));
        }
        assert_eq!(Period::Month.seconds(at("2028-02-14T05:00:00Z")), 29 * 86_400);
        assert_eq!(Period::Day.seconds(at("2028-02-14T05:00:00Z")), 86_400);
    }
}
