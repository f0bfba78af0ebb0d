//! `POST /v1/verify`: the same decision for programs, JSON in and out. The caller itself needs a key that may
//! `apikey:verify`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::credential::Presented;
use super::gate::Seen;
use super::origin::client;
use super::peer::Peer;
use super::{Gate, answer};
use crate::commands::verify::{hint, message};
use crate::domain::decision::{Decision, Matched, Request};
use crate::domain::limit::Spending;
use crate::domain::scope::Scope;
use crate::domain::secret::Env;
use crate::output::view::{DecisionView, KeyView};
use crate::registry::Found;
use crate::verifier::{Credential, Verdict, VerifierError};

const PATH: &str = "/v1/verify";

/// What a program asks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    secret: Zeroizing<String>,
    consumer_key: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    ip: Option<IpAddr>,
    origin: Option<String>,
    env: Option<String>,
    /// Zero only asks.
    #[serde(default = "one")]
    cost: u32,
}

fn one() -> u32 {
    1
}

/// What was decided, as far as the answer needs it.
struct Outcome {
    decision: Decision,
    spending: Spending,
    found: Option<Found>,
    place: usize,
}

/// Decides about the secret in the body.
pub(super) async fn verify(
    State(gate): State<Arc<Gate>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    if let Some(refusal) = refuse_caller(&gate, peer, &headers) {
        return refusal;
    }
    let Ok(question) = serde_json::from_slice::<Question>(&body) else {
        return answer::bad_request("the body is not the JSON object that is asked for");
    };
    let Some(request) = request(&question) else {
        return answer::bad_request("a scope, origin or environment of the body cannot be read");
    };
    match decide(&gate, &question, &request) {
        Ok(outcome) => respond(&gate, &outcome, &request),
        Err(_) => answer::undecided(),
    }
}

/// The answer to a caller who may not ask.
fn refuse_caller(gate: &Gate, peer: Peer, headers: &HeaderMap) -> Option<Response<Body>> {
    let may_verify: Scope = "apikey:verify".parse().ok()?;
    let rules = gate.rules();
    let request =
        Request { scopes: vec![may_verify], ip: client(&rules, peer, headers), ..Request::default() };
    let presented = Presented::read(headers, &rules.key_headers);
    let answered = gate.verify(presented.credential(), (&request, 1), Seen::Caller(PATH), |verdict| {
        (!verdict.decision.is_accepted()).then(|| answer::forward(verdict, &request.scopes, 429))
    });
    answered.unwrap_or_else(|_| Some(answer::undecided()))
}

fn request(question: &Question) -> Option<Request> {
    let origin = match &question.origin {
        Some(text) => Some(text.parse().ok()?),
        None => None,
    };
    let env = match &question.env {
        Some(text) => Some(Env::from_code(text)?),
        None => None,
    };
    let scopes = question.scopes.iter().map(|text| text.parse().ok()).collect::<Option<Vec<_>>>()?;
    Some(Request { scopes, ip: question.ip, origin, env })
}

fn decide(gate: &Gate, question: &Question, request: &Request) -> Result<Outcome, VerifierError> {
    let credential = Credential {
        secret: Some(question.secret.as_bytes()),
        consumer_key: question.consumer_key.as_deref(),
    };
    let kept = |verdict: &Verdict<'_>| {
        let ids = verdict.key.map(|key| (key.id, key.secret));
        (verdict.decision, verdict.spending.clone(), ids)
    };
    let (decision, spending, ids) =
        gate.verify(credential, (request, question.cost), Seen::Asked(PATH), kept)?;
    let found = match ids {
        Some((key, _)) => gate.verifier.found(key)?,
        None => None,
    };
    let place = found
        .as_ref()
        .and_then(|found| found.key.secrets.iter().position(|row| Some(row.id) == ids.map(|ids| ids.1)))
        .unwrap_or_default();
    Ok(Outcome { decision, spending, found, place })
}

fn respond(gate: &Gate, outcome: &Outcome, request: &Request) -> Response<Body> {
    let Outcome { decision, spending, found, place } = outcome;
    let matched = found.as_ref().and_then(|found| {
        let secret = found.key.secrets.get(*place)?;
        // The verifier has judged the seals; nothing here decides.
        let (key, owner, project) = (&found.key, &found.owner, &found.project);
        Some(Matched { key, secret, owner, project, intact: true })
    });
    let (message, hint) =
        (message(*decision, matched.as_ref(), request), hint(*decision, matched.as_ref(), request));
    let key = found.as_ref().map(|found| {
        let suspended = found.owner.suspended_at.is_some() || found.project.suspended_at.is_some();
        KeyView::of(&found.key, suspended, gate.verifier.brand(), gate.verifier.now())
    });
    let view = DecisionView {
        accepted: decision.is_accepted(),
        code: decision.code(),
        message: &message,
        hint: hint.as_deref(),
        key,
        remaining: spending.remaining(),
        retry_after_seconds: spending.retry_after_seconds,
        checks: None,
    };
    (StatusCode::OK, Json(view)).into_response()
}
