//! The command line as data: global flags, the list of commands, dispatch, and how an error leaves.

mod refusal;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, FromArgMatches as _, Subcommand, ValueHint};

use crate::commands::{
    self, completions, create, demo, disable, doctor, edit, enable, expire, forget, init, limit, list, log,
    lookup, purge, restrict, reveal, revoke, rotate, run, scope, serve, show, test_call, usage, verify,
};
use crate::domain::secret::contains_secret;
use crate::exit::{Exit, Failure};
use crate::host::Host;
use crate::output::view::ErrorBody;
use crate::output::{Format, write_error};
use crate::session::Session;
use crate::settings::{self, Flags, Settings};
use crate::vault::VaultKind;

/// What a line says.
#[derive(Debug, Args)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "this is help text, and Markdown means nothing in a terminal")]
#[command(next_help_heading = "Options of every command")]
struct Global {
    /// The registry file [env: APIKEY_REGISTRY]
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::FilePath)]
    registry: Option<PathBuf>,
    /// Use the registry and settings of this profile [env: APIKEY_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// Where the master key lives: keyring, file or keyfile [env: APIKEY_VAULT]
    #[arg(long, global = true, value_name = "KIND", value_parser = ["keyring", "file", "keyfile"])]
    vault: Option<String>,
    /// The key file of the vault `keyfile` [env: APIKEY_MASTER_KEY_FILE]
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::FilePath)]
    master_key_file: Option<PathBuf>,
    /// Read the passphrase of the vault `file` from here; `-` is standard input [env: APIKEY_PASSPHRASE_FILE]
    #[arg(long, global = true, value_name = "PATH", value_hint = ValueHint::FilePath)]
    passphrase_file: Option<PathBuf>,
    /// Answer in JSON; errors too
    #[arg(long, global = true, conflicts_with = "format")]
    json: bool,
    /// Answer as table, tsv, json or jsonl
    #[arg(long, global = true, value_name = "FORMAT", value_parser = ["table", "tsv", "json", "jsonl"])]
    format: Option<String>,
    /// Never ask; fail instead, naming the flag that answers
    #[arg(long, global = true)]
    no_input: bool,
}

/// What apikey can do; each variant's help is its arguments' doc comment.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    Init(init::Arguments),
    #[command(visible_alias = "generate")]
    Create(Box<create::Arguments>),
    #[command(visible_alias = "ls")]
    List(Box<list::Arguments>),
    Show(show::Arguments),
    Scope(scope::Arguments),
    Expire(expire::Arguments),
    Limit(limit::Arguments),
    Restrict(restrict::Arguments),
    Edit(edit::Arguments),
    Rotate(Box<rotate::Arguments>),
    Revoke(Box<revoke::Arguments>),
    Disable(disable::Arguments),
    Enable(enable::Arguments),
    Purge(purge::Arguments),
    Verify(verify::Arguments),
    Serve(serve::Arguments),
    #[command(visible_alias = "test")]
    TestCall(Box<test_call::Arguments>),
    Lookup(lookup::Arguments),
    Reveal(reveal::Arguments),
    Run(run::Arguments),
    Forget(forget::Arguments),
    Owner(commands::owner::Arguments),
    Project(commands::project::Arguments),
    Usage(usage::Arguments),
    Log(log::Arguments),
    Doctor(doctor::Arguments),
    Completions(completions::Arguments),
    Demo(demo::Arguments),
    Help(commands::help::Arguments),
}

/// What is said of the command line as a whole.
fn described(line: clap::Command) -> clap::Command {
    line.version(env!("CARGO_PKG_VERSION"))
        .about(
            "Issue, track, verify and retire API keys, offline: one binary, one SQLite file, the OS keyring",
        )
        .disable_help_subcommand(true)
        .max_term_width(100)
        .after_help(
            "Try it without touching anything of yours: apikey demo\nExit codes: apikey help exit-codes",
        )
}

/// The command line, for man pages, completions and tests.
#[must_use]
pub fn command() -> clap::Command {
    let mut line = described(Cli::augment_args(clap::Command::new("apikey")));
    line.build();
    line
}

/// The command line with only the command that the line begins with: to make all of them, or only to give all of them
/// the flags of every command, takes longer than most commands.
fn command_of(word: &OsStr) -> Option<clap::Command> {
    let all = Command::augment_subcommands(clap::Command::new(""));
    let named = all.find_subcommand(word)?.clone();
    let line = Global::augment_args(clap::Command::new("apikey"));
    Some(described(line.subcommand(named)))
}

fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let mut line = arguments.get(1).and_then(|word| command_of(word)).unwrap_or_else(command);
    let matches = line.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut line))
}

/// Runs one command line and says how it ended; whatever went wrong has been said.
pub fn run(arguments: impl IntoIterator<Item = OsString>, host: &mut Host<'_>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let [_, flag] = &arguments[..]
        && (flag == "--version" || flag == "-V")
    {
        // What clap says, without building the whole command line first.
        return answer_version(host);
    }
    match parse(&arguments) {
        Ok(cli) => {
            let json = cli.global.wants_json();
            let ended = dispatch(cli, host).and_then(|exit| {
                host.stdout.flush()?;
                Ok(exit)
            });
            match ended {
                Ok(exit) => exit,
                Err(error) => report(&Failure::of(&error), json, host),
            }
        }
        Err(error) => refusal::refuse(error, &arguments, host),
    }
}

fn answer_version(host: &mut Host<'_>) -> Exit {
    let said = writeln!(host.stdout, "{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .and_then(|()| host.stdout.flush());
    match said {
        Ok(()) => Exit::Done,
        Err(error) => report(&Failure::of(&error.into()), false, host),
    }
}

impl Global {
    fn wants_json(&self) -> bool {
        self.json || matches!(self.format.as_deref(), Some("json" | "jsonl"))
    }

    fn flags(&self) -> anyhow::Result<Flags> {
        Ok(Flags {
            registry: self.registry.clone(),
            profile: self.profile.clone(),
            vault: self.vault.as_deref().map(str::parse::<VaultKind>).transpose()?,
            master_key_file: self.master_key_file.clone(),
            passphrase_file: self.passphrase_file.clone(),
        })
    }

    fn format(&self) -> Option<Format> {
        if self.json { Some(Format::Json) } else { self.format.as_deref().and_then(|word| word.parse().ok()) }
    }
}

fn dispatch(cli: Cli, host: &mut Host<'_>) -> anyhow::Result<Exit> {
    if let Command::Help(arguments) = cli.command {
        return commands::help::run(&arguments, host);
    }
    if let Command::Completions(arguments) = cli.command {
        return completions::run(&arguments, host);
    }
    let now = host.clock.now().whole_second();
    let settings = match &cli.command {
        // Its registry is a throw-away, so it needs no home, and no setting of the user's may stop it.
        Command::Demo(_) => Settings::default(),
        // Where a configuration is made there may be no user.
        Command::Serve(arguments) if arguments.opens_no_registry() => Settings::default(),
        _ => settings::resolve(&cli.global.flags()?, host.environment)?,
    };
    let session =
        &mut Session { settings, format: cli.global.format(), no_input: cli.global.no_input, now, host };
    match cli.command {
        Command::Init(arguments) => init::run(&arguments, session),
        Command::Create(arguments) => create::run(*arguments, session),
        Command::List(arguments) => list::run(&arguments, session),
        Command::Show(arguments) => show::run(&arguments, session),
        Command::Scope(arguments) => scope::run(&arguments, session),
        Command::Expire(arguments) => expire::run(&arguments, session),
        Command::Limit(arguments) => limit::run(&arguments, session),
        Command::Restrict(arguments) => restrict::run(&arguments, session),
        Command::Edit(arguments) => edit::run(&arguments, session),
        Command::Rotate(arguments) => rotate::run(&arguments, session),
        Command::Revoke(arguments) => revoke::run(&arguments, session),
        Command::Disable(arguments) => disable::run(&arguments, session),
        Command::Enable(arguments) => enable::run(&arguments, session),
        Command::Purge(arguments) => purge::run(&arguments, session),
        Command::Verify(arguments) => verify::run(&arguments, session),
        Command::Serve(arguments) => serve::run(&arguments, session),
        Command::TestCall(arguments) => test_call::run(&arguments, session),
        Command::Lookup(arguments) => lookup::run(&arguments, session),
        Command::Reveal(arguments) => reveal::run(&arguments, session),
        Command::Run(arguments) => run::run(&arguments, session),
        Command::Forget(arguments) => forget::run(&arguments, session),
        Command::Owner(arguments) => commands::owner::run(&arguments, session),
        Command::Project(arguments) => commands::project::run(&arguments, session),
        Command::Usage(arguments) => usage::run(&arguments, session),
        Command::Log(arguments) => log::run(&arguments, session),
        Command::Doctor(arguments) => doctor::run(&arguments, session),
        Command::Demo(arguments) => demo::run(&arguments, session),
        Command::Completions(_) | Command::Help(_) => Ok(Exit::Done),
    }
}

/// What was given where a secret does not belong is quoted by whoever refuses it.
fn without_secrets(failure: &Failure) -> Failure {
    if !contains_secret(&failure.message) && !failure.hint.as_deref().is_some_and(contains_secret) {
        return failure.clone();
    }
    let message = "a secret was given where it does not belong, and other users or your shell's history may have read it";
    Failure { message: message.to_owned(), ..failure.clone() }.hint(refusal::HOW_SECRETS_COME_IN)
}

/// Says what went wrong: one JSON line, or a sentence and a hint. A closed pipe is silent.
fn report(failure: &Failure, json: bool, host: &mut Host<'_>) -> Exit {
    if failure.exit == Exit::ClosedPipe {
        return failure.exit;
    }
    let failure = &without_secrets(failure);
    let written = if json {
        let hint = failure.hint.as_deref();
        let (code, message, exit_code) = (failure.code, failure.message.as_str(), failure.exit as u8);
        write_error(host.stderr, &ErrorBody { code, message, hint, exit_code, retryable: failure.retryable })
    } else {
        let hint = failure.hint.as_deref().map(|hint| format!("\n hint: {}", crate::output::escape(hint)));
        writeln!(
            host.stderr,
            "error: {}{}",
            crate::output::escape(&failure.message),
            hint.unwrap_or_default()
        )
    };
    // If standard error is closed too, the exit code still tells.
    drop(written);
    failure.exit
}
