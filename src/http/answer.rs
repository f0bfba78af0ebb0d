//! What came back, fit to be shown and kept: the key hidden, control characters escaped, everything bounded.

use std::io::{self, Read};
use std::time::Duration;

use ureq::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::mask::Mask;

/// How much of a body is kept.
pub const SHOWN_BODY: usize = 64 * 1024;
/// How many headers are kept.
pub const SHOWN_HEADERS: usize = 100;
/// How much of one header's value is kept.
pub const SHOWN_VALUE: usize = 8 * 1024;

/// Read beyond what is shown, so that a key across the edge is recognised: the longest key with every character
/// written as `\u0000` is 48 KiB.
const READ_BODY: usize = 2 * SHOWN_BODY;

/// Where the time went. The parts follow one another; `total` also holds the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timings {
    /// Resolving the name, TCP, and the proxy's tunnel.
    pub connect: Duration,
    /// The TLS handshake; absent without TLS.
    pub tls: Option<Duration>,
    /// From the connection to the first byte of the answer: sending, and the server's own time.
    pub first_byte: Duration,
    /// The whole call.
    pub total: Duration,
}

/// One header of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderLine {
    /// In lower case.
    pub name: String,
    /// Masked and escaped.
    pub value: String,
}

/// How the body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyEnd {
    /// All of it is here.
    Complete,
    /// There was more than 64 KiB; the rest was not kept.
    Cut,
    /// The time was over before its end.
    TimedOut,
    /// The connection failed before its end.
    Broken,
    /// It is compressed, and was not looked into.
    Encoded,
}

/// An answer. Every text in it is masked and escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The standard's words for the status; what the server wrote there is not kept.
    pub reason: Option<&'static str>,
    /// Whether the key went over TLS.
    pub is_tls: bool,
    /// The proxy in between, without its credentials.
    pub proxy: Option<String>,
    /// Where the time went.
    pub timings: Timings,
    /// At most 100.
    pub headers: Vec<HeaderLine>,
    /// How many headers were left out.
    pub headers_left_out: usize,
    /// Those of the above that are about rates: `RateLimit*`, `X-RateLimit-*`, `X-Rate-Limit-*`, `Retry-After`.
    pub rate_limit: Vec<HeaderLine>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// At most 64 KiB of the body before masking, newlines kept.
    pub body: String,
    /// How the body ended.
    pub body_end: BodyEnd,
    /// Where a redirect pointed; it was not followed.
    pub redirected_to: Option<String>,
    /// `Retry-After`.
    pub retry_after: Option<String>,
}

/// What is known apart from the response itself.
pub(super) struct Circumstances {
    pub(super) is_tls: bool,
    pub(super) proxy: Option<String>,
}

impl Answer {
    /// Reads the response to its end, its bound or the end of the time; `timings` are left at zero.
    pub(super) fn read(
        response: ureq::http::Response<ureq::Body>,
        circumstances: Circumstances,
        mask: &Mask,
    ) -> Self {
        let (parts, body) = response.into_parts();
        let (body, body_end) = read_body(&parts.headers, body.into_reader(), mask);
        let headers: Vec<HeaderLine> = parts
            .headers
            .iter()
            .take(SHOWN_HEADERS)
            .map(|(name, value)| line(name.as_str(), value, mask))
            .collect();
        let one = |name: header::HeaderName| parts.headers.get(name).map(|value| show(value, mask));
        Self {
            status: parts.status.as_u16(),
            reason: parts.status.canonical_reason(),
            is_tls: circumstances.is_tls,
            proxy: circumstances.proxy,
            timings: Timings::default(),
            headers_left_out: parts.headers.len() - headers.len(),
            rate_limit: headers.iter().filter(|header| is_about_rates(&header.name)).cloned().collect(),
            headers,
            content_type: one(header::CONTENT_TYPE),
            body,
            body_end,
            redirected_to: is_redirect(parts.status).then(|| one(header::LOCATION)).flatten(),
            retry_after: one(header::RETRY_AFTER),
        }
    }
}

fn is_redirect(status: StatusCode) -> bool {
    status.is_redirection()
}

fn line(name: &str, value: &HeaderValue, mask: &Mask) -> HeaderLine {
    HeaderLine { name: mask.line(name.as_bytes()), value: show(value, mask) }
}

fn show(value: &HeaderValue, mask: &Mask) -> String {
    mask.line_before(value.as_bytes(), SHOWN_VALUE)
}

fn is_about_rates(name: &str) -> bool {
    let is_family =
        |family: &str| name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    name == "retry-after" || ["ratelimit", "x-ratelimit", "x-rate-limit"].into_iter().any(is_family)
}

fn read_body(headers: &HeaderMap, reader: impl Read, mask: &Mask) -> (String, BodyEnd) {
    let is_encoded = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if is_encoded {
        return (String::new(), BodyEnd::Encoded);
    }
    let (bytes, end) = read_bounded(reader);
    (mask.block_before(&bytes, SHOWN_BODY), end)
}

fn read_bounded(reader: impl Read) -> (Vec<u8>, BodyEnd) {
    let mut bytes = Vec::new();
    let limit = u64::try_from(READ_BODY).expect("the bound is small");
    let end = match reader.take(limit).read_to_end(&mut bytes) {
        _ if bytes.len() > SHOWN_BODY => BodyEnd::Cut,
        Ok(_) => BodyEnd::Complete,
        Err(error) if is_timeout(&error) => BodyEnd::TimedOut,
        Err(_) => BodyEnd::Broken,
    };
    (bytes, end)
}

fn is_timeout(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
    matches!(inner, Some(ureq::Error::Timeout(_))) || error.kind() == io::ErrorKind::TimedOut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_of_rate_limit_headers_are_known() {
        for name in [
            "ratelimit",
            "ratelimit-policy",
            "ratelimit-remaining",
            "x-ratelimit-limit",
            "x-rate-limit-reset",
            "retry-after",
        ] {
            assert!(is_about_rates(name), "{name}");
        }
        for name in ["ratelimited", "rate", "x-ratelimiting", "retry"] {
            assert!(!is_about_rates(name), "{name}");
        }
    }

    #[test]
    fn a_body_is_complete_up_to_64_kib_and_cut_beyond() {
        for (size, end) in
            [(0, BodyEnd::Complete), (SHOWN_BODY, BodyEnd::Complete), (SHOWN_BODY + 1, BodyEnd::Cut)]
        {
            assert_eq!(read_bounded(&vec![b'a'; size][..]).1, end, "{size}");
        }
        assert_eq!(read_bounded(io::repeat(b'a')).0.len(), READ_BODY);
    }
}
