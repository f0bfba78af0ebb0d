//! stub
use crate::exit::Exit;
use crate::session::Session;
use anyhow::Result;
use clap::Args;
/// Not yet
#[derive(Debug, Args)]
pub struct Arguments {}
/// Runs it.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let _ = (arguments, session);
    Ok(Exit::Internal)
}
