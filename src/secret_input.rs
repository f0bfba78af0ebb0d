//! How secrets come in: standard input, a file or a file descriptor; never an argument.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::session::Session;

/// The most bytes read for one secret; the longest secret has 83.
const MOST: u64 = 64 * 1024;

/// Where the secret is read from.
#[derive(Debug, Args)]
pub struct SecretInput {
    /// Read the secret from this file instead of standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub secret_file: Option<PathBuf>,
    /// Read the secret from this open file descriptor
    #[cfg(unix)]
    #[arg(long, value_name = "N", conflicts_with = "secret_file", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub secret_fd: Option<u32>,
}

impl SecretInput {
    /// The whole text, less the one line end that `echo` and editors put behind it.
    ///
    /// What is longer than any secret is cut, and so stays malformed.
    ///
    /// # Errors
    /// When it cannot be read, or standard input is a terminal and nobody may be asked.
    pub fn read(&self, session: &mut Session<'_, '_>) -> Result<Zeroizing<Vec<u8>>> {
        let mut text = self.read_all(session)?;
        if text.last() == Some(&b'\n') {
            text.pop();
            if text.last() == Some(&b'\r') {
                text.pop();
            }
        }
        Ok(text)
    }

    fn read_all(&self, session: &mut Session<'_, '_>) -> Result<Zeroizing<Vec<u8>>> {
        if let Some(mut file) = self.file()? {
            return Ok(bounded(&mut file)?);
        }
        if !session.host.terminal.stdin {
            return Ok(bounded(session.host.stdin)?);
        }
        if !session.may_ask() {
            return Err(Failure::usage("no secret was given")
                .hint("give it on standard input, or with `--secret-file FILE`")
                .into());
        }
        let typed = Zeroizing::new(session.host.prompts.hidden("Secret")?);
        Ok(Zeroizing::new(typed.as_bytes().to_vec()))
    }

    /// Refuses to take both the passphrase and the secret from standard input.
    ///
    /// # Errors
    /// A usage error; those of opening the file.
    pub fn check_stdin(&self, session: &Session<'_, '_>) -> Result<()> {
        let is_taken = session.settings.passphrase_file.as_deref() == Some(Path::new("-"));
        if !is_taken || self.file()?.is_some() {
            return Ok(());
        }
        let failure = Failure::usage("standard input cannot be both the passphrase and the secret");
        Err(failure.hint("name the secret with `--secret-file FILE`").into())
    }

    /// The stream to read many secrets from, one a line.
    ///
    /// # Errors
    /// When the file cannot be opened, or is no file to read from.
    pub fn file(&self) -> Result<Option<File>> {
        #[cfg(unix)]
        if let Some(descriptor) = self.secret_fd {
            return of_descriptor(descriptor);
        }
        self.secret_file
            .as_deref()
            .map(|path| open(path).map_err(|error| unreadable(path, &error)))
            .transpose()
    }
}

/// The descriptor opened once more; none for standard input, which is read as it is.
#[cfg(unix)]
fn of_descriptor(descriptor: u32) -> Result<Option<File>> {
    let path = PathBuf::from(format!("/dev/fd/{descriptor}"));
    match descriptor {
        0 => Ok(None),
        _ if is_for_writing(descriptor) => {
            Err(unreadable(&path, &io::Error::other("it is open for writing only")))
        }
        _ => open(&path).map(Some).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => unreadable(&path, &io::Error::other("no such descriptor is open")),
            _ => unreadable(&path, &error),
        }),
    }
}

/// Linux would open the other end of a pipe, whose writer is this program: nothing would ever come.
#[cfg(unix)]
fn is_for_writing(descriptor: u32) -> bool {
    const ACCESS: u32 = 0o3;
    const WRITE_ONLY: u32 = 0o1;
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).unwrap_or_default();
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok());
    matches!(descriptor, 1 | 2) || flags.is_some_and(|flags| flags & ACCESS == WRITE_ONLY)
}

fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

fn unreadable(path: &Path, error: &io::Error) -> anyhow::Error {
    Failure::usage(format!("the secret cannot be read from {}: {error}", path.display()))
        .hint("name a file that can be read, or give the secret on standard input")
        .into()
}

fn bounded(stream: &mut dyn Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Room from the start: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(MOST).unwrap_or(65_536)));
    stream.take(MOST).read_to_end(&mut text)?;
    Ok(text)
}
