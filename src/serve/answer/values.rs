//! Values of header fields, all in one piece of memory that the fields share.

use axum::body::Bytes;
use axum::http::HeaderValue;
use bytes::BytesMut;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::domain::limit::Allowance;
use crate::domain::time::Instant;

/// What a header field may not hold as it is, and the percent sign that says so.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'%').add(b',').add(b'"').add(b'\\');

/// What no header field can hold.
pub(super) const UNPRINTABLE: HeaderValue = HeaderValue::from_static("unprintable");

/// The value of a header field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    /// One of a few that never change.
    Word(&'static str),
    /// From there to there among [`Values`].
    Written(usize, usize),
}

impl Field {
    /// With the bytes that were written, all of them.
    pub(super) fn value(self, written: &Bytes) -> HeaderValue {
        match self {
            Self::Word(word) => HeaderValue::from_static(word),
            Self::Written(start, end) => value_of(written.slice(start..end)),
        }
    }
}

/// Values of header fields, one behind the other.
pub(super) struct Values(BytesMut);

impl Values {
    /// None yet, with room for so many bytes.
    pub(super) fn with_room_for(bytes: usize) -> Self {
        Self(BytesMut::with_capacity(bytes))
    }

    /// What [`Field::value`] takes its bytes from.
    pub(super) fn written(self) -> Bytes {
        self.0.freeze()
    }

    /// Writes one, and says where it is.
    pub(super) fn write(&mut self, parts: &[&str]) -> Field {
        let begin = self.0.len();
        for part in parts {
            self.0.extend_from_slice(part.as_bytes());
        }
        Field::Written(begin, self.0.len())
    }

    /// The same, with what a field may not hold percent-encoded.
    pub(super) fn escape(&mut self, text: &str) -> Field {
        let begin = self.0.len();
        for part in utf8_percent_encode(text, ESCAPED) {
            self.0.extend_from_slice(part.as_bytes());
        }
        Field::Written(begin, self.0.len())
    }

    /// `RateLimit-Policy`: what the limits are.
    pub(super) fn policy(&mut self, allowances: &[Allowance]) -> Field {
        self.list(allowances, |one| [("\";q=", one.limit), (";w=", one.window_seconds)])
    }

    /// `RateLimit`: what is left of them.
    pub(super) fn left(&mut self, allowances: &[Allowance]) -> Field {
        self.list(allowances, |one| [("\";r=", one.remaining), (";t=", one.resets_after_seconds)])
    }

    fn list(
        &mut self,
        allowances: &[Allowance],
        parameters: impl Fn(&Allowance) -> [(&'static str, u64); 2],
    ) -> Field {
        let begin = self.0.len();
        for (place, one) in allowances.iter().enumerate() {
            self.write(&[if place == 0 { "\"" } else { ", \"" }, one.of, "-", one.measure.code()]);
            self.parameters(parameters(one));
        }
        Field::Written(begin, self.0.len())
    }

    /// Writes names and their numbers.
    fn parameters(&mut self, all: [(&str, u64); 2]) {
        for (name, number) in all {
            self.write(&[name, itoa::Buffer::new().format(number)]);
        }
    }

    /// Writes an instant as it is printed, and says where it is.
    pub(super) fn at(&mut self, instant: Instant) -> Field {
        let begin = self.0.len();
        self.0.extend_from_slice(&instant.to_text());
        Field::Written(begin, self.0.len())
    }
}

/// A value of its own.
pub(super) fn value_of(bytes: Bytes) -> HeaderValue {
    HeaderValue::from_maybe_shared(bytes).unwrap_or(UNPRINTABLE)
}
