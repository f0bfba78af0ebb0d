//! `apikey completions`: the script that a shell loads.

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use clap_complete::Shell;
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use crate::exit::Exit;
use crate::host::Host;

/// Print a completion script for a shell
///
/// The plain script completes commands and options. With `--dynamic` the shell asks apikey itself, which also completes
/// names of keys, owners, projects and scopes from the registry; the vault stays closed.
#[derive(Debug, Args)]
#[command(after_help = "\
Load it:
  bash        source <(apikey completions bash --dynamic)       in ~/.bashrc
  zsh         source <(apikey completions zsh --dynamic)        in ~/.zshrc, after compinit
  fish        apikey completions fish --dynamic | source        in ~/.config/fish/config.fish
  powershell  apikey completions powershell --dynamic | Out-String | Invoke-Expression
  elvish      eval (apikey completions elvish --dynamic | slurp)")]
pub struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
    /// Complete names from the registry too
    #[arg(long)]
    dynamic: bool,
}

/// Runs it.
///
/// # Errors
/// Those of the stream.
pub fn run(arguments: &Arguments, host: &mut Host<'_>) -> Result<Exit> {
    let mut script = Vec::new();
    if arguments.dynamic {
        completer(arguments.shell)
            .write_registration("COMPLETE", "apikey", "apikey", "apikey", &mut script)
            .context("the completion script cannot be written")?;
    } else {
        clap_complete::generate(arguments.shell, &mut crate::cli::command(), "apikey", &mut script);
    }
    host.stdout.write_all(&script)?;
    Ok(Exit::Done)
}

fn completer(shell: Shell) -> &'static dyn EnvCompleter {
    match shell {
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::PowerShell => &Powershell,
        Shell::Elvish => &Elvish,
        _ => &Bash,
    }
}

/// Every shell a script is kept for in `completions/`, with the file's name.
#[must_use]
pub fn scripts() -> Vec<(String, Vec<u8>)> {
    Shell::value_variants()
        .iter()
        .map(|shell| {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut crate::cli::command(), "apikey", &mut script);
            (clap_complete::Generator::file_name(shell, "apikey"), script)
        })
        .collect()
}
