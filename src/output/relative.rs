//! Instants as people say them: `in 89 days`, `3 hours ago`, and a date when it is far away.

use crate::domain::time::Instant;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// From here on a date says more than a number of days.
const FAR: u64 = 100 * DAY;

/// `at` as seen from `now`, rounded down to one unit; a UTC date from a hundred days on.
#[must_use]
pub fn relative(at: Instant, now: Instant) -> String {
    let away = at.seconds().abs_diff(now.seconds());
    if away >= FAR {
        return date(at);
    }
    let (count, unit) = match away {
        0 => return "now".to_owned(),
        seconds if seconds < MINUTE => (seconds, "second"),
        seconds if seconds < HOUR => (seconds / MINUTE, "minute"),
        seconds if seconds < DAY => (seconds / HOUR, "hour"),
        seconds => (seconds / DAY, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if at > now { format!("in {count} {unit}{plural}") } else { format!("{count} {unit}{plural} ago") }
}

/// The UTC date: `2026-11-30`.
#[must_use]
pub fn date(at: Instant) -> String {
    format!("{at:.10}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_told_in_its_largest_whole_unit_on_either_side_of_now() {
        let now = Instant::from_seconds(1_795_435_200);
        for (seconds, text) in [
            (0, "now"),
            (1, "in 1 second"),
            (-59, "59 seconds ago"),
            (60, "in 1 minute"),
            (-3_599, "59 minutes ago"),
            (3_600, "in 1 hour"),
            (-3 * 3_600, "3 hours ago"),
            (86_399, "in 23 hours"),
            (86_400, "in 1 day"),
            (90 * 86_400 - 1, "in 89 days"),
            (100 * 86_400 - 1, "in 99 days"),
            (100 * 86_400, "2027-03-03"),
            (-100 * 86_400, "2026-08-15"),
        ] {
            assert_eq!(relative(Instant::from_seconds(now.seconds() + seconds), now), text);
        }
    }
}
