//! The shipped binary as the shell, a script, a terminal and other processes meet it: exit codes, streams, file modes,
//! signals, and many at once. What a command decides is tested in `tests/cli`, in-process.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it laid it down")]

mod busy;
mod crashes;
mod crowd;
mod exits;
mod machine;
mod modes;
mod private;
mod run;
mod serve;
mod serve_answers;
mod serve_attacks;
mod serve_config;
mod serve_crashes;
mod serve_crowd;
mod serve_log;
mod serve_settings;
mod serving;
mod start;
mod streams;
mod terminal;
mod unattended;
