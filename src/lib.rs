//! apikey: issue, track, verify and retire API keys.

pub mod crypto;
pub mod domain;
pub mod output;
pub mod registry;
