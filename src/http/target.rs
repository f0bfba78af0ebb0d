//! What `test-call` calls, without the key: parsed and checked once, and again when a remembered one is read back.

use std::time::Duration;

use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::domain::secret;

use super::expect::Expect;
use super::placement::{Placement, check_header_name};
use super::readings::any_reading;

pub use error::TargetError;

mod error;
mod private;

/// How long a call may take in all where nobody said.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a call may take at most.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(600);
/// The most data a request carries.
pub const LARGEST_DATA: usize = 1024 * 1024;
const LONGEST_URL: usize = 8192;
const LONGEST_VALUE: usize = 8192;
const MOST_HEADERS: usize = 50;

/// A target as given, not yet checked; also its stored form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetSpec {
    /// Any method in capitals but `CONNECT`.
    pub method: String,
    /// Absolute, `http` or `https`.
    pub url: String,
    /// Where the key goes.
    #[serde(rename = "in")]
    pub placement: Placement,
    /// Further headers, in order.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The body; base64 in the stored form.
    #[serde(default, with = "base64_bytes", skip_serializing_if = "Option::is_none")]
    pub data: Option<Vec<u8>>,
    /// What the user said to expect; absent means `2xx` and a milder verdict for the rest.
    #[serde(default)]
    pub expect: Option<Expect>,
    /// For the whole call, from the look-up of the name to the end of the body.
    #[serde(rename = "timeout_ms", with = "milliseconds")]
    pub timeout: Duration,
    /// Whether the key may go over plain http to another machine.
    #[serde(default)]
    pub allow_http: bool,
}

impl TargetSpec {
    /// A `GET` of `url` with the key as bearer token and every default.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self {
            method: "GET".to_owned(),
            url: url.to_owned(),
            placement: Placement::Bearer,
            headers: Vec::new(),
            data: None,
            expect: None,
            timeout: DEFAULT_TIMEOUT,
            allow_http: false,
        }
    }
}

/// A target that may be called and remembered: it holds no secret, and no call of it shows the key to a third party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "TargetSpec", into = "TargetSpec")]
pub struct Target {
    spec: TargetSpec,
    url: Url,
}

impl Target {
    /// Checks everything that can be known before a connection.
    ///
    /// # Errors
    /// [`TargetError`], which names what to change.
    pub fn new(spec: TargetSpec) -> Result<Self, TargetError> {
        check_method(&spec.method)?;
        let url = parse_url(&spec)?;
        check_headers(&spec)?;
        check_data(&spec)?;
        check_placement(&spec, &url)?;
        if spec.timeout < Duration::from_millis(1) || spec.timeout > LONGEST_TIMEOUT {
            return Err(TargetError::Timeout);
        }
        Ok(Self { spec: TargetSpec { url: url.to_string(), ..spec }, url })
    }

    /// The checked fields.
    #[must_use]
    pub fn spec(&self) -> &TargetSpec {
        &self.spec
    }

    /// The address, in the normal form of the URL standard.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether the call may reach nothing but this machine: it is plain http, and that was not allowed beyond it.
    #[must_use]
    pub fn is_loopback_only(&self) -> bool {
        self.url.scheme() == "http" && !self.spec.allow_http
    }
}

impl TryFrom<TargetSpec> for Target {
    type Error = TargetError;

    fn try_from(spec: TargetSpec) -> Result<Self, TargetError> {
        Self::new(spec)
    }
}

impl From<Target> for TargetSpec {
    fn from(target: Target) -> Self {
        target.spec
    }
}

/// Reads `Name: value` as the command line gives it; [`Target::new`] checks both halves.
///
/// # Errors
/// [`TargetError::Header`] without a colon.
pub fn parse_header(text: &str) -> Result<(String, String), TargetError> {
    let (name, value) = text.split_once(':').ok_or(TargetError::Header)?;
    Ok((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
}

/// Whether this host is this machine by its address, or `localhost`, whose address the call still checks.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn check_method(method: &str) -> Result<(), TargetError> {
    let is_word = (1..=32).contains(&method.len())
        && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    match method {
        "CONNECT" => Err(TargetError::Connect),
        _ if is_word => Ok(()),
        _ => Err(TargetError::Method),
    }
}

fn parse_url(spec: &TargetSpec) -> Result<Url, TargetError> {
    if spec.url.len() > LONGEST_URL || spec.url.chars().any(char::is_control) {
        return Err(TargetError::Url);
    }
    refuse_secret(spec.url.as_bytes(), "url")?;
    let url = Url::parse(&spec.url).map_err(|_| TargetError::Url)?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(TargetError::Url);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::UrlUser);
    }
    if url.fragment().is_some() {
        return Err(TargetError::UrlFragment);
    }
    // The client parses the text once more: both readings must name the same host.
    let again: ureq::http::Uri = url.as_str().parse().map_err(|_| TargetError::Url)?;
    if again.host() != url.host_str() {
        return Err(TargetError::Url);
    }
    if url.scheme() == "http" && !spec.allow_http && !is_loopback(&url) {
        return Err(TargetError::PlainHttp(url.host_str().unwrap_or_default().to_owned()));
    }
    Ok(url)
}

fn check_headers(spec: &TargetSpec) -> Result<(), TargetError> {
    if spec.headers.len() > MOST_HEADERS {
        return Err(TargetError::TooManyHeaders);
    }
    for (name, value) in &spec.headers {
        check_header_name(name)?;
        if value.len() > LONGEST_VALUE || value.chars().any(|letter| letter.is_control() && letter != '\t') {
            return Err(TargetError::Header);
        }
        refuse_secret(name.as_bytes(), "header")?;
        refuse_secret(value.as_bytes(), "header")?;
    }
    Ok(())
}

fn check_data(spec: &TargetSpec) -> Result<(), TargetError> {
    let Some(data) = &spec.data else { return Ok(()) };
    if data.len() > LARGEST_DATA {
        return Err(TargetError::DataTooLarge);
    }
    refuse_secret(data, "data")
}

fn check_placement(spec: &TargetSpec, url: &Url) -> Result<(), TargetError> {
    refuse_secret(spec.placement.to_string().as_bytes(), "placement")?;
    let occupied = |is_taken: bool, name: &str| {
        if is_taken { Err(TargetError::Occupied(name.to_owned())) } else { Ok(()) }
    };
    if let Some(header) = spec.placement.header() {
        occupied(spec.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(header)), header)?;
    }
    match &spec.placement {
        Placement::Bearer | Placement::Basic | Placement::Header(_) => Ok(()),
        Placement::Query(name) => occupied(url.query_pairs().any(|(given, _)| given == name.as_str()), name),
        Placement::Body(field) => {
            let object = data_object(spec.data.as_deref())?;
            occupied(object.contains_key(field), field)
        }
    }
}

/// The data as the JSON object that the key joins; none is an empty object.
pub(super) fn data_object(
    data: Option<&[u8]>,
) -> Result<serde_json::Map<String, serde_json::Value>, TargetError> {
    match data {
        None => Ok(serde_json::Map::new()),
        Some(data) => serde_json::from_slice(data).map_err(|_| TargetError::NotAnObject),
    }
}

fn refuse_secret(text: &[u8], place: &'static str) -> Result<(), TargetError> {
    if any_reading(text, secret::contains_secret) {
        return Err(TargetError::ContainsSecret(place));
    }
    Ok(())
}

mod base64_bytes {
    use base64::Engine as _;

    use super::{Deserialize, STANDARD};

    #[expect(clippy::ref_option, reason = "the signature that serde asks for")]
    pub(super) fn serialize<S: serde::Serializer>(data: &Option<Vec<u8>>, out: S) -> Result<S::Ok, S::Error> {
        match data {
            Some(data) => out.serialize_some(&STANDARD.encode(data)),
            None => out.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        input: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        Option::<String>::deserialize(input)?
            .map(|text| STANDARD.decode(text).map_err(serde::de::Error::custom))
            .transpose()
    }
}

mod milliseconds {
    use super::{Deserialize, Duration};

    pub(super) fn serialize<S: serde::Serializer>(span: &Duration, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_u64(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
        u64::deserialize(input).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests;
