//! Decisions as HTTP: status, header fields, and problem+json (RFC 9457).

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::domain::decision::{Decision, Denial};
use crate::domain::limit::Spending;
use crate::domain::scope::Scope;
use crate::verifier::{Identified, Verdict};

/// What a header field may not hold as it is, and the percent sign that says so.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%').add(b',').add(b'"').add(b'\\');

/// The answer to a proxy. `wanted` is what the request needed; `limited` the status of one over a limit.
pub(super) fn forward(verdict: &Verdict<'_>, wanted: &[Scope], limited: u16) -> Response<Body> {
    let mut response = match (verdict.decision, &verdict.key) {
        (Decision::Accepted, Some(key)) => {
            let mut response = Response::new(Body::empty());
            identify(response.headers_mut(), key);
            response
        }
        (Decision::Denied(denial), Some(_)) => denied(denial, wanted, limited),
        // Before the match all denials are one, byte for byte.
        (_, None) => stranger(),
    };
    limits(response.headers_mut(), &verdict.spending);
    response
}

/// The one answer to strangers.
pub(super) fn stranger() -> Response<Body> {
    let mut response = problem(StatusCode::UNAUTHORIZED, "unauthorized", "a valid API key is needed");
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"apikey\""));
    response
}

/// The question cannot be read.
pub(super) fn bad_request(detail: &str) -> Response<Body> {
    problem(StatusCode::BAD_REQUEST, "bad_request", detail)
}

/// No decision could be made: nothing passes.
pub(super) fn undecided() -> Response<Body> {
    problem(StatusCode::SERVICE_UNAVAILABLE, "undecided", "no decision could be made; try again")
}

/// What the request needs is not known: nothing passes.
pub(super) fn unknown_route() -> Response<Body> {
    problem(StatusCode::FORBIDDEN, "no_route", "no route of the configuration fits this request")
}

/// Says who a request comes from. Every field is always there and never empty, so that none that a client sent is left.
fn identify(headers: &mut HeaderMap, key: &Identified<'_>) {
    let or = |text: &str, none: &'static str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
    let fields = [
        ("x-apikey-id", key.id.to_string()),
        ("x-apikey-secret-id", key.secret.to_string()),
        ("x-apikey-name", escaped(key.name)),
        ("x-apikey-owner", escaped(key.owner)),
        ("x-apikey-project", escaped(key.project)),
        ("x-apikey-env", key.env.code().to_owned()),
        ("x-apikey-kind", key.kind.code().to_owned()),
        ("x-apikey-scopes", or(key.scopes_text, "none")),
        ("x-apikey-expires", key.expires_at.map_or_else(|| "never".to_owned(), |at| at.to_string())),
    ];
    for (name, value) in fields {
        put(headers, HeaderName::from_static(name), &value);
    }
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    let value = HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static("unprintable"));
    headers.insert(name, value);
}

/// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers), and when to come again.
fn limits(headers: &mut HeaderMap, spending: &Spending) {
    if !spending.allowances.is_empty() {
        let name = |of: &str, measure: &str| format!("\"{of}-{measure}\"");
        let each = spending.allowances.iter();
        let policy: Vec<String> = each
            .clone()
            .map(|one| {
                format!("{};q={};w={}", name(one.of, one.measure.code()), one.limit, one.window_seconds)
            })
            .collect();
        let left: Vec<String> = each
            .map(|one| {
                format!(
                    "{};r={};t={}",
                    name(one.of, one.measure.code()),
                    one.remaining,
                    one.resets_after_seconds
                )
            })
            .collect();
        put(headers, HeaderName::from_static("ratelimit-policy"), &policy.join(", "));
        put(headers, HeaderName::from_static("ratelimit"), &left.join(", "));
    }
    if let Some(seconds) = spending.retry_after_seconds {
        put(headers, RETRY_AFTER, &seconds.to_string());
    }
}

fn denied(denial: Denial, wanted: &[Scope], limited: u16) -> Response<Body> {
    let (status, sentence) = status_of(denial, limited);
    let mut response = problem(status, denial.code(), sentence);
    let challenge = match denial {
        Denial::InsufficientScope => {
            let scopes: Vec<&str> = wanted.iter().map(Scope::as_str).collect();
            format!("Bearer realm=\"apikey\", error=\"insufficient_scope\", scope=\"{}\"", scopes.join(" "))
        }
        _ => "Bearer realm=\"apikey\", error=\"invalid_token\"".to_owned(),
    };
    if status == StatusCode::UNAUTHORIZED || denial == Denial::InsufficientScope {
        put(response.headers_mut(), WWW_AUTHENTICATE, &challenge);
    }
    response
}

/// 401 when another key would do, 403 when this one may not, 429 when it may later.
fn status_of(denial: Denial, limited: u16) -> (StatusCode, &'static str) {
    let limited = StatusCode::from_u16(limited).unwrap_or(StatusCode::TOO_MANY_REQUESTS);
    match denial {
        Denial::Missing | Denial::Malformed | Denial::NotFound => {
            (StatusCode::UNAUTHORIZED, "a valid API key is needed")
        }
        Denial::Tampered => (StatusCode::UNAUTHORIZED, "the record of this key was altered"),
        Denial::Revoked => (StatusCode::UNAUTHORIZED, "this key is revoked"),
        Denial::Disabled => (StatusCode::UNAUTHORIZED, "this key is disabled"),
        Denial::Retired => (StatusCode::UNAUTHORIZED, "this secret was replaced by a newer one"),
        Denial::Expired => (StatusCode::UNAUTHORIZED, "this key is expired"),
        Denial::NotYetValid => (StatusCode::UNAUTHORIZED, "this key is not valid yet"),
        Denial::OwnerSuspended => (StatusCode::FORBIDDEN, "the owner of this key is suspended"),
        Denial::ProjectSuspended => (StatusCode::FORBIDDEN, "the project of this key is suspended"),
        Denial::WrongEnvironment => (StatusCode::FORBIDDEN, "this key is for another environment"),
        Denial::IpNotAllowed => (StatusCode::FORBIDDEN, "this key is not accepted from this address"),
        Denial::OriginNotAllowed => (StatusCode::FORBIDDEN, "this key is not accepted from this origin"),
        Denial::InsufficientScope => (StatusCode::FORBIDDEN, "this key may not do this"),
        Denial::QuotaExceeded => (limited, "the quota of this key is used up"),
        Denial::RateLimited => (limited, "too many requests with this key"),
    }
}

fn problem(status: StatusCode, code: &str, detail: &str) -> Response<Body> {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = serde_json::json!({
        "type": "about:blank", "title": title, "status": status.as_u16(), "code": code, "detail": detail,
    });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
