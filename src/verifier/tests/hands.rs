//! The file in the hands of others: its lock, and its triggers.

use super::*;

#[test]
fn the_first_limit_of_a_registry_holds_at_once_though_another_writes() {
    let mut scene = plain(&["one", "two"]);
    let path = scene.path.clone();
    scene.change(0, |key| key.limits.rate = Some(crate::domain::limit::Rate::parse("100/1m", None).unwrap()));
    while_locked(&path, || {
        let text = scene.text(0);
        for _ in 0..100 {
            let asked = scene
                .verifier
                .verify(text.as_str().into(), (&Request::default(), 1), |verdict| verdict.decision);
            // Elsewhere limits are counted in the registry.
            assert!(
                matches!(asked, Ok(Decision::Accepted))
                    || !cfg!(target_os = "linux")
                        && matches!(asked, Err(VerifierError::Registry(RegistryError::Busy))),
                "{asked:?}"
            );
            assert_eq!(scene.answer(1), "accepted");
        }
        if cfg!(target_os = "linux") {
            assert_eq!(scene.answer(0), "rate_limited");
        }
    });
    scene.pass("1s");
    assert_eq!(scene.answer(0), "accepted");
}

#[test]
fn whoever_waits_to_write_usage_keeps_no_request_waiting() {
    let mut scene = plain(&["one"]);
    scene.change(0, |key| key.secrets[0].pending_grace = Some("7d".parse().unwrap()));
    {
        // As the writer does while another process holds the write lock.
        let _writing = locked(&scene.verifier.shared.ledger);
        assert_eq!(scene.answer(0), "accepted");
        assert!(scene.verifier.found(scene.issued[0].key.id).unwrap().is_some());
    }
    assert_eq!(scene.stored(0).secrets[0].pending_grace, None, "the grace began with the first use");
}

#[test]
fn a_secret_that_was_accepted_is_taken_back_by_nobody_who_asks_after_it() {
    let scene = &mut plain(&["one"]);
    scene.change(0, |key| key.secrets[0].pending_grace = Some("7d".parse().unwrap()));
    assert_eq!(scene.answer(0), "accepted");
    // Nothing that was counted is written yet, or it just was.
    assert!(scene.stored(0).secrets[0].last_use.is_some());
}

#[test]
fn a_first_use_that_is_noted_late_starts_nothing_that_was_ended_meanwhile() {
    let mut scene = plain(&["one"]);
    scene.change(0, |key| key.secrets[0].pending_grace = Some("7d".parse().unwrap()));
    {
        // The clerk that would start the grace waits.
        let shared = scene.verifier.shared.clone();
        let _clerk = locked(&shared.desk.registry);
        assert_eq!(scene.answer(0), "accepted");
        scene.revoke(0);
    }
    let newest = scene.newest_event().action;
    scene.verifier = plain(&["other"]).second();
    assert_eq!(scene.newest_event().action, newest, "no grace began");
    assert!(scene.stored(0).secrets[0].pending_grace.is_some());
}

#[test]
fn a_registry_that_was_emptied_decides_nothing() {
    let scene = plain(&["one"]);
    assert_eq!(scene.answer(0), "accepted");
    std::fs::File::create(&scene.path).unwrap();
    assert!(!scene.verifier.shared.is_in_place());
    let asked = scene.verifier.verify(scene.text(0).as_str().into(), (&Request::default(), 1), |_| ());
    assert!(matches!(asked, Err(VerifierError::Replaced)), "{asked:?}");
}

#[test]
fn without_the_triggers_that_note_changes_nothing_is_decided() {
    let edits = [
        "DROP TRIGGER key_updated",
        "DROP TRIGGER touched_is_never_removed",
        "CREATE TRIGGER revived AFTER UPDATE ON key BEGIN UPDATE key SET revoked_at = NULL, revoke_reason = NULL; END",
        "DROP TRIGGER secret_updated; CREATE TRIGGER secret_updated AFTER UPDATE ON secret BEGIN SELECT 1; END",
        "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'party_updated'",
    ];
    for edit_of_schema in edits {
        let mut scene = plain(&["one"]);
        assert_eq!(scene.answer(0), "accepted");
        edit(&scene.path, edit_of_schema);
        scene.revoke(0);
        let text = scene.text(0);
        let asked =
            scene.verifier.verify(text.as_str().into(), (&Request::default(), 1), |verdict| verdict.decision);
        assert!(
            matches!(asked, Err(VerifierError::Registry(RegistryError::Unusable { .. }))),
            "{edit_of_schema}: {asked:?}"
        );
        let opened = Verifier::open(&scene.path, &master(), Box::new(crate::host::real::now));
        assert!(
            matches!(opened, Err(VerifierError::Registry(RegistryError::Unusable { .. }))),
            "{edit_of_schema}"
        );
    }
}

#[test]
fn a_trigger_that_was_gone_for_a_moment_hides_no_change() {
    let mut scene = plain(&["one"]);
    let sql: String = rusqlite::Connection::open(&scene.path)
        .unwrap()
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'key_updated'", [], |row| row.get(0))
        .unwrap();
    edit(&scene.path, "DROP TRIGGER key_updated");
    scene.revoke(0);
    edit(&scene.path, &sql);
    assert_eq!(scene.answer(0), "revoked");
}

#[test]
fn what_could_not_be_written_for_long_is_counted_in_the_hours_in_which_it_was() {
    let scene = plain(&["one"]);
    edit(&scene.path, "ALTER TABLE usage RENAME TO usage_elsewhere");
    for hour in 0..3_i64 {
        // As the thread that writes does in every second of it.
        let _ = scene.verifier.flush();
        for _ in 0..=hour {
            assert_eq!(scene.answer(0), "accepted");
        }
        let _ = scene.verifier.flush();
        scene.pass("1h");
    }
    edit(&scene.path, "ALTER TABLE usage_elsewhere RENAME TO usage");
    scene.verifier.flush().unwrap();
    scene.verifier.flush().unwrap();
    let mut hours = std::collections::BTreeMap::<i64, u64>::new();
    scene
        .registry
        .usage(&UsageFilter::default(), &mut |row: UsageRow| {
            *hours.entry(row.hour.seconds()).or_default() += row.requests;
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(hours.values().copied().collect::<Vec<_>>(), [1, 2, 3], "{hours:?}");
}
