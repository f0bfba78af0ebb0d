//! The commands, in-process, with a stopped clock: what they say, how they exit, what they store and what they leave alone.
//!
//! One file per subcommand; `world` is the machine they run on.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it laid it down")]

mod create;
mod demo;
mod doctor;
mod edit;
mod edited;
mod enable;
mod endpoint;
mod errors;
mod expire;
mod forget;
mod golden;
mod help;
mod init;
mod limit;
mod list;
mod log;
mod lookup;
mod party;
mod piped;
mod purge;
mod readme;
mod restrict;
mod reveal;
mod rotate;
mod rotate_due;
mod scope;
mod set_back;
mod show;
mod test_call;
mod usage;
mod world;
