//! Joins [`apikey::run`] to the real machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    apikey::completion::answer_the_shell();
    match apikey::host::real::with_host(|host| apikey::run(std::env::args_os(), host)) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(_) => ExitCode::from(apikey::exit::Exit::Internal as u8),
    }
}

/// The one function of the C library of mathematics that anything here calls: a server's runtime, now and then. With this
/// one the loader does not open that library at every start of every command, which takes it an eighth of the time. It leaves
/// `errno` alone, which nobody here asks it for.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "a library that is opened later and asks for this name gets this, which takes and gives the same"
)]
#[unsafe(no_mangle)]
extern "C" fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}
