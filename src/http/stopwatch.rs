//! When the parts of a call happened: links in the chain of connectors that note the time and change nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// The instants of one call. With a proxy the chain runs twice; what stands here is of the last, the target's.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Marks {
    pub(super) connected_at: Option<Instant>,
    pub(super) secured_at: Option<Instant>,
    pub(super) is_tls: bool,
    pub(super) first_byte_at: Option<Instant>,
    connections: u32,
}

/// Shared between the links and whoever asks afterwards.
#[derive(Debug, Default, Clone)]
pub(super) struct Stopwatch(Arc<Mutex<Marks>>);

impl Stopwatch {
    pub(super) fn marks(&self) -> Marks {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note<T>(&self, change: impl FnOnce(&mut Marks, Instant) -> T) -> T {
        let now = now();
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    /// The link behind TCP.
    pub(super) fn connected(&self) -> Connected {
        Connected(self.clone())
    }

    /// The link behind TLS.
    pub(super) fn secured(&self) -> Secured {
        Secured(self.clone())
    }
}

/// This instant, for a difference.
#[expect(clippy::disallowed_methods, reason = "an elapsed time is the result")]
pub(super) fn now() -> Instant {
    Instant::now()
}

#[derive(Debug)]
pub(super) struct Connected(Stopwatch);

impl<In: Transport> Connector<In> for Connected {
    type Out = In;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<In>, Error> {
        self.0.note(|marks, now| marks.connected_at = Some(now));
        Ok(chained)
    }
}

#[derive(Debug)]
pub(super) struct Secured(Stopwatch);

impl<In: Transport> Connector<In> for Secured {
    type Out = Watched<In>;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Watched<In>>, Error> {
        Ok(chained.map(|inner| {
            let connection = self.0.note(|marks, now| {
                marks.secured_at = Some(now);
                marks.is_tls = inner.is_tls();
                marks.first_byte_at = None;
                marks.connections += 1;
                marks.connections
            });
            Watched { inner, connection, stopwatch: self.0.clone() }
        }))
    }
}

/// A transport that notes its first byte, if it is the last that was made.
#[derive(Debug)]
pub(super) struct Watched<In> {
    inner: In,
    connection: u32,
    stopwatch: Stopwatch,
}

impl<In: Transport> Transport for Watched<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let is_progress = self.inner.await_input(timeout)?;
        if is_progress {
            self.stopwatch.note(|marks, now| {
                if marks.connections == self.connection && marks.first_byte_at.is_none() {
                    marks.first_byte_at = Some(now);
                }
            });
        }
        Ok(is_progress)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
