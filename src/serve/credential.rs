//! The secret of a request: from `Authorization` (Bearer or Basic), a header field of its own, or, where the
//! configuration says so, a query parameter.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::verifier::Credential;

/// What a request presents. What had to be decoded is zeroed when it is dropped.
#[derive(Default)]
pub(crate) struct Presented<'a> {
    secret: Option<Held<'a>>,
    consumer_key: Option<Zeroizing<String>>,
}

enum Held<'a> {
    Sent(&'a [u8]),
    Decoded(Zeroizing<Vec<u8>>),
}

impl Held<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Sent(bytes) => bytes,
            Self::Decoded(bytes) => bytes,
        }
    }
}

impl<'a> Presented<'a> {
    /// Reads it; `query` is the query of the request and the parameter that may hold the secret. Two places that
    /// disagree, and what cannot be read, are a text that is no secret.
    pub(crate) fn read(
        headers: &'a HeaderMap,
        key_headers: &[HeaderName],
        query: Option<(&str, &str)>,
    ) -> Self {
        let authorizations =
            headers.get_all(AUTHORIZATION).iter().map(|value| authorization(value.as_bytes()));
        let fields = key_headers.iter().flat_map(|name| headers.get_all(name));
        let fields = fields.map(|value| Self::alone(Held::Sent(value.as_bytes())));
        let parameters = query.into_iter().flat_map(|(query, name)| {
            let all = url::form_urlencoded::parse(query.as_bytes());
            all.filter(move |(key, _)| key == name)
                .map(|(_, value)| Self::alone(Held::Decoded(Zeroizing::new(value.into_owned().into_bytes()))))
        });
        let mut found = authorizations.chain(fields).chain(parameters);
        let Some(first) = found.next() else { return Self::default() };
        if found.all(|other| other.is_same(&first)) { first } else { Self::unreadable() }
    }

    /// As the verifier takes it.
    pub(crate) fn credential(&self) -> Credential<'_> {
        Credential {
            secret: self.secret.as_ref().map(Held::bytes),
            consumer_key: self.consumer_key.as_ref().map(|key| key.as_str()),
        }
    }

    fn alone(secret: Held<'a>) -> Self {
        Self { secret: Some(secret), consumer_key: None }
    }

    /// Compares what one and the same client sent: how long that takes tells it nothing.
    fn is_same(&self, other: &Self) -> bool {
        self.credential().secret == other.credential().secret && self.consumer_key == other.consumer_key
    }

    fn unreadable() -> Self {
        Self::alone(Held::Sent(b"?"))
    }
}

fn authorization(value: &[u8]) -> Presented<'_> {
    let mut words = value.splitn(2, |byte| *byte == b' ');
    let (scheme, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return Presented::alone(Held::Sent(rest));
    }
    if scheme.eq_ignore_ascii_case(b"basic") {
        return basic(rest).unwrap_or_else(Presented::unreadable);
    }
    Presented::unreadable()
}

/// `consumer key:consumer secret`, or a secret alone in either place, as many clients send it.
fn basic(encoded: &[u8]) -> Option<Presented<'static>> {
    let decoded = Zeroizing::new(BASE64_STANDARD.decode(encoded).ok()?);
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let (user, password) = (&decoded[..colon], &decoded[colon + 1..]);
    let held = |text: &[u8]| Held::Decoded(Zeroizing::new(text.to_vec()));
    Some(match (user.is_empty(), password.is_empty()) {
        (_, true) => Presented::alone(held(user)),
        (true, false) => Presented::alone(held(password)),
        (false, false) => Presented {
            secret: Some(held(password)),
            consumer_key: Some(Zeroizing::new(std::str::from_utf8(user).ok()?.to_owned())),
        },
    })
}
