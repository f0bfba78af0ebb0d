//! Real proxies in front of a small API, with the shipped binary beside them, each started with the very file that
//! `--print-config` prints: what passes, what does not, and what a client cannot bring about.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it laid it down")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests wait for real processes"
)]
#![cfg(unix)]

mod api;
mod contract;
mod stage;

mod caddy;
mod envoy;
mod haproxy;
mod nginx;
mod traefik;
