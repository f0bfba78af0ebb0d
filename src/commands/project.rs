//! `apikey project`: what keys are for; list, suspend, resume.

use anyhow::Result;
use clap::Args;

use super::party::{self, ProjectWork};
use crate::domain::party::PartyKind;
use crate::exit::Exit;
use crate::session::Session;

/// List, suspend or resume projects
///
/// A project comes into being when a key first names it. Suspended, all its keys are denied until it is resumed.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    work: ProjectWork,
}

/// Runs it.
///
/// # Errors
/// As [`party::run`].
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    party::run(PartyKind::Project, &party::Work::from(&arguments.work), session)
}
