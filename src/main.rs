//! Joins [`apikey::run`] to the real machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    apikey::completion::answer_the_shell();
    match apikey::host::real::with_host(|host| apikey::run(std::env::args_os(), host)) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(_) => ExitCode::from(apikey::exit::Exit::Internal as u8),
    }
}
