//! Writing down once a second what was counted in memory.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError};
use std::thread::{JoinHandle, yield_now};
use std::time::Duration;

use super::{Shared, locked};
use crate::domain::time::Instant;
use crate::domain::usage::Counted;
use crate::registry::RegistryError;
use crate::registry::ledger::Ledger as _;

const EVERY: Duration = Duration::from_secs(1);
const HOUR: i64 = 3_600;
/// After so many seconds what was written is begun to be summed, and sealed copies of ended secrets are erased.
const CHORES_EVERY: u64 = 60;
/// So many of up to 65 parts are summed in a second: all in half of that time, and what is counted meanwhile does not wait.
const SUMMED: usize = 2;
/// So many parts are folded in a second: of a million keys it takes minutes, of which an hour has enough, and requests go
/// first.
const FOLDED: usize = 2;
/// Whoever wants to change the index waits no longer than these take, and those who ask behind them.
const LINES_AT_ONCE: usize = 1_000;
/// What was counted is written in up to so many transactions, unless it is so little: others who write wait for one of
/// them, and so do requests on the same processor.
const MOST_WRITES: usize = 10;
const LEAST_WRITTEN: usize = 500;

/// The thread that writes.
pub(super) struct Writer {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Writer {
    pub(super) fn begin(shared: Arc<Shared>) -> Self {
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || {
            give_way();
            let mut chores = Chores::begin((shared.now)());
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(EVERY) {
                shared.look_for_counters();
                if shared.is_in_place() {
                    // What could not be written, because another process holds the file, is kept for the next second;
                    // nothing else can be written then either.
                    if shared.flush().is_ok() {
                        chores.go_on(&shared);
                    }
                }
            }
        });
        Self { stop, thread }
    }

    pub(super) fn end(self) {
        // The thread is gone already if it panicked, and then there is nothing to stop.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

/// What is done now and then with what was written.
pub(super) struct Chores {
    /// When they were begun last. By the clock: where those that answer leave no time, a round takes longer than a second.
    begun: Instant,
    /// Where summing goes on, while it does.
    summing: Option<i64>,
}

impl Chores {
    pub(super) fn begin(now: Instant) -> Self {
        Self { begun: now, summing: None }
    }

    /// A part of them. What fails is tried again.
    pub(super) fn go_on(&mut self, shared: &Shared) {
        let now = (shared.now)();
        // Nor is a clock that is set back waited for. All parts have their turn, however long that takes.
        if self.summing.is_none() && now.seconds().abs_diff(self.begun.seconds()) >= CHORES_EVERY {
            (self.begun, self.summing) = (now, Some(0));
            // Whoever changes a key does it too.
            let _ = locked(&shared.ledger).sweep(now);
        }
        for _ in 0..SUMMED {
            let Some(from) = self.summing else { break };
            let Ok(next) = locked(&shared.ledger).sum_usage(from) else { break };
            self.summing = next;
            yield_now();
        }
        for _ in 0..FOLDED {
            if !locked(&shared.ledger).fold_usage(now).is_ok_and(|more| more) {
                break;
            }
            yield_now();
        }
    }
}

/// Has this thread wait for those that answer, where they share a processor.
fn give_way() {
    // On Linux a priority is that of one thread; elsewhere it would be that of the whole program.
    #[cfg(target_os = "linux")]
    {
        // Where it may not be lowered, requests are answered all the same.
        let _ = rustix::process::setpriority_process(None, 10);
    }
}

/// What could not be written, because another process held the file: each hour by itself, since usage is by the hour.
#[derive(Default)]
pub(super) struct Overdue {
    /// Of hours that are over.
    past: Vec<(Instant, Vec<Counted>)>,
    /// When what the tally still holds could first not be written.
    since: Option<Instant>,
}

impl Shared {
    /// Writes everything counted so far, or keeps it when that fails.
    pub(super) fn flush(&self) -> Result<(), RegistryError> {
        let mut overdue = locked(&self.overdue);
        let mut counted = self.take_counted();
        let now = (self.now)();
        let at = overdue.since.take().unwrap_or(now);
        if let Err(error) = self.write(&mut counted, at) {
            if at.seconds().div_euclid(HOUR) == now.seconds().div_euclid(HOUR) {
                self.tally.put_back(counted);
                overdue.since = Some(at);
            } else {
                overdue.past.push((at, counted));
            }
            return Err(error);
        }
        while let Some((at, counted)) = overdue.past.last_mut() {
            self.write(counted, *at)?;
            overdue.past.pop();
        }
        Ok(())
    }

    /// Writes what was counted, piece by piece from its end; what is left of it could not be written.
    fn write(&self, counted: &mut Vec<Counted>, at: Instant) -> Result<(), RegistryError> {
        let size = counted.len().div_ceil(MOST_WRITES).max(LEAST_WRITTEN);
        while !counted.is_empty() {
            let more = counted.len().saturating_sub(size);
            let mut ledger = locked(&self.ledger);
            if more > 0 {
                ledger.add_usage_unsynced(&counted[more..], at)?;
            } else {
                ledger.add_usage(counted, at)?;
            }
            drop(ledger);
            counted.truncate(more);
            yield_now();
        }
        Ok(())
    }

    /// Everything counted so far; from now on it is nowhere else.
    fn take_counted(&self) -> Vec<Counted> {
        let mut lines = self.tally.take_lines();
        // What lies together is read and written together.
        lines.sort_unstable();
        let mut counted = self.tally.take_sums().rows();
        counted.reserve(lines.len());
        let mut add = |uses| counted.push(self.tally.row_of(&uses));
        for piece in lines.chunks(LINES_AT_ONCE) {
            self.read().take_uses(piece, &mut add);
            // Those who answer wait no longer than for a piece.
            yield_now();
        }
        // Last: a line may have gone meanwhile.
        if self.read().has_left() {
            let left = self.index.write().unwrap_or_else(PoisonError::into_inner).take_left();
            left.into_iter().for_each(add);
        }
        counted
    }
}
