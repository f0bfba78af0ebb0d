//! The machine as one value: clock, entropy, environment, streams, terminal, keyring. Tests put others in.
//!
//! Nothing outside this folder and `main` reads an ambient clock, randomness, environment or stream.

pub mod prompts;
pub mod real;

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::PathBuf;

use rand::CryptoRng;

use crate::domain::time::Instant;
use crate::vault::Vault;

pub use prompts::Prompts;

/// Where `now` comes from; read once per command.
pub trait Clock {
    /// This instant.
    fn now(&self) -> Instant;
}

/// Where the OS keyring comes from.
pub trait Keyring {
    /// The one entry of this registry; `attended` says that somebody can answer an unlock prompt.
    fn vault(&self, registry_id: &str, attended: bool) -> Box<dyn Vault>;
}

/// The environment variables, read once.
#[derive(Clone, Default)]
pub struct Environment(HashMap<OsString, OsString>);

impl Environment {
    /// From pairs, as the process was given them.
    pub fn new(pairs: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// A variable as it is set, be it to nothing: of a private value that is an error, and no reason to take another.
    #[must_use]
    pub fn as_set(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// A variable that is set, not empty, and Unicode.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.os(name).and_then(OsStr::to_str)
    }

    /// A variable as a path.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.os(name).map(PathBuf::from)
    }
}

impl std::fmt::Debug for Environment {
    /// Names only: values may be private.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}

/// Which streams are terminals, and how wide the one that is read is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Standard input.
    pub stdin: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard output was closed when the program began, so that what is written to it goes nowhere.
    pub stdout_is_closed: bool,
    /// Standard error.
    pub stderr: bool,
    /// Columns.
    pub width: u16,
}

/// Everything a command can touch that is not a file.
pub struct Host<'a> {
    /// Time.
    pub clock: &'a dyn Clock,
    /// The OS generator.
    pub rng: &'a mut dyn CryptoRng,
    /// Environment variables.
    pub environment: &'a Environment,
    /// Standard input.
    pub stdin: &'a mut dyn Read,
    /// Standard output: the result and nothing else.
    pub stdout: &'a mut dyn Write,
    /// Standard error: everything else.
    pub stderr: &'a mut dyn Write,
    /// What the streams are.
    pub terminal: Terminal,
    /// Whoever answers questions.
    pub prompts: &'a mut dyn Prompts,
    /// The OS keyring.
    pub keyring: &'a dyn Keyring,
    /// Login name, for the log.
    pub user: String,
    /// Host name, for the log.
    pub machine: String,
}

impl std::fmt::Debug for Host<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Host").field("terminal", &self.terminal).finish_non_exhaustive()
    }
}
