//! The rules, as values and pure functions: what a key is, what it may do, and whether it is accepted.
//!
//! Nothing in this folder does I/O, reads a clock, draws randomness on its own, or knows of serde, clap,
//! anyhow or SQL. Time arrives as `now`, randomness as `&mut dyn CryptoRng`.

pub mod base62;
pub mod digest;
pub mod secret;
pub mod text;
pub mod time;
