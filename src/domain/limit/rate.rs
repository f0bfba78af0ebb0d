//! A rate by the generic cell rate algorithm (ITU-T I.371), in whole nanoseconds.
//!
//! All that is stored is one instant, the *theoretical arrival time*: when everything admitted so far would have arrived
//! had it come evenly. A request at `now` takes the slot of one interval behind it, and is admitted if that slot ends no
//! later than `burst` intervals from `now`. So at most `burst + count − 1` requests pass in any window of the rate's span.

use std::fmt;

use super::LimitError;
use crate::domain::time::{Instant, Span};

const NANOS_IN_MICRO: u64 = 1_000;
const NANOS_IN_SECOND: u64 = 1_000_000_000;
/// A million a second: below a microsecond the interval, which is rounded up, would be far from what was asked.
const SHORTEST_INTERVAL: u64 = 1_000;
const LONGEST: u64 = 365 * 86_400 * NANOS_IN_SECOND;

/// `count` requests in each span `per`, at most `burst` at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    count: u32,
    per: Span,
    burst: u32,
    /// Nanoseconds, from the two above.
    interval: u64,
}

/// How long until a request could pass, in nanoseconds; `None` when it asks for more than a burst and never can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub Option<u64>);

impl Rate {
    /// A rate; without a burst, all of `count` may come at once.
    ///
    /// # Errors
    /// [`LimitError::Range`] beyond a million a second, or when a burst takes more than 365 days to earn.
    pub fn new(count: u32, per: Span, burst: Option<u32>) -> Result<Self, LimitError> {
        let mut rate = Self { count, per, burst: burst.unwrap_or(count), interval: 0 };
        let out_of_range = || LimitError::Range(rate.to_string());
        let nanos =
            u64::try_from(per.seconds()).ok().and_then(|seconds| seconds.checked_mul(NANOS_IN_SECOND));
        let (Some(nanos), true, true) = (nanos, count > 0, rate.burst > 0) else {
            return Err(out_of_range());
        };
        let interval = nanos.div_ceil(u64::from(count));
        let tolerance = interval.checked_mul(u64::from(rate.burst));
        let is_measurable = nanos / u64::from(count) >= SHORTEST_INTERVAL && nanos <= LONGEST;
        if is_measurable && tolerance.is_some_and(|tolerance| tolerance <= LONGEST) {
            rate.interval = interval;
            Ok(rate)
        } else {
            Err(out_of_range())
        }
    }

    /// Reads `100/1m`, with a burst of its own or of all 100.
    ///
    /// # Errors
    /// [`LimitError`] with the text.
    pub fn parse(text: &str, burst: Option<u32>) -> Result<Self, LimitError> {
        let wrong = || LimitError::Rate(text.to_owned());
        let (count, per) = text.split_once('/').ok_or_else(wrong)?;
        if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let count = count.parse().map_err(|_| LimitError::Range(text.to_owned()))?;
        Self::new(count, per.parse().map_err(|_| wrong())?, burst)
    }

    /// Requests in each span.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The span.
    #[must_use]
    pub fn per(&self) -> Span {
        self.per
    }

    /// How many may come at once.
    #[must_use]
    pub fn burst(&self) -> u32 {
        self.burst
    }

    /// The same rate with another burst.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_burst(&self, burst: u32) -> Result<Self, LimitError> {
        Self::new(self.count, self.per, Some(burst))
    }

    /// This rate in place of another, of which a burst stays that is not its count: it was set apart from it.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn in_place_of(&self, before: &Self) -> Result<Self, LimitError> {
        before.own_burst().map_or(Ok(*self), |burst| self.with_burst(burst))
    }

    fn own_burst(&self) -> Option<u32> {
        Some(self.burst).filter(|burst| *burst != self.count)
    }

    /// Nanoseconds between two requests that come evenly, rounded up: never more than was asked for.
    #[must_use]
    pub fn interval(&self) -> u64 {
        self.interval
    }

    /// Nanoseconds that a whole burst takes to earn.
    #[must_use]
    pub fn tolerance(&self) -> u64 {
        self.interval * u64::from(self.burst)
    }

    /// The arrival time after `cost` requests at `now`, or how long they have to wait.
    ///
    /// # Errors
    /// [`Wait`]: nothing is consumed.
    pub fn take(&self, arrival: u64, cost: u32, now: Instant) -> Result<u64, Wait> {
        if cost > self.burst {
            return Err(Wait(None));
        }
        let now = nanos(now);
        let next = self.trusted(arrival, now).max(now) + self.interval * u64::from(cost);
        let latest = now + self.tolerance();
        if next <= latest { Ok(next) } else { Err(Wait(Some(next - latest))) }
    }

    /// How many requests would pass at once at `now`.
    #[must_use]
    pub fn remaining(&self, arrival: u64, now: Instant) -> u64 {
        let begin = self.trusted(arrival, nanos(now)).max(nanos(now));
        (nanos(now) + self.tolerance()).saturating_sub(begin) / self.interval
    }

    /// Whole seconds until a full burst may come again, rounded up.
    #[must_use]
    pub fn full_after_seconds(&self, arrival: u64, now: Instant) -> u64 {
        self.trusted(arrival, nanos(now)).saturating_sub(nanos(now)).div_ceil(NANOS_IN_SECOND)
    }

    /// An arrival time that no clock running forward could have left is brought back to an empty bucket: a clock that
    /// was set back neither locks out nor grants.
    #[must_use]
    pub fn trusted(&self, arrival: u64, now: u64) -> u64 {
        arrival.min(now + self.tolerance())
    }
}

/// Nanoseconds since the epoch; until the year 9999 they fit 68 bits, until 2554 these 64.
pub(crate) fn nanos(now: Instant) -> u64 {
    now.micros().unsigned_abs().saturating_mul(NANOS_IN_MICRO).min(u64::MAX / 2)
}

impl fmt::Display for Rate {
    /// `100/1m`, and the burst when it is not the count.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.count, self.per)?;
        self.own_burst().map_or(Ok(()), |burst| write!(out, " burst {burst}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_795_435_200_000_000;

    fn at(micros: i64) -> Instant {
        Instant::from_micros(NOW + micros)
    }

    fn rate(text: &str, burst: Option<u32>) -> Rate {
        Rate::parse(text, burst).unwrap()
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in [
            "", "100", "100/", "/1m", "0/1m", "-1/1m", "1.5/1m", "100/1mo", "100/m", "100/0s", "１/1m",
            "100 / 1m",
        ] {
            assert!(Rate::parse(text, None).is_err(), "{text}");
        }
        assert!(Rate::parse("1000000/1s", None).is_ok() && Rate::parse("1000001/1s", None).is_err());
        assert!(Rate::parse("1/365d", None).is_ok() && Rate::parse("1/366d", None).is_err());
        assert!(Rate::parse("1/1d", Some(365)).is_ok() && Rate::parse("1/1d", Some(366)).is_err());
        assert!(Rate::parse("5/1s", Some(0)).is_err());
    }

    #[test]
    fn a_burst_of_its_own_stays_when_the_rate_is_another_and_one_that_is_the_count_goes_with_it() {
        let after = |before: Rate, after: &str| rate(after, None).in_place_of(&before);
        for (burst, kept) in [(None, None), (Some(100), None), (Some(99), Some(99)), (Some(101), Some(101))] {
            assert_eq!(after(rate("100/1m", burst), "200/1m"), Ok(rate("200/1m", kept)), "{burst:?}");
        }
        assert_eq!(after(rate("100/1m", Some(20)), "10/1m"), Ok(rate("10/1m", Some(20))));
        assert!(after(rate("2/1d", Some(365)), "1/1d").is_ok());
        let refused = after(rate("2/1d", Some(366)), "1/1d");
        assert_eq!(refused, Err(LimitError::Range("1/1d burst 366".to_owned())));
    }

    #[test]
    fn another_burst_leaves_the_rate_as_it_is_and_has_the_same_bounds() {
        assert_eq!(rate("100/1m", None).with_burst(101), Ok(rate("100/1m", Some(101))));
        assert_eq!(rate("100/1m", Some(20)).with_burst(100), Ok(rate("100/1m", None)));
        assert!(rate("1/1d", None).with_burst(365).is_ok() && rate("1/1d", None).with_burst(366).is_err());
        assert!(rate("1/1d", None).with_burst(0).is_err());
    }

    #[test]
    fn a_burst_passes_at_once_and_then_one_an_interval() {
        let rate = rate("60/1m", Some(3));
        let mut arrival = 0;
        for _ in 0..3 {
            arrival = rate.take(arrival, 1, at(0)).unwrap();
        }
        assert_eq!(rate.take(arrival, 1, at(0)), Err(Wait(Some(1_000_000_000))));
        assert_eq!(rate.take(arrival, 1, at(999_999)), Err(Wait(Some(1_000))));
        assert!(rate.take(arrival, 1, at(1_000_000)).is_ok());
        assert_eq!(rate.take(0, 4, at(0)), Err(Wait(None)), "more than a burst never passes");
    }

    #[test]
    fn a_clock_set_back_neither_locks_out_nor_grants() {
        let rate = rate("60/1m", Some(3));
        let from_next_year = rate.take(0, 3, at(365 * 86_400 * 1_000_000)).unwrap();
        assert_eq!(rate.remaining(from_next_year, at(0)), 0);
        let Err(Wait(Some(wait))) = rate.take(from_next_year, 1, at(0)) else { panic!("it passed") };
        assert_eq!(wait, rate.interval(), "as after an empty bucket");
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_burst_and_count_less_one(
            (count, seconds, burst) in (1_u32..200, 1_i64..100, 1_u32..300),
            gaps in prop::collection::vec((0_i64..5_000_000, 1_u32..4), 1..300),
        ) {
            let rate = Rate::new(count, Span::from_seconds(seconds).unwrap(), Some(burst)).unwrap();
            let (mut now, mut arrival, mut passed) = (0, 0, Vec::new());
            for (gap, cost) in gaps {
                now += gap;
                if let Ok(next) = rate.take(arrival, cost, at(now)) {
                    arrival = next;
                    passed.extend((0..cost).map(|_| now));
                }
            }
            for (place, begin) in passed.iter().enumerate() {
                let inside = passed[place..].iter().take_while(|&&then| then < begin + seconds * 1_000_000).count();
                prop_assert!((inside as u64) < u64::from(burst) + u64::from(count));
            }
        }

        #[test]
        fn legal_traffic_is_never_refused(count in 1_u32..100, seconds in 1_i64..100, turns in 1..20_i64) {
            let rate = Rate::new(count, Span::from_seconds(seconds).unwrap(), None).unwrap();
            let mut arrival = 0;
            for turn in 0..turns {
                // The interval is rounded up, by less than a nanosecond a request.
                let now = at(turn * (seconds * 1_000_000 + 1));
                for _ in 0..count {
                    arrival = rate.take(arrival, 1, now).unwrap();
                }
            }
        }
    }
}
