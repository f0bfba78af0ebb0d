//! Owners, projects and the scope catalogue as they leave the program.

use serde::Serialize;

use super::{QuotaView, RateView, Shown};
use crate::domain::time::Instant;
use crate::registry::{DefinedScope, PartySummary};

/// An owner or a project.
#[derive(Debug, Clone, Serialize)]
pub struct PartyView<'a> {
    /// Unique among its kind.
    pub name: &'a str,
    /// `owner` or `project`.
    pub kind: &'static str,
    /// Whether all its keys are denied.
    pub suspended: bool,
    /// Since when.
    pub suspended_at: Option<Shown<Instant>>,
    /// When it was first named.
    pub created_at: Shown<Instant>,
    /// Its keys that are not revoked.
    pub keys: u64,
    /// What all its keys may use up together, smoothly.
    pub rate: Option<RateView>,
    /// What all its keys may use up together in a calendar window.
    pub quota: Option<QuotaView>,
}

impl<'a> PartyView<'a> {
    /// The owner or project as it is recorded.
    #[must_use]
    pub fn of(summary: &'a PartySummary) -> Self {
        let party = &summary.party;
        Self {
            name: party.name.as_str(),
            kind: party.kind.code(),
            suspended: party.suspended_at.is_some(),
            suspended_at: party.suspended_at.map(Shown),
            created_at: Shown(party.created_at),
            keys: summary.keys,
            rate: party.limits.rate.map(RateView::of),
            quota: party.limits.quota.map(QuotaView::of),
        }
    }
}

/// A scope of the catalogue.
#[derive(Debug, Clone, Serialize)]
pub struct ScopeView<'a> {
    /// `resource:action`.
    pub scope: &'a str,
    /// What it is for.
    pub description: Option<&'a str>,
}

impl<'a> ScopeView<'a> {
    /// The scope as it is defined.
    #[must_use]
    pub fn of(defined: &'a DefinedScope) -> Self {
        Self { scope: defined.scope.as_str(), description: defined.description.as_deref() }
    }
}
