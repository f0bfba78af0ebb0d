//! Limits taken by many connections at once, and by clocks that jump.

use std::thread;

use super::*;
use crate::domain::decision::Decision;
use crate::domain::key::Key;
use crate::domain::limit::{Limits, Rate, Subject};
use crate::domain::time::Span;
use crate::registry::ledger::{Ledger, Use};

pub(in crate::registry::sqlite) fn limited(rate: Option<&str>, quota: Option<&str>) -> Limits {
    Limits {
        rate: rate.map(|text| Rate::parse(text, None).unwrap()),
        quota: quota.map(|text| text.parse().unwrap()),
    }
}

pub(in crate::registry::sqlite) fn request(key: &Key, limits: Limits) -> Use {
    Use {
        key: key.id,
        secret: key.secrets[0].id,
        decision: Decision::Accepted,
        scopes: String::new(),
        ip: None,
        cost: 1,
        accounts: vec![(Subject::Key(key.id), limits)],
    }
}

/// How many of 200 requests pass that eight connections make at one instant.
fn passed(limits: Limits) -> usize {
    let (_folder, path) = created();
    let key = samples::key("limited");
    open(&path).apply(&Change { insert: std::slice::from_ref(&key), ..Change::default() }).unwrap();
    let ask = || {
        let mut registry = SqliteRegistry::open(&path).unwrap();
        let mut pass = || {
            registry.record(&request(&key, limits), &|| Instant::from_seconds(NOW)).unwrap().denial.is_none()
        };
        (0..25).filter(|_| pass()).count()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

#[test]
fn eight_that_verify_at_once_pass_exactly_what_a_rate_lets_pass() {
    assert_eq!(passed(limited(Some("100/1m"), None)), 100);
}

#[test]
fn eight_that_verify_at_once_pass_exactly_what_a_quota_lets_pass() {
    assert_eq!(passed(limited(None, Some("100/day"))), 100);
}

#[test]
fn the_clock_is_looked_at_when_nobody_else_can_write() {
    let (_folder, path) = created();
    let key = samples::key("limited");
    let clock = || {
        let other = rusqlite::Connection::open(&path).unwrap();
        other.busy_timeout(std::time::Duration::ZERO).unwrap();
        let error = other.execute_batch("BEGIN IMMEDIATE").unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy));
        Instant::from_seconds(NOW)
    };
    let used = request(&key, limited(Some("1/1m"), None));
    let spending = SqliteRegistry::open(&path).unwrap().record(&used, &clock).unwrap();
    assert_eq!(spending.denial, None);
}

#[test]
fn a_clock_that_was_years_ahead_for_a_while_gives_no_fresh_quota() {
    let (_folder, path) = created();
    let key = samples::key("limited");
    let mut registry = SqliteRegistry::open(&path).unwrap();
    let limits = limited(None, Some("1/day"));
    let mut asks = |offset: i64| {
        let now = Instant::from_seconds(NOW + offset);
        registry.record(&request(&key, limits), &|| now).unwrap().denial.is_none()
    };
    assert!(asks(0));
    assert!(asks(20 * 365 * 86_400));
    assert!(!asks(1));
}

#[test]
fn the_counts_of_old_windows_are_dropped_and_never_the_newest() {
    let (_folder, path) = created();
    let key = samples::key("limited");
    let mut registry = SqliteRegistry::open(&path).unwrap();
    let limits = limited(None, Some("1/day"));
    let day = |number: u16| Instant::from_seconds(NOW).checked_add(Span::days(number)).unwrap();
    for number in 0..450 {
        registry.record(&request(&key, limits), &|| day(number)).unwrap();
    }
    let connection = rusqlite::Connection::open(&path).unwrap();
    let sql = "SELECT count(*), min(quota_window), max(quota_window) FROM quota_used";
    let kept: (i64, String, String) =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    assert_eq!(kept, (400, "2027-01-12".to_owned(), "2028-02-15".to_owned()));
}
