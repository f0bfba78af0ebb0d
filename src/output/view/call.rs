//! One test call and what came of it.

use serde::Serialize;

use crate::domain::time::Instant;
use crate::output::{Cell, Column, Line, Record, Room, Shape, Tone};

/// A test call: what was presented, where, and what the endpoint said. Every text is masked.
#[derive(Debug, Clone, Serialize)]
pub struct CallView {
    /// The key; `null` for a secret from standard input that no key was named for.
    pub key: Option<CalledKey>,
    /// The public part of the secret, if it has one.
    pub secret_public: Option<String>,
    /// Where to.
    pub url: String,
    /// How.
    pub method: String,
    /// What came; `null` without an answer.
    pub status: Option<u16>,
    /// `accepted`, `rejected`, `no_verdict`; `null` when nothing was called.
    pub verdict: Option<&'static str>,
    /// A word for scripts: `accepted`, or why not.
    pub code: &'static str,
    /// The same as a sentence.
    pub reason: String,
    /// Where the time went.
    pub timings_ms: Option<CallTimings>,
    /// Headers about rates.
    pub rate_limit: Vec<CallHeader>,
    /// The beginning of the body.
    pub body_excerpt: Option<String>,
    /// The proxy in between, without its credentials.
    pub proxy: Option<String>,
    /// Where a redirect pointed that was not followed.
    pub redirected_to: Option<String>,
    /// With `--explain`: what the registry says of the same secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<CallRegistry>,
    /// Whether it was only said and not done.
    pub dry_run: bool,
}

/// The key that was called with.
#[derive(Debug, Clone, Serialize)]
pub struct CalledKey {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its project.
    pub project: String,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct CallTimings {
    /// Name, TCP and the proxy's tunnel.
    pub connect: f64,
    /// The handshake; `null` without TLS.
    pub tls: Option<f64>,
    /// From the connection to the first byte of the answer.
    pub first_byte: f64,
    /// The whole call.
    pub total: f64,
}

/// A header.
#[derive(Debug, Clone, Serialize)]
pub struct CallHeader {
    /// In lower case.
    pub name: String,
    /// Masked and escaped.
    pub value: String,
}

/// What the registry says of the same secret.
#[derive(Debug, Clone, Serialize)]
pub struct CallRegistry {
    /// Whether it would accept it.
    pub accepted: bool,
    /// The decision's word.
    pub code: &'static str,
    /// The decision's sentence; when the endpoint disagrees, what that means.
    pub message: String,
}

impl CallView {
    fn name(&self) -> Option<String> {
        self.key.as_ref().map(|key| format!("{}/{}", key.project, key.name))
    }

    /// What the verdict says at a glance.
    #[must_use]
    pub fn tone(&self) -> Tone {
        match self.verdict {
            Some("accepted") => Tone::Good,
            Some("rejected") => Tone::Bad,
            Some(_) => Tone::Warning,
            None => Tone::Plain,
        }
    }
}

impl Record for CallView {
    const SHAPE: &'static Shape = &Shape {
        fields: &[
            "key_id",
            "name",
            "secret_public",
            "method",
            "url",
            "status",
            "verdict",
            "code",
            "reason",
            "total_ms",
            "registry_code",
        ],
        columns: &[
            Column { title: "KEY", rank: 0, room: Room::AtLeast(12) },
            Column { title: "SECRET", rank: 1, room: Room::Whole },
            Column { title: "VERDICT", rank: 0, room: Room::Whole },
            Column { title: "STATUS", rank: 0, room: Room::Whole },
            Column { title: "MS", rank: 4, room: Room::Whole },
            Column { title: "REASON", rank: 2, room: Room::Wrapped(20) },
            Column { title: "URL", rank: 3, room: Room::AtLeast(16) },
        ],
    };

    fn fill(&self, line: &mut Line<'_>) {
        line.text(self.key.as_ref().map(|key| key.id.as_str()))
            .text(self.name().as_deref())
            .text(self.secret_public.as_deref())
            .text(Some(&self.method))
            .text(Some(&self.url))
            .plain(self.status)
            .text(self.verdict)
            .text(Some(self.code))
            .text(Some(&self.reason))
            .plain(self.timings_ms.map(|timings| timings.total))
            .text(self.registry.as_ref().map(|registry| registry.code));
    }

    fn cells(&self, _now: Instant) -> Vec<Cell> {
        let or_dash = |text: Option<String>| Cell::plain(text.as_deref().unwrap_or("-"));
        vec![
            or_dash(self.name()),
            or_dash(self.secret_public.clone()),
            Cell::new(self.verdict.unwrap_or("-"), self.tone()),
            or_dash(self.status.map(|status| status.to_string())),
            or_dash(self.timings_ms.map(|timings| format!("{:.0}", timings.total))),
            Cell::plain(&self.reason),
            Cell::plain(&self.url),
        ]
    }
}
