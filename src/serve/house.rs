//! The open connections of a server: how many there are, how many there may be, and how they end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::connection::attend;
use super::gate::Gate;
use super::journal::{Level, Value};
use super::listen::Listener;
use super::tuning::Tuning;

/// How long requests under way may take once the server is told to end.
const DRAIN: Duration = Duration::from_secs(10);
/// How long accepting rests when the system has no more files, or no more connections may be open.
const REST: Duration = Duration::from_millis(50);

/// Connections that answer by one router.
#[derive(Debug)]
pub(super) struct House {
    pub(super) router: Router,
    /// Whether requests are decided here; else this is where metrics are read.
    pub(super) is_for_requests: bool,
    pub(super) gate: Arc<Gate>,
    pub(super) end: Arc<End>,
    /// How many connections may be open, before what the configuration says.
    most: u32,
    open: AtomicU32,
    emptied: Notify,
}

/// Whether the server was told to end; told to all connections at once.
#[derive(Debug, Default)]
pub(super) struct End {
    pub(super) told: Notify,
    is_told: AtomicBool,
}

impl End {
    pub(super) fn tell(&self) {
        self.is_told.store(true, Ordering::Release);
        self.told.notify_waiters();
    }

    pub(super) fn is_told(&self) -> bool {
        self.is_told.load(Ordering::Acquire)
    }
}

impl House {
    pub(super) fn new(
        (router, is_for_requests): (Router, bool),
        gate: Arc<Gate>,
        end: Arc<End>,
        most: u32,
    ) -> Arc<Self> {
        let (open, emptied) = (AtomicU32::new(0), Notify::new());
        Arc::new(Self { router, is_for_requests, gate, end, most, open, emptied })
    }

    pub(super) fn tuning(&self) -> Tuning {
        self.gate.rules().connections
    }

    pub(super) fn open(&self) -> u32 {
        self.open.load(Ordering::Relaxed)
    }

    fn most(&self) -> u32 {
        self.most.min(self.tuning().most)
    }

    /// Whether idle connections have to make room for others.
    pub(super) fn is_crowded(&self) -> bool {
        self.open() > self.most() / 4 * 3
    }

    /// Takes connections until the server is told to end. No failure of one, or of accepting, ends it.
    pub(super) async fn accept(self: Arc<Self>, listener: Listener) {
        let mut is_full = false;
        loop {
            let told = self.end.told.notified();
            if self.end.is_told() {
                return;
            }
            if self.open() >= self.most() {
                // Once, however long it lasts.
                if !is_full {
                    is_full = true;
                    self.gate.metrics.full();
                    let most = [("most", Value::Number(self.most().into()))];
                    self.gate.journal.say_rarely(Level::Warn, "connections_full", &most);
                }
                sleep(REST).await;
                continue;
            }
            is_full = false;
            let (socket, peer) = tokio::select! {
                biased;
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) if is_of_the_client(&error) => continue,
                    Err(error) => {
                        let error = error.to_string();
                        let fields = [("error", Value::Text(&error))];
                        self.gate.journal.say_rarely(Level::Error, "accept_failed", &fields);
                        sleep(REST).await;
                        continue;
                    }
                },
                () = told => return,
            };
            let place = Place::take(&self);
            tokio::spawn(async move { attend(socket, peer, place.0.clone()).await });
        }
    }

    /// Waits until all connections are closed, but not for ever; how many were still open then.
    pub(super) async fn drain(&self) -> u32 {
        let empty = async {
            loop {
                let emptied = self.emptied.notified();
                if self.open() == 0 {
                    return;
                }
                emptied.await;
            }
        };
        tokio::select! {
            () = empty => {}
            // What is still open then is cut off.
            () = sleep(DRAIN) => {}
            () = self.gate.hurry.notified() => {}
        }
        self.open()
    }
}

/// One of the connections that may be open.
struct Place(Arc<House>);

impl Place {
    fn take(house: &Arc<House>) -> Self {
        house.open.fetch_add(1, Ordering::Relaxed);
        Self(house.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.emptied.notify_waiters();
        }
    }
}

/// The client was gone before it was served.
fn is_of_the_client(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
