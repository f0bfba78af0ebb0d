//! Writing down once a second what was counted in memory.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Shared, locked};
use crate::registry::RegistryError;
use crate::registry::ledger::Ledger;

const EVERY: Duration = Duration::from_secs(1);

/// The thread that writes.
pub(super) struct Writer {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Writer {
    pub(super) fn begin(shared: Arc<Shared>) -> Self {
        let (stop, stopped) = channel();
        let thread = std::thread::spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(EVERY) {
                if !shared.is_in_place() {
                    continue;
                }
                // What could not be written, because another process holds the file, is kept for the next second.
                let _ = shared.flush();
                let _ = shared.fold();
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

impl Shared {
    /// Writes everything counted so far, or keeps it when that fails.
    pub(super) fn flush(&self) -> Result<(), RegistryError> {
        let sums = self.tally.take();
        if sums.is_empty() {
            return Ok(());
        }
        let (counted, used) = sums.rows();
        let written = locked(&self.ledger).add_usage(&counted, &used, (self.now)());
        if written.is_err() {
            self.tally.put_back(sums);
        }
        written
    }

    /// Folds a part of what was written in one piece.
    fn fold(&self) -> Result<(), RegistryError> {
        locked(&self.ledger).fold_usage().map(drop)
    }
}
