//! Limits counted in memory: by threads, verifiers and the command line at once, over kills, failures and locks.

use super::*;
use crate::domain::decision::Decision;
use crate::domain::limit::{Quota, Rate, Subject};
use crate::registry::ledger::Use;

fn rate(text: &str) -> Limits {
    Limits { rate: Some(Rate::parse(text, None).unwrap()), quota: None }
}

fn quota(text: &str) -> Limits {
    Limits { rate: None, quota: Some(text.parse().unwrap()) }
}

fn limited(limits: Limits) -> Scene {
    scene(vec![wish("limited", limits, Kind::Private)])
}

/// How often a secret is accepted in `times` requests; all others are over a limit.
fn accepted(verifier: &Verifier, text: &str, times: usize) -> usize {
    let credential = Credential { secret: Some(text.as_bytes()), consumer_key: None };
    let code = |verdict: &Verdict<'_>| verdict.decision.code();
    let ask = || verifier.verify(credential, (&Request::default(), 1), code).unwrap();
    let is_accepted = |code| match code {
        "accepted" => true,
        "rate_limited" | "quota_exceeded" => false,
        other => panic!("{other}"),
    };
    (0..times).filter(|_| is_accepted(ask())).count()
}

impl Scene {
    fn counters(&self) -> PathBuf {
        self.path.with_file_name("registry.db-counters")
    }

    fn now(&self) -> Instant {
        self.verifier.now()
    }

    fn limit_owner(&mut self, limits: Limits) {
        let before = self.registry.party(PartyKind::Owner, &"default".parse().unwrap()).unwrap().unwrap();
        let mut after = before.clone();
        after.limits = limits;
        crate::crypto::rows::reseal_party(&Subkeys::derive(&master()).row, &before, &mut after).unwrap();
        let replace_parties = vec![PartyChange { before, after }];
        self.registry.apply(&Change { replace_parties, ..Change::default() }).unwrap();
    }

    /// What `apikey verify` does, in the registry.
    fn command_line(&mut self, place: usize) -> bool {
        let key = &self.issued[place].key;
        let used = Use {
            key: key.id,
            secret: key.secrets[0].id,
            decision: Decision::Accepted,
            scopes: String::new(),
            ip: None,
            cost: 1,
            accounts: vec![(Subject::Key(key.id), key.limits)],
        };
        let now = self.verifier.now();
        self.registry.record(&used, &|| now).unwrap().denial.is_none()
    }

    /// As after SIGKILL: nothing is written down, and its memory is not given back.
    fn kill(&mut self) {
        let next = self.second();
        let killed = std::mem::replace(&mut self.verifier, next);
        killed.shared.desk.stop();
        std::mem::forget(killed);
    }

    /// As after a power cut: what was only in memory is gone.
    fn fail(&mut self) {
        std::fs::remove_file(self.counters()).unwrap();
        self.kill();
    }
}

#[test]
fn ten_thousand_parallel_requests_pass_exactly_the_burst() {
    let mut scene = limited(rate("100/1m"));
    let second = scene.second();
    let text = &scene.text(0);
    let passed: usize = std::thread::scope(|scope| {
        let ask = |verifier| scope.spawn(move || accepted(verifier, text, 2_500));
        let hands = [&scene.verifier, &second, &scene.verifier, &second].map(ask);
        hands.into_iter().map(|hand| hand.join().unwrap()).sum()
    });
    assert_eq!(passed, 100);
    assert!(!scene.command_line(0), "the command line counts with them");
    scene.pass("3s");
    assert_eq!((accepted(&second, text, 2), scene.command_line(0)), (2, true));
    assert_eq!((accepted(&scene.verifier, text, 3), scene.command_line(0)), (2, false));
}

#[test]
fn a_quota_holds_exactly_over_verifiers_threads_and_restarts() {
    let mut scene = limited(quota("1000/day"));
    let text = &scene.text(0);
    let second = scene.second();
    let passed: usize = std::thread::scope(|scope| {
        let ask = |verifier| scope.spawn(move || accepted(verifier, text, 200));
        let hands = [&scene.verifier, &second, &scene.verifier].map(ask);
        hands.into_iter().map(|hand| hand.join().unwrap()).sum()
    });
    assert_eq!(passed, 600);
    drop(second);
    assert!(scene.command_line(0));
    scene.verifier = scene.second();
    assert_eq!(accepted(&scene.verifier, text, 500), 399);
    assert!(!scene.command_line(0));
    scene.pass("1d");
    assert_eq!(accepted(&scene.verifier, text, 1_100), 1_000, "the next day");
}

#[test]
fn what_several_limits_share_is_taken_from_all_or_from_none() {
    let keys = ["a", "b", "c"].map(|name| wish(name, rate("10/1h"), Kind::Private));
    let mut scene = scene(keys.into());
    scene.limit_owner(quota("25/day"));
    let texts = [scene.text(0), scene.text(1), scene.text(2)];
    let passed: Vec<usize> = std::thread::scope(|scope| {
        let hands = texts.each_ref().map(|text| scope.spawn(|| accepted(&scene.verifier, text, 100)));
        hands.into_iter().map(|hand| hand.join().unwrap()).collect()
    });
    assert!(passed.iter().all(|passed| *passed <= 10) && passed.iter().sum::<usize>() == 25, "{passed:?}");
    scene.limit_owner(quota("1000/day"));
    let more: Vec<usize> = texts.iter().map(|text| accepted(&scene.verifier, text, 100)).collect();
    let all: Vec<usize> = passed.iter().zip(more).map(|(passed, more)| passed + more).collect();
    assert_eq!(all, [10, 10, 10], "what the owner refused, the keys did not pay");
}

#[cfg(target_os = "linux")]
#[test]
fn while_the_counters_are_gone_no_limit_is_decided_on() {
    let scene = scene(vec![
        wish("some", quota("10/day"), Kind::Private),
        wish("any", Limits::default(), Kind::Private),
    ]);
    let (some, any) = (scene.text(0), scene.text(1));
    assert_eq!(accepted(&scene.verifier, &some, 5), 5);
    let away = scene.path.with_file_name("away");
    std::fs::rename(scene.counters(), &away).unwrap();
    // As the writer does every second.
    scene.verifier.shared.look_for_counters();
    let credential = Credential { secret: Some(some.as_bytes()), consumer_key: None };
    let asked = scene.verifier.verify(credential, (&Request::default(), 1), |verdict| verdict.decision);
    assert!(matches!(asked, Err(VerifierError::CountersGone)), "{asked:?}");
    assert_eq!(accepted(&scene.verifier, &any, 3), 3);
    std::fs::rename(&away, scene.counters()).unwrap();
    scene.verifier.shared.look_for_counters();
    assert_eq!(accepted(&scene.verifier, &some, 10), 5);
}

#[test]
fn a_killed_verifier_loses_nothing_of_what_was_used() {
    let mut scene = limited(Limits { rate: rate("100/1h").rate, quota: quota("300/day").quota });
    let text = scene.text(0);
    assert_eq!(accepted(&scene.verifier, &text, 60), 60);
    scene.kill();
    assert_eq!(accepted(&scene.verifier, &text, 60), 40);
}

#[test]
fn a_machine_that_fails_costs_a_burst_and_a_part_and_gives_nothing_twice() {
    let mut scene = limited(rate("100/1m"));
    let text = scene.text(0);
    assert_eq!(accepted(&scene.verifier, &text, 60), 60);
    scene.fail();
    assert_eq!(accepted(&scene.verifier, &text, 10), 0, "all of the burst counts as used");
    scene.pass("6s");
    assert_eq!(accepted(&scene.verifier, &text, 20), 10, "and comes back evenly");
    assert!(!scene.command_line(0));

    let mut scene = limited(quota("1600/day"));
    let text = scene.text(0);
    assert_eq!(accepted(&scene.verifier, &text, 50), 50);
    scene.fail();
    assert_eq!(accepted(&scene.verifier, &text, 2_000), 1_600 - (1 + 100), "a part of a sixteenth is lost");
}

#[test]
fn before_a_verifier_runs_again_the_command_line_writes_a_failure_off_too() {
    let mut scene = limited(rate("100/1m"));
    let text = scene.text(0);
    assert_eq!(accepted(&scene.verifier, &text, 60), 60);
    scene.verifier.shared.desk.stop();
    std::fs::remove_file(scene.counters()).unwrap();
    assert!(!scene.command_line(0));
    scene.pass("1m");
    assert!(scene.command_line(0));
}

#[test]
fn the_last_verifier_writes_everything_down_and_leaves_no_file() {
    let mut scene = limited(Limits { rate: rate("10/1h").rate, quota: quota("1000/day").quota });
    let text = scene.text(0);
    let second = scene.second();
    assert_eq!(accepted(&scene.verifier, &text, 4), 4);
    drop(second);
    assert!(scene.counters().exists(), "another has them");
    // A verifier of another registry, to end this one.
    scene.verifier = plain(&["other"]).second();
    assert!(!scene.counters().exists());
    let key = &scene.issued[0].key;
    let account = scene.registry.accounts(&[(Subject::Key(key.id), key.limits)], scene.now()).unwrap()[0];
    assert_eq!((account.used, key.limits.rate.unwrap().remaining(account.arrival, scene.now())), (4, 6));
    assert!(scene.command_line(0));
    scene.verifier = scene.second();
    assert_eq!(accepted(&scene.verifier, &text, 10), 5);
}

#[test]
fn a_held_write_lock_delays_no_limited_request_and_turns_none_away() {
    let both = Limits { rate: rate("1000/1m").rate, quota: quota("1000/day").quota };
    let mut scene = limited(both);
    let text = scene.text(0);
    let path = scene.path.clone();
    while_locked(&path, || {
        assert_eq!(accepted(&scene.verifier, &text, 1), 1, "never asked before");
        scene.pass("30s");
        assert_eq!(accepted(&scene.verifier, &text, 999), 999, "what was written ahead is over");
        assert_eq!(accepted(&scene.verifier, &text, 1), 0, "and the limit holds");
    });
    scene.verifier = scene.second();
    assert_eq!(accepted(&scene.verifier, &text, 1), 0);
}

#[test]
fn what_is_written_down_late_is_of_the_day_in_which_it_was_used() {
    let mut scene = limited(quota("1000/day"));
    let text = scene.text(0);
    let path = scene.path.clone();
    while_locked(&path, || {
        assert_eq!(accepted(&scene.verifier, &text, 961), 961);
        scene.pass("1d");
    });
    // A verifier of another registry, to end this one.
    scene.verifier = plain(&["other"]).second();
    scene.verifier = scene.second();
    assert_eq!(accepted(&scene.verifier, &text, 1_100), 1_000);
}

#[test]
fn a_clock_that_jumps_neither_locks_out_nor_grants() {
    let scene = limited(Limits { rate: rate("60/1m").rate, quota: quota("500/day").quota });
    let text = scene.text(0);
    let ask = |times| accepted(&scene.verifier, &text, times);
    assert_eq!(ask(100), 60);
    scene.pass("60d");
    assert_eq!(ask(100), 60);
    scene.clock.fetch_sub(60 * 86_400 * 1_000_000, Ordering::SeqCst);
    assert_eq!(ask(100), 0);
    scene.pass("2s");
    assert_eq!(ask(100), 2);
    scene.pass("1m");
    assert_eq!(ask(100), 60, "and the quota of the day before the jump goes on");
    // In as many hours as the thread that writes saw.
    let accepted = scene.usage().into_iter().filter(|(outcome, ..)| outcome == "accepted");
    assert_eq!(accepted.map(|(_, _, count)| count).sum::<u64>(), 182);
}

#[test]
fn counters_of_another_run_of_the_machine_are_worth_nothing() {
    let mut scene = limited(rate("100/1h"));
    let text = scene.text(0);
    assert_eq!(accepted(&scene.verifier, &text, 60), 60);
    scene.verifier.shared.desk.stop();
    std::mem::forget(std::mem::replace(&mut scene.verifier, plain(&["other"]).second()));
    let file = std::fs::read(scene.counters()).unwrap();
    std::fs::remove_file(scene.counters()).unwrap();
    let mut other = file.clone();
    other[8] ^= 1;
    std::fs::write(scene.counters(), other).unwrap();
    std::fs::set_permissions(scene.counters(), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    scene.verifier = scene.second();
    assert_eq!(accepted(&scene.verifier, &text, 60), 0, "what they held is not known, so all counts as used");
}

#[test]
fn where_nothing_can_be_written_limits_hold_all_the_same() {
    let limits = Limits { quota: quota("150/day").quota, ..rate("100/1h") };
    let scene = limited(limits);
    // Indexes that no further row fits into.
    let until: i64 = rusqlite::Connection::open(&scene.path)
        .unwrap()
        .query_row("SELECT until FROM counting", [], |row| row.get(0))
        .unwrap();
    edit(
        &scene.path,
        &format!(
            "CREATE INDEX full ON counting (json(iif(until > {until}, 'full', '1'))); \
             CREATE INDEX fuller ON quota_used (json(subject))"
        ),
    );
    let text = scene.text(0);
    assert_eq!(accepted(&scene.verifier, &text, 300), 100);
    scene.pass("1h");
    assert_eq!(accepted(&scene.verifier, &text, 300), 50, "the rest of the day");
    assert_eq!(accepted(&scene.second(), &text, 10), 0);
}

#[test]
fn counters_that_others_can_write_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    for is_linked in [false, true] {
        let scene = limited(rate("5/1m"));
        std::fs::remove_file(scene.counters()).unwrap();
        std::fs::write(scene.counters(), [0; 4096]).unwrap();
        let mode = if is_linked { 0o600 } else { 0o620 };
        std::fs::set_permissions(scene.counters(), std::fs::Permissions::from_mode(mode)).unwrap();
        if is_linked {
            std::fs::hard_link(scene.counters(), scene.path.with_file_name("elsewhere")).unwrap();
        }
        let opened = Verifier::open(&scene.path, &master(), Box::new(|| Instant::from_seconds(NOW)));
        assert!(opened.unwrap_err().to_string().contains("others on this machine can use them"));
        std::fs::remove_file(scene.counters()).unwrap();
        drop(scene.second());
    }
}

#[test]
fn verifiers_that_come_and_go_pass_exactly_the_burst_together() {
    let scene = limited(rate("100/1h"));
    let (text, path) = (&scene.text(0), &scene.path);
    let open = || Verifier::open(path, &master(), Box::new(|| Instant::from_seconds(NOW))).unwrap();
    let come_and_go = || (0..10).map(|_| accepted(&open(), text, 8)).sum::<usize>();
    let passed: usize = std::thread::scope(|scope| {
        let hands = [0; 4].map(|_| scope.spawn(come_and_go));
        hands.into_iter().map(|hand| hand.join().unwrap()).sum()
    });
    assert_eq!(passed, 100);
}

#[test]
fn a_look_ahead_that_was_written_is_not_taken_back_by_one_that_waited() {
    let scene = limited(rate("5/1m"));
    let mut registry = SqliteRegistry::open(&scene.path).unwrap();
    let until = || {
        let other = rusqlite::Connection::open(&scene.path).unwrap();
        other.query_row("SELECT until FROM counting", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let counters = registry.counters(scene.now()).unwrap().unwrap();
    let later = Instant::from_seconds(NOW + 5);
    registry.secure(&counters, &[], later).unwrap();
    let written = until();
    registry.secure(&counters, &[], scene.now()).unwrap();
    assert_eq!(until(), written);
}

#[test]
fn counters_behind_a_link_are_refused() {
    let scene = limited(rate("100/1h"));
    let (path, target) = (scene.counters(), scene.path.with_file_name("target"));
    std::fs::write(&target, "mine").unwrap();
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    let now = Box::new(|| Instant::from_seconds(NOW));
    assert!(Verifier::open(&scene.path, &master(), now).is_err());
    assert_eq!(std::fs::read(&target).unwrap(), b"mine");
}

#[test]
fn a_quota_can_be_raised_lowered_and_set_anew_while_it_is_counted() {
    let mut scene = limited(quota("10/day"));
    let text = scene.text(0);
    assert_eq!(accepted(&scene.verifier, &text, 20), 10);
    let set = |scene: &mut Scene, quota: Quota| scene.change(0, |key| key.limits.quota = Some(quota));
    set(&mut scene, "12/day".parse().unwrap());
    assert_eq!(accepted(&scene.verifier, &text, 20), 2);
    set(&mut scene, "5/day".parse().unwrap());
    assert_eq!(accepted(&scene.verifier, &text, 20), 0);
    set(&mut scene, "3/month".parse().unwrap());
    assert_eq!(accepted(&scene.verifier, &text, 20), 3);
    set(&mut scene, "13/day".parse().unwrap());
    assert_eq!(accepted(&scene.verifier, &text, 20), 1);
}
