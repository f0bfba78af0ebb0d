//! Many processes at once on one registry.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::machine::{Machine, Ran, finish_with_stdin};

const PROCESSES: usize = 8;
const ROUNDS: usize = 4;

/// What one of the processes leaves behind.
struct Left {
    accepted: Vec<String>,
    revoked: Vec<String>,
}

#[test]
fn nothing_is_lost_and_nobody_is_told_to_come_back() {
    let machine = &Machine::with_registry();
    let left: Vec<Left> = thread::scope(|scope| {
        let all: Vec<_> = (0..PROCESSES).map(|one| scope.spawn(move || work(machine, one))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(
        machine.run(&["list", "--all", "--json"]).json().as_array().unwrap().len(),
        PROCESSES * ROUNDS
    );
    let (accepted, revoked): (Vec<_>, Vec<_>) =
        left.into_iter().map(|left| (left.accepted, left.revoked)).unzip();
    assert_eq!(verdicts(machine, &accepted.concat()), BTreeSet::from(["accepted".to_owned()]));
    assert_eq!(verdicts(machine, &revoked.concat()), BTreeSet::from(["revoked".to_owned()]));
    machine.run(&["log", "--check"]).ended(0);
    let events = machine.run(&["log", "--json"]).ended(0).json();
    let of =
        |action: &str| events.as_array().unwrap().iter().filter(|event| event["action"] == action).count();
    assert_eq!(of("key_created"), PROCESSES * ROUNDS);
    assert_eq!(of("key_rotated"), PROCESSES * ROUNDS);
    assert_eq!(of("key_revoked"), PROCESSES * ROUNDS / 2);
    machine.run(&["doctor"]).ended(0);
}

#[test]
fn authority_is_taken_away_however_often_others_change_the_same() {
    let machine = &Machine::with_registry();
    machine.run(&["create", "a", "--owner", "acme", "-q"]).ended(0);
    for round in 0..ROUNDS {
        let key = &format!("a{round}");
        let old = machine.create(key);
        machine.run(&["rotate", key, "--grace", "1d", "-q"]).ended(0);
        let id = old.split('_').nth(3).unwrap().to_owned();
        let is_over = &AtomicBool::new(false);
        thread::scope(|scope| {
            for one in 0..3 {
                scope.spawn(move || {
                    while !is_over.load(Ordering::Relaxed) {
                        undisturbed(machine.run(&["edit", key, "--note", &format!("by {one}")]));
                        let rate = format!("{}/1m", 100 + one);
                        // A limit may grant, and whoever is overtaken with one is told so.
                        machine.run(&["limit", "--owner", "acme", "--rate", &rate]);
                    }
                });
            }
            let taken = [
                machine.run(&["revoke", key, "--secret", &id, "--yes"]),
                machine.run(&["disable", key]),
                machine.run(&["owner", "suspend", "acme", "--yes"]),
            ];
            is_over.store(true, Ordering::Relaxed);
            for ran in taken {
                undisturbed(ran);
            }
        });
        assert_eq!(verdicts(machine, &[old]), BTreeSet::from(["revoked".to_owned()]));
        machine.run(&["owner", "resume", "acme"]).ended(0);
    }
    let keys = machine.run(&["list", "--all", "--json"]).ended(0).json();
    let disabled = keys.as_array().unwrap().iter().filter(|key| key["status"] == "disabled").count();
    assert_eq!(disabled, ROUNDS, "{keys}");
    machine.run(&["log", "--check"]).ended(0);
}

/// Creates and rotates keys of its own, and revokes every second one.
fn work(machine: &Machine, one: usize) -> Left {
    let mut left = Left { accepted: Vec::new(), revoked: Vec::new() };
    for round in 0..ROUNDS {
        let name = format!("key-{one}-{round}");
        let first = undisturbed(machine.run(&["create", "-q", &name])).line();
        let second = undisturbed(machine.run(&["rotate", "-q", &name, "--grace", "1d"])).line();
        if round % 2 == 0 {
            undisturbed(machine.run(&["revoke", &name, "--yes"]));
            left.revoked.extend([first, second]);
        } else {
            left.accepted.extend([first, second]);
        }
    }
    left
}

#[track_caller]
fn undisturbed(ran: Ran) -> Ran {
    let ran = ran.ended(0);
    assert!(!ran.stderr.contains("busy") && !ran.stderr.contains("locked"), "{}", ran.stderr);
    ran
}

/// All that `verify` says of these secrets.
fn verdicts(machine: &Machine, secrets: &[String]) -> BTreeSet<String> {
    let mut command = machine.command(&["verify", "--batch"]);
    let ran = finish_with_stdin(&mut command, secrets.join("\n").as_bytes());
    assert_eq!(ran.stdout.lines().count(), secrets.len(), "{ran:?}");
    let answers = ran.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    answers.map(|answer| answer["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn two_first_runs_at_once_make_one_registry_with_one_master_key() {
    for _ in 0..5 {
        let machine = &Machine::new();
        let secrets: Vec<String> = thread::scope(|scope| {
            let both =
                ["a", "b"].map(|name| scope.spawn(move || undisturbed(machine.run(&["create", "-q", name]))));
            both.into_iter().map(|one| one.join().unwrap().line()).collect()
        });
        assert_eq!(verdicts(machine, &secrets), BTreeSet::from(["accepted".to_owned()]));
        let events = machine.run(&["log", "--json"]).ended(0).json();
        let actions: Vec<&str> =
            events.as_array().unwrap().iter().map(|event| event["action"].as_str().unwrap()).collect();
        assert_eq!(actions[..3], ["registry_created", "key_created", "key_created"]);
        let left: BTreeSet<_> =
            std::fs::read_dir(machine.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, BTreeSet::from(["master.key".into(), "registry.db".into()]));
    }
}

#[test]
fn a_bulk_revocation_leaves_none_alive_though_keys_are_changed_meanwhile() {
    const KEYS: usize = 1_000;
    let machine = &Machine::with_registry();
    machine.run(&["create", "w", "--count", &KEYS.to_string(), "--json"]).ended(0);
    let is_done = &AtomicBool::new(false);
    let revoked = thread::scope(|scope| {
        scope.spawn(move || {
            for round in (0..KEYS).cycle().step_by(7) {
                if is_done.load(Ordering::Relaxed) {
                    return;
                }
                let name = format!("w-{:04}", KEYS - round);
                // One that was revoked after it was read is told so (6).
                let ran = machine.run(&["edit", &name, "--note", &round.to_string()]);
                assert!(ran.code == 0 || ran.code == 6, "{ran:?}");
            }
        });
        let revoked = machine.run(&["revoke", "--owner", "default", "--yes", "--json"]);
        is_done.store(true, Ordering::Relaxed);
        revoked
    });
    assert_eq!(undisturbed(revoked).json().as_array().unwrap().len(), KEYS);
    assert_eq!(machine.run(&["list", "--json"]).ended(0).stdout.trim(), "[]");
    let events = machine.run(&["log", "--action", "key_revoked", "--json"]).ended(0).json();
    assert_eq!(events.as_array().unwrap().len(), KEYS);
    machine.run(&["doctor"]).ended(0);
}

#[test]
fn the_same_request_at_the_same_time_gets_the_same_secret() {
    let machine = &Machine::with_registry();
    machine.create("old");
    for line in
        [&["create", "-q", "new", "--request-id", "r-1"], &["rotate", "-q", "old", "--request-id", "r-2"]]
    {
        let secrets: BTreeSet<String> = thread::scope(|scope| {
            let all: Vec<_> =
                (0..PROCESSES).map(|_| scope.spawn(|| machine.run(line).ended(0).line())).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(secrets.len(), 1, "{line:?}");
    }
    assert_eq!(machine.run(&["show", "old", "--json"]).json()["secrets"].as_array().unwrap().len(), 2);
}
