//! Why there is no usable passphrase, divided by what the caller can do about it.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use super::super::VaultError;
use super::super::error::shown;
use super::{COMMAND, FILE, LONGEST};

/// Why there is no usable passphrase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// No source is named, and nobody is there to be asked.
    #[error("no passphrase was given for the sealed master key")]
    NotGiven,
    /// The source that was named gave nothing.
    #[error("the passphrase is empty")]
    Empty,
    /// More than [`LONGEST`] bytes.
    #[error("the passphrase is longer than {LONGEST} bytes")]
    TooLong,
    /// The two answers at the prompt differ.
    #[error("the two passphrases differ")]
    Different,
    /// The passphrase file is open to others.
    #[error("the passphrase file `{}` is open to others (mode {mode:04o})", shown(path))]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The passphrase file, standard input or the terminal cannot be read.
    #[error("cannot read the passphrase from {from}: {source}")]
    Io {
        /// Which of them.
        from: String,
        /// What the system said.
        source: io::Error,
    },
    /// `APIKEY_PASSPHRASE_COMMAND` cannot be split into words; it may hold a secret and is not shown.
    #[error("{COMMAND} is not a command line (an open quote, or nothing in it)")]
    NotACommand,
    /// The passphrase command did not succeed.
    #[error("the passphrase command `{program}` failed ({status})")]
    CommandFailed {
        /// Its first word.
        program: String,
        /// How it ended.
        status: ExitStatus,
    },
}

impl PassphraseError {
    /// What to do next, with the exact command.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NotGiven => {
                format!("name it with `--passphrase-file PATH`, {FILE} or {COMMAND}, or run on a terminal")
            }
            Self::Empty | Self::TooLong => {
                format!(
                    "it has 1 to {LONGEST} bytes: type it at the question, or name it with `--passphrase-file PATH`, {FILE} or {COMMAND}"
                )
            }
            Self::Different => "run the command again, and type the same passphrase twice".into(),
            Self::Permissions { path, .. } => VaultError::Permissions { path: path.clone(), mode: 0 }.hint(),
            Self::Io { .. } => "check the path given to `--passphrase-file` or the environment".into(),
            Self::NotACommand => {
                format!("set it to a program and its arguments, e.g. `{COMMAND}='pass show apikey'`")
            }
            Self::CommandFailed { .. } => {
                format!("run the command in {COMMAND} by itself to see what it says")
            }
        }
    }
}
