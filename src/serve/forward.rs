//! `/verify`: forward authentication. Any method; the body is ignored.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Response, Uri};

use super::config::Rules;
use super::credential::Presented;
use super::gate::Seen;
use super::origin::{Wanted, client_behind, named_scopes, site, target};
use super::peer::Peer;
use super::{Gate, answer};
use crate::domain::decision::Request;
use crate::domain::scope::Scope;

/// Whether this is the path of a request that a proxy holds.
pub(super) fn is_asked(path: &str) -> bool {
    path.strip_prefix("/verify").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// As [`decide`], for the router.
pub(super) async fn verify(
    State(gate): State<Arc<Gate>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    decide(&gate, peer, (&method, &uri, &headers))
}

/// Answers whether the request that a proxy holds may pass.
pub(super) fn decide(
    gate: &Gate,
    peer: Peer,
    (method, uri, headers): (&Method, &Uri, &HeaderMap),
) -> Response<Body> {
    let rules = &**gate.rules();
    let query = rules.query_parameter.as_deref().and_then(|name| {
        let (_, query) = target(rules.original, uri, headers)?.split_once('?')?;
        Some((query, name))
    });
    let presented = Presented::read(headers, &rules.key_headers, query);
    gate.verifier.foresee(presented.credential());
    let mut scopes = rules.scopes.clone();
    let is_unrouted = needed(rules, peer, (method, uri, headers), &mut scopes).is_none();
    let (ip, origin) = (client_behind(rules, peer, headers), site(headers));
    let request = Request { scopes, ip, origin, env: rules.env, is_unrouted };
    let seen = Seen::Forwarded { original: rules.original, method, uri, headers };
    let answered = gate.verify(presented.credential(), (&request, 1), seen, |verdict| {
        answer::refusal(verdict, &request, rules).unwrap_or_else(|| answer::accepted(verdict))
    });
    answered.unwrap_or_else(|_| answer::undecided())
}

/// Adds what this request needs besides; none when that cannot be said, and then nothing passes.
fn needed(
    rules: &Rules,
    peer: Peer,
    (method, uri, headers): (&Method, &Uri, &HeaderMap),
    scopes: &mut Vec<Scope>,
) -> Option<()> {
    if !rules.routes.is_empty() {
        let wanted = Wanted::read(rules.original, method, uri, headers)?;
        let route = rules.route(&wanted.method, &wanted.segments())?;
        scopes.extend(route.scopes.iter().cloned());
    }
    if let Some(name) = &rules.scope_header {
        scopes.extend(named_scopes(rules, peer, headers, name)?);
    }
    Some(())
}
