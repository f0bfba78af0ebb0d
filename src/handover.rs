//! Where a newly issued secret goes: to a person's terminal, bare to a pipe, into JSON, or into a private file.
//!
//! The place is decided and opened before anything is created, and used once, after the commit.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::domain::secret::Secret;
use crate::exit::{Exit, Failure};
use crate::output::Format;
use crate::session::Session;

/// Who can read a [`SecretFile`], as it is said. The standard library sets no access lists on Windows.
pub const READERS: &str =
    if cfg!(unix) { "readable by you alone" } else { "readable by whoever can read its folder" };

/// Where it goes.
#[derive(Debug)]
pub enum Handover {
    /// To somebody who reads the terminal, with an explanation around it.
    Person,
    /// Alone on standard output.
    Quiet,
    /// As the field `secret` of the JSON answer.
    Json,
    /// Into a file of mode 0600 that did not exist.
    File(SecretFile),
}

/// What the command line said about it.
#[derive(Debug, clap::Args)]
pub struct HandoverArguments {
    /// Print only the secret
    #[arg(short, long, conflicts_with_all = ["json", "format"])]
    pub quiet: bool,
    /// Write the secret to this new file, readable by you alone, and not to standard output
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, conflicts_with = "quiet")]
    pub secret_out: Option<PathBuf>,
}

impl Handover {
    /// What was written stays: the answer about it went out too.
    pub fn keep(&mut self) {
        if let Self::File(file) = self {
            file.keep();
        }
    }
}

impl HandoverArguments {
    /// Decides and opens the place.
    ///
    /// # Errors
    /// A usage error where the secret would go nowhere in particular; an error when the file exists.
    pub fn open(&self, session: &Session<'_, '_>) -> Result<Handover> {
        match &self.secret_out {
            Some(path) => Ok(Handover::File(SecretFile::create(path)?)),
            None => self.stream(session),
        }
    }

    /// Decides without making a file: what would be refused in the end is refused before anybody is asked anything.
    ///
    /// # Errors
    /// As [`HandoverArguments::open`], but for those of a file.
    pub fn check(&self, session: &Session<'_, '_>) -> Result<()> {
        if self.secret_out.is_none() { self.stream(session).map(drop) } else { Ok(()) }
    }

    /// Refuses a file that is there already, without making one: for a dry run, which hands nothing over.
    ///
    /// # Errors
    /// Exit 6 when it exists.
    pub fn check_file(&self) -> Result<()> {
        match &self.secret_out {
            Some(path) if path.symlink_metadata().is_ok() => Err(file_exists(path).into()),
            _ => Ok(()),
        }
    }

    fn stream(&self, session: &Session<'_, '_>) -> Result<Handover> {
        if session.host.terminal.stdout_is_closed {
            let failure =
                Failure::usage("standard output is closed, or leads nowhere: nobody would learn the secret");
            return Err(failure.hint("`--secret-out FILE` writes it into a private file").into());
        }
        if self.quiet {
            return Ok(Handover::Quiet);
        }
        match session.format() {
            Format::Json | Format::Jsonl => Ok(Handover::Json),
            Format::Table if session.host.terminal.stdout => Ok(Handover::Person),
            Format::Table | Format::Tsv => {
                let failure = Failure::usage(
                    "standard output is no terminal: say where the secret goes, so that it is not lost or logged by accident",
                );
                Err(failure.hint("`--quiet` prints only the secret, `--json` puts it into the answer, `--secret-out FILE` into a private file").into())
            }
        }
    }
}

/// The error of a hand-over that failed, whose secret was taken back: what it means for the key comes first.
#[must_use]
pub fn taken_back(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<io::Error>() {
        Some(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            let message = format!(
                "the secret could not be handed over ({cause}), so it was taken back: nothing was issued"
            );
            Failure::new(Exit::Internal, "io", message).into()
        }
        _ => error,
    }
}

fn file_exists(path: &Path) -> Failure {
    let message = format!("{} already exists", path.display());
    Failure::new(Exit::Conflict, "file_exists", message)
        .hint("name a new file: secrets never overwrite anything")
}

/// A new file of mode 0600 that vanishes again unless it is kept.
#[derive(Debug)]
pub struct SecretFile {
    path: PathBuf,
    file: File,
    is_kept: bool,
}

impl SecretFile {
    /// Makes the file, which must not exist; a symlink there counts as existing.
    ///
    /// # Errors
    /// Exit 6 when it exists; else what the file system said.
    pub fn create(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(file) => Ok(Self { path: path.to_owned(), file, is_kept: false }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(file_exists(path).into()),
            Err(error) => Err(Failure::new(
                Exit::Internal,
                "io",
                format!("{} cannot be written: {error}", path.display()),
            )
            .hint("name a new file in a folder that is there and that you can write to")
            .into()),
        }
    }

    /// Writes secrets, one a line, durably, the name of the file too.
    ///
    /// # Errors
    /// What the file system said.
    pub fn write(&mut self, secrets: &[&Secret]) -> io::Result<()> {
        for secret in secrets {
            self.file.write_all(secret.expose().as_bytes())?;
            self.file.write_all(b"\n")?;
        }
        self.file.sync_all()?;
        #[cfg(unix)]
        {
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let synced = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
            // A folder that may be written and not read, or one that cannot be synced: the system writes it when it does.
            synced.or_else(|error| match error.kind() {
                io::ErrorKind::PermissionDenied
                | io::ErrorKind::InvalidInput
                | io::ErrorKind::Unsupported => Ok(()),
                _ => Err(error),
            })?;
        }
        Ok(())
    }

    /// It stays: whoever was to know of it does.
    pub fn keep(&mut self) {
        self.is_kept = true;
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SecretFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // What it holds was taken back; the error being reported is the one that matters.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
