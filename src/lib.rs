//! apikey: issue, track, verify and retire API keys.

pub mod cli;
pub mod commands;
pub mod completion;
pub mod crypto;
pub mod domain;
pub mod exit;
pub mod handover;
pub mod host;
pub mod http;
pub mod issuance;
pub mod output;
pub mod registry;
pub mod secret_input;
pub mod session;
pub mod settings;
pub mod vault;
pub mod verification;

pub use cli::run;
