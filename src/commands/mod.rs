//! One file per command: its arguments, whose doc comments are its help, and its `run`.

pub mod change;
pub mod completions;
pub mod create;
pub mod demo;
pub mod disable;
pub mod doctor;
pub mod edit;
pub mod enable;
pub mod expire;
pub mod forget;
pub mod help;
pub mod init;
pub mod list;
pub mod log;
pub mod lookup;
pub mod owner;
pub mod project;
pub mod purge;
pub mod restrict;
pub mod reveal;
pub mod revoke;
pub mod rotate;
pub mod scope;
pub mod show;
pub mod test_call;
pub mod verify;
