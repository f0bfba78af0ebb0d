//! The call itself: one request, one connection, no redirect, no cookie, no netrc.

use ureq::config::Config;
use ureq::http::{Request, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    ConnectProxyConnector, Connector, NextTimeout, RustlsConnector, TcpConnector,
};
use ureq::{Agent, Error};

use super::answer::{Answer, Circumstances, Timings};
use super::credential::Credential;
use super::failure::{Failure, NotLoopback};
use super::mask::Mask;
use super::proxy::Proxy;
use super::request::dress;
use super::stopwatch::{Stopwatch, now};
use super::target::{Target, is_loopback};

const USER_AGENT: &str = concat!("apikey/", env!("CARGO_PKG_VERSION"));
const LARGEST_HEAD: usize = 64 * 1024;

/// A file of trusted certificates holds none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RootsError {
    /// No `CERTIFICATE` block.
    #[error("there is no PEM certificate in it")]
    Empty,
    /// A block that does not parse.
    #[error("a PEM block in it is damaged")]
    Damaged,
}

/// Whose signature on a server's certificate is trusted.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// Mozilla's list, as it was when this program was built: the same everywhere.
    #[default]
    Bundled,
    /// What the operating system trusts, a company's own authority included.
    Platform,
    /// These and no others, as `curl --cacert`.
    Only(Vec<Certificate<'static>>),
}

impl Roots {
    /// Reads the certificates of a PEM file; other blocks in it are passed over.
    ///
    /// # Errors
    /// [`RootsError`].
    pub fn from_pem(pem: &[u8]) -> Result<Self, RootsError> {
        let mut certificates = Vec::new();
        for item in parse_pem(pem) {
            if let PemItem::Certificate(certificate) = item.map_err(|_| RootsError::Damaged)? {
                certificates.push(certificate);
            }
        }
        if certificates.is_empty() {
            return Err(RootsError::Empty);
        }
        Ok(Self::Only(certificates))
    }

    fn config(&self) -> RootCerts {
        match self {
            Self::Bundled => RootCerts::WebPki,
            Self::Platform => RootCerts::PlatformVerifier,
            Self::Only(certificates) => RootCerts::new_with_certs(certificates),
        }
    }
}

/// How to get there: whom to trust, and through which proxy ([`super::proxy::for_url`]).
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// Whose certificates are trusted.
    pub roots: Roots,
    /// The proxy; ignored for a target on this machine.
    pub proxy: Option<Proxy>,
}

/// Calls `target` once with the key in its place, and reads the answer within the target's timeout.
///
/// # Errors
/// [`Failure`] when no answer came. Any status is an answer.
pub fn call(target: &Target, credential: &Credential, route: &Route) -> Result<Answer, Failure> {
    let mask = Mask::new(credential);
    let stopwatch = Stopwatch::default();
    let proxy = route.proxy.as_ref().filter(|_| !is_loopback(target.url()));
    let request = dress(target, credential)?;
    let agent = agent(target, &route.roots, proxy, &stopwatch)?;

    let started_at = now();
    let response = send(&agent, request)?;
    let marks = stopwatch.marks();
    let circumstances =
        Circumstances { is_tls: marks.is_tls, proxy: proxy.map(|proxy| proxy.name().to_owned()) };
    let mut answer = Answer::read(response, circumstances, &mask);
    let ended_at = now();

    let connected_at = marks.connected_at.unwrap_or(started_at);
    let secured_at = marks.secured_at.unwrap_or(connected_at);
    answer.timings = Timings {
        connect: connected_at.saturating_duration_since(started_at),
        tls: marks.is_tls.then(|| secured_at.saturating_duration_since(connected_at)),
        first_byte: marks.first_byte_at.unwrap_or(ended_at).saturating_duration_since(secured_at),
        total: ended_at.saturating_duration_since(started_at),
    };
    Ok(answer)
}

fn send(
    agent: &Agent,
    request: Request<Option<Vec<u8>>>,
) -> Result<ureq::http::Response<ureq::Body>, Failure> {
    let (parts, body) = request.into_parts();
    // Without a body these say that it is empty: else the library sends none in chunks, which servers may refuse
    // (RFC 9110, 8.6).
    let has_body = matches!(parts.method.as_str(), "POST" | "PUT" | "PATCH");
    let sent = match body.or_else(|| has_body.then(Vec::new)) {
        Some(body) => agent.run(Request::from_parts(parts, body)),
        None => agent.run(Request::from_parts(parts, ())),
    };
    sent.map_err(Failure::from)
}

fn agent(
    target: &Target,
    roots: &Roots,
    proxy: Option<&Proxy>,
    stopwatch: &Stopwatch,
) -> Result<Agent, Failure> {
    // Every ambient default of the library is overruled here: it would read the proxy from the environment.
    let proxy = proxy.map(|proxy| ureq::Proxy::new(proxy.expose())).transpose()?;
    let config = Config::builder()
        .proxy(proxy)
        .tls_config(TlsConfig::builder().root_certs(roots.config()).build())
        .timeout_global(Some(target.spec().timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .allow_non_standard_methods(true)
        .user_agent(USER_AGENT)
        .accept_encoding("identity")
        .max_response_header_size(LARGEST_HEAD)
        .build();
    let connector =
        ().chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(stopwatch.connected())
            .chain(RustlsConnector::default())
            .chain(stopwatch.secured());
    let resolver = Guarded { inner: DefaultResolver::default(), is_loopback_only: target.is_loopback_only() };
    Ok(Agent::with_parts(config, connector, resolver))
}

/// Resolves names, and refuses every address that is not this machine's where only this machine may be reached.
#[derive(Debug)]
struct Guarded<R> {
    inner: R,
    is_loopback_only: bool,
}

impl<R: Resolver> Resolver for Guarded<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.inner.resolve(uri, config, timeout).map_err(|error| match error {
            Error::Io(_) => Error::HostNotFound,
            other => other,
        })?;
        if self.is_loopback_only && !found.iter().all(|address| address.ip().is_loopback()) {
            return Err(Error::Other(Box::new(NotLoopback)));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Elsewhere;

    impl Resolver for Elsewhere {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            let mut found = self.empty();
            found.push(([127, 0, 0, 1], 80).into());
            found.push(([192, 0, 2, 1], 80).into());
            Ok(found)
        }
    }

    #[test]
    fn a_localhost_that_is_partly_elsewhere_is_refused_for_plain_http() {
        let resolve = |is_loopback_only| {
            let guarded = Guarded { inner: Elsewhere, is_loopback_only };
            guarded.resolve(&"http://localhost/".parse().unwrap(), &Config::default(), NextTimeout::default())
        };
        assert_eq!(resolve(true).map(|_| ()).map_err(Failure::from), Err(Failure::NotLoopback));
        assert_eq!(resolve(false).unwrap().len(), 2);
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        assert_eq!(Roots::from_pem(b"").map(|_| ()), Err(RootsError::Empty));
        assert_eq!(Roots::from_pem(b"hello").map(|_| ()), Err(RootsError::Empty));
        let damaged = b"-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n";
        assert_eq!(Roots::from_pem(damaged).map(|_| ()), Err(RootsError::Damaged));
    }
}
