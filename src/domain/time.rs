//! Instants and spans: how they are read, printed and added without overflow.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

const MICROS: i64 = 1_000_000;
/// 9999-12-31T23:59:59Z, the last second RFC 3339 can write.
const LAST_SECOND: i64 = 253_402_300_799;

/// A point in time: microseconds since 1970-01-01T00:00:00Z, never after the year 9999.
///
/// What is recorded of a key's life is in whole seconds; only limits use the rest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// From microseconds since the epoch, capped to the years 1970–9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(0, LAST_SECOND * MICROS))
    }

    /// From seconds since the epoch, capped to the years 1970–9999.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.clamp(0, LAST_SECOND) * MICROS)
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0 / MICROS
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// The start of this second: the precision in which a key's life is recorded.
    #[must_use]
    pub fn whole_second(self) -> Self {
        Self(self.0 - self.0 % MICROS)
    }

    /// Year, month and day in UTC.
    #[must_use]
    pub fn date(self) -> (i64, i64, i64) {
        civil_from_days(self.seconds() / 86_400)
    }

    /// Seconds since the epoch at the start of a month in UTC; Howard Hinnant's `days_from_civil`.
    #[must_use]
    pub fn start_of_month(year: i64, month: i64) -> i64 {
        let (year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let (era, year_of_era) = (year / 400, year % 400);
        let day_of_era =
            year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + (153 * shifted_month + 2) / 5;
        (era * 146_097 + day_of_era - 719_468) * 86_400
    }

    /// This instant and `span` later, or `None` after the year 9999.
    #[must_use]
    pub fn checked_add(self, span: Span) -> Option<Self> {
        let micros = span.seconds().checked_mul(MICROS)?.checked_add(self.0)?;
        (micros <= LAST_SECOND * MICROS).then_some(Self(micros))
    }

    /// This instant and `span` earlier, not before 1970.
    #[must_use]
    pub fn saturating_sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.seconds().saturating_mul(MICROS)).max(0))
    }

    /// RFC 3339 in UTC to the second: `2026-11-23T20:50:00Z`.
    #[must_use]
    pub fn to_text(self) -> [u8; 20] {
        let (days, second) = (self.seconds() / 86_400, self.seconds() % 86_400);
        let (year, month, day) = civil_from_days(days);
        let mut text = *b"0000-00-00T00:00:00Z";
        put_digits(&mut text[..4], year);
        put_digits(&mut text[5..7], month);
        put_digits(&mut text[8..10], day);
        put_digits(&mut text[11..13], second / 3600);
        put_digits(&mut text[14..16], second / 60 % 60);
        put_digits(&mut text[17..19], second % 60);
        text
    }

    /// Reads RFC 3339 with an offset, or `YYYY-MM-DD` as the start of that day in UTC.
    ///
    /// # Errors
    /// [`TimeError::Date`] with the text.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError::Date(text.to_owned());
        let (readable, later) = in_reach(text);
        let timestamp = if text.len() == 10 {
            format!("{readable}T00:00:00Z").parse::<jiff::Timestamp>()
        } else {
            readable.parse::<jiff::Timestamp>()
        }
        .map_err(|_| wrong())?;
        let seconds = timestamp.as_second() + later;
        if (0..=LAST_SECOND).contains(&seconds) { Ok(Self(seconds * MICROS)) } else { Err(wrong()) }
    }
}

/// The library's instants end where the last day of the year 9999 begins in some zone, and that day is a usual "end of
/// time". So of the last two days those three days before are read, with so many seconds to add.
fn in_reach(text: &str) -> (Cow<'_, str>, i64) {
    let last = [("9999-12-30", "9999-12-27"), ("9999-12-31", "9999-12-28")];
    match last.iter().find_map(|(day, before)| Some((before, text.strip_prefix(day)?))) {
        Some((before, rest)) => (format!("{before}{rest}").into(), 3 * 86_400),
        None => (text.into(), 0),
    }
}

impl fmt::Display for Instant {
    /// As [`Self::to_text`], in one piece.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(std::str::from_utf8(&self.to_text()).expect("digits and punctuation are ASCII"))
    }
}

/// Overwrites `place` with the last digits of `value`, which is not negative.
fn put_digits(place: &mut [u8], value: i64) {
    let mut rest = value;
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).expect("a remainder of ten is a digit");
        rest /= 10;
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Instant({self})")
    }
}

/// Year, month and day of a day number; Howard Hinnant's `civil_from_days`, for non-negative days.
///
/// Written out because listing 100,000 keys formats 400,000 instants.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Why a span or date is refused; the text is the user's own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not a whole number with one unit.
    #[error("`{0}` is not a span of time")]
    Span(String),
    /// A number without a unit.
    #[error("`{0}` has no unit")]
    NoUnit(String),
    /// A month has no fixed length.
    #[error("`{0}`: months have no fixed length")]
    Month(String),
    /// Zero, where only `--grace 0` means something.
    #[error("`{0}`: a span of zero is not a span")]
    Zero(String),
    /// Longer than there are years.
    #[error("`{0}` is too long")]
    TooLong(String),
    /// Neither RFC 3339 nor a date.
    #[error("`{0}` is not a date")]
    Date(String),
}

impl TimeError {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Month(_) => "write days (`30d`), or minutes as `m`: spans are 90s 90m 12h 7d 2w 1y",
            Self::Date(_) => "write 2027-01-31 (start of that day, UTC) or 2027-01-31T12:00:00Z",
            _ => "spans are a whole number and a unit: 90s 90m 12h 7d 2w 1y",
        }
    }
}

/// A length of time in whole seconds, more than zero unless made by [`Span::ZERO`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    /// No time at all: only a grace may be this.
    pub const ZERO: Self = Self(0);
    /// The longest span: 8000 years of 365 days.
    const LONGEST: i64 = 8_000 * 365 * 86_400;

    /// From seconds; `None` unless between 1 second and 8000 years.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (1..=Self::LONGEST).contains(&seconds).then_some(Self(seconds))
    }

    /// This many days of 24 hours.
    #[must_use]
    pub const fn days(days: u16) -> Self {
        Self(days as i64 * 86_400)
    }

    /// Whole seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }
}

impl FromStr for Span {
    type Err = TimeError;

    /// Reads `90s 90m 12h 7d 2w 1y`: `m` is minutes, `d` 24 hours, `y` 365 days.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let (number, unit) =
            text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()));
        let owned = || text.to_owned();
        let seconds_each = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            "y" => 365 * 86_400,
            "" if !number.is_empty() => return Err(TimeError::NoUnit(owned())),
            "M" | "mo" | "mon" | "month" | "months" => return Err(TimeError::Month(owned())),
            _ => return Err(TimeError::Span(owned())),
        };
        if number.is_empty() {
            return Err(TimeError::Span(owned()));
        }
        let count: i64 = number.parse().map_err(|_| TimeError::TooLong(owned()))?;
        if count == 0 {
            return Err(TimeError::Zero(owned()));
        }
        count
            .checked_mul(seconds_each)
            .and_then(Self::from_seconds)
            .ok_or_else(|| TimeError::TooLong(owned()))
    }
}

impl fmt::Display for Span {
    /// The largest unit that divides it: `7d`, not `1w`, since days are what people compare.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self.0 {
            0 => (0, "s"),
            seconds if seconds % 86_400 == 0 => (seconds / 86_400, "d"),
            seconds if seconds % 3_600 == 0 => (seconds / 3_600, "h"),
            seconds if seconds % 60 == 0 => (seconds / 60, "m"),
            seconds => (seconds, "s"),
        };
        write!(out, "{count}{unit}")
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Span({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spans_that_are_not_plain_are_refused() {
        for text in [
            "0",
            "0d",
            "-1s",
            "1e99d",
            "30",
            "mo",
            "M",
            "1M",
            "3mo",
            "99999999999y",
            "",
            "d",
            "1 d",
            "1d2h",
            "+1d",
            "1",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert_eq!("3mo".parse::<Span>(), Err(TimeError::Month("3mo".into())));
        assert_eq!("30".parse::<Span>(), Err(TimeError::NoUnit("30".into())));
    }

    #[test]
    fn units_have_their_stated_lengths() {
        for (text, seconds) in [
            ("90s", 90),
            ("90m", 5_400),
            ("12h", 43_200),
            ("7d", 604_800),
            ("2w", 1_209_600),
            ("1y", 31_536_000),
        ] {
            assert_eq!(text.parse::<Span>().unwrap().seconds(), seconds);
        }
    }

    #[test]
    fn dates_are_the_start_of_the_day_in_utc() {
        assert_eq!(Instant::parse("2027-01-31").unwrap().to_string(), "2027-01-31T00:00:00Z");
        assert_eq!(Instant::parse("2027-01-31T12:00:00+02:00").unwrap().to_string(), "2027-01-31T10:00:00Z");
        for text in
            ["2027-02-30", "27-01-01", "2027-1-1", "2027-01-31T12:00:00", "1969-12-31", "tomorrow", "never"]
        {
            assert!(Instant::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_days_that_can_be_written_can_be_read() {
        for (text, shown) in [
            ("9999-12-29", "9999-12-29T00:00:00Z"),
            ("9999-12-30", "9999-12-30T00:00:00Z"),
            ("9999-12-31", "9999-12-31T00:00:00Z"),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
            ("9999-12-31T23:59:59+02:00", "9999-12-31T21:59:59Z"),
            ("9999-12-30t23:00:00-00:30", "9999-12-30T23:30:00Z"),
        ] {
            assert_eq!(Instant::parse(text).unwrap().to_string(), shown, "{text}");
        }
        for text in
            ["9999-12-31T23:59:59-00:01", "9999-12-32", "9999-12-310", "9999-12-31T24:00:01Z", "10000-01-01"]
        {
            assert!(Instant::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_is_added_beyond_the_year_9999() {
        let last = Instant::from_seconds(i64::MAX);
        assert_eq!(last.to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(last.checked_add(Span::days(1)), None);
    }

    proptest! {
        #[test]
        fn an_instant_prints_as_the_calendar_library_prints_it(seconds in 0..=LAST_SECOND) {
            let instant = Instant::from_seconds(seconds);
            prop_assert_eq!(instant.to_string(), jiff::Timestamp::from_second(seconds).unwrap().to_string());
            prop_assert_eq!(Instant::parse(&instant.to_string()).unwrap(), instant);
        }

        #[test]
        fn a_month_starts_where_its_first_day_does(seconds in 0..=LAST_SECOND) {
            let (year, month, _) = Instant::from_seconds(seconds).date();
            let start = Instant::from_seconds(Instant::start_of_month(year, month));
            prop_assert_eq!(start.to_string(), format!("{year:04}-{month:02}-01T00:00:00Z"));
        }

        #[test]
        fn a_span_prints_as_it_is_read(seconds in 1..Span::LONGEST) {
            let span = Span::from_seconds(seconds).unwrap();
            prop_assert_eq!(span.to_string().parse::<Span>().unwrap(), span);
        }
    }
}
