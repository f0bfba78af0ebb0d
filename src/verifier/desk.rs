//! Where requests ask that their use of limits be written down before they are let pass. One clerk writes for all who
//! wait, in one durable transaction.
//!
//! Rates are written down ten seconds ahead, for all keys at once, and quotas in parts, so hardly a request has to wait.
//! While another process holds the registry's write lock nothing can be written down; requests then wait no longer than
//! [`PATIENCE`] once and go on: limits still hold among all processes, and would be exceeded only by a machine that fails
//! within that time.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Shared, locked};
use crate::domain::time::Instant;
use crate::registry::RegistryError;
use crate::registry::sqlite::{Ahead, SqliteRegistry};

/// How long a request waits for the clerk.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long the clerk rests when writing failed.
const REST: Duration = Duration::from_millis(20);
/// How long it rests before it tries again to make counters.
const LONG_REST: Duration = Duration::from_secs(1);

/// What is asked for, and how far the clerk is.
pub(super) struct Desk {
    queue: Mutex<Queue>,
    asked: Condvar,
    written: Condvar,
    registry: Mutex<SqliteRegistry>,
}

#[derive(Default)]
struct Queue {
    wanted: Vec<Ahead>,
    /// How many rounds were asked for and how many are written: whoever asks waits for the next one to begin.
    asked: u64,
    written: u64,
    /// Nobody waits while writing is known to fail.
    is_stuck: bool,
    needs_counters: bool,
    has_ended: bool,
}

/// The thread that writes.
pub(super) struct Clerk(JoinHandle<()>);

impl Clerk {
    pub(super) fn begin(shared: Arc<Shared>) -> Self {
        Self(std::thread::spawn(move || shared.serve_desk()))
    }

    pub(super) fn end(self, desk: &Desk) {
        desk.stop();
        // It is gone already if it panicked, and then there is nothing to wait for.
        let _ = self.0.join();
    }
}

impl Desk {
    pub(super) fn new(registry: SqliteRegistry) -> Self {
        Self {
            queue: Mutex::default(),
            asked: Condvar::new(),
            written: Condvar::new(),
            registry: Mutex::new(registry),
        }
    }

    /// Has the clerk end.
    pub(super) fn stop(&self) {
        locked(&self.queue).has_ended = true;
        self.asked.notify_all();
    }

    /// Has counters made, for the requests after this one.
    pub(super) fn ask_for_counters(&self) {
        let mut queue = locked(&self.queue);
        if !queue.needs_counters {
            queue.needs_counters = true;
            drop(queue);
            self.asked.notify_one();
        }
    }

    /// Has use written down ahead; if it is urgent, waits for it.
    pub(super) fn ask(&self, ahead: Vec<Ahead>, is_urgent: bool) {
        let mut queue = locked(&self.queue);
        let is_asked = queue.asked > queue.written;
        for one in ahead {
            match queue
                .wanted
                .iter_mut()
                .find(|other| other.subject == one.subject && other.quota == one.quota)
            {
                Some(other) => other.used = other.used.max(one.used),
                None => queue.wanted.push(one),
            }
        }
        if !is_urgent && is_asked && queue.wanted.is_empty() {
            return;
        }
        queue.asked += 1;
        let ticket = queue.asked;
        self.asked.notify_one();
        if !is_urgent || queue.is_stuck {
            return;
        }
        let waiting = |queue: &mut Queue| queue.written < ticket && !queue.is_stuck;
        let waited = self.written.wait_timeout_while(queue, PATIENCE, waiting);
        let (mut queue, end) = waited.unwrap_or_else(PoisonError::into_inner);
        if end.timed_out() && queue.written < ticket {
            queue.is_stuck = true;
            self.written.notify_all();
        }
    }
}

impl Shared {
    fn serve_desk(&self) {
        while let Some((wanted, ticket, needs_counters)) = self.next_round() {
            if needs_counters && !self.make_counters() {
                // Until they can be made, limits are counted in the registry, and there is nothing else to do here.
                self.rest(LONG_REST);
            }
            if self.write_round(&wanted).is_ok() {
                let mut queue = locked(&self.desk.queue);
                (queue.written, queue.is_stuck) = (ticket, false);
                drop(queue);
                self.desk.written.notify_all();
                continue;
            }
            let mut queue = locked(&self.desk.queue);
            queue.wanted.extend(wanted);
            if queue.has_ended {
                return;
            }
            drop(queue);
            self.rest(REST);
        }
    }

    /// Does nothing for so long, or until it is over.
    fn rest(&self, length: Duration) {
        let goes_on = |queue: &mut Queue| !queue.has_ended;
        // Whether the time is over or the verifier is, the round goes on.
        let _ = self.desk.asked.wait_timeout_while(locked(&self.desk.queue), length, goes_on);
    }

    /// Waits until there is something to write; none when it is over.
    fn next_round(&self) -> Option<(Vec<Ahead>, u64, bool)> {
        let idle =
            |queue: &mut Queue| queue.asked == queue.written && !queue.needs_counters && !queue.has_ended;
        let queue = locked(&self.desk.queue);
        let mut queue = self.desk.asked.wait_while(queue, idle).unwrap_or_else(PoisonError::into_inner);
        if queue.has_ended && queue.asked == queue.written {
            return None;
        }
        let needs_counters = std::mem::take(&mut queue.needs_counters);
        Some((std::mem::take(&mut queue.wanted), queue.asked, needs_counters))
    }

    fn make_counters(&self) -> bool {
        if self.counters.get().is_none()
            && let Ok(Some(made)) = locked(&self.desk.registry).counters(self.time())
        {
            // Only the clerk makes them once the verifier runs.
            let _ = self.counters.set(made);
        }
        self.counters.get().is_some()
    }

    fn write_round(&self, wanted: &[Ahead]) -> Result<(), RegistryError> {
        match self.counters.get() {
            Some(counters) => locked(&self.desk.registry).secure(counters, wanted, self.time()),
            None => Ok(()),
        }
    }

    fn time(&self) -> Instant {
        (self.now)()
    }
}
