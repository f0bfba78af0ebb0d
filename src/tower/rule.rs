//! What a layer asks of a request, and the decision.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response};

use crate::domain::decision::{Decision, Request};
use crate::domain::scope::Scope;
use crate::serve::answer;
use crate::serve::config::Rules;
use crate::serve::credential::Presented;
use crate::serve::origin::{client_behind, site};
use crate::serve::peer::Peer;
use crate::verifier::{Verifier, VerifierError};

pub(super) type ScopesOf = dyn Fn(&Parts) -> Option<Vec<Scope>> + Send + Sync;
pub(super) type AddressOf = dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync;
pub(super) type Told = dyn Fn(&VerifierError) + Send + Sync;

/// Who decides, and what is asked.
#[derive(Clone)]
pub(super) struct Rule {
    pub(super) verifier: Arc<Verifier>,
    pub(super) rules: Rules,
    pub(super) cost: u32,
    pub(super) scopes_of: Option<Arc<ScopesOf>>,
    pub(super) address_of: Option<Arc<AddressOf>>,
    pub(super) told: Option<Arc<Told>>,
}

impl Rule {
    /// Decides. A request that passes has lost its secret and gained the key it came with; the fields about what is
    /// left of its limits are for the answer. One that does not is answered.
    pub(super) fn admit<B: From<Bytes>>(&self, parts: &mut Parts) -> Result<HeaderMap, Response<B>> {
        let request = self.request(parts);
        let presented = Presented::read(&parts.headers, &self.rules.key_headers, None);
        let answered = self.verifier.verify(presented.credential(), (&request, self.cost), |verdict| {
            if let Some(mut refusal) = answer::refusal(verdict, &request, &self.rules) {
                if let Decision::Denied(denial) = verdict.decision {
                    refusal.extensions_mut().insert(denial);
                }
                return Err(refusal);
            }
            let mut limits = HeaderMap::new();
            answer::limits(&mut limits, &verdict.spending);
            verdict.to_result().map(|key| (key, limits)).map_err(|_| answer::undecided())
        });
        drop(presented);
        let (key, limits) = answered.unwrap_or_else(|error| {
            if let Some(told) = &self.told {
                told(&error);
            }
            Err(answer::undecided())
        })?;
        for name in self.rules.key_headers.iter().chain([&AUTHORIZATION]) {
            parts.headers.remove(name);
        }
        parts.extensions.insert(key);
        Ok(limits)
    }

    /// What is asked.
    pub(super) fn request(&self, parts: &Parts) -> Request {
        let further = match &self.scopes_of {
            Some(scopes_of) => scopes_of(parts),
            None => Some(Vec::new()),
        };
        let is_unrouted = further.is_none();
        let mut scopes = self.rules.scopes.clone();
        scopes.extend(further.unwrap_or_default());
        let (ip, origin) = (self.address(parts), site(&parts.headers));
        Request { scopes, ip, origin, env: self.rules.env, is_unrouted }
    }

    fn address(&self, parts: &Parts) -> Option<IpAddr> {
        if let Some(address_of) = &self.address_of {
            return address_of(parts).map(|ip| ip.to_canonical());
        }
        let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
        client_behind(&self.rules, Peer::Tcp(peer.ip().to_canonical()), &parts.headers)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verifier, rules, cost, .. } = self;
        let mut shown = out.debug_struct("Rule");
        shown.field("verifier", verifier).field("scopes", &rules.scopes).field("env", &rules.env);
        shown.field("key_headers", &rules.key_headers).field("cost", cost).finish_non_exhaustive()
    }
}
