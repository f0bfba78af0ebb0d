//! What requests did is counted once and never lost, whatever happens to the line it is counted in.

use super::*;
use crate::domain::usage::{Counted, Used};
use crate::registry::ledger::Ledger as _;

fn accepted(scene: &Scene) -> u64 {
    scene.usage().iter().filter(|row| row.0 == "accepted").map(|row| row.2).sum()
}

#[test]
fn what_was_counted_before_a_key_changed_is_not_lost() {
    let mut scene = plain(&["one", "two"]);
    assert_eq!([scene.answer(0), scene.answer(0), scene.answer(1)], ["accepted"; 3]);
    scene.change(0, |key| key.scopes = Scopes::new(["orders:*".parse().unwrap()]).unwrap());
    assert_eq!(scene.answer(0), "accepted");
    scene.revoke(0);
    assert_eq!(scene.answer(0), "revoked");
    assert_eq!(accepted(&scene), 4);
    assert_eq!(scene.stored(0).last_use().unwrap().at, Instant::from_seconds(NOW));
    assert_eq!(accepted(&scene), 4, "and once");
}

#[test]
fn what_was_counted_before_a_backup_was_restored_is_not_lost() {
    let counted = || {
        let mut scene = plain(&["one"]);
        let backup = scene.path.with_file_name("backup.db");
        edit(&scene.path, &format!("VACUUM INTO '{}'", backup.display()));
        scene.change(0, |key| key.scopes = Scopes::new(["orders:*".parse().unwrap()]).unwrap());
        assert_eq!(scene.answer(0), "accepted");
        restore(&scene.path, &backup);
        assert_eq!(scene.answer(0), "accepted");
        accepted(&scene)
    };
    // What was written down before is gone with the file, and a second may just have passed.
    assert!((0..5).any(|_| counted() == 2));
}

#[test]
fn threads_that_ask_for_many_things_at_once_are_all_counted() {
    let mut scene = plain(&["one", "two", "three"]);
    for place in 0..3 {
        scene.change(place, |key| key.scopes = Scopes::new(["orders:*".parse().unwrap()]).unwrap());
    }
    // More sets of scopes than are counted in lines, and one that is denied.
    let scopes = (0..40).map(|number| format!("orders:s{number}")).chain(["refunds:read".to_owned()]);
    let sets: Vec<Request> =
        scopes.map(|scope| Request { scopes: vec![scope.parse().unwrap()], ..Request::default() }).collect();
    let texts = [0, 1, 2].map(|place| scene.text(place));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (verifier, texts, sets) = (&scene.verifier, &texts, &sets);
            scope.spawn(move || {
                for turn in 0..500 {
                    let (text, request) = (&*texts[(turn + thread) % 3], &sets[(turn * 7 + thread) % 41]);
                    verifier.verify(text.into(), (request, 1), |_| ()).unwrap();
                }
            });
        }
        // Written meanwhile, over and over.
        for _ in 0..20 {
            scene.verifier.flush().unwrap();
        }
    });
    let denied = (0..4_usize).flat_map(|thread| (0..500).map(move |turn| (turn * 7 + thread) % 41));
    let denied = denied.filter(|set| *set == 40).count() as u64;
    scene.verifier.flush().unwrap();
    scene.registry.fold_all_usage().unwrap();
    assert_eq!(accepted(&scene), 2_000 - denied);
    let rows = scene.usage();
    assert_eq!(rows.iter().map(|row| row.2).sum::<u64>(), 2_000);
    assert_eq!(rows.len(), 3 * 41, "each set of each key apart");
}

#[test]
fn the_last_use_is_the_latest_and_has_its_address() {
    let scene = plain(&["one"]);
    let from = |ip: Option<&str>, at: i64| {
        scene.clock.store((NOW + at) * 1_000_000, Ordering::SeqCst);
        let request = Request { ip: ip.map(|ip| ip.parse().unwrap()), ..Request::default() };
        assert_eq!(scene.ask(&scene.text(0), &request), "accepted");
    };
    let last = || {
        scene.verifier.flush().unwrap();
        let last = scene.stored(0).last_use().unwrap();
        (last.at.seconds() - NOW, last.ip.map(|ip| ip.to_string()))
    };
    from(Some("192.0.2.1"), 5);
    from(Some("2001:db8::7"), 9);
    // By a clock that was set back.
    from(Some("192.0.2.9"), 3);
    assert_eq!(last(), (9, Some("2001:db8::7".to_owned())));
    from(Some("192.0.2.2"), 11);
    assert_eq!(last(), (11, Some("192.0.2.2".to_owned())));
    from(None, 12);
    assert_eq!(last(), (12, None));
    assert_eq!(accepted(&scene), 5);
}

#[test]
fn what_was_written_in_pieces_becomes_readable_by_itself() {
    let mut scene = plain(&["one"]);
    scene.change(0, |key| key.scopes = Scopes::new(["orders:*".parse().unwrap()]).unwrap());
    let text = scene.text(0);
    // Once as little as is written in one piece, and once so much that shares are summed apart.
    for (round, sets) in (1..).zip([150, 1_010_u64]) {
        for number in 0..sets {
            let scopes = vec![format!("orders:r{round}s{number}").parse().unwrap()];
            scene.ask(&text, &Request { scopes, ..Request::default() });
        }
        scene.verifier.flush().unwrap();
        scene.pass("1h");
        let told = || accepted(&scene) == if round == 1 { 150 } else { 1_160 };
        // The thread that writes looks once a second.
        assert!((0..600).any(|_| told() || {
            std::thread::sleep(std::time::Duration::from_millis(100));
            false
        }));
    }
}

#[test]
fn of_what_is_written_in_several_transactions_none_is_lost_or_counted_twice_when_one_fails() {
    let mut scene = plain(&["one"]);
    let key = &scene.issued[0].key;
    // The second of three cannot be written, by whichever thread.
    edit(
        &scene.path,
        "CREATE TRIGGER once BEFORE INSERT ON usage_batch WHEN (SELECT count(*) FROM usage_batch) >= 1 \
         BEGIN SELECT raise(ABORT, 'no more'); END",
    );
    let one = |number: u64| Counted {
        key: key.id,
        place: Some(1),
        decision: Decision::Accepted,
        scopes: format!("a:s{number}").into(),
        requests: 1,
        last: Some(Used { secret: key.secrets[0].id, at: scene.verifier.now(), ip: None }),
    };
    locked(&scene.verifier.shared.overdue).keep(scene.verifier.now(), (0..1_020).map(one).collect());
    scene.verifier.flush().unwrap_err();
    scene.verifier.flush().unwrap_err();
    edit(&scene.path, "DROP TRIGGER once");
    scene.verifier.flush().unwrap();
    scene.registry.fold_all_usage().unwrap();
    assert_eq!((scene.usage().len(), accepted(&scene)), (1_020, 1_020));
    assert_eq!(scene.stored(0).last_use().unwrap().at, Instant::from_seconds(NOW));
}

#[test]
fn of_many_keys_none_is_lost_or_counted_twice_when_not_all_can_be_written() {
    let names: Vec<String> = (0..1_100).map(|number| format!("key{number}")).collect();
    let mut scene = plain(&names.iter().map(String::as_str).collect::<Vec<_>>());
    // What comes behind the first piece cannot be written.
    let refuse = "CREATE TRIGGER once BEFORE INSERT ON usage_batch WHEN (SELECT count(*) FROM usage_batch) >= 1 \
                  BEGIN SELECT raise(ABORT, 'no more'); END";
    let mut rounds = 0;
    loop {
        rounds += 1;
        for place in 0..1_100 {
            assert_eq!(scene.answer(place), "accepted");
        }
        edit(&scene.path, refuse);
        if scene.verifier.flush().is_err() {
            break;
        }
        // The thread that writes was faster.
        edit(&scene.path, "DROP TRIGGER once");
        assert!(rounds < 100);
    }
    scene.verifier.flush().unwrap_err();
    // When the next hour has begun it is kept for the hour that it is of.
    scene.clock.store((NOW + 3_600) * 1_000_000, Ordering::SeqCst);
    scene.verifier.flush().unwrap_err();
    edit(&scene.path, "DROP TRIGGER once");
    assert_eq!(scene.answer(0), "accepted");
    scene.verifier.flush().unwrap();
    scene.registry.fold_all_usage().unwrap();
    let counts: Vec<u64> = scene.usage().into_iter().map(|row| row.2).collect();
    assert_eq!(counts.len(), 1_101, "one row each, and another hour of one");
    assert_eq!(counts[1], 1, "that one");
    assert!(counts.iter().enumerate().all(|(place, count)| place == 1 || *count == rounds), "{rounds} each");
}

#[test]
fn every_share_has_its_turn_however_slow_the_rounds_are() {
    let mut scene = plain(&["one"]);
    let key = &scene.issued[0].key;
    // One of each share, and more than are written in one piece.
    let one = |number: u64| Counted {
        key: key.id,
        place: Some(number % 64 * 256 + 1),
        decision: Decision::Accepted,
        scopes: format!("a:s{number}").into(),
        requests: 1,
        last: Some(Used { secret: key.secrets[0].id, at: Instant::from_seconds(NOW), ip: None }),
    };
    let all: Vec<Counted> = (0..1_100).map(one).collect();
    let mut chores = crate::verifier::counting::Chores::begin(scene.verifier.now());
    for _ in 0..60 {
        // Others go on writing, in all of them.
        scene.registry.add_usage(&all, scene.verifier.now()).unwrap();
        scene.pass("3s");
        chores.go_on(&scene.verifier.shared);
    }
    let connection = rusqlite::Connection::open(&scene.path).unwrap();
    let last = "SELECT count(*) FROM usage_batch WHERE number > (SELECT max(number) FROM usage_batch) - 1000";
    let waiting: i64 = connection.query_row(last, [], |row| row.get(0)).unwrap();
    assert!(waiting < 30, "{waiting} pieces of the last share");
    scene.registry.fold_all_usage().unwrap();
    assert_eq!(accepted(&scene), 60 * 1_100);
}
