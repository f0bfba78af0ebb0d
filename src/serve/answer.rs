//! Decisions as HTTP: status, header fields, and problem+json (RFC 9457).

mod values;

use std::net::IpAddr;
use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::config::Rules;
use crate::domain::decision::{Decision, Denial, Request};
use crate::domain::key::KeyId;
use crate::domain::limit::{Allowance, Measure, Spending};
use crate::domain::scope::Scope;
use crate::domain::time::Instant;
use crate::verifier::Verdict;
use values::{Field, UNPRINTABLE, Values, value_of};

/// The answer to a proxy about a request that may pass: who it comes from, and what is left. Every field about the key is
/// always there and never empty, so that none that a client sent is left.
pub(super) fn accepted(verdict: &Verdict<'_>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let Some(key) = &verdict.key else { return response };
    // All values are written into one piece of memory, which the fields then share.
    let mut text = Values::with_room_for(512);
    let [id, secret, name] = [
        text.write(&[KeyId::PREFIX, key.id.bare()]),
        text.write(&[key.secret.as_str()]),
        text.escape(key.name),
    ];
    let [owner, project] = [key.owner, key.project].map(|party| text.escape(party));
    let scopes = match key.scopes_text {
        "" => Field::Word("none"),
        scopes => text.write(&[scopes]),
    };
    let [env, kind] = [key.env.code(), key.kind.code()].map(Field::Word);
    let expires = key.expires_at.map_or(Field::Word("never"), |at| text.at(at));
    let allowances = &verdict.spending.allowances;
    let (fields, [policy, left]) = if allowances.is_empty() {
        (&*IDENTITY, [Field::Word(""); 2])
    } else {
        (&*IDENTITY_AND_LIMITS, [text.policy(allowances), text.left(allowances)])
    };
    let values = [id, secret, name, owner, project, env, kind, scopes, expires, policy, left];
    let text = text.written();
    let headers = response.headers_mut();
    *headers = fields.clone();
    for value in headers.values_mut() {
        *value = values.get(place_in(value)).map_or(UNPRINTABLE, |field| field.value(&text));
    }
    response
}

/// The answer to a request that does not pass; none for one that does.
pub(crate) fn refusal<B: From<Bytes>>(
    verdict: &Verdict<'_>,
    request: &Request,
    rules: &Rules,
) -> Option<Response<B>> {
    if verdict.key.is_none() {
        return Some(to_stranger(rules, request.ip, verdict.at));
    }
    let Decision::Denied(denial) = verdict.decision else { return None };
    Some(to_holder(denial, verdict, &request.scopes, rules.limited_status))
}

/// The answer to one who presents no known secret, who may be asking too often. Before the match all denials are one,
/// byte for byte.
pub(super) fn to_stranger<B: From<Bytes>>(rules: &Rules, ip: Option<IpAddr>, now: Instant) -> Response<B> {
    let Some(wait) = rules.strangers.as_ref().and_then(|strangers| strangers.refuses(ip, now)) else {
        let mut response = problem(StatusCode::UNAUTHORIZED, "unauthorized", "a valid API key is needed");
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"apikey\""));
        return response;
    };
    let status = StatusCode::from_u16(rules.limited_status).unwrap_or(StatusCode::TOO_MANY_REQUESTS);
    let mut response = problem(status, "too_many_requests", "too many requests without a valid API key");
    put(response.headers_mut(), RETRY_AFTER, &wait.to_string());
    response
}

/// The question cannot be read.
pub(super) fn bad_request(detail: &str) -> Response<Body> {
    problem(StatusCode::BAD_REQUEST, "bad_request", detail)
}

/// The question is larger than so many bytes, which would be read.
pub(super) fn too_large(most: usize) -> Response<Body> {
    let detail = format!("the body is larger than {} KiB", most / 1024);
    problem(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &detail)
}

/// No decision could be made: nothing passes.
pub(crate) fn undecided<B: From<Bytes>>() -> Response<B> {
    problem(StatusCode::SERVICE_UNAVAILABLE, "undecided", "no decision could be made; try again")
}

/// The fields that say who a request comes from, in the order of their values.
const IDENTITY_FIELDS: [HeaderName; 9] = [
    HeaderName::from_static("x-apikey-id"),
    HeaderName::from_static("x-apikey-secret-id"),
    HeaderName::from_static("x-apikey-name"),
    HeaderName::from_static("x-apikey-owner"),
    HeaderName::from_static("x-apikey-project"),
    HeaderName::from_static("x-apikey-env"),
    HeaderName::from_static("x-apikey-kind"),
    HeaderName::from_static("x-apikey-scopes"),
    HeaderName::from_static("x-apikey-expires"),
];
const LIMITS_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMITS_LEFT: HeaderName = HeaderName::from_static("ratelimit");

// A map that was made once is cheaper to copy than to make again: what is in it is static, so that copies share nothing
// that threads would have to count.
static IDENTITY: LazyLock<HeaderMap> = LazyLock::new(|| empty_fields(IDENTITY_FIELDS));
static IDENTITY_AND_LIMITS: LazyLock<HeaderMap> =
    LazyLock::new(|| empty_fields(IDENTITY_FIELDS.into_iter().chain([LIMITS_POLICY, LIMITS_LEFT])));

/// A letter for each place.
const PLACES: &str = "abcdefghijklmnopqrstuvwxyz";

/// These fields, each with the letter of its place where its value belongs.
fn empty_fields(names: impl IntoIterator<Item = HeaderName>) -> HeaderMap {
    let letters = (0..PLACES.len()).map(|place| HeaderValue::from_static(&PLACES[place..=place]));
    names.into_iter().zip(letters).collect()
}

/// Whose place a value of [`empty_fields`] keeps.
fn place_in(value: &HeaderValue) -> usize {
    value.as_bytes().first().map_or(usize::MAX, |letter| usize::from(letter.wrapping_sub(b'a')))
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    headers.insert(name, value_of(Bytes::copy_from_slice(value.as_bytes())));
}

/// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers), and when to come again.
pub(crate) fn limits(headers: &mut HeaderMap, spending: &Spending) {
    if !spending.allowances.is_empty() {
        let mut text = Values::with_room_for(128);
        let fields = [text.policy(&spending.allowances), text.left(&spending.allowances)];
        let text = text.written();
        for (name, field) in [LIMITS_POLICY, LIMITS_LEFT].into_iter().zip(fields) {
            headers.insert(name, field.value(&text));
        }
    }
    if let Some(seconds) = spending.retry_after_seconds {
        put(headers, RETRY_AFTER, &seconds.to_string());
    }
}

/// Whoever holds the secret is told why. `wanted` is what the request needed; `limited` the status of one over a limit.
pub(super) fn to_holder<B: From<Bytes>>(
    denial: Denial,
    verdict: &Verdict<'_>,
    wanted: &[Scope],
    limited: u16,
) -> Response<B> {
    let (status, sentence) = status_of(denial, limited);
    let sentence = shared_limit(denial, &verdict.spending).unwrap_or(sentence);
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
    limits(response.headers_mut(), &verdict.spending);
    response
}

/// What is said when it is no limit of the key's own that is used up.
fn shared_limit(denial: Denial, spending: &Spending) -> Option<&'static str> {
    let measure = match denial {
        Denial::QuotaExceeded => Measure::Quota,
        Denial::RateLimited => Measure::Rate,
        _ => return None,
    };
    let is_it = |one: &&Allowance| one.measure == measure && one.remaining == 0;
    // Of several that are used up any one would have done.
    let used_up = spending.allowances.iter().find(is_it)?;
    Some(match (used_up.of, measure) {
        ("owner", Measure::Quota) => "the quota of all keys of this key's owner is used up",
        ("owner", Measure::Rate) => "too many requests with the keys of this key's owner",
        ("project", Measure::Quota) => "the quota of all keys of this key's project is used up",
        ("project", Measure::Rate) => "too many requests with the keys of this key's project",
        _ => return None,
    })
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
        Denial::NoRoute => {
            (StatusCode::FORBIDDEN, "nothing in the configuration says what this request needs")
        }
        Denial::QuotaExceeded => (limited, "the quota of this key is used up"),
        Denial::RateLimited => (limited, "too many requests with this key"),
    }
}

fn problem<B: From<Bytes>>(status: StatusCode, code: &str, detail: &str) -> Response<B> {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = serde_json::json!({
        "type": "about:blank", "title": title, "status": status.as_u16(), "code": code, "detail": detail,
    });
    let body = body.to_string();
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(B::from(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    // Said here, it has one place among the fields, whichever way the answer goes out.
    headers.insert(CONTENT_LENGTH, length);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_limit_is_used_up_is_said() {
        let left = |of, measure, remaining| Allowance {
            of,
            measure,
            limit: 9,
            window_seconds: 60,
            remaining,
            resets_after_seconds: 60,
        };
        let spending = Spending {
            allowances: vec![
                left("key", Measure::Quota, 3),
                left("owner", Measure::Rate, 0),
                left("project", Measure::Quota, 0),
            ],
            ..Spending::default()
        };
        let said = |denial| shared_limit(denial, &spending).unwrap_or_default();
        assert!(said(Denial::QuotaExceeded).ends_with("of this key's project is used up"));
        assert!(said(Denial::RateLimited).ends_with("of this key's owner"));
        assert_eq!(said(Denial::Revoked), "");
        let own = Spending { allowances: vec![left("key", Measure::Rate, 0)], ..Spending::default() };
        assert_eq!(shared_limit(Denial::RateLimited, &own), None);
    }
}
