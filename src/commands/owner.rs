//! `apikey owner`: who keys belong to; list, suspend, resume.

use anyhow::Result;
use clap::Args;

use super::party::{self, OwnerWork};
use crate::domain::party::PartyKind;
use crate::exit::Exit;
use crate::session::Session;

/// List, suspend or resume owners
///
/// An owner comes into being when a key first names it. Suspended, all its keys are denied until it is resumed.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    work: OwnerWork,
}

/// Runs it.
///
/// # Errors
/// As [`party::run`].
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    party::run(PartyKind::Owner, &party::Work::from(&arguments.work), session)
}
