//! The rules, as values and pure functions: what a key is, what it may do, and whether it is accepted.
//!
//! Nothing in this folder does I/O, reads a clock, draws randomness on its own, or knows of serde, clap,
//! anyhow or SQL. Time arrives as `now`, randomness as `&mut dyn CryptoRng`.

pub mod base62;
pub mod canonical;
pub mod decision;
pub mod digest;
pub mod event;
pub mod key;
pub mod lifetime;
pub mod limit;
mod look_alikes;
pub mod name;
pub mod network;
pub mod origin;
pub mod party;
pub mod rotation;
#[cfg(test)]
pub(crate) mod samples;
pub mod scope;
pub mod seal;
pub mod secret;
pub mod text;
pub mod time;
pub mod usage;
