//! What is counted while requests are answered, and the same as Prometheus reads it.
//!
//! Each thread counts in a place of its own, so that counting costs no request the cache line of another. No key, owner
//! or address is a label: what is read here may be seen by more people than the registry, and grows with nothing.

use std::cell::Cell;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::domain::decision::{Decision, Denial};

/// In the order of the enum.
const DENIALS: [Denial; 18] = [
    Denial::Missing,
    Denial::Malformed,
    Denial::NotFound,
    Denial::Tampered,
    Denial::Revoked,
    Denial::Disabled,
    Denial::Retired,
    Denial::Expired,
    Denial::NotYetValid,
    Denial::OwnerSuspended,
    Denial::ProjectSuspended,
    Denial::WrongEnvironment,
    Denial::IpNotAllowed,
    Denial::OriginNotAllowed,
    Denial::InsufficientScope,
    Denial::NoRoute,
    Denial::QuotaExceeded,
    Denial::RateLimited,
];
/// What came besides a decision, behind the denials.
const OTHERS: [&str; 3] = ["undecided", "bad_request", "revoked_by_holder"];
const OUTCOMES: usize = 1 + DENIALS.len() + OTHERS.len();
/// Upper ends of the histogram, in microseconds.
const BOUNDS: [u64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 1000, 10_000, 100_000, 1_000_000];
const PLACES: usize = 32;

/// What came of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A decision was made.
    Decided(Decision),
    /// No decision could be made.
    Undecided,
    /// The question could not be read.
    BadRequest,
    /// Whoever holds a secret ended its key.
    RevokedByHolder,
}

impl Outcome {
    /// The word for it.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Decided(decision) => decision.code(),
            Self::Undecided => OTHERS[0],
            Self::BadRequest => OTHERS[1],
            Self::RevokedByHolder => OTHERS[2],
        }
    }

    /// Whether the request may pass.
    pub(super) fn is_accepted(self) -> bool {
        self == Self::Decided(Decision::Accepted)
    }

    fn place(self) -> usize {
        match self {
            Self::Decided(Decision::Accepted) => 0,
            Self::Decided(Decision::Denied(denial)) => 1 + denial as usize,
            Self::Undecided => 1 + DENIALS.len(),
            Self::BadRequest => 2 + DENIALS.len(),
            Self::RevokedByHolder => 3 + DENIALS.len(),
        }
    }
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    places: Box<[Place]>,
    full: AtomicU64,
    reloads: [AtomicU64; 2],
}

/// The counts of one thread, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Place {
    outcomes: [AtomicU64; OUTCOMES],
    /// The last is what is above all bounds.
    decisions: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

/// What is asked of others when the numbers are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) keys: usize,
    pub(super) open: u32,
    pub(super) log_lines_dropped: u64,
    pub(super) unwritten_seconds: u64,
}

impl Default for Metrics {
    fn default() -> Self {
        let places = (0..PLACES).map(|_| Place::default()).collect();
        Self { places, full: AtomicU64::new(0), reloads: Default::default() }
    }
}

impl Metrics {
    /// One decision, and how long it took.
    pub(super) fn decided(&self, outcome: Outcome, took: Duration) {
        let place = self.place();
        add(&place.outcomes[outcome.place()], 1);
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| nanoseconds <= bound * 1000).unwrap_or(BOUNDS.len());
        add(&place.decisions[bucket], 1);
        add(&place.nanoseconds, nanoseconds);
    }

    /// A request that was answered without a decision.
    pub(super) fn answered(&self, outcome: Outcome) {
        add(&self.place().outcomes[outcome.place()], 1);
    }

    /// No more connections could be opened.
    pub(super) fn full(&self) {
        add(&self.full, 1);
    }

    /// The configuration was read anew.
    pub fn reloaded(&self, result: Result<(), ()>) {
        add(&self.reloads[usize::from(result.is_err())], 1);
    }

    /// How many presented nothing, no secret, and no secret that is known.
    pub(super) fn strangers(&self) -> [u64; 3] {
        [Denial::Missing, Denial::Malformed, Denial::NotFound]
            .map(|denial| self.count(Outcome::Decided(Decision::Denied(denial)).place()))
    }

    fn count(&self, outcome: usize) -> u64 {
        self.places.iter().map(|place| place.outcomes[outcome].load(Ordering::Relaxed)).sum()
    }

    fn place(&self) -> &Place {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static MINE: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % PLACES);
        }
        &self.places[MINE.get()]
    }

    /// The text format of Prometheus, version 0.0.4.
    pub(super) fn text(&self, reading: &Reading) -> String {
        let mut page = Page(String::with_capacity(4096));
        let version = env!("CARGO_PKG_VERSION");
        page.family("apikey_build_info", "gauge", "The version that runs.");
        page.line("apikey_build_info", &format!("{{version=\"{version}\"}}"), 1);
        page.family("apikey_requests_total", "counter", "Requests by what came of them.");
        let decisions = DENIALS.iter().map(|denial| denial.code());
        let codes = std::iter::once(Decision::Accepted.code()).chain(decisions).chain(OTHERS);
        for (place, code) in codes.enumerate() {
            page.line("apikey_requests_total", &format!("{{code=\"{code}\"}}"), self.count(place));
        }
        self.histogram(&mut page);
        page.family("apikey_keys", "gauge", "Keys known.");
        page.line("apikey_keys", "", reading.keys);
        page.family("apikey_connections_open", "gauge", "Connections open, without those for metrics.");
        page.line("apikey_connections_open", "", reading.open);
        let name = "apikey_usage_unwritten_seconds";
        page.family(name, "gauge", "For how long usage could not be written; 0 when it can.");
        page.line(name, "", reading.unwritten_seconds);
        page.family(
            "apikey_connections_full_total",
            "counter",
            "Times no further connection could be taken.",
        );
        page.line("apikey_connections_full_total", "", self.full.load(Ordering::Relaxed));
        page.family("apikey_reloads_total", "counter", "Times the configuration was read anew.");
        for (result, count) in ["ok", "failed"].into_iter().zip(&self.reloads) {
            let labels = format!("{{result=\"{result}\"}}");
            page.line("apikey_reloads_total", &labels, count.load(Ordering::Relaxed));
        }
        page.family("apikey_log_lines_dropped_total", "counter", "Log lines nobody read in time.");
        page.line("apikey_log_lines_dropped_total", "", reading.log_lines_dropped);
        page.0
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds are read as floating point")]
    fn histogram(&self, page: &mut Page) {
        const NAME: &str = "apikey_decision_seconds";
        page.family(NAME, "histogram", "How long a decision took.");
        let mut all = 0;
        for (bucket, bound) in BOUNDS.iter().map(Some).chain([None]).enumerate() {
            all +=
                self.places.iter().map(|place| place.decisions[bucket].load(Ordering::Relaxed)).sum::<u64>();
            let le = bound.map_or_else(|| "+Inf".to_owned(), |bound| (*bound as f64 / 1e6).to_string());
            page.line(&format!("{NAME}_bucket"), &format!("{{le=\"{le}\"}}"), all);
        }
        let nanoseconds: u64 =
            self.places.iter().map(|place| place.nanoseconds.load(Ordering::Relaxed)).sum();
        page.line(&format!("{NAME}_sum"), "", nanoseconds as f64 / 1e9);
        page.line(&format!("{NAME}_count"), "", all);
    }
}

fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let written = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        written.expect("writing into a String cannot fail");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let written = writeln!(self.0, "{name}{labels} {value}");
        written.expect("writing into a String cannot fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_denial_is_counted_under_its_own_word() {
        for (place, denial) in DENIALS.into_iter().enumerate() {
            assert_eq!(Outcome::Decided(Decision::Denied(denial)).place(), place + 1, "{denial:?}");
            let metrics = Metrics::default();
            metrics.decided(Outcome::Decided(Decision::Denied(denial)), Duration::ZERO);
            let text =
                metrics.text(&Reading { keys: 0, open: 0, log_lines_dropped: 0, unwritten_seconds: 0 });
            let line = format!("apikey_requests_total{{code=\"{}\"}} 1\n", denial.code());
            assert!(text.contains(&line), "{text}");
        }
        for outcome in [Outcome::Undecided, Outcome::BadRequest, Outcome::RevokedByHolder] {
            let metrics = Metrics::default();
            metrics.answered(outcome);
            let text =
                metrics.text(&Reading { keys: 0, open: 0, log_lines_dropped: 0, unwritten_seconds: 0 });
            assert!(text.contains(&format!("{{code=\"{}\"}} 1\n", outcome.code())), "{text}");
        }
    }

    #[test]
    fn a_decision_is_in_the_bucket_it_just_fits_and_in_all_above() {
        let metrics = Metrics::default();
        for nanoseconds in [1000, 1001, 2_000_000_000] {
            metrics.decided(Outcome::Decided(Decision::Accepted), Duration::from_nanos(nanoseconds));
        }
        let text = metrics.text(&Reading { keys: 3, open: 2, log_lines_dropped: 0, unwritten_seconds: 0 });
        for line in [
            "apikey_decision_seconds_bucket{le=\"0.000001\"} 1\n",
            "apikey_decision_seconds_bucket{le=\"0.000002\"} 2\n",
            "apikey_decision_seconds_bucket{le=\"1\"} 2\n",
            "apikey_decision_seconds_bucket{le=\"+Inf\"} 3\n",
            "apikey_decision_seconds_count 3\n",
            "apikey_decision_seconds_sum 2.000002001\n",
            "apikey_keys 3\n",
            "apikey_connections_open 2\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }
}
