//! What every request meets: who decides, by which rules, and what is counted and said of it.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use axum::http::{HeaderMap, Method, Uri};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::config::{Original, Rules};
use super::journal::{Journal, Level, Told, Value};
use super::metrics::{Metrics, Outcome, Reading};
use super::origin::Wanted;
use crate::domain::decision::Request;
use crate::domain::key::KeyId;
use crate::verifier::{Credential, Verdict, Verifier, VerifierError};

/// What every request is answered with.
#[derive(Debug)]
pub struct Gate {
    /// Who decides.
    pub verifier: Verifier,
    /// What is counted.
    pub metrics: Metrics,
    /// What is said.
    pub journal: Journal,
    /// Told when what is still under way at the end is to be cut off.
    pub hurry: Notify,
    rules: ArcSwap<Rules>,
}

/// A request, for those who read the log.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen<'a> {
    /// Held by a proxy.
    Forwarded { original: Original, method: &'a Method, uri: &'a Uri, headers: &'a HeaderMap },
    /// What a program asks about, by this method at this path.
    Asked(&'static str, &'static str),
    /// The program that asks; its being accepted is no event.
    Caller(&'static str),
}

impl Gate {
    /// A gate with its first rules.
    #[must_use]
    pub fn new(verifier: Verifier, rules: Rules, journal: Journal) -> Self {
        Self {
            verifier,
            metrics: Metrics::default(),
            journal,
            hurry: Notify::new(),
            rules: ArcSwap::from_pointee(rules),
        }
    }

    /// The rules as they are now; hold them for one request, so that it meets one and the same.
    pub fn rules(&self) -> Guard<Arc<Rules>> {
        self.rules.load()
    }

    /// Other rules from the next request on. What strangers used of their rate stays used.
    pub fn replace_rules(&self, mut rules: Rules) {
        if let (Some(after), Some(before)) = (&mut rules.strangers, &self.rules().strangers) {
            after.inherit(before);
        }
        self.rules.store(Arc::new(rules));
    }

    /// As [`Verifier::verify`], counted and said.
    pub(super) fn verify<R>(
        &self,
        credential: Credential<'_>,
        asked: (&Request, u32),
        seen: Seen<'_>,
        answer: impl FnOnce(&Verdict<'_>) -> R,
    ) -> Result<R, VerifierError> {
        let began = Instant::now();
        let mut outcome = Outcome::Undecided;
        let answered = self.verifier.verify(credential, asked, |verdict| {
            outcome = Outcome::Decided(verdict.decision);
            self.tell(outcome, verdict, asked.0, seen);
            answer(verdict)
        });
        if let Err(error) = &answered {
            let error = error.to_string();
            outcome = Outcome::Undecided;
            self.journal.say_rarely(Level::Error, "undecided", &[("error", Value::Text(&error))]);
        }
        if !seen.is_uneventful(outcome) {
            self.metrics.decided(outcome, began.elapsed());
        }
        answered
    }

    /// Counts and says what came of a revocation by whoever holds the secret.
    pub(super) fn tell_revocation(
        &self,
        (outcome, key): (Outcome, Option<KeyId>),
        ip: Option<IpAddr>,
        path: &str,
    ) {
        self.metrics.answered(outcome);
        let (key, ip) = (key.map(|key| key.to_string()), ip.map(|ip| ip.to_string()));
        let told = [("key_id", key.as_deref()), ("client", ip.as_deref()), ("path", Some(path))];
        let fields: Vec<_> =
            told.into_iter().filter_map(|(name, text)| Some((name, Value::Text(text?)))).collect();
        match outcome {
            Outcome::RevokedByHolder => self.journal.say(Level::Warn, outcome.code(), &fields),
            Outcome::Undecided => self.journal.say_rarely(Level::Error, outcome.code(), &fields),
            // Strangers are summed up.
            _ => {}
        }
    }

    fn tell(&self, outcome: Outcome, verdict: &Verdict<'_>, request: &Request, seen: Seen<'_>) {
        if seen.is_uneventful(outcome) || !self.journal.wants(outcome, verdict.key.is_some()) {
            return;
        }
        let ids = verdict.key.map(|key| (key.id.to_string(), key.secret.to_string()));
        let brand = self.verifier.brand().as_str();
        let tell = |method, path| {
            self.journal.request(&Told { outcome, ids, ip: request.ip, method, path }, brand);
        };
        match seen {
            Seen::Asked(method, path) => tell(method, path),
            Seen::Caller(path) => tell("POST", path),
            Seen::Forwarded { original, method, uri, headers, .. } => {
                match Wanted::read(original, method, uri, headers) {
                    Some(wanted) => tell(wanted.method.as_str(), wanted.path()),
                    None => tell(method.as_str(), original.untold().unwrap_or(uri.path())),
                }
            }
        }
    }

    /// Says how many strangers came since `before`, how many lines were left out, and whether usage cannot be written;
    /// how many strangers came at all.
    pub(super) fn sum_up(&self, before: [u64; 3]) -> [u64; 3] {
        let all = self.metrics.strangers();
        let unsaid = self.journal.take_unsaid();
        if all != before || unsaid > 0 {
            let of = |place: usize| Value::Number(all[place] - before[place]);
            let fields = [
                ("missing", of(0)),
                ("malformed", of(1)),
                ("not_found", of(2)),
                ("lines_left_out", Value::Number(unsaid)),
            ];
            self.journal.say(Level::Info, "strangers", &fields);
        }
        let unwritten = self.verifier.unwritten_for().as_secs();
        if unwritten > 0 {
            let fields = [("seconds", Value::Number(unwritten))];
            self.journal.say(Level::Warn, "usage_unwritten", &fields);
        }
        all
    }

    /// What is counted, as Prometheus reads it.
    pub(super) fn metrics_text(&self, open: u32) -> String {
        let (keys, log_lines_dropped) = (self.verifier.keys(), self.journal.dropped());
        let unwritten_seconds = self.verifier.unwritten_for().as_secs();
        self.metrics.text(&Reading { keys, open, log_lines_dropped, unwritten_seconds })
    }
}

impl Seen<'_> {
    /// A program that may ask is no event; what it asks about is.
    fn is_uneventful(self, outcome: Outcome) -> bool {
        matches!(self, Self::Caller(_)) && outcome.is_accepted()
    }
}
