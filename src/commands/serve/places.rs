//! Where a server listens: what can be refused before anything is opened, and the opening.

use super::Arguments;
use crate::exit::Failure;
use crate::serve::inherited::Inherited;
use crate::serve::listen::{Doors, Listen, ListenError, Listener};

/// Refuses places at which nobody could listen, as far as that shows without opening any.
pub(super) fn refuse_impossible(arguments: &Arguments) -> Result<(), Failure> {
    let files = || {
        arguments.listen.iter().filter_map(|place| match place {
            Listen::Unix(path) => Some(path),
            Listen::Tcp(_) | Listen::Systemd => None,
        })
    };
    if arguments.socket_mode.is_some() && files().next().is_none() {
        let failure = Failure::usage("`--socket-mode` is that of a socket file, and none is named");
        return Err(failure.hint("name it with `--listen unix:PATH`; systemd has `SocketMode` for its own"));
    }
    refuse_twice(arguments)?;
    for path in files() {
        Listener::refuse_impossible(path)?;
    }
    Ok(())
}

/// A port that the system chooses is another each time.
fn refuse_twice(arguments: &Arguments) -> Result<(), Failure> {
    let listened = arguments.listen.iter().map(|place| ("--listen", place.clone()));
    let read = arguments.metrics.iter().map(|address| ("--metrics", Listen::Tcp(*address)));
    let mut named: Vec<(&str, Listen)> = Vec::new();
    for (option, place) in listened.chain(read) {
        let text = match &place {
            Listen::Tcp(address) if address.port() != 0 => address.to_string(),
            Listen::Unix(path) => format!("unix:{}", path.display()),
            Listen::Tcp(_) | Listen::Systemd => continue,
        };
        if let Some((before, _)) = named.iter().find(|(_, before)| *before == place) {
            let failure = Failure::usage(format!("{text} is a place of `{before}` already"));
            return Err(failure.hint(format!("name another with `{option}`, or leave it out")));
        }
        named.push((option, place));
    }
    Ok(())
}

/// Opens them.
pub(super) fn open(arguments: &Arguments, inherited: Option<Inherited>) -> Result<Doors, Failure> {
    let mut doors = Doors::default();
    for place in &arguments.listen {
        match place {
            Listen::Tcp(address) => doors.requests.push(Listener::tcp(*address)?),
            Listen::Unix(path) => {
                doors.requests.push(Listener::unix(path, arguments.socket_mode.unwrap_or(0o600))?);
            }
            Listen::Systemd => {}
        }
    }
    if let Some(inherited) = inherited {
        inherited.open(&mut doors)?;
    }
    for address in &arguments.metrics {
        let refused = |error: ListenError| {
            Failure::usage(error.to_string()).hint("name another with `--metrics ADDRESS:PORT`")
        };
        doors.metrics.push(Listener::tcp(*address).map_err(refused)?);
    }
    Ok(doors)
}

impl From<ListenError> for Failure {
    fn from(error: ListenError) -> Self {
        let hint = match &error {
            ListenError::InUse(_) => "stop that server first, or name another path",
            ListenError::NoSocket(_) => "name another path with `--listen unix:PATH`",
            ListenError::NoneInherited => "have a socket unit start the service; see `apikey serve --help`",
            ListenError::Unsupported(_) => "name an address with `--listen ADDRESS:PORT`",
            ListenError::Refused { .. } => {
                "name another with `--listen ADDRESS:PORT` or `--listen unix:PATH`"
            }
        };
        Self::usage(error.to_string()).hint(hint)
    }
}
