//! Another process holds the registry's write lock, longer than anybody waits for it.

use rusqlite::Connection;

use crate::machine::{Machine, Ran};
use crate::serving::Serving;

/// Holds the lock until it is dropped.
fn writing(machine: &Machine) -> Connection {
    let other = Connection::open(machine.registry()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

#[test]
fn usage_says_what_it_leaves_out_and_nothing_is_called_unused() {
    let machine = Machine::with_registry();
    machine.create("a");
    // A piece that a server wrote, without a count in it.
    let piece = "INSERT INTO usage_batch (number, at, body) VALUES (1, 1, x'0000000000')";
    Connection::open(machine.registry()).unwrap().execute(piece, []).unwrap();
    let other = writing(&machine);
    let lines: [(i32, &[&str]); 4] = [
        (0, &["usage"]),
        (8, &["usage", "--unused", "1d"]),
        (8, &["list", "--unused", "1d"]),
        (8, &["revoke", "--unused", "1d", "--yes"]),
    ];
    let ran: Vec<Ran> = std::thread::scope(|scope| {
        let machine = &machine;
        let run = |arguments| scope.spawn(move || machine.run(arguments));
        lines.map(|(_, arguments)| run(arguments)).into_iter().map(|one| one.join().unwrap()).collect()
    });
    for (ran, (code, arguments)) in ran.into_iter().zip(lines) {
        let said = ran.ended(code).stderr;
        let says = if code == 0 { "left out" } else { "another process" };
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
    drop(other);
    let unused = machine.run(&["list", "--unused", "1s", "--json"]).ended(0).json();
    assert!(unused.as_array().unwrap().len() <= 1);
    assert_eq!(machine.names(), ["a"]);
}

#[test]
fn a_server_that_ends_meanwhile_says_that_counts_are_lost() {
    let machine = Machine::with_registry();
    let secret = machine.create("a");
    let serving = Serving::start(&machine, &[]);
    let other = writing(&machine);
    assert_eq!(serving.verdict(&secret), 200);
    let (ran, said) = serving.end();
    ran.ended(8);
    assert!(said.contains("what was counted since it could last be written is lost"), "{said}");
    drop(other);
    let usage = machine.run(&["usage", "--by", "outcome", "--json"]).ended(0).json();
    assert_eq!(usage, serde_json::json!([]));
}
