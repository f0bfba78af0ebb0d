//! Where in a request the key goes: `bearer`, `header[:NAME]`, `query[:NAME]`, `basic`, `body[:FIELD]`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const LONGEST_NAME: usize = 128;

/// Headers that frame the message, route it, or belong to one hop (RFC 9110 §7.6.1): setting them is an attack or a mistake.
const RESERVED: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Why a placement is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlacementError {
    /// Not one of the five.
    #[error("a key goes in one of: bearer, header[:NAME], query[:NAME], basic, body[:FIELD]")]
    Unknown,
    /// Not a token of RFC 9110 §5.6.2, or too long.
    #[error("this is not the name of a header")]
    HeaderName,
    /// The client sets this header itself.
    #[error("the header `{0}` belongs to the connection and cannot be set")]
    Reserved(String),
    /// Empty, too long, or with control characters.
    #[error("this is not the name of a field")]
    FieldName,
}

/// Where the key goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Placement {
    /// `Authorization: Bearer <key>` (RFC 6750 §2.1).
    Bearer,
    /// A header with the key as its whole value; `X-API-Key` unless named.
    Header(String),
    /// A parameter of the query; `api_key` unless named. Servers and proxies log it.
    Query(String),
    /// HTTP Basic (RFC 7617): the consumer key as the user, or the key itself with an empty password.
    Basic,
    /// A field of a JSON object; `api_key` unless named.
    Body(String),
}

impl Placement {
    /// The header that the key occupies, if it goes in one.
    #[must_use]
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Bearer | Self::Basic => Some("Authorization"),
            Self::Header(name) => Some(name),
            Self::Query(_) | Self::Body(_) => None,
        }
    }

    fn checked(self) -> Result<Self, PlacementError> {
        match &self {
            Self::Bearer | Self::Basic => {}
            Self::Header(name) => check_header_name(name)?,
            Self::Query(name) | Self::Body(name) => check_field_name(name)?,
        }
        Ok(self)
    }
}

/// Checks that a header may be set: a token of at most 128 characters that does not frame or route the message.
///
/// # Errors
/// [`PlacementError::HeaderName`] or [`PlacementError::Reserved`].
pub fn check_header_name(name: &str) -> Result<(), PlacementError> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !(1..=LONGEST_NAME).contains(&name.len()) || !name.bytes().all(is_token) {
        return Err(PlacementError::HeaderName);
    }
    if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
        return Err(PlacementError::Reserved(name.to_owned()));
    }
    Ok(())
}

fn check_field_name(name: &str) -> Result<(), PlacementError> {
    let fits = (1..=LONGEST_NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(PlacementError::FieldName) }
}

impl FromStr for Placement {
    type Err = PlacementError;

    fn from_str(text: &str) -> Result<Self, PlacementError> {
        let (word, name) = match text.split_once(':') {
            Some((word, name)) => (word, Some(name.to_owned())),
            None => (text, None),
        };
        let or = |default: &str| name.clone().unwrap_or_else(|| default.to_owned());
        match word {
            "bearer" if name.is_none() => Self::Bearer,
            "basic" if name.is_none() => Self::Basic,
            "header" => Self::Header(or("X-API-Key")),
            "query" => Self::Query(or("api_key")),
            "body" => Self::Body(or("api_key")),
            _ => return Err(PlacementError::Unknown),
        }
        .checked()
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer => out.write_str("bearer"),
            Self::Header(name) => write!(out, "header:{name}"),
            Self::Query(name) => write!(out, "query:{name}"),
            Self::Basic => out.write_str("basic"),
            Self::Body(name) => write!(out, "body:{name}"),
        }
    }
}

impl TryFrom<String> for Placement {
    type Error = PlacementError;

    fn try_from(text: String) -> Result<Self, PlacementError> {
        text.parse()
    }
}

impl From<Placement> for String {
    fn from(placement: Placement) -> Self {
        placement.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_five_placements_read_back_as_they_print_and_have_their_defaults() {
        for (text, printed) in [
            ("bearer", "bearer"),
            ("basic", "basic"),
            ("header", "header:X-API-Key"),
            ("header:X-Shop", "header:X-Shop"),
            ("query", "query:api_key"),
            ("query:k", "query:k"),
            ("body", "body:api_key"),
            ("body:a:b", "body:a:b"),
        ] {
            let placement: Placement = text.parse().unwrap();
            assert_eq!(placement.to_string(), printed);
            assert_eq!(printed.parse(), Ok(placement));
        }
    }

    #[test]
    fn a_header_that_frames_or_routes_the_message_is_refused_in_any_case() {
        for name in
            ["Host", "content-length", "Transfer-Encoding", "CONNECTION", "Proxy-Authorization", "Expect"]
        {
            let parsed = format!("header:{name}").parse::<Placement>();
            assert_eq!(parsed, Err(PlacementError::Reserved(name.to_owned())));
        }
    }

    #[test]
    fn a_name_cannot_inject_a_second_header() {
        for name in ["", "X: y", "X\r\nHost", "X Y", "X\0", "naïve", "X\n"] {
            let parsed = format!("header:{name}").parse::<Placement>();
            assert_eq!(parsed, Err(PlacementError::HeaderName), "{name:?}");
        }
        assert_eq!("query:".parse::<Placement>(), Err(PlacementError::FieldName));
        assert_eq!("body:a\nb".parse::<Placement>(), Err(PlacementError::FieldName));
        assert_eq!(format!("query:{}", "x".repeat(129)).parse::<Placement>(), Err(PlacementError::FieldName));
    }

    #[test]
    fn bearer_takes_no_name_and_a_sixth_place_does_not_exist() {
        for text in ["bearer:x", "basic:x", "cookie", "", "Bearer", " bearer"] {
            assert_eq!(text.parse::<Placement>(), Err(PlacementError::Unknown), "{text:?}");
        }
    }
}
