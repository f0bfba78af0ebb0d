//! What a change writes of secrets, and what it leaves as it is.

use std::path::Path;

use super::*;
use crate::domain::samples::{self, NOW};
use crate::domain::time::Span;
use crate::registry::sqlite::SqliteRegistry;
use crate::registry::sqlite::tests::created;
use crate::registry::{Change, Registry as _};

fn at(offset: i64) -> Instant {
    Instant::from_seconds(NOW + offset)
}

fn count(path: &Path, sql: &str) -> i64 {
    rusqlite::Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A key that was rotated so often.
fn rotated(secrets: usize) -> Key {
    let mut key = samples::key("rotated");
    key.secrets = (0..secrets).map(|_| samples::secret()).collect();
    key
}

#[test]
fn a_change_writes_of_many_secrets_only_those_that_differ() {
    let (_folder, path) = created();
    let mut registry = SqliteRegistry::open(&path).unwrap();
    let mut key = rotated(20);
    registry.apply(&Change { insert: std::slice::from_ref(&key), ..Change::default() }).unwrap();
    let touched = || count(&path, "SELECT count(*) FROM touched");
    let mut before = touched();
    let mut written = |key: &mut Key| {
        registry.apply(&Change { replace: std::slice::from_ref(key), ..Change::default() }).unwrap();
        *key = registry.find_key(key.id).unwrap().unwrap().key;
        let now = touched();
        std::mem::replace(&mut before, now).abs_diff(now)
    };
    // The row of the key alone.
    key.note = Some("another".parse().unwrap());
    assert_eq!(written(&mut key), 1);
    // And one secret, by each field that may change.
    key.secrets[3].retires_at = Some(at(60));
    assert_eq!(written(&mut key), 2);
    key.secrets[3].retires_at_before = Some(at(61));
    assert_eq!(written(&mut key), 2);
    key.secrets[4].pending_grace = Span::from_seconds(7);
    assert_eq!(written(&mut key), 2);
    key.secrets[5].expires_at = None;
    assert_eq!(written(&mut key), 2);
    key.secrets[6].kept = Kept::Sealed(vec![1, 2, 3]);
    let kept = key.secrets[6].kept.clone();
    assert_eq!(written(&mut key), 2);
    assert_eq!(key.secrets[6].kept, kept);
    // One more, and one less.
    key.add_secret(samples::secret());
    assert_eq!(written(&mut key), 2);
    key.secrets.remove(0);
    assert_eq!(written(&mut key), 2);
    assert_eq!((key.secrets.len(), key.revision), (20, 9));
}

#[test]
fn one_change_erases_a_thousand_ended_copies_of_each_kind_and_the_next_ones_the_rest() {
    let (_folder, path) = created();
    let mut registry = SqliteRegistry::open(&path).unwrap();
    let (ended, retired) = (1_500, 2);
    let mut key = rotated(ended + retired + 1);
    for (place, secret) in key.secrets.iter_mut().enumerate() {
        secret.kept = Kept::Sealed(vec![1]);
        if place < ended {
            secret.expires_at = Some(at(10));
        } else if place < ended + retired {
            secret.retires_at = Some(at(10));
        }
    }
    registry.apply(&Change { insert: &[key], ..Change::default() }).unwrap();
    let kept = || count(&path, "SELECT count(*) FROM secret WHERE kept IS NOT NULL");
    let mut change = |now| registry.apply(&Change { now: Some(now), ..Change::default() }).unwrap();
    change(at(9));
    assert_eq!(kept(), 1_503);
    change(at(10));
    assert_eq!(kept(), 501);
    change(at(10));
    assert_eq!(kept(), 1, "the one that is accepted");
    change(at(10));
    assert_eq!(kept(), 1);
    // Without a change too, and without a lock where there is nothing to do.
    crate::registry::sqlite::tests::while_locked(&path, || registry.sweep(at(10)).unwrap());
    registry.sweep(at(90 * 86_400)).unwrap();
    assert_eq!(kept(), 0);
}
