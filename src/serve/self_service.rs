//! `/v1/self`: what the presented key is and has left, and its revocation by whoever holds it.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use zeroize::Zeroizing;

use super::credential::Presented;
use super::gate::Seen;
use super::metrics::Outcome;
use super::origin::{client, site};
use super::peer::Peer;
use super::{Gate, answer};
use crate::domain::decision::{Decision, Denial, Request};
use crate::domain::limit::Allowance;
use crate::verifier::{Credential, Verdict, VerifierError};

/// What a key may know of itself: nothing of its other secrets, and no note about it.
#[derive(Serialize)]
struct SelfView<'a> {
    id: String,
    secret_id: String,
    name: &'a str,
    owner: &'a str,
    project: &'a str,
    env: &'static str,
    kind: &'static str,
    scopes: Vec<&'a str>,
    expires_at: Option<String>,
    limits: Vec<LimitLeft>,
}

#[derive(Serialize)]
struct LimitLeft {
    of: &'static str,
    limit: &'static str,
    requests: u64,
    window_seconds: u64,
    remaining: u64,
    resets_after_seconds: u64,
}

#[derive(Serialize)]
struct RevokedView {
    id: String,
    revoked: bool,
    /// False when it was revoked before.
    changed: bool,
}

/// Tells the holder of an accepted key what it is, and consumes nothing.
pub(super) async fn show(
    State(gate): State<Arc<Gate>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
) -> Response<Body> {
    let rules = &**gate.rules();
    let (ip, origin) = (client(rules, peer, &headers), site(&headers));
    let request = Request { ip, origin, env: rules.env, ..Request::default() };
    let presented = Presented::read(&headers, &rules.key_headers, None);
    let seen = Seen::Asked("GET", "/v1/self");
    let answered = gate.verify(presented.credential(), (&request, 0), seen, |verdict| {
        match answer::refusal(verdict, &request, rules) {
            Some(refusal) if verdict.spending.denial.is_none() => refusal,
            // One that has used up its limits is told so.
            _ => unstored(Json(view(verdict))),
        }
    });
    answered.unwrap_or_else(|_| answer::undecided())
}

/// What is about one key's holder is kept for nobody else (RFC 9111, 5.2.2.5).
fn unstored(answer: impl IntoResponse) -> Response<Body> {
    ([(CACHE_CONTROL, "no-store")], answer).into_response()
}

fn view<'a>(verdict: &Verdict<'a>) -> Option<SelfView<'a>> {
    let key = verdict.key?;
    let left = |one: &Allowance| LimitLeft {
        of: one.of,
        limit: one.measure.code(),
        requests: one.limit,
        window_seconds: one.window_seconds,
        remaining: one.remaining,
        resets_after_seconds: one.resets_after_seconds,
    };
    Some(SelfView {
        id: key.id.to_string(),
        secret_id: key.secret.to_string(),
        name: key.name,
        owner: key.owner,
        project: key.project,
        env: key.env.code(),
        kind: key.kind.code(),
        scopes: key.scopes.iter().map(crate::domain::scope::Scope::as_str).collect(),
        expires_at: key.expires_at.map(|at| at.to_string()),
        limits: verdict.spending.allowances.iter().map(left).collect(),
    })
}

/// Revokes the key whose secret is presented, whatever else would deny it: who found a leaked key can end it from
/// anywhere. Only where the configuration allows it.
pub(super) async fn revoke(
    State(gate): State<Arc<Gate>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
) -> Response<Body> {
    let rules = gate.rules().clone();
    if !rules.self_revoke {
        return StatusCode::NOT_FOUND.into_response();
    }
    let ip = client(&rules, peer, &headers);
    let worker = gate.clone();
    // It writes to the registry, durably, and waits for others who do.
    let revoked = tokio::task::spawn_blocking(move || {
        let presented = Presented::read(&headers, &rules.key_headers, None);
        let credential = presented.credential();
        let stranger = if credential.secret.is_some() { Denial::NotFound } else { Denial::Missing };
        let secret = credential.secret.map(|secret| Zeroizing::new(secret.to_vec()));
        let secret = secret.as_ref().map(|secret| secret.as_slice());
        let revoked = worker.verifier.revoke_presented(Credential { secret, ..credential })?;
        Ok::<_, VerifierError>(revoked.ok_or(stranger))
    });
    let (told, answer) = match revoked.await {
        Ok(Ok(Ok(revoked))) => {
            let view = RevokedView { id: revoked.key.to_string(), revoked: true, changed: revoked.changed };
            // Once for each key: whoever holds a secret could fill the log.
            let outcome = if revoked.changed {
                Outcome::RevokedByHolder
            } else {
                Outcome::Decided(Decision::Denied(Denial::Revoked))
            };
            ((outcome, Some(revoked.key)), unstored(Json(view)))
        }
        Ok(Ok(Err(denial))) => {
            let answer = answer::to_stranger(&gate.rules(), ip, gate.verifier.now());
            ((Outcome::Decided(Decision::Denied(denial)), None), answer)
        }
        Ok(Err(_)) | Err(_) => ((Outcome::Undecided, None), answer::undecided()),
    };
    gate.tell_revocation(told, ip, "/v1/self/revoke");
    answer
}
