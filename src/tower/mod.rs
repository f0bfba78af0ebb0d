//! A layer for services of `tower`, such as those of axum: only requests with a good key reach what is behind it. With the
//! feature `tower`.
//!
//! ```
//! use std::net::SocketAddr;
//! use std::sync::Arc;
//!
//! use apikey::tower::ApiKeyLayer;
//! use apikey::{VerifiedKey, Verifier};
//! use axum::routing::{get, post};
//! use axum::{Extension, Router};
//!
//! async fn list(Extension(key): Extension<VerifiedKey>) -> String {
//!     format!("the orders of {}", key.owner)
//! }
//!
//! async fn add(Extension(key): Extension<VerifiedKey>) -> String {
//!     format!("added by {}", key.name)
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let (registry, key_file) = (folder.path().join("registry.db"), folder.path().join("master.key"));
//! # let set = [("HOME", folder.path()), ("APIKEY_REGISTRY", &*registry), ("APIKEY_VAULT", "keyfile".as_ref())];
//! # let set = apikey::host::Environment::new(set.map(|(name, value)| (name.into(), value.into())));
//! # let set: &'static apikey::host::Environment = Box::leak(Box::new(set));
//! # let apikey = |line: &str| -> std::io::Result<()> {
//! #     let exit = apikey::host::real::with_host(|host| {
//! #         (host.environment, host.stdout) = (set, Box::leak(Box::new(std::io::sink())));
//! #         host.stderr = Box::leak(Box::new(std::io::sink()));
//! #         apikey::run(["apikey"].into_iter().chain(line.split(' ')).map(Into::into), host)
//! #     })?;
//! #     assert_eq!(exit, apikey::exit::Exit::Done, "{line}");
//! #     Ok(())
//! # };
//! # let secret_file = folder.path().join("shop.secret");
//! # let out = secret_file.display();
//! // Once, on the command line; `apikey` stands for it.
//! apikey(&format!("create shop --owner acme --scope orders:read --rate 2/1d --secret-out {out}"))?;
//! # let secret = std::fs::read_to_string(&secret_file)?;
//! # let secret = secret.trim_end();
//!
//! // The service.
//! let verifier = Arc::new(Verifier::with_key_file(&registry, &key_file)?);
//! let read = ApiKeyLayer::new(verifier.clone()).requires("orders:read".parse()?);
//! let write = ApiKeyLayer::new(verifier).requires("orders:write".parse()?);
//! let orders = get(list).layer(read).merge(post(add).layer(write));
//! let service = Router::new().route("/orders", orders).into_make_service_with_connect_info::<SocketAddr>();
//!
//! let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
//! let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
//! let url = format!("http://{}/orders", listener.local_addr()?);
//! runtime.spawn(async { axum::serve(listener, service).await });
//!
//! // Its clients.
//! let client = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
//! let ask = |secret: &str| client.get(&url).header("authorization", format!("Bearer {secret}")).call();
//! let mut accepted = ask(secret)?;
//! assert_eq!(accepted.body_mut().read_to_string()?, "the orders of acme");
//! assert!(accepted.headers()["ratelimit"].to_str()?.starts_with("\"key-rate\";r=1;"));
//!
//! let mut denied = client.post(&url).header("x-api-key", secret).send_empty()?;
//! assert_eq!(denied.status(), 403);
//! assert!(denied.body_mut().read_to_string()?.contains("\"code\":\"insufficient_scope\""));
//!
//! assert_eq!(client.get(&url).call()?.status(), 401, "no key at all");
//! assert_eq!(ask(secret)?.status(), 200);
//! let limited = ask(secret)?;
//! assert_eq!(limited.status(), 429);
//! assert!(limited.headers().contains_key("retry-after"));
//!
//! apikey("revoke shop --reason leaked --yes")?;
//! let mut revoked = ask(secret)?;
//! assert_eq!(revoked.status(), 401, "from the very next request on");
//! assert!(revoked.body_mut().read_to_string()?.contains("\"code\":\"revoked\""));
//! # Ok(())
//! # }
//! ```
//!
//! # What a request meets
//!
//! The same as behind `apikey serve`, by the same code. The secret is read from `Authorization` (Bearer or Basic) or
//! `X-API-Key`; two that disagree are refused. What does not pass is answered with 401, 403 or 429 as problem+json, with
//! `WWW-Authenticate`, `RateLimit` and `Retry-After` where they say something; the service behind is not called. Whoever
//! presents no known secret gets one and the same 401. For a log around the layer, which the client does not see, the
//! answer has the [`Denial`](crate::Denial) among its extensions. If no decision can be made the answer is 503, and
//! [`ApiKeyLayer::on_undecided`] is told why: nothing ever passes undecided.
//!
//! What passes has a [`VerifiedKey`](crate::VerifiedKey) among its extensions, put there by the layer whatever was there
//! before, so no client can make one up. It has lost `Authorization` and the header fields that hold keys: nothing behind
//! the layer can log or forward a secret, and a second layer behind this one would find none. The answer gets `RateLimit`
//! and `RateLimit-Policy` where a limit holds. Whether caches may keep an answer is for the service to say. A layer for
//! CORS belongs around this one: a browser's preflight has no key.
//!
//! # Time
//!
//! A decision takes about a microsecond and is made when the service is called. Rarely it takes longer, and then it
//! blocks its thread: the first request after a change of the registry reads what changed; one that takes a new part of
//! a limit waits for a durable write, 50 ms at most while others hold the registry; the first use of a secret that a
//! rotation waits for is one durable transaction, which waits for others who write, and so is, where counters cannot be
//! shared in memory (elsewhere than on Linux), every limited request. Where that is too long for other tasks of the
//! thread, run on several threads.

mod rule;
mod service;
#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderName;
use axum::http::request::Parts;

use crate::domain::limit::Rate;
use crate::domain::network::Network;
use crate::domain::scope::Scope;
use crate::domain::secret::Env;
use crate::serve::config::Rules;
use crate::serve::strangers::Strangers;
use crate::verifier::{Verifier, VerifierError};
use rule::Rule;
pub use service::{ApiKeyService, ResponseFuture};

/// Lets only requests with a good key through to a service whose answers have a body that is made from bytes, as axum's
/// and `Full<Bytes>` are. See [the module](self) for an example.
#[derive(Debug, Clone)]
pub struct ApiKeyLayer {
    rule: Arc<Rule>,
}

impl ApiKeyLayer {
    /// Asks for a good key, and for nothing else yet.
    #[must_use]
    pub fn new(verifier: Arc<Verifier>) -> Self {
        let rule = Rule {
            verifier,
            rules: Rules::default(),
            cost: 1,
            scopes_of: None,
            address_of: None,
            told: None,
        };
        Self { rule: Arc::new(rule) }
    }

    /// Asks for this scope too.
    #[must_use]
    pub fn requires(self, scope: Scope) -> Self {
        self.with(|rule| rule.rules.scopes.push(scope))
    }

    /// Asks for the scopes that a request needs besides. For one of which that is not known, `None`, nothing passes and
    /// nothing is consumed; an empty list needs no more than a good key.
    ///
    /// Around a whole `Router` only the path is known; as its `route_layer`, axum's `MatchedPath` is an extension.
    #[must_use]
    pub fn requires_by(self, scopes: impl Fn(&Parts) -> Option<Vec<Scope>> + Send + Sync + 'static) -> Self {
        self.with(|rule| rule.scopes_of = Some(Arc::new(scopes)))
    }

    /// Asks for a key of this environment.
    #[must_use]
    pub fn env(self, env: Env) -> Self {
        self.with(|rule| rule.rules.env = Some(env))
    }

    /// Reads the secret from these header fields instead of `X-API-Key`, and always from `Authorization`.
    #[must_use]
    pub fn key_headers(self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.with(|rule| rule.rules.key_headers = names.into_iter().collect())
    }

    /// Believes these proxies when they say in `X-Forwarded-For` whom they speak for, walked from the right.
    ///
    /// A client's address is that of its connection, which axum tells where the service was made by
    /// `into_make_service_with_connect_info::<SocketAddr>()`. Without it, or if a proxy's word cannot be read, the address
    /// is not known, and a key that is restricted to some is refused.
    #[must_use]
    pub fn trusted_proxies(self, proxies: impl IntoIterator<Item = Network>) -> Self {
        self.with(|rule| rule.rules.trusted_proxies = proxies.into_iter().collect())
    }

    /// Asks this for a client's address, and believes it; trusted proxies are not looked at.
    #[must_use]
    pub fn client_address(self, address: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.with(|rule| rule.address_of = Some(Arc::new(address)))
    }

    /// What a request takes from the limits of its key; 1 unless said. With 0 nothing is taken or counted.
    #[must_use]
    pub fn cost(self, cost: u32) -> Self {
        self.with(|rule| rule.cost = cost)
    }

    /// Lets whoever presents no known secret ask only so often, by address (of IPv6 by /64).
    #[must_use]
    pub fn strangers(self, rate: Rate) -> Self {
        self.with(|rule| rule.rules.strangers = Some(Strangers::new(rate)))
    }

    /// Told why, whenever no decision could be made. No error of a verifier holds a secret.
    #[must_use]
    pub fn on_undecided(self, told: impl Fn(&VerifierError) + Send + Sync + 'static) -> Self {
        self.with(|rule| rule.told = Some(Arc::new(told)))
    }

    fn with(mut self, change: impl FnOnce(&mut Rule)) -> Self {
        change(Arc::make_mut(&mut self.rule));
        self
    }
}
