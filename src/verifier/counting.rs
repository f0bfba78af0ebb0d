//! Writing down once a second what was counted in memory.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError};
use std::thread::{JoinHandle, yield_now};
use std::time::Duration;

use super::tally::Sums;
use super::{Shared, WRITTEN, locked};
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, hour_of};
use crate::registry::RegistryError;
use crate::registry::ledger::Ledger as _;

const EVERY: Duration = Duration::from_secs(1);
/// In seconds: longer than it takes to write what was counted, even if each transaction waits for another process.
const LONGEST: i64 = 30;
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
pub(super) struct Overdue(Vec<(Instant, Sums)>);

impl Overdue {
    /// What was counted in the hour that this instant is in.
    pub(super) fn keep(&mut self, at: Instant, counted: Vec<Counted>) {
        let hour = hour_of(at);
        let place = self.0.iter().position(|(of, _)| *of == hour).unwrap_or_else(|| {
            self.0.push((hour, Sums::default()));
            self.0.len() - 1
        });
        for one in counted {
            self.0[place].1.count(one);
        }
    }
}

impl Shared {
    /// Writes everything counted so far, or keeps it when that fails.
    pub(super) fn flush(&self) -> Result<(), RegistryError> {
        let now = (self.now)();
        let written = self.write(now);
        if written.is_ok() {
            self.unwritten_since.store(WRITTEN, Ordering::Relaxed);
        } else {
            let since = |since| (since == WRITTEN).then(|| now.seconds());
            // It goes on.
            let _ = self.unwritten_since.fetch_update(Ordering::Relaxed, Ordering::Relaxed, since);
        }
        written
    }

    fn write(&self, now: Instant) -> Result<(), RegistryError> {
        let mut overdue = locked(&self.overdue);
        let mut counted = Unwritten::take(self);
        if hour_of(now) != hour_of(Instant::from_seconds(now.seconds() + LONGEST)) {
            // What is counted while this is written may be of the next hour.
            counted.have(usize::MAX);
        }
        if let Err(error) = counted.write(now) {
            overdue.keep(now, counted.all());
            return Err(error);
        }
        while let Some((hour, sums)) = overdue.0.pop() {
            let mut counted = Unwritten::of(self, sums.rows());
            if let Err(error) = counted.write(hour) {
                overdue.keep(hour, counted.all());
                return Err(error);
            }
        }
        Ok(())
    }
}

/// What was counted and is not written: in lines, from which it is taken piece by piece, so that of a million keys no more
/// is in hand than is written next.
struct Unwritten<'s> {
    shared: &'s Shared,
    lines: Vec<u32>,
    rows: Vec<Counted>,
    /// Nothing is to be found elsewhere any more.
    is_all_here: bool,
}

impl<'s> Unwritten<'s> {
    /// Everything counted so far.
    fn take(shared: &'s Shared) -> Self {
        let mut lines = shared.tally.take_lines();
        // What lies together is read and written together.
        lines.sort_unstable();
        Self { shared, lines, rows: shared.tally.take_sums().rows(), is_all_here: false }
    }

    /// This alone.
    fn of(shared: &'s Shared, rows: Vec<Counted>) -> Self {
        Self { shared, lines: Vec::new(), rows, is_all_here: true }
    }

    /// Writes it; what could not be written is still here.
    fn write(&mut self, at: Instant) -> Result<(), RegistryError> {
        let size = (self.lines.len() + self.rows.len()).div_ceil(MOST_WRITES).max(LEAST_WRITTEN);
        loop {
            // One more than is written, so that something is left for the last transaction, which syncs them all.
            self.have(size + 1);
            let more = self.rows.len().saturating_sub(size);
            let piece = &self.rows[more..];
            if piece.is_empty() {
                return Ok(());
            }
            let mut ledger = locked(&self.shared.ledger);
            if more == 0 {
                return ledger.add_usage(piece, at);
            }
            ledger.add_usage_unsynced(piece, at)?;
            drop(ledger);
            self.rows.truncate(more);
            yield_now();
        }
    }

    /// Takes what was counted out of lines until there are so many rows, or all of it is here.
    fn have(&mut self, size: usize) {
        let Self { shared, lines, rows, is_all_here } = self;
        while rows.len() < size && !lines.is_empty() {
            let from = lines.len().saturating_sub(LINES_AT_ONCE);
            shared.read().take_uses(&lines[from..], |uses| rows.push(shared.tally.row_of(&uses)));
            lines.truncate(from);
            // Those who answer wait no longer than for a piece.
            yield_now();
        }
        if *is_all_here || !lines.is_empty() {
            return;
        }
        // Last: a line may have gone meanwhile.
        *is_all_here = true;
        if shared.read().has_left() {
            let left = shared.index.write().unwrap_or_else(PoisonError::into_inner).take_left();
            rows.extend(left.iter().map(|uses| shared.tally.row_of(uses)));
        }
    }

    /// All of it.
    fn all(mut self) -> Vec<Counted> {
        self.have(usize::MAX);
        self.rows
    }
}
