//! Where a server listens: an address, a socket file, or what the service manager opened.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use tokio::net::TcpListener;

use super::peer::{Peer, Socket};
#[cfg(unix)]
use super::socket_file::SocketFile;

/// A place to listen at, as it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// `ADDRESS:PORT`.
    Tcp(SocketAddr),
    /// `unix:PATH`.
    Unix(PathBuf),
    /// `systemd`: the sockets that were inherited.
    Systemd,
}

/// Why nothing can be listened at.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The system's refusal.
    #[error("cannot listen on {place}: {error}")]
    Refused {
        /// Where.
        place: String,
        /// Why.
        error: std::io::Error,
    },
    /// Another server is there.
    #[error("cannot listen on unix:{}: another process listens there", .0.display())]
    InUse(PathBuf),
    /// What is there is no socket, and stays.
    #[error("cannot listen on unix:{}: a file that is no socket is there", .0.display())]
    NoSocket(PathBuf),
    /// `systemd` was named, and it passed nothing.
    #[error("cannot listen on the sockets of systemd: none were passed (LISTEN_FDS, LISTEN_PID)")]
    NoneInherited,
    /// A platform without it.
    #[error("cannot listen on {0}: not on this platform")]
    Unsupported(String),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("unix:") {
            _ if text == "systemd" => Ok(Self::Systemd),
            Some("") => Err("a path belongs behind `unix:`".to_owned()),
            Some(path) => Ok(Self::Unix(PathBuf::from(path))),
            None => text
                .parse()
                .map(Self::Tcp)
                .map_err(|_| "neither ADDRESS:PORT nor unix:/path/to.sock nor systemd".to_owned()),
        }
    }
}

/// Sockets to accept at.
#[derive(Debug, Default)]
pub struct Doors {
    /// Where requests come in.
    pub requests: Vec<Listener>,
    /// Where the metrics are read.
    pub metrics: Vec<Listener>,
}

/// An open socket to accept at.
#[derive(Debug)]
pub enum Listener {
    /// An address.
    Tcp(TcpListener),
    /// A socket file, removed at the end if we made it.
    #[cfg(unix)]
    Unix(tokio::net::UnixListener, Option<SocketFile>),
}

impl From<TcpListener> for Doors {
    fn from(listener: TcpListener) -> Self {
        Self { requests: vec![Listener::Tcp(listener)], metrics: Vec::new() }
    }
}

impl Listener {
    /// Opens an address.
    ///
    /// # Errors
    /// [`ListenError::Refused`].
    pub fn tcp(address: SocketAddr) -> Result<Self, ListenError> {
        let open = || {
            let listener = std::net::TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener)
        };
        open().map(Self::Tcp).map_err(|error| ListenError::Refused { place: address.to_string(), error })
    }

    /// Makes a socket file with these permissions, in the place of one at which nobody listens.
    ///
    /// # Errors
    /// [`ListenError`].
    #[cfg(unix)]
    pub fn unix(path: &std::path::Path, mode: u32) -> Result<Self, ListenError> {
        let (listener, file) = SocketFile::make(path, mode)?;
        let refused = |error| ListenError::Refused { place: format!("unix:{}", path.display()), error };
        listener.set_nonblocking(true).map_err(refused)?;
        let listener = tokio::net::UnixListener::from_std(listener).map_err(refused)?;
        Ok(Self::Unix(listener, Some(file)))
    }

    /// As above.
    ///
    /// # Errors
    /// [`ListenError::Unsupported`].
    #[cfg(not(unix))]
    pub fn unix(path: &std::path::Path, _: u32) -> Result<Self, ListenError> {
        Err(ListenError::Unsupported(format!("unix:{}", path.display())))
    }

    /// Refuses a socket file that could not be made, as far as that shows without making it.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn refuse_impossible(path: &std::path::Path) -> Result<(), ListenError> {
        #[cfg(unix)]
        return SocketFile::refuse_impossible(path);
        #[cfg(not(unix))]
        return Err(ListenError::Unsupported(format!("unix:{}", path.display())));
    }

    /// Where clients find it.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Tcp(listener) => listener
                .local_addr()
                .map_or_else(|_| "unknown".to_owned(), |address| format!("http://{address}")),
            #[cfg(unix)]
            Self::Unix(listener, _) => {
                let address = listener.local_addr().ok();
                let path = address.as_ref().and_then(|address| address.as_pathname());
                // The name it was bound by is not the one it has now.
                let path = match self {
                    Self::Unix(_, Some(file)) => Some(file.path()),
                    _ => path,
                };
                path.map_or_else(|| "unix:".to_owned(), |path| format!("unix:{}", path.display()))
            }
        }
    }

    pub(super) async fn accept(&self) -> std::io::Result<(Socket, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // Answers are small and wait for nothing; without this they are sent a little later.
                let _ = stream.set_nodelay(true);
                Ok((Socket::Tcp(stream), Peer::Tcp(address.ip().to_canonical())))
            }
            #[cfg(unix)]
            Self::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Socket::Unix(stream), Peer::Unix))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_a_socket_file_or_what_was_inherited() {
        assert_eq!("127.0.0.1:80".parse(), Ok(Listen::Tcp(([127, 0, 0, 1], 80).into())));
        assert_eq!("unix:/run/a.sock".parse(), Ok(Listen::Unix("/run/a.sock".into())));
        assert_eq!("systemd".parse(), Ok(Listen::Systemd));
        for text in ["", "unix:", "localhost", "127.0.0.1", "/run/a.sock", "systemd:1"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }
}
