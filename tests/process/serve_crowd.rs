//! `apikey serve` while many ask at once: what was revoked is refused, and a limit is exact.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::machine::{LOOK_EVERY, LOOKS, Machine};
use crate::serving::{Serving, ask_again, status};

const ASKERS: usize = 4;
const ROUNDS: usize = 5;

/// How far the revocation is that all go by.
const ACCEPTED: usize = 0;
const UNDER_WAY: usize = 1;
const REVOKED: usize = 2;

#[test]
fn whatever_is_asked_after_a_revocation_is_refused_while_others_go_on() {
    let machine = Machine::with_registry();
    let stays = &bearer(&machine.create("stays"));
    let serving = &Serving::start(&machine, &[]);
    for round in 0..ROUNDS {
        let name = format!("goes-{round}");
        let goes = &bearer(&machine.create(&name));
        let stage = &AtomicUsize::new(ACCEPTED);
        let asked = &[const { AtomicUsize::new(0) }; 3];
        let wait_for = |of: usize, more: usize| {
            let before = asked[of].load(Ordering::SeqCst);
            let is_so = |_| {
                thread::sleep(LOOK_EVERY);
                asked[of].load(Ordering::SeqCst) >= before + more
            };
            assert!((0..LOOKS).any(is_so), "{asked:?}");
        };
        thread::scope(|scope| {
            for _ in 0..ASKERS {
                scope.spawn(move || {
                    let mut stream = serving.connect();
                    let mut ask = |field: &str| ask_again(&mut stream, "GET /verify", &[field]);
                    while asked[REVOKED].load(Ordering::SeqCst) < 400 {
                        let before = stage.load(Ordering::SeqCst);
                        let answer = ask(goes);
                        let is_refused = status(&answer) == 401 && answer.contains("\"code\":\"revoked\"");
                        match (before, stage.load(Ordering::SeqCst)) {
                            (REVOKED, _) => assert!(is_refused, "{answer}"),
                            (_, ACCEPTED) => assert_eq!(status(&answer), 200, "{answer}"),
                            _ => assert!(is_refused || status(&answer) == 200, "{answer}"),
                        }
                        assert_eq!(status(&ask(stays)), 200);
                        asked[before].fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            wait_for(ACCEPTED, 100);
            stage.store(UNDER_WAY, Ordering::SeqCst);
            machine.run(&["revoke", &name, "--yes"]).ended(0);
            stage.store(REVOKED, Ordering::SeqCst);
        });
    }
}

fn bearer(secret: &str) -> String {
    format!("authorization: Bearer {secret}")
}

#[test]
fn of_ten_thousand_requests_over_fifty_connections_as_many_pass_as_the_limit_says() {
    const CONNECTIONS: usize = 50;
    const EACH: usize = 200;
    let machine = Machine::with_registry();
    // One comes back in a quarter of an hour.
    let limited = ["create", "-q", "a", "--rate", "100/1d", "--burst", "100"];
    let field = &bearer(&machine.run(&limited).ended(0).line());
    let serving = &Serving::start(&machine, &[]);
    let counted: Vec<[usize; 2]> = thread::scope(|scope| {
        let one = || {
            let mut stream = serving.connect();
            let codes: Vec<u16> =
                (0..EACH).map(|_| status(&ask_again(&mut stream, "GET /verify", &[field]))).collect();
            [200, 429].map(|code| codes.iter().filter(|one| **one == code).count())
        };
        let all: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let sum = |place: usize| counted.iter().map(|one| one[place]).sum::<usize>();
    assert_eq!((sum(0), sum(1)), (100, CONNECTIONS * EACH - 100));
}
