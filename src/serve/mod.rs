//! Answering "may this request pass?" over HTTP, for a proxy in front of an API and for programs.
//!
//! `/verify` speaks the forward-auth contract of nginx (`auth_request`), Traefik, Caddy, Envoy and HAProxy; `POST /v1/verify`
//! takes and gives JSON. Both ask one [`crate::Verifier`]. What a client sends is never trusted to say where it comes from, what
//! it needs, or who it is: addresses count from trusted proxies only, needed scopes come from the configuration.
//!
//! [`Gate`] is what every request meets; `house` and `connection` bound how slow, how idle and how many clients are;
//! `metrics` and `journal` tell what happens, and never a secret.

pub(crate) mod answer;
mod api;
pub mod config;
mod connection;
pub(crate) mod credential;
pub mod files;
mod forward;
mod gate;
mod house;
pub mod inherited;
pub mod journal;
pub mod listen;
pub mod manager;
mod metrics;
pub(crate) mod origin;
pub(crate) mod peer;
pub mod print_config;
mod pulse;
mod self_service;
pub mod signals;
#[cfg(unix)]
mod socket_file;
pub(crate) mod strangers;
#[cfg(test)]
#[cfg(unix)]
mod tests;
mod tuning;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::routing::{any, get, post};
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use gate::Gate;
use house::{End, House};
use journal::{Level, Value};
use listen::{Doors, Listener};

/// Connections for metrics: a reader or two, apart from all others.
const READERS: u32 = 64;
/// How often strangers are summed up.
const SUMMARY: Duration = Duration::from_secs(10);

/// All paths.
pub fn router(gate: Arc<Gate>) -> Router {
    Router::new()
        .route("/verify", any(forward::verify))
        .route("/verify/{*rest}", any(forward::verify))
        .route("/v1/verify", post(api::verify))
        .route("/v1/verify/batch", post(api::verify_batch))
        .route("/v1/self", get(self_service::show))
        .route("/v1/self/revoke", post(self_service::revoke))
        .route("/healthz", get(|| async { StatusCode::OK }))
        .route("/readyz", get(ready))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .with_state(gate)
}

/// Ready while decisions can be made: not with a registry that was replaced or cannot be read, nor before limits can be
/// counted.
async fn ready(State(gate): State<Arc<Gate>>) -> StatusCode {
    let asked = gate.verifier.verify(
        crate::verifier::Credential::default(),
        (&crate::domain::decision::Request::default(), 0),
        |_| (),
    );
    if asked.is_ok() && gate.verifier.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// The one path of the listener for metrics.
fn metrics_router(house: Arc<House>) -> Router {
    let read = |State(house): State<Arc<House>>| async move {
        ([(CONTENT_TYPE, "text/plain; version=0.0.4")], house.gate.metrics_text(house.open()))
    };
    Router::new().route("/metrics", get(read)).with_state(house)
}

/// Serves until `end` comes; then no connection is taken, those that are idle are closed, and requests under way finish
/// within ten seconds. `most` is how many connections the system allows.
pub async fn serve(gate: Arc<Gate>, doors: Doors, most: u32, end: impl Future<Output = ()>) {
    let told = Arc::new(End::default());
    let house = House::new((router(gate.clone()), true), gate.clone(), told.clone(), most);
    let readers = metrics_router(house.clone());
    let readers = House::new((readers, false), gate.clone(), told.clone(), READERS);
    let mut accepting = JoinSet::new();
    let mut accept = |house: &Arc<House>, listeners: Vec<Listener>| {
        for listener in listeners {
            accepting.spawn(house.clone().accept(listener));
        }
    };
    accept(&house, doors.requests);
    accept(&readers, doors.metrics);
    let (mut before, mut end) = ([0; 3], std::pin::pin!(end));
    while timeout(SUMMARY, &mut end).await.is_err() {
        before = gate.sum_up(before);
    }
    gate.journal.say(Level::Info, "stopping", &[("connections", Value::Number(house.open().into()))]);
    told.tell();
    // A socket file is gone before the server is.
    while accepting.join_next().await.is_some() {}
    let left = house.drain().await;
    gate.sum_up(before);
    gate.journal.say(Level::Info, "stopped", &[("cut_off", Value::Number(left.into()))]);
}
