//! `serve.toml`: which proxies are trusted, where the secret is, and what each route needs.

mod error;
mod pattern;
mod route;

use std::net::IpAddr;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, Method};
use serde::Deserialize;

use super::peer::Peer;
use super::strangers::Strangers;
use super::tuning::Tuning;
use crate::config_file;
use crate::domain::limit::Rate;
use crate::domain::network::Network;
use crate::domain::scope::Scope;
use crate::domain::secret::Env;

pub use error::ConfigError;
pub use route::Route;

/// Where the method and path of the request that is to pass are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Original {
    /// Nowhere: routes cannot be used, and every request needs `scopes` alone.
    #[default]
    None,
    /// `X-Original-Method` and `X-Original-URI`, which nginx has to be told to set.
    Nginx,
    /// `X-Forwarded-Method` and `X-Forwarded-Uri`: Traefik and Caddy set them.
    Forwarded,
    /// The request's own method, and its path behind `/verify`: Envoy.
    Path,
}

impl Original {
    /// What a log says in the place of a path that cannot be read; none where there is one that came.
    pub(super) fn untold(self) -> Option<&'static str> {
        match self {
            Self::Nginx => Some("(no readable X-Original-Method and X-Original-URI)"),
            Self::Forwarded => Some("(no readable X-Forwarded-Method and X-Forwarded-Uri)"),
            Self::None | Self::Path => None,
        }
    }
}

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    trusted_proxies: Vec<String>,
    original: Original,
    scopes: Option<Vec<String>>,
    env: Option<String>,
    key_headers: Option<Vec<String>>,
    limited_status: Option<u16>,
    query_parameter: Option<String>,
    scope_header: Option<String>,
    self_revoke: bool,
    strangers: Option<WrittenRate>,
    route: Vec<WrittenRoute>,
    connections: Tuning,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRate {
    rate: String,
    burst: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRoute {
    methods: Option<Vec<String>>,
    path: String,
    scopes: Vec<String>,
}

impl Written {
    /// Whether what a request needs is said nowhere; that it is nothing can be said too.
    fn is_silent(&self) -> bool {
        self.scopes.is_none() && self.route.is_empty() && self.scope_header.is_none()
    }

    fn scope_header(&self, is_trusting: bool) -> Result<Option<HeaderName>, ConfigError> {
        let Some(name) = &self.scope_header else { return Ok(None) };
        let wrong = |why| ConfigError::Value { setting: "scope_header", value: name.clone(), why };
        if !is_trusting {
            return Err(wrong("told by nobody who is believed: name the proxy in `trusted_proxies`"));
        }
        name.parse().map(Some).map_err(|_| wrong("not the name of a header field"))
    }

    fn strangers(&self) -> Result<Option<Strangers>, ConfigError> {
        let Some(WrittenRate { rate, burst }) = &self.strangers else { return Ok(None) };
        let why = "not a rate, as `60/1m`";
        let wrong = |_| ConfigError::Value { setting: "strangers.rate", value: rate.clone(), why };
        Rate::parse(rate, *burst).map(|rate| Some(Strangers::new(rate))).map_err(wrong)
    }
}

/// What is asked of requests.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Whose word on a client's address counts.
    pub trusted_proxies: Vec<Network>,
    /// Whether that of a peer behind a socket file does: `unix` among them.
    pub trusts_unix: bool,
    /// Where the original request is told.
    pub original: Original,
    /// What every request needs.
    pub scopes: Vec<Scope>,
    /// Whether a file was read that says nowhere what a request needs, not even `scopes = []`: it may be cut off.
    pub is_silent: bool,
    /// The environment every key must be of.
    pub env: Option<Env>,
    /// Header fields that hold a secret, besides `Authorization`.
    pub key_headers: Vec<HeaderName>,
    /// The status of a request over a limit: 429, or 403 for nginx, which makes a 500 of 429.
    pub limited_status: u16,
    /// The parameter of the query that may hold a secret. Off unless named: queries end up in logs and histories.
    pub query_parameter: Option<String>,
    /// The field in which a trusted proxy says what the request needs. It must set it on every request, so that no
    /// client can; without it nothing passes.
    pub scope_header: Option<HeaderName>,
    /// Whether whoever holds a secret may revoke its key. Off unless said: it lets whoever found a leaked key end it,
    /// and whoever stole one end a service.
    pub self_revoke: bool,
    /// How often those who present no known secret may ask.
    pub(crate) strangers: Option<Strangers>,
    /// What further is needed, by method and path; the first that fits. None fits: denied.
    pub routes: Vec<Route>,
    /// What keeps one client from costing the others.
    pub connections: Tuning,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            trusts_unix: false,
            original: Original::None,
            scopes: Vec::new(),
            is_silent: false,
            env: None,
            key_headers: vec![HeaderName::from_static("x-api-key")],
            limited_status: 429,
            query_parameter: None,
            scope_header: None,
            self_revoke: false,
            strangers: None,
            routes: Vec::new(),
            connections: Tuning::default(),
        }
    }
}

impl Rules {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`ConfigError`], naming the setting and the value.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let mut written: Written = toml::from_str(text).map_err(|error| misread(text, &error))?;
        let wrong =
            |setting, why| move |value: &str| ConfigError::Value { setting, value: value.to_owned(), why };
        let all = written.trusted_proxies.len();
        written.trusted_proxies.retain(|proxy| proxy != "unix");
        let trusts_unix = written.trusted_proxies.len() < all;
        let networks = each(
            &written.trusted_proxies,
            wrong(
                "trusted_proxies",
                "no address, no network by its lowest address (10.0.0.0/8; not all there are), and not `unix`",
            ),
        )?;
        let scopes = each(written.scopes.as_deref().unwrap_or_default(), wrong("scopes", "not a scope"))?;
        let env = match &written.env {
            None => None,
            Some(env) => Some(Env::from_code(env).ok_or_else(|| wrong("env", "neither live nor test")(env))?),
        };
        let key_headers = match &written.key_headers {
            None => Self::default().key_headers,
            Some(names) => each(names, wrong("key_headers", "not the name of a header field"))?,
        };
        if key_headers.contains(&AUTHORIZATION) {
            return Err(wrong("key_headers", "read anyway, as Bearer or Basic")("Authorization"));
        }
        if written.query_parameter.as_deref() == Some("") {
            return Err(wrong("query_parameter", "no name")(""));
        }
        let limited_status = written.limited_status.unwrap_or(429);
        if !matches!(limited_status, 403 | 429) {
            return Err(wrong("limited_status", "neither 429 nor 403")(&limited_status.to_string()));
        }
        let routes = Route::read_all(&written.route)?;
        if !routes.is_empty() && written.original == Original::None {
            return Err(wrong("original", "not said, and routes need it: nginx, forwarded or path")("none"));
        }
        let is_trusting = trusts_unix || !networks.is_empty();
        let (scope_header, strangers) = (written.scope_header(is_trusting)?, written.strangers()?);
        let (trusted_proxies, original, connections) = (networks, written.original, written.connections);
        if let Some((setting, value, why)) = connections.fault() {
            return Err(wrong(setting, why)(&value.to_string()));
        }
        Ok(Self {
            trusted_proxies,
            trusts_unix,
            original,
            scopes,
            is_silent: written.is_silent(),
            env,
            key_headers,
            limited_status,
            query_parameter: written.query_parameter,
            scope_header,
            self_revoke: written.self_revoke,
            strangers,
            routes,
            connections,
        })
    }

    /// Whether the word of whoever is at the other end counts.
    pub(super) fn trusts_peer(&self, peer: Peer) -> bool {
        match peer {
            Peer::Tcp(ip) => self.trusts(ip),
            Peer::Unix => self.trusts_unix,
        }
    }

    /// Whether the word of this address counts.
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(peer))
    }

    /// What `before` asked of every request, and these rules of none.
    #[must_use]
    pub fn lost(&self, before: &Self) -> Option<&'static str> {
        let lost = |name, after: bool, before: bool| (before && !after).then_some(name);
        let is_trusting = |rules: &Self| rules.trusts_unix || !rules.trusted_proxies.is_empty();
        // Without it a proxy's own address is that of all its clients.
        lost("trusted_proxies", is_trusting(self), is_trusting(before))
            .or_else(|| lost("[[route]]", !self.routes.is_empty(), !before.routes.is_empty()))
            .or_else(|| lost("scopes", !self.scopes.is_empty(), !before.scopes.is_empty()))
            .or_else(|| lost("env", self.env.is_some(), before.env.is_some()))
            .or_else(|| lost("scope_header", self.scope_header.is_some(), before.scope_header.is_some()))
            .or_else(|| {
                let is_wider = |route: &Route| {
                    before
                        .routes
                        .iter()
                        .any(|before| route.is_wider_than(before) && !self.routes.contains(before))
                };
                self.routes.iter().any(is_wider).then_some("methods")
            })
    }

    /// The first route that fits.
    #[must_use]
    pub fn route(&self, method: &Method, segments: &[&str]) -> Option<&Route> {
        self.routes.iter().find(|route| route.fits(method, segments))
    }
}

/// A setting of the whole server below a `[[route]]` is one of that route, which has no such: nearly always it stands in
/// the wrong place.
fn misread(text: &str, error: &toml::de::Error) -> ConfigError {
    let mut said = config_file::said(text, error);
    if said.contains("unknown field") && said.contains("expected one of `methods`, `path`, `scopes`") {
        said.push_str("; settings of the whole server stand above the first `[[route]]`");
    }
    ConfigError::Syntax(said)
}

fn each<T: std::str::FromStr>(
    texts: &[String],
    wrong: impl Fn(&str) -> ConfigError,
) -> Result<Vec<T>, ConfigError> {
    texts.iter().map(|text| text.parse().map_err(|_| wrong(text))).collect()
}
