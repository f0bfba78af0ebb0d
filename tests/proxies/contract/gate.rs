//! When nobody decides.

use super::bearer;
use crate::stage::Stage;

pub(super) fn nothing_passes_that_nobody_decided(stage: &mut Stage) {
    let good = bearer(&stage.create("waiting", &["--scope", "orders:read"]));
    stage.ask("GET /orders/7", &good).passed();
    let undecided = |stage: &Stage| {
        let answer = stage.ask("GET /orders/7", &good);
        assert!(
            answer.seen.is_empty() && answer.status >= 500,
            "nobody decides, so nothing passes: {answer:?}"
        );
    };

    // It listens, and does not answer.
    stage.signal_gate("-STOP");
    undecided(stage);
    stage.signal_gate("-CONT");
    passes_again(stage, &good);

    stage.end_gate();
    undecided(stage);
    undecided(stage);
    stage.begin_gate();
    passes_again(stage, &good);
}

/// A proxy may need a moment to see that somebody is there again.
fn passes_again(stage: &Stage, good: &[String]) {
    for _ in 0..200 {
        let answer = stage.ask("GET /orders/7", good);
        if answer.status == 200 {
            answer.passed();
            return;
        }
        assert!(answer.seen.is_empty(), "{answer:?}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("nothing passes any more");
}
