//! Limits as they leave the program.

use std::fmt;

use serde::Serialize;

use crate::domain::limit::{Account, Allowance, Limits, Measure, Quota, Rate, allowances};
use crate::domain::time::Instant;

/// So many requests in a span.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "the fields are the contract's")]
pub struct RateView {
    pub requests: u32,
    pub per_seconds: i64,
    pub burst: u32,
    #[serde(skip)]
    rate: Rate,
}

impl fmt::Display for RateView {
    /// As it is given: `100/1m`, and a burst of its own.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rate.fmt(out)
    }
}

impl RateView {
    /// Its numbers.
    #[must_use]
    pub fn of(rate: Rate) -> Self {
        Self { requests: rate.count(), per_seconds: rate.per().seconds(), burst: rate.burst(), rate }
    }
}

/// So many requests in a calendar window.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "the fields are the contract's")]
pub struct QuotaView {
    pub requests: u64,
    pub per: &'static str,
}

impl fmt::Display for QuotaView {
    /// As it is given: `10000/day`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.requests, self.per)
    }
}

impl QuotaView {
    /// Its numbers.
    #[must_use]
    pub fn of(quota: Quota) -> Self {
        Self { requests: quota.count(), per: quota.period().code() }
    }
}

/// One limit of a key, an owner or a project, and what is left of it.
#[derive(Debug, Clone, Serialize)]
pub struct LimitView {
    /// `key`, `owner` or `project`.
    pub of: &'static str,
    /// `project/name` of a key; the name of an owner or a project.
    pub name: String,
    /// `rate` or `quota`: which of the two following there is.
    pub limit: &'static str,
    /// So many requests in a span.
    pub rate: Option<RateView>,
    /// So many requests in a calendar window.
    pub quota: Option<QuotaView>,
    /// Requests that would pass now.
    pub remaining: u64,
    /// How much is used of the burst or the quota, rounded down.
    pub used_percent: u64,
    /// Until all of it is there again.
    pub resets_after_seconds: u64,
}

impl LimitView {
    /// The limits of one account, of which there may be none.
    #[must_use]
    pub fn all_of(account: &Account, name: &str, now: Instant) -> Vec<Self> {
        let Limits { rate, quota } = account.limits;
        let view = |allowance: Allowance| {
            let is_rate = allowance.measure == Measure::Rate;
            Self {
                of: allowance.of,
                name: name.to_owned(),
                limit: allowance.measure.code(),
                rate: rate.filter(|_| is_rate).map(RateView::of),
                quota: quota.filter(|_| !is_rate).map(QuotaView::of),
                remaining: allowance.remaining,
                used_percent: allowance.used_percent(),
                resets_after_seconds: allowance.resets_after_seconds,
            }
        };
        allowances(std::slice::from_ref(account), now).into_iter().map(view).collect()
    }
}

/// Limits for people: `100/1m burst 20, 10000/day`; `None` without any.
#[must_use]
pub(in crate::output) fn limits_text(rate: Option<RateView>, quota: Option<QuotaView>) -> Option<String> {
    let texts = [rate.map(|rate| rate.to_string()), quota.map(|quota| quota.to_string())];
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}
