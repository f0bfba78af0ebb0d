//! A command line that is not run: help and version, and what is wrong with it.

use std::ffi::OsString;

use super::report;
use crate::domain::secret::contains_secret;
use crate::exit::{Exit, Failure};
use crate::host::Host;

/// The hint to whoever gave a secret where it does not belong.
pub(super) const HOW_SECRETS_COME_IN: &str = "secrets come in by standard input, `--secret-file` or `--secret-fd`; rotate this one if others can read that history";

/// Help and version go to standard output; a wrong command line is exit 2, without echoing a secret.
pub(super) fn refuse(mut error: clap::Error, arguments: &[OsString], host: &mut Host<'_>) -> Exit {
    if !error.use_stderr() {
        let written = write!(host.stdout, "{}", error.render()).and_then(|()| host.stdout.flush());
        return written
            .map_or_else(|error| report(&Failure::of(&error.into()), false, host), |()| Exit::Done);
    }
    let json = wants_json(arguments);
    keep_nearest(&mut error);
    if arguments.iter().any(|argument| contains_secret(&argument.to_string_lossy())) {
        return report(&Failure::secret_as_argument(HOW_SECRETS_COME_IN), json, host);
    }
    if let Some(span) = negative(&error, arguments) {
        let failure = Failure::usage(format!("`{span}` is negative, and nothing here can be"));
        return report(&failure.hint(format!("leave the `-` out: {}", &span[1..])), json, host);
    }
    if json {
        return report(&usage_failure(&error), true, host);
    }
    // clap quotes what it was given; control characters in it must not reach the terminal.
    for line in error.render().to_string().lines() {
        // If standard error is closed too, the exit code still tells.
        let _ = writeln!(host.stderr, "{}", crate::output::escape(line));
    }
    Exit::Usage
}

/// A word that clap takes for flags it does not know, and that was meant as a number.
fn negative<'a>(error: &clap::Error, arguments: &'a [OsString]) -> Option<&'a str> {
    let is_negative = |word: &&str| {
        word.strip_prefix('-').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    let unknown = error.kind() == clap::error::ErrorKind::UnknownArgument;
    unknown.then(|| arguments.iter().filter_map(|word| word.to_str()).find(is_negative)).flatten()
}

/// Whether JSON was asked for, on a line that could not be read.
fn wants_json(arguments: &[OsString]) -> bool {
    let word = |argument: &OsString| argument.to_str().unwrap_or_default().to_owned();
    // Behind `--` words are not for this program.
    let words: Vec<String> = arguments.iter().map(word).take_while(|word| word != "--").collect();
    words.iter().any(|word| matches!(word.as_str(), "--json" | "--format=json" | "--format=jsonl"))
        || words.windows(2).any(|two| two[0] == "--format" && matches!(two[1].as_str(), "json" | "jsonl"))
}

/// clap names every command that is a little like the one typed, the nearest last: only that one helps.
fn keep_nearest(error: &mut clap::Error) {
    use clap::error::{ContextKind, ContextValue};
    for kind in [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue] {
        let nearest = match error.get(kind) {
            Some(ContextValue::Strings(all)) => all.last().cloned(),
            _ => None,
        };
        if let Some(nearest) = nearest {
            error.insert(kind, ContextValue::String(nearest));
        }
    }
}

/// What clap says over several lines, as one sentence and a hint.
fn usage_failure(error: &clap::Error) -> Failure {
    use clap::error::ErrorKind::{DisplayHelpOnMissingArgumentOrSubcommand, MissingSubcommand};
    let text = error.render().to_string();
    let after = |begin: &str| text.lines().find_map(|line| line.trim_start().strip_prefix(begin));
    let message = if matches!(error.kind(), DisplayHelpOnMissingArgumentOrSubcommand | MissingSubcommand) {
        "a command is missing".to_owned()
    } else {
        let said: Vec<&str> =
            text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
        said.join(" ").trim_start_matches("error: ").to_owned()
    };
    let failure = Failure::usage(message);
    match (after("tip: "), after("Usage: ")) {
        (Some(tip), _) => failure.hint(tip),
        (None, Some(usage)) => failure.hint(format!("the usage is: {usage}")),
        (None, None) => failure.hint("see `apikey help`"),
    }
}
