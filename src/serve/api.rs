//! `POST /v1/verify`: the same decision for programs, JSON in and out. The caller itself needs a key that may
//! `apikey:verify`.

mod unreadable;

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, Response};
use axum::response::IntoResponse;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::credential::Presented;
use super::gate::Seen;
use super::origin::{client, site};
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
const MOST_QUESTIONS: usize = 1_000;
/// The largest question of a program.
const QUESTION: usize = 64 * 1024;
/// The largest batch of them.
const QUESTIONS: usize = 1024 * 1024;

/// What a program asks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    secret: Zeroizing<String>,
    consumer_key: Option<String>,
    /// One that is needed, for those who ask for one.
    scope: Option<String>,
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

/// Several at once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    questions: Vec<Question>,
}

/// Decides about the secret in the body.
pub(super) async fn verify(
    State(gate): State<Arc<Gate>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response<Body> {
    let body = match read(&gate, peer, &headers, (body, QUESTION)).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    match serde_json::from_slice::<Question>(&body) {
        Ok(question) => answer_to(&gate, &question).map_or_else(|why| why.response(), json),
        Err(error) => unreadable::question(&error),
    }
}

/// Decides about each secret in the body, and answers in their order.
pub(super) async fn verify_batch(
    State(gate): State<Arc<Gate>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response<Body> {
    let body = match read(&gate, peer, &headers, (body, QUESTIONS)).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let questions = match serde_json::from_slice::<Batch>(&body) {
        Ok(batch) if batch.questions.len() <= MOST_QUESTIONS => batch.questions,
        Ok(_) => return answer::bad_request("there are more than 1000 questions"),
        Err(error) => return unreadable::batch(&error, &body),
    };
    // All are read before any is decided: one that cannot be read consumes nothing of the others.
    for (place, question) in questions.iter().enumerate() {
        if let Err(field) = request(question) {
            return answer::bad_request(&format!("`questions[{place}].{field}` cannot be read"));
        }
    }
    let answers: Vec<_> = questions.iter().map(|question| answer_to(&gate, question)).collect();
    if !answers.is_empty() && answers.iter().all(Result::is_err) {
        return Unanswered::Undecided.response();
    }
    // What the others took from limits is taken: they are not asked again for the sake of one that could not be decided.
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.unwrap_or_else(|_| undecided())).collect();
    json(format!("{{\"answers\":[{}]}}", answers.join(",")))
}

/// One question of a batch that could not be decided.
fn undecided() -> String {
    let view = DecisionView {
        accepted: false,
        code: "undecided",
        message: "no decision could be made",
        hint: Some("ask again"),
        key: None,
        remaining: None,
        retry_after_seconds: None,
        checks: None,
    };
    serde_json::to_string(&view).expect("a view without a key is text, numbers and nothing else")
}

/// The body, up to so many bytes, of a caller who may ask: nothing of it is kept for others.
async fn read(
    gate: &Gate,
    peer: Peer,
    headers: &HeaderMap,
    (body, most): (Body, usize),
) -> Result<Bytes, Response<Body>> {
    if let Some(refusal) = refuse_caller(gate, peer, headers) {
        return Err(refusal);
    }
    // Said in advance, it is not waited for.
    if body.size_hint().lower() > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(answer::too_large(most));
    }
    // One that breaks off is told too; nobody is there to read it.
    to_bytes(body, most).await.map_err(|_| answer::too_large(most))
}

fn json(text: String) -> Response<Body> {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], text).into_response()
}

/// Why a question has no answer of its own.
enum Unanswered {
    /// The field that cannot be read.
    Unreadable(&'static str),
    Undecided,
}

impl Unanswered {
    fn response(&self) -> Response<Body> {
        match self {
            Self::Unreadable(field) => answer::bad_request(&format!("`{field}` cannot be read")),
            Self::Undecided => answer::undecided(),
        }
    }
}

fn answer_to(gate: &Gate, question: &Question) -> Result<String, Unanswered> {
    let request = request(question).map_err(Unanswered::Unreadable)?;
    let outcome = decide(gate, question, &request).map_err(|_| Unanswered::Undecided)?;
    view(gate, &outcome, &request).map_err(|_| Unanswered::Undecided)
}

/// The answer to a caller who may not ask.
fn refuse_caller(gate: &Gate, peer: Peer, headers: &HeaderMap) -> Option<Response<Body>> {
    let may_verify: Scope = "apikey:verify".parse().ok()?;
    let rules = gate.rules();
    let request = Request {
        scopes: vec![may_verify],
        ip: client(&rules, peer, headers),
        env: rules.env,
        origin: site(headers),
        is_unrouted: false,
    };
    let presented = Presented::read(headers, &rules.key_headers, None);
    let answered = gate.verify(presented.credential(), (&request, 1), Seen::Caller(PATH), |verdict| {
        match (verdict.decision, &verdict.key) {
            (Decision::Denied(denial), Some(_)) => {
                Some(answer::to_holder(denial, verdict, &request.scopes, 429))
            }
            (Decision::Accepted, Some(_)) => None,
            (_, None) => Some(answer::to_stranger(&rules, request.ip, verdict.at)),
        }
    });
    answered.unwrap_or_else(|_| Some(answer::undecided()))
}

/// What is asked, or the field of it that cannot be read.
fn request(question: &Question) -> Result<Request, &'static str> {
    let origin = question.origin.as_deref().map(str::parse).transpose().map_err(|_| "origin")?;
    let env = question.env.as_deref().map(|text| Env::from_code(text).ok_or("env")).transpose()?;
    let scope = question.scope.as_deref().map(str::parse).transpose().map_err(|_| "scope")?;
    let scopes = question.scopes.iter().map(|text| text.parse());
    let mut scopes = scopes.collect::<Result<Vec<Scope>, _>>().map_err(|_| "scopes")?;
    scopes.extend(scope);
    Ok(Request { scopes, ip: question.ip.map(|ip| ip.to_canonical()), origin, env, is_unrouted: false })
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
        gate.verify(credential, (request, question.cost), Seen::Asked("POST", PATH), kept)?;
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

fn view(gate: &Gate, outcome: &Outcome, request: &Request) -> serde_json::Result<String> {
    let Outcome { decision, spending, found, place } = outcome;
    let matched = found.as_ref().and_then(|found| {
        let secret = found.key.secrets.get(*place)?;
        // The verifier has judged the seals; nothing here decides.
        let (key, owner, project) = (&found.key, &found.owner, &found.project);
        Some(Matched { key, secret, owner, project, intact: true })
    });
    let asked = (request, spending);
    let (message, hint) =
        (message(*decision, matched.as_ref(), asked), hint(*decision, matched.as_ref(), asked));
    let key = found.as_ref().map(|found| {
        let suspended = found.is_suspended();
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
    serde_json::to_string(&view)
}
