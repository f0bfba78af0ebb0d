//! What is taken from one limit and given back because another of the same request was taken by others.

use proptest::prelude::*;

use super::*;
use crate::domain::limit::{Rate, Subject};
use crate::domain::samples::NOW;
use crate::domain::time::Span;
use crate::registry::sqlite::SqliteRegistry;
use crate::registry::sqlite::tests::created;

fn at(micros: i64) -> Instant {
    Instant::from_micros(NOW * 1_000_000 + micros)
}

fn counters() -> (tempfile::TempDir, Counters) {
    let (folder, path) = created();
    let counters = SqliteRegistry::open(&path).unwrap().counters(at(0)).unwrap().unwrap();
    (folder, counters)
}

/// The meter of a rate of an owner of this name.
fn meter<'a>(counters: &'a Counters, owner: &str, rate: Rate) -> Meters<'a> {
    let place = counters.place_of_party(&Subject::Owner(owner.parse().unwrap())).unwrap();
    let mut meters = Meters::new(counters);
    meters.add("owner", Limits { rate: Some(rate), quota: None }, counters.of_party(place).unwrap());
    meters
}

/// One that took, and whose key was then taken by another.
struct Halted<'a>(Meters<'a>, Look, Instant);

impl Halted<'_> {
    fn give_back(&self, later: Instant) {
        let Self(meters, look, began) = self;
        meters.undo(0, *look, (1, *began), &move || later);
    }
}

fn halted<'a>(counters: &'a Counters, owner: &str, rate: Rate, now: Instant) -> Option<Halted<'a>> {
    let mut meters = meter(counters, owner, rate);
    let looks = meters.looked(now)?;
    let is_refused = spend(&mut meters.accounts[..1], 1, now).denial.is_some();
    (!is_refused && meters.commit_one(0, looks[0], 1, now)).then_some(Halted(meters, looks[0], now))
}

fn passes(counters: &Counters, owner: &str, rate: Rate, now: Instant) -> bool {
    meter(counters, owner, rate).take(1, now, &|| now).unwrap().denial.is_none()
}

#[test]
fn what_is_given_back_at_once_is_there_for_others() {
    let (_folder, counters) = counters();
    let rate = Rate::parse("60/1m", Some(2)).unwrap();
    let first = halted(&counters, "a", rate, at(0)).unwrap();
    first.give_back(at(0));
    let second = halted(&counters, "a", rate, at(0)).unwrap();
    assert!(passes(&counters, "a", rate, at(0)));
    assert!(!passes(&counters, "a", rate, at(0)), "two were taken");
    second.give_back(at(0));
    assert!(passes(&counters, "a", rate, at(0)), "one was given back");
    assert!(!passes(&counters, "a", rate, at(0)));
}

#[test]
fn two_that_are_given_back_one_after_the_other_let_nobody_pass_twice() {
    // Of a rate that lets two pass at once and one in two seconds; found by the property below.
    let (_folder, counters) = counters();
    let rate = Rate::new(1, Span::from_seconds(2).unwrap(), Some(2)).unwrap();
    let first = halted(&counters, "a", rate, at(600_000)).unwrap();
    let second = halted(&counters, "a", rate, at(800_000)).unwrap();
    first.give_back(at(1_000_000));
    assert!(passes(&counters, "a", rate, at(1_400_000)));
    second.give_back(at(2_200_000));
    let passed = [2_500_000, 3_100_000].map(|then| passes(&counters, "a", rate, at(then)));
    assert_ne!(passed, [true, true], "three within two seconds");
}

#[test]
fn what_was_over_before_it_is_given_back_lets_nobody_pass_twice() {
    let (_folder, counters) = counters();
    let rate = Rate::parse("60/1m", Some(1)).unwrap();
    let late = halted(&counters, "a", rate, at(0)).unwrap();
    assert!(passes(&counters, "a", rate, at(60_000_000)));
    late.give_back(at(60_000_000));
    assert!(!passes(&counters, "a", rate, at(60_000_000)));
}

#[test]
fn whoever_looked_at_the_clock_before_others_took_gives_nothing_back_to_them() {
    let (_folder, counters) = counters();
    let rate = Rate::parse("60/1m", Some(2)).unwrap();
    assert_eq!([(); 2].map(|()| passes(&counters, "a", rate, at(9_000_000))), [true; 2]);
    let mut late = meter(&counters, "a", rate);
    assert!(late.take(1, at(0), &|| at(9_000_000)).unwrap().denial.is_some());
    assert!(!passes(&counters, "a", rate, at(9_000_000)), "two had passed");
    // A clock that was really set back says the same twice.
    assert!(late.take(1, at(0), &|| at(0)).unwrap().denial.is_some());
    assert!(passes(&counters, "a", rate, at(1_000_000)), "by then one burst is what it cost");
}

#[test]
fn the_largest_quota_is_used_up_by_the_largest_costs_and_not_a_request_later() {
    let (_folder, counters) = counters();
    let quota = Quota::new(Quota::MOST, Period::Month).unwrap();
    let place = counters.place_of_party(&Subject::Owner("a".parse().unwrap())).unwrap();
    let passes = || {
        let mut meters = Meters::new(&counters);
        let limits = Limits { rate: None, quota: Some(quota) };
        meters.add("owner", limits, counters.of_party(place).unwrap());
        meters.take(u32::MAX, at(0), &|| at(0)).unwrap().denial.is_none()
    };
    let most = Quota::MOST / u64::from(u32::MAX);
    assert_eq!((0..most + 10).filter(|_| passes()).count() as u64, most);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_given_back_whenever_no_window_holds_more_than_burst_and_count_less_one(
        (count, seconds, burst) in (1_u32..20, 1_i64..10, 1_u32..20),
        steps in prop::collection::vec((0_i64..700_000, 0_u8..4), 1..200),
    ) {
        let (_folder, counters) = counters();
        let rate = Rate::new(count, Span::from_seconds(seconds).unwrap(), Some(burst)).unwrap();
        let (mut now, mut passed, mut waiting) = (0, Vec::new(), Vec::new());
        for (gap, step) in steps {
            now += gap;
            match step {
                0 | 1 => passed.extend(passes(&counters, "a", rate, at(now)).then_some(now)),
                2 => waiting.extend(halted(&counters, "a", rate, at(now))),
                _ if waiting.is_empty() => {}
                _ => waiting.remove(waiting.len() / 2).give_back(at(now)),
            }
        }
        for (place, begin) in passed.iter().enumerate() {
            let inside = passed[place..].iter().take_while(|&&then| then < begin + seconds * 1_000_000).count();
            prop_assert!((inside as u64) < u64::from(burst) + u64::from(count));
        }
    }
}
