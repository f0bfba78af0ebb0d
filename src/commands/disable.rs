//! `apikey disable`: switch a key off, for now. Works with the vault closed.

use anyhow::Result;
use clap::Args;

use super::change::{Outcome, change_one};
use crate::domain::event::Action;
use crate::exit::Exit;
use crate::session::Session;

/// Switch a key off until `enable`
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
/// Exit 6 for a revoked key.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let now = session.now;
    change_one(&arguments.key, arguments.dry_run, session, |key| {
        let changed = key.disable(now)?;
        Ok(Outcome {
            action: Action::KeyDisabled,
            changed,
            said: "disabled: every running verifier refuses it from now on".into(),
        })
    })
}
