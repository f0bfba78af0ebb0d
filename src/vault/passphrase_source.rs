//! Where the passphrase of a sealed file comes from: the first source that is named wins, and if it fails, no other is
//! tried, lest a file be sealed with a passphrase that nobody meant.
//!
//! One line end (`\n` or `\r\n`) is taken off, nothing else. A source that is named but empty is an error. A passphrase
//! file must be private, as a key file must (0600, or a read-only gift of root); a pipe (`<(pass show …)`) is taken as
//! it is.

mod error;

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::error::{printable, shown};
use super::files::{self, Links, Unreadable};
pub use error::PassphraseError;

/// Bytes of the longest passphrase.
pub const LONGEST: usize = 4096;
/// What a passphrase command may print in all; only the first line counts.
const LONGEST_OUTPUT: usize = 64 * 1024;
const FILE: &str = "APIKEY_PASSPHRASE_FILE";
const COMMAND: &str = "APIKEY_PASSPHRASE_COMMAND";
const WORDS: &str = "APIKEY_PASSPHRASE";
/// The variables that say what opens a sealed file, or where that is: not for the programs that this one starts.
pub const VARIABLES: [&str; 3] = [FILE, COMMAND, WORDS];
const CREDENTIAL: &str = "apikey.passphrase";

/// What a person or a machine knows that opens a sealed file. Hides itself and zeroes itself.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Takes the bytes as they are.
    ///
    /// # Errors
    /// When there are none, or more than [`LONGEST`].
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Result<Self, PassphraseError> {
        match bytes.len() {
            0 => Err(PassphraseError::Empty),
            1..=LONGEST => Ok(Self(bytes)),
            _ => Err(PassphraseError::TooLong),
        }
    }

    /// The bytes: for the derivation, and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    fn from_text(mut text: Zeroizing<Vec<u8>>) -> Result<Self, PassphraseError> {
        if text.last() == Some(&b'\n') {
            text.pop();
            if text.last() == Some(&b'\r') {
                text.pop();
            }
        }
        Self::new(text)
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Passphrase(hidden)")
    }
}

/// What the passphrase is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To seal a new file: a person is asked twice.
    New,
    /// To open a file that is there.
    Open,
}

/// Asks a person, without showing what is typed; the text is the question.
pub type Prompt<'a> = &'a mut dyn FnMut(&str) -> io::Result<String>;

/// All that a passphrase may come from, as values.
pub struct PassphraseSource<'a> {
    /// `--passphrase-file`; `-` is standard input, all of it.
    pub flag: Option<PathBuf>,
    /// The environment, one variable at a time.
    pub environment: &'a dyn Fn(&str) -> Option<OsString>,
    /// Standard input.
    pub stdin: &'a mut dyn Read,
    /// The person in front of the terminal, if there is one who may be asked.
    pub prompt: Option<Prompt<'a>>,
}

impl fmt::Debug for PassphraseSource<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PassphraseSource").field("flag", &self.flag).finish_non_exhaustive()
    }
}

impl PassphraseSource<'_> {
    /// Whether standard input will be read to its end: a command that wants it for a secret must refuse.
    #[must_use]
    pub fn takes_stdin(&self) -> bool {
        self.flag.as_deref() == Some(Path::new("-"))
    }

    /// Whether there is anything to ask: what lets `init` fall back to a sealed file.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.flag.is_some()
            || self.prompt.is_some()
            || [FILE, COMMAND, WORDS].into_iter().any(|name| (self.environment)(name).is_some())
            || self.credential().is_some_and(|path| path.exists())
    }

    /// Asks the first source that is named. Standard input can be asked only once.
    ///
    /// # Errors
    /// [`PassphraseError::NotGiven`] when none is named; else what went wrong with that one.
    pub fn passphrase(&mut self, purpose: Purpose) -> Result<Passphrase, PassphraseError> {
        if self.takes_stdin() {
            return read_text(self.stdin, LONGEST, "standard input").and_then(Passphrase::from_text);
        }
        if let Some(path) = &self.flag {
            return read_file(path);
        }
        if let Some(path) = (self.environment)(FILE) {
            return if path.is_empty() { Err(PassphraseError::Empty) } else { read_file(Path::new(&path)) };
        }
        if let Some(path) = self.credential().filter(|path| fs::symlink_metadata(path).is_ok()) {
            return read_file(&path);
        }
        if let Some(command) = (self.environment)(COMMAND) {
            return run(command);
        }
        if let Some(words) = (self.environment)(WORDS) {
            return Passphrase::from_text(Zeroizing::new(words.into_encoded_bytes()));
        }
        match &mut self.prompt {
            Some(prompt) => ask(*prompt, purpose),
            None => Err(PassphraseError::NotGiven),
        }
    }

    fn credential(&self) -> Option<PathBuf> {
        let folder = (self.environment)("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty())?;
        Some(Path::new(&folder).join(CREDENTIAL))
    }
}

fn read_file(path: &Path) -> Result<Passphrase, PassphraseError> {
    let from = format!("`{}`", shown(path));
    let failed = |source| PassphraseError::Io { from: from.clone(), source };
    let found = fs::metadata(path).map_err(failed)?;
    let mut file = if found.is_file() {
        open_private(path, &from)?
    } else if found.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    } else {
        // A pipe or a terminal that the caller named: it cannot be read twice, and has no others to be open to.
        File::open(path).map_err(failed)?
    };
    read_text(&mut file, LONGEST, &from).and_then(Passphrase::from_text)
}

fn open_private(path: &Path, from: &str) -> Result<File, PassphraseError> {
    files::open_plain(path, Links::Followed)
        .and_then(|file| files::refuse_if_open(&file).map(|()| file))
        .map_err(|error| unreadable(error, path, from))
}

fn unreadable(error: Unreadable, path: &Path, from: &str) -> PassphraseError {
    let from = from.to_owned();
    match error {
        Unreadable::Open { mode } => PassphraseError::Permissions { path: path.into(), mode },
        Unreadable::TooLong => PassphraseError::TooLong,
        Unreadable::Missing => PassphraseError::Io { from, source: io::ErrorKind::NotFound.into() },
        Unreadable::NotPlain(what) => PassphraseError::Io { from, source: io::Error::other(what) },
        Unreadable::Io(source) => PassphraseError::Io { from, source },
    }
}

/// Reads up to `limit` bytes and a line end.
fn read_text(from: &mut dyn Read, limit: usize, name: &str) -> Result<Zeroizing<Vec<u8>>, PassphraseError> {
    files::read_within(from, limit + 2).map_err(|error| unreadable(error, Path::new(""), name))
}

/// The first line that a command prints. No shell: the words are its program and arguments. It gets the environment
/// without the passphrase variables, no standard input (that may hold the secret being verified), and the terminal for
/// its messages.
fn run(command: OsString) -> Result<Passphrase, PassphraseError> {
    let line = command.into_string().map_err(|_| PassphraseError::NotACommand)?;
    let words = shell_words::split(&line).map_err(|_| PassphraseError::NotACommand)?;
    let (program, arguments) = words.split_first().ok_or(PassphraseError::NotACommand)?;
    let name = printable(program);
    let failed = |source| PassphraseError::Io { from: format!("the command `{name}`"), source };
    let mut child = prepared(program, arguments).spawn().map_err(failed)?;
    let mut printed = child.stdout.take().expect("stdout was asked for as a pipe");
    let output = read_text(&mut printed, LONGEST_OUTPUT, "the passphrase command");
    if output.is_err() {
        // It is waited for below; that it may have ended by itself is no matter.
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    let output = output?;
    if !status.success() {
        return Err(PassphraseError::CommandFailed { program: name, status });
    }
    Passphrase::from_text(first_line(output))
}

fn prepared(program: &str, arguments: &[String]) -> Command {
    let mut command = Command::new(program);
    for name in VARIABLES {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    command
}

fn first_line(mut output: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    if let Some(end) = output.iter().position(|byte| *byte == b'\n') {
        output[end + 1..].zeroize();
        output.truncate(end + 1);
    }
    output
}

fn ask(prompt: Prompt<'_>, purpose: Purpose) -> Result<Passphrase, PassphraseError> {
    let mut typed = |question: &str| match prompt(question) {
        Ok(words) => Passphrase::new(Zeroizing::new(words.into_bytes())),
        Err(source) => Err(PassphraseError::Io { from: "the terminal".into(), source }),
    };
    match purpose {
        Purpose::Open => typed("Passphrase of the master key"),
        Purpose::New => {
            let first = typed("New passphrase for the master key")?;
            let second = typed("The same passphrase again")?;
            let same = bool::from(first.expose().ct_eq(second.expose()));
            if same { Ok(first) } else { Err(PassphraseError::Different) }
        }
    }
}

#[cfg(test)]
#[path = "passphrase_source/tests.rs"]
mod tests;
