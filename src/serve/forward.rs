//! `/verify`: forward authentication. Any method; the body is ignored.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, Method, Response, Uri};

use super::credential::Presented;
use super::gate::Seen;
use super::origin::{Wanted, client};
use super::peer::Peer;
use super::{Gate, answer};
use crate::domain::decision::Request;

/// Answers whether the request that a proxy holds may pass.
pub(super) async fn verify(
    State(gate): State<Arc<Gate>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let rules = &**gate.rules();
    let mut scopes = rules.scopes.clone();
    let mut is_known_route = true;
    if !rules.routes.is_empty() {
        let wanted = Wanted::read(rules.original, &method, &uri, &headers);
        match wanted.as_ref().and_then(|wanted| rules.route(&wanted.method, &wanted.segments())) {
            Some(route) => scopes.extend(route.scopes.iter().cloned()),
            None => is_known_route = false,
        }
    }
    let request = Request {
        scopes,
        ip: client(rules, peer, &headers),
        origin: headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()?.parse().ok()),
        env: rules.env,
    };
    let presented = Presented::read(&headers, &rules.key_headers);
    // On an unknown route nothing passes and nothing is consumed; a stranger is told no more than elsewhere.
    let cost = u32::from(is_known_route);
    let original = rules.original;
    let seen = Seen::Forwarded { original, method: &method, uri: &uri, headers: &headers, is_known_route };
    let answered = gate.verify(presented.credential(), (&request, cost), seen, |verdict| {
        if verdict.key.is_some() && !is_known_route {
            return answer::unknown_route();
        }
        answer::forward(verdict, &request.scopes, rules.limited_status)
    });
    answered.unwrap_or_else(|_| answer::undecided())
}
