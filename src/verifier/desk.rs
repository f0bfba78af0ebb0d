//! Where requests ask that their use of limits be written down before they are let pass, and that a grace begin with
//! them. One clerk writes for all who wait, limits in one durable transaction.
//!
//! Rates are written down ten seconds ahead, for all keys at once, and quotas in parts, so hardly a request has to wait.
//! While another process holds the registry's write lock nothing can be written down; requests then wait no longer than
//! [`PATIENCE`] once and go on: limits still hold among all processes, and would be exceeded only by a machine that fails
//! within that time.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Shared, locked};
use crate::domain::limit::{Quota, Subject, Window};
use crate::domain::secret::SecretId;
use crate::domain::time::Instant;
use crate::domain::usage::Used;
use crate::registry::sqlite::{Ahead, SqliteRegistry};
use crate::registry::{Registry as _, RegistryError};
use crate::verification::{Match, start_waiting_grace};

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
    pub(super) registry: Mutex<SqliteRegistry>,
}

/// What a request wants written.
#[derive(Default)]
pub(super) struct Wanted {
    /// Parts of quotas.
    pub(super) ahead: Vec<Ahead>,
    /// A secret whose first use a rotation waits for, and when that was.
    pub(super) first_use: Option<(SecretId, Instant)>,
}

#[derive(Default)]
struct Queue {
    /// One for each quota, however long nothing can be written.
    ahead: HashMap<(Subject, Quota, Window), Ahead>,
    first_uses: HashMap<SecretId, Instant>,
    /// How many rounds were asked for and how many are written: whoever asks waits for the next one to begin.
    asked: u64,
    written: u64,
    /// Nobody waits while writing is known to fail.
    is_stuck: bool,
    needs_counters: bool,
    has_ended: bool,
}

/// What the clerk writes at a time.
struct Round {
    ahead: HashMap<(Subject, Quota, Window), Ahead>,
    first_uses: HashMap<SecretId, Instant>,
    ticket: u64,
    needs_counters: bool,
}

impl Queue {
    fn want(&mut self, one: Ahead) {
        let used = one.used;
        let asked = self.ahead.entry((one.subject.clone(), one.quota, one.window)).or_insert(one);
        asked.used = asked.used.max(used);
    }
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

    /// Has this written; if it is urgent, waits for it.
    pub(super) fn ask(&self, wanted: Wanted, is_urgent: bool) {
        let mut queue = locked(&self.queue);
        let is_asked = queue.asked > queue.written;
        wanted.ahead.into_iter().for_each(|one| queue.want(one));
        if let Some((secret, at)) = wanted.first_use {
            queue.first_uses.entry(secret).or_insert(at);
        }
        if !is_urgent && is_asked && queue.ahead.is_empty() {
            return;
        }
        queue.asked += 1;
        let ticket = queue.asked;
        self.asked.notify_one();
        if !is_urgent || queue.is_stuck {
            return;
        }
        let waiting = |queue: &mut Queue| queue.written < ticket && !queue.is_stuck;
        let end = self.written.wait_timeout_while(queue, PATIENCE, waiting);
        let (mut queue, end) = end.unwrap_or_else(PoisonError::into_inner);
        if end.timed_out() && queue.written < ticket {
            queue.is_stuck = true;
            self.written.notify_all();
        }
    }
}

impl Shared {
    fn serve_desk(&self) {
        while let Some(round) = self.next_round() {
            if round.needs_counters {
                self.make_counters();
            }
            if self.write_round(&round).is_ok() {
                let mut queue = locked(&self.desk.queue);
                (queue.written, queue.is_stuck) = (round.ticket, false);
                drop(queue);
                self.desk.written.notify_all();
                continue;
            }
            let mut queue = locked(&self.desk.queue);
            queue.is_stuck = true;
            self.desk.written.notify_all();
            round.ahead.into_values().for_each(|one| queue.want(one));
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
    fn next_round(&self) -> Option<Round> {
        let idle =
            |queue: &mut Queue| queue.asked == queue.written && !queue.needs_counters && !queue.has_ended;
        let queue = locked(&self.desk.queue);
        let mut queue = self.desk.asked.wait_while(queue, idle).unwrap_or_else(PoisonError::into_inner);
        if queue.has_ended && queue.asked == queue.written {
            return None;
        }
        queue.needs_counters &= !queue.has_ended;
        Some(Round {
            ahead: std::mem::take(&mut queue.ahead),
            first_uses: std::mem::take(&mut queue.first_uses),
            ticket: queue.asked,
            needs_counters: std::mem::take(&mut queue.needs_counters),
        })
    }

    /// Until they can be made limits are counted in the registry, and there is nothing else to do here.
    fn make_counters(&self) {
        if self.counters.get().is_some() {
            return;
        }
        match locked(&self.desk.registry).counters(self.time()) {
            // Only the clerk makes them once the verifier runs.
            Ok(Some(made)) => {
                let _ = self.counters.set(made);
                return self.waits_for_counters.store(false, Ordering::Relaxed);
            }
            // A request that needs them asks again.
            Ok(None) => self.waits_for_counters.store(false, Ordering::Relaxed),
            Err(_) => locked(&self.desk.queue).needs_counters = true,
        }
        self.rest(LONG_REST);
    }

    fn write_round(&self, round: &Round) -> Result<(), RegistryError> {
        if !self.is_in_place() {
            return Err(RegistryError::Storage("it was replaced".to_owned()));
        }
        for (secret, at) in &round.first_uses {
            // The next use asks again, as it does after a conflict.
            let _ = self.start_grace(*secret, *at);
        }
        let ahead: Vec<Ahead> = round.ahead.values().cloned().collect();
        match self.counters.get() {
            Some(counters) => locked(&self.desk.registry).secure(counters, &ahead, self.time()),
            None => Ok(()),
        }
    }

    /// The first use of a secret that a rotation waits for.
    fn start_grace(&self, secret: SecretId, at: Instant) -> Result<(), RegistryError> {
        let mut registry = locked(&self.desk.registry);
        let Some(found) = registry.find_secret(secret)? else { return Ok(()) };
        let Some(place) = found.key.secrets.iter().position(|row| row.id == secret) else { return Ok(()) };
        // First: with a grace that has begun, but a secret that was never used, the rotation could be taken back.
        registry.note_use(&Used { secret, at, ip: None })?;
        let matching = Match { found, place, intact: true };
        start_waiting_grace(&mut *registry, &self.keys, &matching, &self.actor, at)
    }

    fn time(&self) -> Instant {
        (self.now)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_cannot_be_written_down_is_asked_for_once_however_often_it_is_tried() {
        let mut queue = Queue::default();
        let quota: Quota = "1000/day".parse().unwrap();
        let window = quota.period().window(Instant::from_seconds(0));
        for used in 1..10_000 {
            let subject = Subject::Owner("acme".parse().unwrap());
            queue.want(Ahead { subject, place: None, quota, window, used: used % 7_000, more: 62 });
        }
        let asked: Vec<_> = queue.ahead.values().map(|one| (one.used, one.more)).collect();
        assert_eq!(asked, [(6_999, 62)]);
    }
}
