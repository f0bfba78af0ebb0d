//! Usage that a busy server writes in pieces.

use super::*;
use crate::domain::decision::Decision;
use crate::domain::usage::{Counted, UsageRow, Used};
use crate::registry::Registry as _;
use crate::registry::ledger::{Folding, Ledger as _, UsageFilter};

fn at(offset: i64) -> Instant {
    Instant::from_seconds(NOW / 3_600 * 3_600 + offset)
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

#[test]
fn little_is_folded_soon_and_much_when_its_hour_is_over() {
    let (_folder, path) = created();
    let mut registry = SqliteRegistry::open(&path).unwrap();
    let key = samples::key("busy");
    registry.apply(&Change { insert: std::slice::from_ref(&key), ..Change::default() }).unwrap();
    let counted = |sorts: std::ops::Range<u32>| -> Vec<Counted> {
        let one = |number| Counted {
            key: key.id,
            decision: Decision::Accepted,
            scopes: format!("a:s{number:050}"),
            requests: 1,
        };
        sorts.map(one).collect()
    };
    let used = |offset| [Used { secret: key.secrets[0].id, at: at(offset), ip: "192.0.2.7".parse().ok() }];
    let ripe = |registry: &mut SqliteRegistry, offset| {
        let mut steps = 0;
        while registry.fold_usage(Folding::Ripe(at(offset))).unwrap() {
            steps += 1;
            assert!(steps < 1_000, "folding does not end");
        }
    };
    // Two seconds of the same: summed, they are one.
    registry.add_usage(&counted(0..500), &used(1), at(1)).unwrap();
    registry.add_usage(&counted(0..500), &used(2), at(2)).unwrap();
    ripe(&mut registry, 2);
    assert_eq!((bodies(&registry), readable(&registry)), ((2, 0), vec![]), "nothing is summed yet");
    while registry.fold_usage(Folding::Sum).unwrap() {}
    assert_eq!((bodies(&registry), readable(&registry)), ((0, 1), vec![]));
    ripe(&mut registry, 3);
    assert_eq!((bodies(&registry), readable(&registry)), ((0, 0), vec![(0, 1_000)]));

    // Much: it stays in pieces for the hour, and is added to.
    for second in [10, 22] {
        registry.add_usage(&counted(0..15_000), &used(second), at(second)).unwrap();
        while registry.fold_usage(Folding::Sum).unwrap() {}
        ripe(&mut registry, second + 1);
        assert_eq!((bodies(&registry), readable(&registry)), ((0, 1), vec![(0, 1_000)]));
    }
    // To find that nothing is to be done, nobody waits for those who write.
    while_locked(&path, || {
        for what in [Folding::Sum, Folding::Ripe(at(30))] {
            assert!(!registry.fold_usage(what).unwrap());
        }
    });
    // The next hour has begun; what is of it goes on.
    registry.add_usage(&counted(0..15_000), &[], at(3_601)).unwrap();
    while registry.fold_usage(Folding::Sum).unwrap() {}
    ripe(&mut registry, 3_599);
    assert_eq!((bodies(&registry), readable(&registry)), ((0, 2), vec![(0, 1_000)]), "not before it is over");
    ripe(&mut registry, 3_601);
    assert_eq!((bodies(&registry), readable(&registry)), ((0, 1), vec![(0, 31_000)]));
    let found = registry.find_key(key.id).unwrap().unwrap();
    assert_eq!(found.key.last_use().unwrap().at, at(22));
    // Whoever reads makes all of it readable.
    registry.add_usage(&counted(0..500), &[], at(3_602)).unwrap();
    while registry.fold_usage(Folding::All).unwrap() {}
    assert_eq!((bodies(&registry), readable(&registry)), ((0, 0), vec![(0, 31_000), (3_600, 15_500)]));
}

#[test]
fn a_piece_that_is_damaged_is_said_and_kept() {
    let (_folder, path) = created();
    let mut registry = SqliteRegistry::open(&path).unwrap();
    let insert = "INSERT INTO usage_batch (at, body) VALUES (1, x'ffffffffffff')";
    registry.connection.execute_batch(insert).unwrap();
    let error = registry.fold_usage(Folding::All).unwrap_err();
    assert!(error.to_string().contains("usage"), "{error}");
    assert_eq!(bodies(&registry), (1, 0));
}
