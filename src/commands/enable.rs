//! `apikey enable`: switch a disabled key on again. Opens the vault: it gives authority.

use anyhow::Result;
use clap::Args;

use super::change::{Outcome, grant_one};
use crate::domain::event::Action;
use crate::exit::Exit;
use crate::session::Session;

/// Switch a disabled key on again
#[derive(Debug, Args)]
pub struct Arguments {
    /// Id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    key: String,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 6 for a revoked key, or one whose row was altered while it was off.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    grant_one(&arguments.key, arguments.dry_run, session, |key, _| {
        let changed = key.enable()?;
        Ok(Outcome { action: Action::KeyEnabled, changed, said: "enabled".into() })
    })
}
