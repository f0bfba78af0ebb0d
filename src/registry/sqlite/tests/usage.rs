//! Usage that a busy server writes in pieces.

use super::*;
use crate::domain::decision::{Decision, Denial};
use crate::domain::key::Key;
use crate::domain::usage::{Counted, UsageRow, Used};
use crate::registry::Registry as _;
use crate::registry::ledger::{Ledger as _, UsageFilter};

fn at(offset: i64) -> Instant {
    Instant::from_seconds(NOW / 3_600 * 3_600 + offset)
}

/// A registry with one more key.
fn with_key() -> (tempfile::TempDir, std::path::PathBuf, SqliteRegistry, Key) {
    let (folder, path) = created();
    let mut registry = SqliteRegistry::open(&path).unwrap();
    let key = samples::key("busy");
    registry.apply(&Change { insert: std::slice::from_ref(&key), ..Change::default() }).unwrap();
    (folder, path, registry, key)
}

fn readable(registry: &SqliteRegistry) -> Vec<(i64, u64)> {
    let mut hours = std::collections::BTreeMap::new();
    let mut add = |row: UsageRow| {
        *hours.entry(row.hour.seconds() - at(0).seconds()).or_default() += row.requests;
        std::ops::ControlFlow::Continue(())
    };
    registry.usage(&UsageFilter::default(), &mut add).unwrap();
    hours.into_iter().collect()
}

/// How many pieces there are, and sums of how many hours.
fn bodies(registry: &SqliteRegistry) -> (i64, i64) {
    let sql = "SELECT count(*) FILTER (WHERE number > 0), count(DISTINCT at) FILTER (WHERE number < 0) FROM usage_batch";
    registry.connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

fn sum(registry: &mut SqliteRegistry) {
    let mut from = Some(0);
    while let Some(place) = from {
        from = registry.sum_usage(place).unwrap();
    }
}

#[test]
fn little_is_folded_soon_and_much_when_its_hour_is_over() {
    let (_folder, path, mut registry, key) = with_key();
    let counted = |sorts: std::ops::Range<u32>, offset| -> Vec<Counted> {
        let one = |number| Counted {
            key: key.id,
            place: None,
            decision: Decision::Accepted,
            scopes: format!("a:s{number:050}").into(),
            requests: 1,
            last: Some(Used { secret: key.secrets[0].id, at: at(offset), ip: "192.0.2.7".parse().ok() }),
        };
        sorts.map(one).collect()
    };
    let ripe = |registry: &mut SqliteRegistry, offset| {
        let mut steps = 0;
        while registry.fold_usage(at(offset)).unwrap() {
            steps += 1;
            assert!(steps < 1_000, "folding does not end");
        }
    };
    // Two seconds of the same: summed, they are one.
    registry.add_usage(&counted(0..500, 1), at(1)).unwrap();
    registry.add_usage(&counted(0..500, 2), at(2)).unwrap();
    ripe(&mut registry, 2);
    assert_eq!((bodies(&registry), readable(&registry)), ((2, 0), vec![]), "nothing is summed yet");
    sum(&mut registry);
    assert_eq!((bodies(&registry), readable(&registry)), ((0, 1), vec![]));
    ripe(&mut registry, 3);
    assert_eq!((bodies(&registry), readable(&registry)), ((0, 0), vec![(0, 1_000)]));

    // Much: it stays in pieces for the hour, and is added to.
    for second in [10, 22] {
        registry.add_usage(&counted(0..15_000, second), at(second)).unwrap();
        sum(&mut registry);
        ripe(&mut registry, second + 1);
        assert_eq!((bodies(&registry), readable(&registry)), ((0, 1), vec![(0, 1_000)]));
    }
    // To find that nothing is to be done, nobody waits for those who write.
    while_locked(&path, || {
        sum(&mut registry);
        assert!(!registry.fold_usage(at(30)).unwrap());
    });
    // The next hour has begun; what is of it goes on.
    registry.add_usage(&counted(0..15_000, 30), at(3_601)).unwrap();
    sum(&mut registry);
    ripe(&mut registry, 3_599);
    assert_eq!((bodies(&registry), readable(&registry)), ((0, 2), vec![(0, 1_000)]), "not before it is over");
    ripe(&mut registry, 3_601);
    assert_eq!((bodies(&registry), readable(&registry)), ((0, 1), vec![(0, 31_000)]));
    let found = registry.find_key(key.id).unwrap().unwrap();
    let last = found.key.last_use().unwrap();
    assert_eq!((last.at, last.ip), (at(22), "192.0.2.7".parse().ok()));
    // Whoever reads makes all of it readable.
    registry.add_usage(&counted(0..500, 31), at(3_602)).unwrap();
    registry.fold_all_usage().unwrap();
    assert_eq!((bodies(&registry), readable(&registry)), ((0, 0), vec![(0, 31_000), (3_600, 15_500)]));
}

#[test]
fn a_piece_that_is_damaged_is_said_and_kept() {
    let (_folder, path) = created();
    let mut registry = SqliteRegistry::open(&path).unwrap();
    let insert = "INSERT INTO usage_batch (at, body) VALUES (1, x'ffffffffffff')";
    registry.connection.execute_batch(insert).unwrap();
    let error = registry.fold_all_usage().unwrap_err();
    assert!(error.to_string().contains("usage"), "{error}");
    assert_eq!(bodies(&registry), (1, 0));
}

/// Requests and last use of a key, of what was counted with it.
fn told(registry: &SqliteRegistry, key: &Key) -> (u64, Option<Instant>) {
    let mut requests = 0;
    let of = UsageFilter { key: Some(key.id), ..UsageFilter::default() };
    let mut add = |row: UsageRow| {
        requests += row.requests;
        std::ops::ControlFlow::Continue(())
    };
    registry.usage(&of, &mut add).unwrap();
    (requests, registry.find_key(key.id).unwrap().unwrap().key.last_use().map(|last| last.at))
}

/// One request of a key for each of so many scopes, each at that second of the hour.
fn counted(key: &Key, place: Option<u64>, sorts: u32, second: i64) -> Vec<Counted> {
    let one = |number| Counted {
        key: key.id,
        place,
        decision: Decision::Accepted,
        scopes: format!("a:s{number}").into(),
        requests: 1,
        last: Some(Used { secret: key.secrets[0].id, at: at(second), ip: None }),
    };
    (0..sorts).map(one).collect()
}

#[test]
fn what_was_counted_reaches_its_key_whatever_place_is_told() {
    let (_folder, path) = created();
    let mut registry = SqliteRegistry::open(&path).unwrap();
    let keys = ["one", "two"].map(samples::key);
    registry.apply(&Change { insert: &keys, ..Change::default() }).unwrap();
    let places = keys.each_ref().map(|key| {
        super::super::counting::place_of(&registry.connection, &key.id.to_string()).unwrap().unwrap()
    });
    // Its own, another's, one where nobody is, and none; few of them, and so many that they are written in one piece.
    for (round, sorts) in (1..).zip([1, 500]) {
        let mut second = round * 10;
        for place in [Some(places[0]), Some(places[1]), Some(77_777), None] {
            second += 1;
            let (before, _) = told(&registry, &keys[0]);
            let mut all = counted(&keys[0], place, sorts, second);
            // One that was denied: with the key alone.
            all.push(Counted { decision: Decision::Denied(Denial::Revoked), last: None, ..all[0].clone() });
            registry.add_usage(&all, at(second)).unwrap();
            registry.fold_all_usage().unwrap();
            let after = (before + u64::from(sorts) + 1, Some(at(second)));
            assert_eq!(told(&registry, &keys[0]), after, "{place:?}");
        }
    }
    assert_eq!(told(&registry, &keys[1]), (0, None));
}

#[test]
fn much_is_written_in_pieces_and_none_of_it_is_lost_between_them() {
    let (_folder, path) = created();
    let mut registry = SqliteRegistry::open(&path).unwrap();
    let keys = ["one", "two"].map(samples::key);
    registry.apply(&Change { insert: &keys, ..Change::default() }).unwrap();
    // Up to a hundred are rows at once, up to a thousand one piece, and more a piece for each share; told with a place and
    // without, they are the same. The first character of an id, modulo 64, is never 0, 27 or 28: three shares whatever the id.
    let mut requests = 0;
    for (second, (sorts, pieces)) in (1..).zip([(100, 0), (101, 1), (1_000, 1), (1_001, 3), (8_193, 3)]) {
        let mut all = counted(&keys[0], None, sorts, second);
        let places = [None, Some(27 * 256), Some(28 * 256 + 1)].into_iter().cycle();
        all.iter_mut().zip(places).for_each(|(one, place)| one.place = place);
        registry.add_usage(&all, at(second)).unwrap();
        assert_eq!(bodies(&registry).0, pieces, "{sorts}");
        sum(&mut registry);
        assert_eq!(bodies(&registry).0, 0);
        requests += u64::from(sorts);
    }
    // Of many that are the same but for one, that one is not forgotten.
    let mut many = vec![counted(&keys[0], Some(1), 1, 20).remove(0); 5_000];
    many[4_999] = counted(&keys[1], None, 1, 21).remove(0);
    registry.add_usage(&many, at(21)).unwrap();
    assert!(bodies(&registry).0 > 1, "of several shares");
    registry.fold_all_usage().unwrap();
    assert_eq!(told(&registry, &keys[0]), (requests + 4_999, Some(at(20))));
    assert_eq!(told(&registry, &keys[1]), (1, Some(at(21))));
    let rows = "SELECT count(*) FROM usage";
    assert_eq!(registry.connection.query_row(rows, [], |row| row.get::<_, i64>(0)).unwrap(), 8_194);
}

#[test]
fn of_two_uses_in_a_second_the_one_that_was_told_later_is_the_last() {
    // In pieces that are summed together, with a sum that is there already, and with the tables.
    for (is_summed, is_folded) in [(false, false), (true, false), (true, true)] {
        let (_folder, _path, mut registry, key) = with_key();
        for ip in ["192.0.2.1", "192.0.2.2"] {
            let mut all = counted(&key, Some(1), 101, 7);
            all[0].last = Some(Used { secret: key.secrets[0].id, at: at(8), ip: ip.parse().ok() });
            registry.add_usage(&all, at(8)).unwrap();
            if is_summed {
                sum(&mut registry);
            }
            if is_folded {
                registry.fold_all_usage().unwrap();
            }
        }
        registry.fold_all_usage().unwrap();
        let last = registry.find_key(key.id).unwrap().unwrap().key.last_use().unwrap();
        assert_eq!((last.at, last.ip), (at(8), "192.0.2.2".parse().ok()), "{is_summed} {is_folded}");
    }
}

#[test]
fn after_what_may_be_lost_with_the_machine_all_is_synced_again() {
    let (_folder, path, mut registry, key) = with_key();
    let is_full = |registry: &SqliteRegistry| {
        let mode: i64 = registry.connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
        mode == 2
    };
    assert!(is_full(&registry), "as it is opened");
    registry.add_usage_unsynced(&counted(&key, None, 3, 1), at(1)).unwrap();
    assert!(is_full(&registry), "once it is written");
    registry.connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    while_locked(&path, || {
        registry.add_usage_unsynced(&counted(&key, None, 3, 1), at(1)).unwrap_err();
        assert!(is_full(&registry), "when it could not be");
    });
    assert_eq!(told(&registry, &key).0, 3);
}

#[test]
fn pieces_of_earlier_versions_are_folded_with_those_of_today() {
    let (_folder, _path, mut registry, key) = with_key();
    let [key_id, secret_id] =
        [key.id.bare(), key.secrets[0].id.as_str()].map(|id| <[u8; 12]>::try_from(id.as_bytes()).unwrap());
    let sorts = [("accepted", "a:b"), ("revoked", "a:c")];
    let last: (i64, Option<std::net::IpAddr>) = (at(4).seconds(), "2001:db8::7".parse().ok());
    // Before places were told.
    let oldest = |requests: u64| {
        let counted = vec![(key_id, 0_u32, requests), (key_id, 1, 1)];
        postcard::to_allocvec(&(at(0).seconds(), sorts.to_vec(), counted, vec![(secret_id, last)])).unwrap()
    };
    // Before a last use was told with what was counted.
    let older = |requests: u64| {
        let (key, secret) = ((1_u64, key_id), (1_u64, secret_id));
        let counted = vec![(key, 0_u32, requests), (key, 1, 1)];
        let body = (at(0).seconds(), sorts.to_vec(), counted, vec![(secret, last)]);
        postcard::to_extend(&body, vec![0]).unwrap()
    };
    // As pieces of a second, and as sums of their hour.
    let bodies_then =
        [(Some(-5), oldest(7)), (None, oldest(20)), (Some(-6), older(300)), (None, older(4_000))];
    for (number, body) in bodies_then {
        let insert = "INSERT INTO usage_batch (number, at, body) VALUES (?1, ?2, ?3)";
        registry.connection.execute(insert, rusqlite::params![number, at(0).seconds(), body]).unwrap();
    }
    assert!(registry.unreadable_usage().unwrap().is_empty());
    registry.add_usage(&vec![counted(&key, Some(1), 1, 3).remove(0); 200], at(5)).unwrap();
    sum(&mut registry);
    registry.fold_all_usage().unwrap();
    assert_eq!(told(&registry, &key), (4_327 + 4 + 200, Some(at(4))));
    let ip = registry.find_key(key.id).unwrap().unwrap().key.last_use().unwrap().ip;
    assert_eq!(ip, last.1, "the later use, from wherever it is told");
    assert_eq!(bodies(&registry), (0, 0));
}

#[test]
fn whoever_reads_does_not_wait_for_those_who_go_on_writing() {
    let (_folder, path, mut registry, key) = with_key();
    // A piece of each of three hours, the newest too large to be folded at once.
    for (hour, sorts) in [(0, 500), (1, 500), (2, 5_000)] {
        registry.add_usage(&counted(&key, Some(1), sorts, 0), at(hour * 3_600)).unwrap();
    }
    let is_read = std::sync::atomic::AtomicBool::new(false);
    let mut other = SqliteRegistry::open(&path).unwrap();
    std::thread::scope(|scope| {
        // In the oldest hour too, and summed at once: that is where the reader begins.
        let writer = scope.spawn(|| {
            let mut second = 0;
            while !is_read.load(std::sync::atomic::Ordering::Relaxed) && second < 3_000 {
                second += 1;
                other.add_usage(&counted(&key, Some(1), 500, second), at(second)).unwrap();
                sum(&mut other);
            }
            second
        });
        registry.fold_all_usage().unwrap();
        is_read.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(writer.join().unwrap() < 3_000, "whoever reads waits until nobody writes");
    });
    let found = readable(&registry);
    assert!(found[0].1 >= 500, "{found:?}");
    assert_eq!(found[1..], [(3_600, 500), (7_200, 5_000)]);
}
