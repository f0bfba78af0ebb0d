//! Killed at any moment: the registry stays whole, and whatever was said stays true.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::machine::{Machine, Ran, watched};

const ROUNDS: usize = 90;
/// How a process ends that was killed.
pub(crate) const KILLED: i32 = 128 + 9;

/// Lets nobody live long, and learns how long that is here.
struct Killer {
    rng: StdRng,
    longest_life: Duration,
}

impl Killer {
    fn new(seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), longest_life: Duration::from_millis(8) }
    }

    /// Starts a command and kills it at some moment, unless it has ended by then.
    fn run(&mut self, machine: &Machine, arguments: &[&str]) -> Ran {
        let ran = killed_after(self.rng.random_range(Duration::ZERO..self.longest_life), machine, arguments);
        // So that about half of them end by themselves, however fast the machine is.
        self.longest_life =
            if ran.code == KILLED { self.longest_life * 5 / 4 } else { self.longest_life * 4 / 5 };
        ran
    }
}

fn killed_after(life: Duration, machine: &Machine, arguments: &[&str]) -> Ran {
    let mut command = machine.command(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    thread::sleep(life);
    child.kill().unwrap();
    watched(child)
}

#[test]
fn after_a_kill_the_registry_is_whole_and_every_secret_shown_is_known() {
    let machine = Machine::with_registry();
    let mut killer = Killer::new(7);
    let mut kills = 0;
    let mut shown: Vec<(String, String)> = Vec::new();
    let stays = machine.create("stays");
    for round in 0..ROUNDS {
        let name = format!("key-{}", round / 3);
        let arguments: &[&str] = match round % 3 {
            0 => &["create", "-q", &name],
            1 => &["rotate", "-q", &name],
            _ => &["revoke", &name, "--yes"],
        };
        let ran = killer.run(&machine, arguments);
        // A key whose `create` was killed is not there to be rotated.
        kills += usize::from(ran.code == KILLED);
        assert!([0, 5, KILLED].contains(&ran.code), "{ran:?}");
        if ran.stdout.ends_with('\n') && ran.stdout.starts_with("apik_") {
            shown.push((name, ran.line()));
        }
        machine.run(&["log", "--check"]).ended(0);
    }
    assert!(kills >= ROUNDS / 10 && shown.len() >= ROUNDS / 10, "{kills} killed, {} shown", shown.len());
    for (name, secret) in &shown {
        let status = machine.run(&["show", name, "--json"]).ended(0).json()["status"].clone();
        let expected = if status == "revoked" { "revoked" } else { "accepted" };
        assert_eq!(machine.verdict(secret), expected, "{name}");
    }
    assert_eq!(machine.verdict(&stays), "accepted");
    let report = machine.run(&["doctor", "--json"]).ended(0).json();
    let problems: Vec<&serde_json::Value> =
        report.as_array().unwrap().iter().filter(|check| check["status"] == "problem").collect();
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn after_a_killed_first_run_the_next_one_succeeds() {
    let mut killer = Killer::new(8);
    for _ in 0..12 {
        let machine = Machine::new();
        let ran = killer.run(&machine, &["create", "-q", "a"]);
        let secret = machine.create("b");
        assert_eq!(machine.verdict(&secret), "accepted");
        if ran.stdout.ends_with('\n') {
            assert_eq!(machine.verdict(&ran.line()), "accepted");
        }
        machine.run(&["doctor"]).ended(0);
        machine.run(&["log", "--check"]).ended(0);
    }
}
