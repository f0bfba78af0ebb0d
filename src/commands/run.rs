//! `apikey run`: start a program that finds the kept copy of a secret in its environment. Recorded before it starts.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use super::{kept, reveal};
use crate::crypto::AuditKey;
use crate::domain::event::{Action, Event, FieldChange};
use crate::domain::key::{Key, KeySecret};
use crate::domain::name::LONGEST_NAME;
use crate::domain::secret::{Secret, contains_secret};
use crate::exit::{Exit, Failure};
use crate::host::real;
use crate::output::escape;
use crate::registry::{Change, Registry};
use crate::session::Session;
use crate::vault::passphrase_source;

/// Start a program with the kept copy of a secret in its environment
///
/// That the program gets it is recorded in the log before it starts. The secret is in no argument, no file and no
/// history; whoever may read the environment of that program, which is you and root, may read it. The program takes the
/// place of apikey: its streams, its signals and its exit code are its own.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    key: String,
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    /// The environment variable that holds the secret
    #[arg(long = "as", value_name = "NAME", default_value = "API_KEY", value_parser = variable)]
    variable: String,
    /// This secret of the key, by its public id [default: the newest]
    #[arg(long, value_name = "ID")]
    secret: Option<String>,
}

/// A name of a variable that every shell knows (POSIX, 8.1), and none that apikey itself reads.
fn variable(text: &str) -> Result<String, String> {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if text.is_empty() || text.as_bytes()[0].is_ascii_digit() || !text.bytes().all(letters) {
        return Err("a variable's name is letters, digits and `_`, and begins with no digit".to_owned());
    }
    if text.to_ascii_uppercase().starts_with("APIKEY_") {
        return Err("apikey itself reads variables that begin with `APIKEY_`".to_owned());
    }
    // What of the secret they do not understand they say, or it is where programs are looked for.
    if text == "PATH" || text.starts_with("LD_") || text.starts_with("DYLD_") {
        return Err("the system reads this variable when it starts a program".to_owned());
    }
    Ok(text.to_owned())
}

/// Runs it; where the program started, it never returns.
///
/// # Errors
/// Exit 2 when there is no such program; exit 6 when no copy is kept.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    if arguments.command.iter().any(|word| contains_secret(&word.to_string_lossy())) {
        let hint = format!("the program finds it in ${}", arguments.variable);
        return Err(Failure::secret_as_argument(hint).into());
    }
    let mut unlocked = session.unlocked()?;
    let found = session.select(&unlocked.registry, &arguments.key)?;
    let row = reveal::chosen(arguments.secret.as_deref(), &found.key)?;
    let secret = kept::open(&found.key, row, &unlocked.keys, session.now)?
        .ok_or_else(|| reveal::not_kept(&found.key))?;
    unlocked.registry.apply(&used(
        (&found.key, row),
        &arguments.command[0],
        (&unlocked.keys.audit, session),
    ))?;
    let program = prepared(arguments, &secret);
    // Nothing of this program is cleaned up once another has taken its place.
    drop(unlocked);
    session.host.stdout.flush()?;
    session.host.stderr.flush()?;
    Err(not_started(&real::become_program(program), &arguments.command[0]).into())
}

/// The change that says in the log which program gets the secret; its arguments may be private.
fn used<'a>(
    (key, row): (&Key, &KeySecret),
    program: &OsStr,
    (audit, session): (&'a AuditKey, &Session<'_, '_>),
) -> Change<'a> {
    let mut event = Event::on_key(Action::SecretUsed, &session.actor(), Some(key), key, session.now);
    let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy();
    let name = name.chars().take(LONGEST_NAME).collect();
    for (field, after) in [("secret", row.id.to_string()), ("program", name)] {
        event.changes.push(FieldChange { field: field.to_owned(), before: None, after: Some(after) });
    }
    Change { events: vec![event], audit: Some(audit), now: Some(session.now), ..Change::default() }
}

/// What opens the vault is not for the program.
fn prepared(arguments: &Arguments, secret: &Secret) -> Command {
    let mut program = Command::new(&arguments.command[0]);
    program.args(&arguments.command[1..]);
    for name in passphrase_source::VARIABLES {
        program.env_remove(name);
    }
    program.env(&arguments.variable, secret.expose());
    program
}

fn not_started(error: &io::Error, program: &OsStr) -> Failure {
    let name = program.to_string_lossy();
    let name = escape(&name);
    match error.kind() {
        io::ErrorKind::NotFound => Failure::usage(format!("there is no program `{name}`"))
            .hint("name one on the PATH, or its file; a line for a shell is `sh -c 'LINE'`"),
        _ => Failure::usage(format!("`{name}` cannot be started: {error}")),
    }
}
