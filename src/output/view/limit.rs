//! Limits as they leave the program.

use serde::Serialize;

use crate::domain::limit::{Allowance, Quota, Rate};

/// So many requests in a span.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "the fields are the contract's")]
pub struct RateView {
    pub requests: u32,
    pub per_seconds: i64,
    pub burst: u32,
}

impl RateView {
    /// Its numbers.
    #[must_use]
    pub fn of(rate: Rate) -> Self {
        Self { requests: rate.count(), per_seconds: rate.per().seconds(), burst: rate.burst() }
    }
}

/// So many requests in a calendar window.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "the fields are the contract's")]
pub struct QuotaView {
    pub requests: u64,
    pub per: &'static str,
}

impl QuotaView {
    /// Its numbers.
    #[must_use]
    pub fn of(quota: Quota) -> Self {
        Self { requests: quota.count(), per: quota.period().code() }
    }
}

/// What is left of one limit.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "the fields are the contract's")]
pub struct AllowanceView {
    /// `key`, `owner` or `project`.
    pub of: &'static str,
    /// `rate` or `quota`.
    pub limit: &'static str,
    pub requests: u64,
    pub per_seconds: u64,
    pub remaining: u64,
    pub resets_after_seconds: u64,
}

impl AllowanceView {
    /// Its numbers.
    #[must_use]
    pub fn of(allowance: &Allowance) -> Self {
        Self {
            of: allowance.of,
            limit: allowance.measure.code(),
            requests: allowance.limit,
            per_seconds: allowance.window_seconds,
            remaining: allowance.remaining,
            resets_after_seconds: allowance.resets_after_seconds,
        }
    }
}
