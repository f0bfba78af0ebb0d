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
        let dirty = std::mem::take(&mut *locked(&self.dirty));
        if dirty.is_empty() {
            return Ok(());
        }
        let (mut counted, mut used) = (Vec::with_capacity(dirty.len()), Vec::with_capacity(dirty.len()));
        let index = self.read();
        for &(entry, id) in &dirty {
            // What a removed key had used goes with it.
            if let Some(entry) = index.entry_of(entry, id) {
                locked(entry.tally()).take(id, &mut counted, &mut used);
            }
        }
        drop(index);
        let written = locked(&self.ledger).add_usage(&counted, &used, (self.now)());
        if written.is_err() {
            self.put_back(&dirty, counted, used);
        }
        written
    }

    fn put_back(
        &self,
        dirty: &[(u32, crate::domain::key::KeyId)],
        counted: Vec<crate::domain::usage::Counted>,
        used: Vec<crate::domain::usage::Used>,
    ) {
        let index = self.read();
        let entries: std::collections::HashMap<_, _> = dirty.iter().map(|&(entry, id)| (id, entry)).collect();
        for one in counted {
            let Some(&number) = entries.get(&one.key) else { continue };
            let Some(entry) = index.entry_of(number, one.key) else { continue };
            if locked(entry.tally()).add(one.decision, &one.scopes, one.requests) {
                locked(&self.dirty).push((number, one.key));
            }
        }
        for one in used {
            let Some((line, _)) = index.find(one.secret) else { continue };
            locked(index.entry(index.line(line).entry).tally()).note_older_use(one);
        }
    }

    /// Folds a part of what was written in one piece.
    fn fold(&self) -> Result<(), RegistryError> {
        locked(&self.ledger).fold_usage().map(drop)
    }
}
