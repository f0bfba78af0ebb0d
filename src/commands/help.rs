//! `apikey help`: the help of any command, and the exit codes.

use anyhow::Result;
use clap::Args;

use crate::exit::{self, Exit, Failure};
use crate::host::Host;

/// Show help for a command, or the exit codes
#[derive(Debug, Args)]
pub struct Arguments {
    /// A command and its subcommand, or `exit-codes`
    #[arg(value_name = "COMMAND")]
    path: Vec<String>,
}

/// Runs it.
///
/// # Errors
/// Exit 2 for a command there is not.
pub fn run(arguments: &Arguments, host: &mut Host<'_>) -> Result<Exit> {
    if arguments.path == ["exit-codes"] {
        for (code, meaning) in exit::ALL {
            writeln!(host.stdout, "{:>3}  {meaning}", code as u8)?;
        }
        return Ok(Exit::Done);
    }
    let mut root = crate::cli::command();
    root.build();
    let mut command = &mut root;
    for word in &arguments.path {
        let shown: String = word.chars().take(40).collect();
        let hint = nearest(command, word)
            .map_or_else(|| "see `apikey help`".to_owned(), |near| format!("did you mean `{near}`?"));
        command = command
            .find_subcommand_mut(word)
            .ok_or_else(|| Failure::usage(format!("there is no command `{shown}`")).hint(hint))?;
    }
    write!(host.stdout, "{}", command.render_long_help())?;
    Ok(Exit::Done)
}

/// The subcommand that a mistyped word was most likely meant to be.
fn nearest(command: &clap::Command, word: &str) -> Option<String> {
    let near = |name: &str| strsim::jaro_winkler(word, name);
    let best =
        command.get_subcommands().map(clap::Command::get_name).max_by(|a, b| near(a).total_cmp(&near(b)));
    best.filter(|name| near(name) > 0.8).map(str::to_owned)
}
