//! Allowed origins: where a browser says a request comes from, or which app sends it.

use std::fmt;
use std::str::FromStr;

/// Why a text is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an origin")]
pub struct OriginError(String);

impl OriginError {
    /// What to write instead.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "write a scheme and host as browsers send it, such as https://shop.example.com, \
         https://*.example.com for its subdomains, or app:com.example.shop for an app"
    }
}

/// A web origin (RFC 6454) in the form browsers send, `https://*.host` for every subdomain of it,
/// or `app:ID` for a mobile app.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

impl Origin {
    /// The origin as text, canonical.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request that states `presented` comes from here. A `*.` stands for one or more labels in front
    /// and not for the bare host; scheme and port must be the same.
    #[must_use]
    pub fn covers(&self, presented: &Self) -> bool {
        if self == presented {
            return !self.0.contains("://*.");
        }
        let Some((scheme, pattern)) = self.0.split_once("://*") else { return false };
        let Some((presented_scheme, host)) = presented.0.split_once("://") else { return false };
        // `pattern` keeps its leading dot, so `evilexample.com` does not end with it.
        scheme == presented_scheme && host.len() > pattern.len() && host.ends_with(pattern)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let wrong = || OriginError(text.chars().take(80).collect());
        if text.len() > 300 {
            return Err(wrong());
        }
        if let Some(app) = text.strip_prefix("app:") {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            return if !app.is_empty() && app.bytes().all(plain) {
                Ok(Self(text.to_owned()))
            } else {
                Err(wrong())
            };
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let (prefix, host) = match rest.strip_prefix("*.") {
            Some(host) => ("*.", host),
            None => ("", rest),
        };
        let parsed = url::Url::parse(&format!("{scheme}://{host}")).map_err(|_| wrong())?;
        let is_bare = parsed.path() == "/" && !host.contains(['/', '\\', '?', '#', '@', '*']);
        if !matches!(parsed.scheme(), "http" | "https") || !is_bare || !host.is_ascii() {
            return Err(wrong());
        }
        if !prefix.is_empty()
            && (!matches!(parsed.host(), Some(url::Host::Domain(name)) if name.contains('.')))
        {
            return Err(wrong());
        }
        let canonical = parsed.origin().ascii_serialization();
        let (scheme, host) = canonical.split_once("://").ok_or_else(wrong)?;
        Ok(Self(format!("{scheme}://{prefix}{host}")))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().unwrap()
    }

    #[test]
    fn a_wildcard_stands_for_subdomains_only() {
        let pattern = origin("https://*.example.com");
        for (presented, covered) in [
            ("https://a.example.com", true),
            ("https://a.b.example.com", true),
            ("https://example.com", false),
            ("https://evilexample.com", false),
            ("http://a.example.com", false),
            ("https://a.example.com:8443", false),
            ("https://a.example.com.evil.net", false),
        ] {
            assert_eq!(pattern.covers(&origin(presented)), covered, "{presented}");
        }
        assert!(!pattern.covers(&pattern), "no browser sends a wildcard");
    }

    #[test]
    fn one_spelling_stands_for_each_origin() {
        assert_eq!(origin("HTTPS://Shop.Example.com:443").as_str(), "https://shop.example.com");
        assert_eq!(origin("http://localhost:3000").as_str(), "http://localhost:3000");
        assert!(origin("app:com.example.shop").covers(&origin("app:com.example.shop")));
    }

    #[test]
    fn texts_that_are_no_origin_are_refused() {
        for text in [
            "",
            "*",
            "null",
            "example.com",
            "https://",
            "https://a/b",
            "https://a/",
            "https://u@a",
            "ftp://a",
            "https://*.com",
            "https://*",
            "https://a.*.com",
            "https://a?x",
            "app:",
            "app:a b",
            "https://bücher.de",
            "https://*.10.0.0.1",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
