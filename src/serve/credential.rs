//! The secret of a request: from `Authorization` (Bearer or Basic) or a header field of its own.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::verifier::Credential;

/// What a request presents; zeroed when it is dropped.
#[derive(Default)]
pub(super) struct Presented {
    secret: Option<Zeroizing<Vec<u8>>>,
    consumer_key: Option<String>,
}

impl Presented {
    /// Reads it. Two places that disagree, and what cannot be read, are a text that is no secret.
    pub(super) fn read(headers: &HeaderMap, key_headers: &[HeaderName]) -> Self {
        let mut found = Vec::new();
        for value in headers.get_all(AUTHORIZATION) {
            found.push(authorization(value.as_bytes()));
        }
        for name in key_headers {
            for value in headers.get_all(name) {
                let secret = Some(Zeroizing::new(value.as_bytes().to_vec()));
                found.push(Self { secret, consumer_key: None });
            }
        }
        let mut found = found.into_iter();
        let first = found.next().unwrap_or_default();
        if found.any(|other| other.secret != first.secret || other.consumer_key != first.consumer_key) {
            return Self::unreadable();
        }
        first
    }

    /// As the verifier takes it.
    pub(super) fn credential(&self) -> Credential<'_> {
        Credential {
            secret: self.secret.as_ref().map(|secret| secret.as_slice()),
            consumer_key: self.consumer_key.as_deref(),
        }
    }

    fn unreadable() -> Self {
        Self { secret: Some(Zeroizing::new(b"?".to_vec())), consumer_key: None }
    }
}

fn authorization(value: &[u8]) -> Presented {
    let mut words = value.splitn(2, |byte| *byte == b' ');
    let (scheme, rest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return Presented { secret: Some(Zeroizing::new(rest.to_vec())), consumer_key: None };
    }
    if scheme.eq_ignore_ascii_case(b"basic") {
        return basic(rest).unwrap_or_else(Presented::unreadable);
    }
    Presented::unreadable()
}

/// `consumer key:consumer secret`, or a secret alone in either place, as many clients send it.
fn basic(encoded: &[u8]) -> Option<Presented> {
    let decoded = Zeroizing::new(BASE64_STANDARD.decode(encoded).ok()?);
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let (user, password) = (&decoded[..colon], &decoded[colon + 1..]);
    let secret = |text: &[u8]| Some(Zeroizing::new(text.to_vec()));
    Some(match (user.is_empty(), password.is_empty()) {
        (_, true) => Presented { secret: secret(user), consumer_key: None },
        (true, false) => Presented { secret: secret(password), consumer_key: None },
        (false, false) => Presented {
            secret: secret(password),
            consumer_key: Some(std::str::from_utf8(user).ok()?.to_owned()),
        },
    })
}
