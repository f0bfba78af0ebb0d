//! HTTP: calling a real endpoint with a key, and judging its answer (`test-call`).
//!
//! The rule of this folder: the key is in [`credential::Credential`], and only [`request`] puts it anywhere. It goes to
//! one address, once, over TLS or to this machine; redirects are shown and never followed. Whatever the far side
//! sent passes [`mask::Mask`] before it is in an [`answer::Answer`], so an answer may be shown and kept. Nothing here
//! reads the environment or a file: proxies and roots are arguments.

pub mod answer;
pub mod client;
pub mod credential;
pub mod curl;
pub mod expect;
pub mod failure;
pub mod mask;
pub mod placement;
pub mod proxy;
pub mod request;
pub mod target;
pub mod verdict;

mod readings;
mod stopwatch;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod loopback;
