//! `apikey serve`, killed: what it admitted stays admitted, and what it had written stays written.

use std::thread;

use crate::machine::{LOOK_EVERY, LOOKS, Machine};
use crate::serving::Serving;

/// The quota of the key.
const QUOTA: usize = 50;

fn limited() -> (Machine, String) {
    let machine = Machine::with_registry();
    let secret = machine.run(&["create", "-q", "a", "--quota", "50/month"]).ended(0).line();
    (machine, secret)
}

/// How many requests were accepted, as another process reads it.
fn accepted(machine: &Machine) -> u64 {
    let usage = machine.run(&["usage", "a", "--json"]).ended(0).json();
    usage.as_array().unwrap().iter().map(|row| row["accepted"].as_u64().unwrap()).sum()
}

fn wait_for_accepted(machine: &Machine, number: u64) {
    let is_so = |_| {
        thread::sleep(LOOK_EVERY);
        accepted(machine) == number
    };
    assert!((0..LOOKS / 10).any(is_so), "{}", accepted(machine));
}

/// Asks until it is refused; how many passed.
fn use_up(servers: &[&Serving], secret: &str) -> usize {
    let codes = servers.iter().cycle().map(|server| server.verdict(secret));
    let mut denied = codes.take(QUOTA + 1).enumerate().skip_while(|(_, code)| *code == 200);
    let (passed, code) = denied.next().unwrap();
    assert_eq!(code, 429);
    passed
}

#[test]
fn a_killed_server_leaves_a_quota_as_used_as_it_was_and_what_it_had_written() {
    let (machine, secret) = limited();
    let serving = Serving::start(&machine, &[]);
    assert!((0..20).all(|_| serving.verdict(&secret) == 200));
    wait_for_accepted(&machine, 20);
    serving.kill();
    assert_eq!(accepted(&machine), 20);
    let serving = Serving::start(&machine, &[]);
    assert_eq!(use_up(&[&serving], &secret), 30);
    wait_for_accepted(&machine, 50);
}

#[test]
fn a_server_that_is_killed_before_it_wrote_has_used_up_what_it_admitted() {
    let (machine, secret) = limited();
    for _ in 0..4 {
        let serving = Serving::start(&machine, &[]);
        assert!((0..10).all(|_| serving.verdict(&secret) == 200));
        serving.kill();
    }
    assert_eq!(use_up(&[&Serving::start(&machine, &[])], &secret), 10);
}

#[test]
fn of_two_servers_one_is_killed_and_the_quota_of_both_is_as_used_as_it_was() {
    let (machine, secret) = limited();
    let [killed, stays] = [0; 2].map(|_| Serving::start(&machine, &[]));
    assert!((0..10).all(|_| killed.verdict(&secret) == 200 && stays.verdict(&secret) == 200));
    wait_for_accepted(&machine, 20);
    killed.kill();
    assert_eq!(accepted(&machine), 20);
    assert!((0..10).all(|_| stays.verdict(&secret) == 200));
    let anew = Serving::start(&machine, &[]);
    assert_eq!(use_up(&[&anew, &stays], &secret), 20);
    assert_eq!((anew.verdict(&secret), stays.verdict(&secret)), (429, 429));
    wait_for_accepted(&machine, 50);
}
