//! What a connection waits for and since when, and how long that may take.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::tuning::Tuning;

/// What is left of the idle time when connections run short.
const IDLE_UNDER_PRESSURE: Duration = Duration::from_secs(1);
/// How long a client that has its last answer may go on with what nobody reads.
pub(super) const LINGER: Duration = Duration::from_secs(2);

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Nothing was read yet.
    New,
    /// A part of a head was read.
    Reading,
    /// The head is whole.
    Working,
    /// Answered.
    Waiting,
    /// Closed on this side; nothing that comes is read any more.
    Leaving,
}

/// What a connection waits for, and since when. Written by its own task alone: the atomics are never contended.
#[derive(Debug)]
pub(super) struct Pulse {
    begun: Instant,
    phase: AtomicU8,
    /// Milliseconds after `begun`.
    since: AtomicU64,
    /// Of the last request something may be left unread.
    is_unread: AtomicBool,
    /// The client does not take an answer as fast as it is given.
    is_sending: AtomicBool,
}

impl Pulse {
    pub(super) fn begin() -> Self {
        let (phase, since) = (AtomicU8::new(Phase::New as u8), AtomicU64::new(0));
        let (is_unread, is_sending) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { begun: Instant::now(), phase, since, is_unread, is_sending }
    }

    pub(super) fn is_in(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Bytes came. The first of a request starts its clock; idle time counts from there too, which is a request more
    /// than nothing.
    pub(super) fn beat(&self) {
        let phase = self.phase.load(Ordering::Relaxed);
        if phase == Phase::New as u8 || phase == Phase::Waiting as u8 {
            self.restart();
            self.is_in(Phase::Reading);
        }
    }

    /// What is waited for begins now.
    pub(super) fn restart(&self) {
        self.since.store(self.elapsed(), Ordering::Relaxed);
    }

    /// An answer is given, to a request of which something may be left unread.
    pub(super) fn wait(&self, is_unread: bool) {
        self.is_unread.store(is_unread, Ordering::Relaxed);
        self.is_in(Phase::Waiting);
    }

    /// A part of an answer is taken (`true`), or nothing for now.
    pub(super) fn sends(&self, is_taken: bool) {
        if !is_taken {
            self.is_sending.store(true, Ordering::Relaxed);
        } else if self.is_sending.load(Ordering::Relaxed) {
            self.is_sending.store(false, Ordering::Relaxed);
            self.restart();
        }
    }

    /// This side is closed.
    pub(super) fn leave(&self) {
        self.restart();
        self.is_in(Phase::Leaving);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == Phase::Leaving as u8
    }

    /// Whether more may come of what is answered: of a body, or of a head that is none.
    pub(super) fn is_unheard(&self) -> bool {
        self.is_unread.load(Ordering::Relaxed) || self.phase.load(Ordering::Relaxed) == Phase::Reading as u8
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// How long it may go on like this; None when that is over.
    pub(super) fn left(&self, tuning: &Tuning, is_crowded: bool) -> Option<Duration> {
        let phase = self.phase.load(Ordering::Relaxed);
        let allowed = if phase == Phase::Working as u8 {
            tuning.request_for()
        } else if phase == Phase::Waiting as u8 && (!is_crowded || self.is_sending.load(Ordering::Relaxed)) {
            tuning.idle_for()
        } else if phase == Phase::Waiting as u8 {
            tuning.idle_for().min(IDLE_UNDER_PRESSURE)
        } else if phase == Phase::Leaving as u8 {
            LINGER
        } else {
            tuning.head_for()
        };
        let gone = Duration::from_millis(self.elapsed() - self.since.load(Ordering::Relaxed));
        allowed.checked_sub(gone).filter(|left| !left.is_zero())
    }
}
