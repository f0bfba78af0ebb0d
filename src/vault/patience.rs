//! Waits for a call that may never return, for so long and no longer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// After so long a wait the person in front of the terminal is told why nothing happens.
const QUIET_FOR: Duration = Duration::from_secs(1);

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// It took longer than it was given. The thread is left behind, and will undo what it did should it ever return.
    InTime,
    /// The thread could not be started, or died.
    AtAll,
}

/// Tells the work whether somebody still waits for it: to be asked before each step that changes something.
#[derive(Debug, Clone)]
pub(super) struct Wanted(Arc<AtomicBool>);

impl Wanted {
    pub(super) fn still(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Runs `work` on a thread of its own and waits for its result up to `patience`; `on_wait` is called once, after one
/// second. When nobody waits any more, the result, if it ever comes, goes to `undo` on that same thread.
pub(super) fn run<T: Send + 'static>(
    patience: Duration,
    on_wait: &dyn Fn(),
    work: impl FnOnce(&Wanted) -> T + Send + 'static,
    undo: impl FnOnce(T) + Send + 'static,
) -> Result<T, NoAnswer> {
    let wanted = Wanted(Arc::new(AtomicBool::new(true)));
    // No buffer: a result is either received or comes back to the worker, never lost in between.
    let (give, take) = mpsc::sync_channel(0);
    let for_worker = wanted.clone();
    thread::Builder::new()
        .name("vault".into())
        .spawn(move || {
            if let Err(mpsc::SendError(unwanted)) = give.send(work(&for_worker)) {
                undo(unwanted);
            }
        })
        .map_err(|_| NoAnswer::AtAll)?;
    let answer = wait(&take, patience, on_wait);
    wanted.0.store(false, Ordering::Release);
    answer
}

fn wait<T>(take: &mpsc::Receiver<T>, patience: Duration, on_wait: &dyn Fn()) -> Result<T, NoAnswer> {
    let quiet_for = patience.min(QUIET_FOR);
    let mut answer = take.recv_timeout(quiet_for);
    if patience > quiet_for && matches!(answer, Err(mpsc::RecvTimeoutError::Timeout)) {
        on_wait();
        answer = take.recv_timeout(patience.saturating_sub(quiet_for));
    }
    answer.map_err(|error| match error {
        mpsc::RecvTimeoutError::Timeout => NoAnswer::InTime,
        mpsc::RecvTimeoutError::Disconnected => NoAnswer::AtAll,
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn an_answer_in_time_is_given_without_a_word() {
        let answer = run(LONG, &|| panic!("told to wait"), |_| 7, |_| panic!("undone"));
        assert_eq!(answer, Ok(7));
    }

    #[test]
    fn a_call_that_never_returns_is_left_behind() {
        let answer = run(SHORT, &|| (), |_| thread::sleep(LONG), |()| ());
        assert_eq!(answer, Err(NoAnswer::InTime));
    }

    #[test]
    fn a_late_result_is_undone_and_the_work_knows_that_it_is_late() {
        let (go, wait_for_go) = mpsc::channel::<()>();
        let (done, undone) = mpsc::channel();
        let work = move |wanted: &Wanted| {
            assert!(wanted.still());
            let _ = wait_for_go.recv();
            wanted.still()
        };
        assert_eq!(run(SHORT, &|| (), work, move |still| done.send(still).unwrap()), Err(NoAnswer::InTime));
        go.send(()).unwrap();
        assert_eq!(undone.recv_timeout(LONG), Ok(false));
    }

    #[test]
    fn a_call_that_dies_is_no_hang() {
        let answer = run(LONG, &|| (), |_| panic!("as the library does"), |()| ());
        assert_eq!(answer, Err(NoAnswer::AtAll));
    }

    #[test]
    fn the_waiting_person_is_told_once_after_a_second() {
        let told = Cell::new(0);
        let answer =
            run(Duration::from_millis(1300), &|| told.set(told.get() + 1), |_| thread::sleep(LONG), |()| ());
        assert_eq!((answer, told.get()), (Err(NoAnswer::InTime), 1));
    }
}
