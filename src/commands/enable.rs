//! `apikey enable`: switch a disabled key on again. Opens the vault: it gives authority.

use anyhow::Result;
use clap::Args;

use super::change::{Outcome, grant_one};
use crate::crypto::rows::key_holds;
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
    grant_one(&arguments.key, arguments.dry_run, session, |key, unlocked| {
        // Switched on in the file, it is denied as tampered: it is sealed anew if its seal proves the rest, else refused.
        let is_altered = !key_holds(&unlocked.keys.row, key);
        let was_off = key.enable()?;
        let said = if was_off { "enabled" } else { "enabled; somebody had switched it on outside apikey" };
        Ok(Outcome { action: Action::KeyEnabled, changed: was_off || is_altered, said: said.into() })
    })
}
