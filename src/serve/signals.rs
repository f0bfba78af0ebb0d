//! What the process is told from outside: to end, and to read its configuration anew.

/// What was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT or SIGTERM, which a service manager sends.
    End,
    /// SIGHUP.
    Reload,
}

/// From its making on, no signal of these ends the process by itself.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    unix: [tokio::signal::unix::Signal; 3],
}

impl Signals {
    /// Begins to listen.
    ///
    /// # Errors
    /// The system's.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            unix: {
                use tokio::signal::unix::{SignalKind, signal};
                [
                    signal(SignalKind::interrupt())?,
                    signal(SignalKind::terminate())?,
                    signal(SignalKind::hangup())?,
                ]
            },
        })
    }

    /// The next one.
    #[cfg(unix)]
    pub async fn next(&mut self) -> Signal {
        let [interrupt, terminate, hangup] = &mut self.unix;
        tokio::select! {
            _ = interrupt.recv() => Signal::End,
            _ = terminate.recv() => Signal::End,
            _ = hangup.recv() => Signal::Reload,
        }
    }

    /// The next one.
    #[cfg(not(unix))]
    pub async fn next(&mut self) -> Signal {
        // Without the handler there is nothing to wait for, and the default ends the process.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::End
    }
}
