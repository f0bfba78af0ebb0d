//! Usage: what is counted, when it is read, and what it goes with.

use super::*;
use crate::domain::decision::{Decision, Denial};
use crate::domain::limit::{Limits, Subject};
use crate::domain::usage::{UsageRow, hour_of};
use crate::registry::ledger::{UsageFilter, Use};
use std::ops::ControlFlow;

for_every_backend! {
    a_recorded_request_is_counted_and_an_accepted_one_is_the_last_use,
    requests_of_one_sort_and_hour_are_one_row,
    a_later_use_is_not_overwritten_by_an_earlier_one,
    counts_are_read_when_they_are_few_and_after_folding_when_they_are_many,
    usage_is_told_apart_by_key_and_hours,
    reading_usage_stops_when_told_to,
    what_is_counted_of_keys_that_are_not_there_is_left_out,
    usage_carries_the_name_owner_and_project_that_now_are,
    a_removed_key_takes_its_usage_and_its_states_with_it,
}

fn use_of(key: &Key, decision: Decision) -> Use {
    Use {
        key: key.id,
        secret: key.secrets[0].id,
        decision,
        scopes: "orders:read".into(),
        ip: Some("192.0.2.1".parse().unwrap()),
        cost: 1,
        accounts: Vec::new(),
    }
}

fn inserted(registry: &mut dyn Ledger, name: &str) -> Key {
    let key = samples::key(name);
    insert(registry, std::slice::from_ref(&key)).unwrap();
    key
}

fn rows(registry: &dyn Ledger, filter: &UsageFilter) -> Vec<UsageRow> {
    let mut rows = Vec::new();
    let mut visit = |row| {
        rows.push(row);
        ControlFlow::Continue(())
    };
    registry.usage(filter, &mut visit).unwrap();
    rows
}

/// `name outcome scopes requests` of every row.
fn lines(registry: &dyn Ledger, filter: &UsageFilter) -> Vec<String> {
    let line = |row: UsageRow| format!("{} {} {} {}", row.name, row.outcome, row.scopes, row.requests);
    rows(registry, filter).into_iter().map(line).collect()
}

fn all(registry: &dyn Ledger) -> Vec<String> {
    lines(registry, &UsageFilter::default())
}

fn a_recorded_request_is_counted_and_an_accepted_one_is_the_last_use(registry: &mut dyn Ledger) {
    let key = inserted(registry, "ci");
    let denied = Decision::Denied(Denial::InsufficientScope);
    let spending = registry.record(&use_of(&key, denied), &|| at(5)).unwrap();
    assert_eq!((spending.denial, spending.allowances.len()), (None, 0));
    assert!(stored(registry, key.id).last_use().is_none());
    registry.record(&use_of(&key, Decision::Accepted), &|| at(7)).unwrap();
    let last = stored(registry, key.id).last_use().unwrap();
    assert_eq!((last.at, last.ip), (at(7), Some("192.0.2.1".parse().unwrap())));
    assert_eq!(all(registry), ["ci accepted orders:read 1", "ci insufficient_scope orders:read 1"]);
}

fn requests_of_one_sort_and_hour_are_one_row(registry: &mut dyn Ledger) {
    let key = inserted(registry, "ci");
    for offset in [0, 1, 3_599, 3_600] {
        registry.record(&use_of(&key, Decision::Accepted), &|| at(offset)).unwrap();
    }
    let found = rows(registry, &UsageFilter::default());
    let hours: Vec<_> = found.iter().map(|row| (row.hour, row.requests)).collect();
    assert_eq!(hours, [(hour_of(at(0)), 3), (hour_of(at(3_600)), 1)]);
}

fn a_later_use_is_not_overwritten_by_an_earlier_one(registry: &mut dyn Ledger) {
    let key = inserted(registry, "ci");
    let used = |offset, ip: &str| {
        let last = Used { secret: key.secrets[0].id, at: at(offset), ip: ip.parse().ok() };
        Counted { last: Some(last), ..accepted(&key, "", 1) }
    };
    registry.add_usage(&[used(9, "192.0.2.9"), used(4, "192.0.2.4")], at(9)).unwrap();
    registry.add_usage(&[used(3, "192.0.2.3")], at(9)).unwrap();
    let last = || stored(registry, key.id).last_use().unwrap();
    assert_eq!((last().at, last().ip), (at(9), "192.0.2.9".parse().ok()));
    // One of the same second that comes later, and without an address.
    registry.add_usage(&[used(9, "none")], at(9)).unwrap();
    let last = stored(registry, key.id).last_use().unwrap();
    assert_eq!((last.at, last.ip), (at(9), None));
    assert_eq!(all(registry), ["ci accepted  4"]);
}

fn counts_are_read_when_they_are_few_and_after_folding_when_they_are_many(registry: &mut dyn Ledger) {
    let key = inserted(registry, "ci");
    registry.add_usage(&[accepted(&key, "a:b", 2)], at(0)).unwrap();
    assert_eq!(all(registry), ["ci accepted a:b 2"]);
    // Far more than is written as rows, and than is folded in one transaction; some of it is counted already.
    let mut many: Vec<Counted> =
        (0..4_500).map(|number| accepted(&key, &format!("a:s{number}"), 1)).collect();
    // Not all that is counted was accepted.
    for (one, denial) in many.iter_mut().zip([Denial::Revoked, Denial::Expired]) {
        (one.decision, one.last) = (Decision::Denied(denial), None);
    }
    many[77].last.as_mut().unwrap().at = at(8);
    registry.add_usage(&many, at(0)).unwrap();
    registry.add_usage(&[accepted(&key, "a:b", 3)], at(0)).unwrap();
    registry.add_usage(&many, at(3_600)).unwrap();
    registry.fold_all_usage().unwrap();
    registry.fold_all_usage().unwrap();
    assert!(!registry.fold_usage(at(0)).unwrap(), "nothing is left, and nothing is folded twice");
    let found = rows(registry, &UsageFilter::default());
    let requests = |offset| {
        let hour = hour_of(at(offset));
        found.iter().filter(|row| row.hour == hour).map(|row| row.requests).sum::<u64>()
    };
    assert_eq!((requests(0), requests(3_600)), (4_505, 4_500));
    let of = |outcome: &str| found.iter().filter(|row| row.outcome == outcome).count();
    assert_eq!(["accepted", "revoked", "expired"].map(of), [2 * 4_498 + 1, 2, 2]);
    assert_eq!(stored(registry, key.id).last_use().unwrap().at, at(8));
}

fn usage_is_told_apart_by_key_and_hours(registry: &mut dyn Ledger) {
    let keys = [inserted(registry, "one"), inserted(registry, "two")];
    for offset in [0, 3_600, 7_200] {
        for key in &keys {
            registry.add_usage(&[accepted(key, "", 1)], at(offset)).unwrap();
        }
    }
    let hours = |filter: &UsageFilter| {
        let hour = |row: UsageRow| format!("{} {}", row.name, (row.hour.seconds() - NOW) / 3_600);
        rows(registry, filter).into_iter().map(hour).collect::<Vec<_>>()
    };
    let of = |key: &Key| UsageFilter { key: Some(key.id), ..UsageFilter::default() };
    assert_eq!(hours(&of(&keys[1])), ["two 0", "two 1", "two 2"]);
    assert!(hours(&of(&samples::key("three"))).is_empty());
    let from = |since, until| UsageFilter { since: Some(at(since)), until: Some(at(until)), ..of(&keys[0]) };
    assert_eq!(hours(&from(3_600, 7_200)), ["one 1"]);
    assert_eq!(hours(&from(7_199, 7_201)), ["one 1", "one 2"], "the hour that it begins in is in it");
    assert!(hours(&from(3_600, 3_600)).is_empty());
    let both = UsageFilter { since: Some(at(7_200)), ..UsageFilter::default() };
    assert_eq!(hours(&both), ["one 2", "two 2"]);
}

fn reading_usage_stops_when_told_to(registry: &mut dyn Ledger) {
    let key = inserted(registry, "ci");
    registry.add_usage(&["a:b", "c:d"].map(|scopes| accepted(&key, scopes, 1)), at(0)).unwrap();
    let mut seen = 0;
    let mut visit = |_| {
        seen += 1;
        ControlFlow::Break(())
    };
    registry.usage(&UsageFilter::default(), &mut visit).unwrap();
    assert_eq!(seen, 1);
}

fn what_is_counted_of_keys_that_are_not_there_is_left_out(registry: &mut dyn Ledger) {
    let (here, gone) = (inserted(registry, "here"), samples::key("gone"));
    registry.add_usage(&[accepted(&gone, "", 1), accepted(&here, "", 1)], at(0)).unwrap();
    let denied =
        |key| Counted { decision: Decision::Denied(Denial::Revoked), last: None, ..accepted(key, "", 1) };
    registry.add_usage(&[denied(&gone), denied(&here)], at(0)).unwrap();
    let mut many: Vec<Counted> =
        (0..1_500).map(|number| accepted(&gone, &format!("a:s{number}"), 1)).collect();
    many.extend([accepted(&here, "", 1), denied(&gone), denied(&here)]);
    registry.add_usage(&many, at(0)).unwrap();
    registry.record(&use_of(&gone, Decision::Accepted), &|| at(0)).unwrap();
    registry.fold_all_usage().unwrap();
    assert_eq!(all(registry), ["here accepted  2", "here revoked  2"]);
}

fn usage_carries_the_name_owner_and_project_that_now_are(registry: &mut dyn Ledger) {
    let key = inserted(registry, "ci");
    registry.add_usage(&[accepted(&key, "", 1)], at(0)).unwrap();
    let mut renamed = stored(registry, key.id);
    renamed.name = "cd".parse().unwrap();
    replace(registry, &[renamed]).unwrap();
    let found = rows(registry, &UsageFilter::default()).remove(0);
    assert_eq!((found.key, found.name.as_str()), (key.id, "cd"));
    assert_eq!((found.owner.as_str(), found.project.as_str()), ("default", "default"));
}

fn a_removed_key_takes_its_usage_and_its_states_with_it(registry: &mut dyn Ledger) {
    let (key, other) = (inserted(registry, "ci"), inserted(registry, "other"));
    let limits = Limits {
        rate: Some(crate::domain::limit::Rate::parse("9/1h", None).unwrap()),
        quota: Some("9/day".parse().unwrap()),
    };
    let account = |key: &Key| (Subject::Key(key.id), limits);
    for key in [&key, &other] {
        let used = Use { accounts: vec![account(key)], ..use_of(key, Decision::Accepted) };
        assert_eq!(registry.record(&used, &|| at(0)).unwrap().remaining(), Some(8));
    }
    let remove = vec![(key.id, stored(registry, key.id).revision)];
    registry.apply(&Change { remove, ..Change::default() }).unwrap();
    assert_eq!(all(registry), ["other accepted orders:read 1"]);
    let stands = registry.accounts(&[account(&key), account(&other)], at(0)).unwrap();
    assert_eq!((stands[0].arrival, stands[0].used), (0, 0));
    assert!(stands[1].arrival > 0 && stands[1].used == 1);
}
