//! stub
use crate::exit::Exit;
use anyhow::Result;
use clap::Args;
/// Not yet
#[derive(Debug, Args)]
pub struct Arguments {}
/// Runs it.
pub fn run(arguments: &Arguments, host: &mut crate::host::Host<'_>) -> Result<Exit> {
    let _ = (arguments, host);
    Ok(Exit::Internal)
}
