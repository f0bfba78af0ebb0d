//! Sockets that the service manager opened and passed on (`LISTEN_FDS`), as systemd does.

#[cfg(unix)]
use super::listen::Listener;
use super::listen::{Doors, ListenError};

/// The sockets, not yet looked at.
pub struct Inherited {
    #[cfg(unix)]
    sockets: listenfd::ListenFd,
    /// `FileDescriptorName=` of each, in their order.
    names: Vec<String>,
}

impl Inherited {
    /// Takes them out of the environment, which must be before there are other threads. `names` is `LISTEN_FDNAMES`.
    #[must_use]
    pub fn take(names: &str) -> Self {
        Self {
            #[cfg(unix)]
            sockets: listenfd::ListenFd::from_env(),
            names: names.split(':').map(str::to_owned).collect(),
        }
    }

    /// Opens them: one whose name is `metrics` is for the metrics, all others for requests.
    ///
    /// # Errors
    /// None were passed, or one is neither a TCP nor a Unix stream socket.
    #[cfg(unix)]
    pub fn open(mut self, doors: &mut Doors) -> Result<(), ListenError> {
        if self.sockets.len() == 0 {
            return Err(ListenError::NoneInherited);
        }
        for index in 0..self.sockets.len() {
            let listener = self.listener(index).map_err(|error| {
                let place = format!("socket {} of systemd", index + 1);
                ListenError::Refused { place, error }
            })?;
            let is_metrics = self.names.get(index).is_some_and(|name| name == "metrics");
            if is_metrics { doors.metrics.push(listener) } else { doors.requests.push(listener) }
        }
        Ok(())
    }

    /// As above.
    ///
    /// # Errors
    /// [`ListenError::Unsupported`].
    #[cfg(not(unix))]
    pub fn open(self, _: &mut Doors) -> Result<(), ListenError> {
        Err(ListenError::Unsupported("systemd".to_owned()))
    }

    #[cfg(unix)]
    fn listener(&mut self, index: usize) -> std::io::Result<Listener> {
        if let Ok(Some(listener)) = self.sockets.take_tcp_listener(index) {
            listener.set_nonblocking(true)?;
            return tokio::net::TcpListener::from_std(listener).map(Listener::Tcp);
        }
        let listener = self.sockets.take_unix_listener(index)?;
        let listener = listener.ok_or_else(|| std::io::Error::other("it was taken before"))?;
        listener.set_nonblocking(true)?;
        tokio::net::UnixListener::from_std(listener).map(|listener| Listener::Unix(listener, None))
    }
}

impl std::fmt::Debug for Inherited {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Inherited").field("names", &self.names).finish_non_exhaustive()
    }
}
