//! Recorded usage summed by one thing.

use std::collections::BTreeMap;

use crate::domain::decision::Decision;
use crate::domain::key::KeyId;
use crate::domain::time::Instant;
use crate::domain::usage::UsageRow;
use crate::output::view::{Shown, UsageView};
use crate::output::{Strokes, date};

/// What to sum by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Day,
    Hour,
    Scope,
    Outcome,
    Owner,
    Project,
    Key,
}

impl By {
    pub(super) const ALL: [Self; 7] =
        [Self::Day, Self::Hour, Self::Scope, Self::Outcome, Self::Owner, Self::Project, Self::Key];

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Scope => "scope",
            Self::Outcome => "outcome",
            Self::Owner => "owner",
            Self::Project => "project",
            Self::Key => "key",
        }
    }

    /// The one with this word; the command line lets no other through.
    pub(super) fn from_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|by| by.code() == code).unwrap_or(Self::Day)
    }

    /// The start of the day or hour that `at` is in.
    pub(super) fn start_of(self, at: Instant) -> Instant {
        let length = self.length();
        Instant::from_seconds(at.seconds() / length * length)
    }

    fn length(self) -> i64 {
        if self == Self::Day { 86_400 } else { 3_600 }
    }

    fn is_time(self) -> bool {
        matches!(self, Self::Day | Self::Hour)
    }
}

/// What requests have in common: times and names in their order, and which key.
type Common = (Option<String>, Option<KeyId>);

#[derive(Default)]
struct Sum {
    accepted: u64,
    denied: u64,
}

/// The sums so far.
pub(super) struct Sums {
    by: By,
    found: BTreeMap<Common, Sum>,
    is_empty: bool,
}

impl Sums {
    /// Nothing yet. Days and hours without a request are there too, so that a chart has no gaps.
    pub(super) fn new(by: By, since: Instant, until: Instant) -> Self {
        let mut found = BTreeMap::new();
        if by.is_time() {
            let step = usize::try_from(by.length()).unwrap_or(usize::MAX);
            for start in (by.start_of(since).seconds()..until.seconds()).step_by(step) {
                found.insert((Some(time(by, Instant::from_seconds(start))), None), Sum::default());
            }
        }
        Self { by, found, is_empty: true }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    pub(super) fn add(&mut self, row: &UsageRow) {
        self.is_empty = false;
        for common in common(self.by, row) {
            let sum = self.found.entry(common).or_default();
            if row.outcome == Decision::Accepted.code() {
                sum.accepted += row.requests;
            } else {
                sum.denied += row.requests;
            }
        }
    }

    /// As they are written: times in their order, all else by the number of requests.
    pub(super) fn views(self, strokes: Strokes, width: u16) -> Vec<UsageView> {
        let by = self.by;
        let mut views: Vec<UsageView> = self
            .found
            .into_iter()
            .map(|((value, key), sum)| UsageView {
                by: by.code(),
                value,
                key_id: key.map(Shown),
                requests: sum.accepted + sum.denied,
                accepted: sum.accepted,
                denied: sum.denied,
                bar: String::new(),
            })
            .collect();
        if !by.is_time() {
            views.sort_by_key(|view| std::cmp::Reverse(view.requests));
        }
        let most = views.iter().map(|view| view.requests).max().unwrap_or_default();
        for view in &mut views {
            view.bar = strokes.bar(view.requests, most, width.saturating_sub(48).clamp(10, 60));
        }
        views
    }
}

fn common(by: By, row: &UsageRow) -> Vec<Common> {
    let value = match by {
        By::Day | By::Hour => time(by, row.hour),
        By::Scope if row.scopes.is_empty() => return vec![(None, None)],
        By::Scope => return row.scopes.split(' ').map(|scope| (Some(scope.to_owned()), None)).collect(),
        By::Outcome => row.outcome.clone(),
        By::Owner => row.owner.to_string(),
        By::Project => row.project.to_string(),
        By::Key => return vec![(Some(format!("{}/{}", row.project, row.name)), Some(row.key))],
    };
    vec![(Some(value), None)]
}

fn time(by: By, at: Instant) -> String {
    if by == By::Day { date(at) } else { by.start_of(at).to_string() }
}
