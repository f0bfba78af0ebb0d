//! Answering "may this request pass?" over HTTP, for a proxy in front of an API and for programs.
//!
//! `/verify` speaks the forward-auth contract of nginx (`auth_request`), Traefik, Caddy and Envoy; `POST /v1/verify`
//! takes and gives JSON. Both ask one [`Verifier`]. What a client sends is never trusted to say where it comes from, what
//! it needs, or who it is: addresses count from trusted proxies only, needed scopes come from the configuration.

mod answer;
mod api;
pub mod config;
mod credential;
mod forward;
mod origin;
#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{any, get, post};
use tokio::net::TcpListener;

use crate::verifier::Verifier;
use config::Rules;

/// What every request is answered with.
#[derive(Debug)]
pub struct Gate {
    /// Who decides.
    pub verifier: Verifier,
    /// What is asked of a request.
    pub rules: Rules,
}

/// How long requests under way may take once the server is told to end.
const DRAIN: Duration = Duration::from_secs(10);

/// All paths.
pub fn router(gate: Arc<Gate>) -> Router {
    Router::new()
        .route("/verify", any(forward::verify))
        .route("/verify/{*rest}", any(forward::verify))
        .route("/v1/verify", post(api::verify))
        .route("/healthz", get(|| async { StatusCode::OK }))
        .route("/readyz", get(ready))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .with_state(gate)
}

/// Ready while decisions can be made: a registry that was replaced or cannot be read is not.
async fn ready(State(gate): State<Arc<Gate>>) -> StatusCode {
    let asked = gate.verifier.verify(
        crate::verifier::Credential::default(),
        (&crate::domain::decision::Request::default(), 0),
        |_| (),
    );
    if asked.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// Serves until `end` comes, then lets what is under way finish.
///
/// # Errors
/// Those of the listener.
pub async fn serve(
    gate: Arc<Gate>,
    listener: TcpListener,
    end: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (told, mut drained) = tokio::sync::oneshot::channel::<()>();
    let end = async move {
        end.await;
        // The other side is gone only when the server ended by itself.
        let _ = told.send(());
    };
    let service = router(gate).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(end);
    let patience = async {
        if (&mut drained).await.is_ok() {
            tokio::time::sleep(DRAIN).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        result = server => result,
        () = patience => Ok(()),
    }
}
