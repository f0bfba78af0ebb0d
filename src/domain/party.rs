//! Owners and projects: who a key belongs to and what it is for. Either can be suspended, which denies all its keys.

use super::limit::Limits;
use super::name::Name;
use super::seal::{Seal, Taken};
use super::time::Instant;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartyKind {
    /// Who keys belong to.
    Owner,
    /// What keys are for.
    Project,
}

impl PartyKind {
    /// The word in SQL, JSON and messages.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Project => "project",
        }
    }
}

/// An owner or a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Which of the two.
    pub kind: PartyKind,
    /// Unique among its kind.
    pub name: Name,
    /// When it was first named.
    pub created_at: Instant,
    /// What all its keys may use up together.
    pub limits: Limits,
    /// Since when all its keys are denied.
    pub suspended_at: Option<Instant>,
    /// Proves that the row is as it was left.
    pub seal: Seal,
}

impl Party {
    /// A new one, not yet sealed.
    #[must_use]
    pub fn new(kind: PartyKind, name: Name, now: Instant) -> Self {
        Self {
            kind,
            name,
            created_at: now,
            limits: Limits::default(),
            suspended_at: None,
            seal: Seal::Missing,
        }
    }

    /// Denies all its keys; says whether that changed anything.
    pub fn suspend(&mut self, now: Instant) -> bool {
        if self.suspended_at.is_some() {
            return false;
        }
        self.suspended_at = Some(now);
        // A seal that is withdrawn already is that of a suspension somebody cleared in the file; it still proves the row.
        if !matches!(self.seal, Seal::Withdrawn(_)) {
            self.seal = self.seal.withdrawn(Taken::Suspended);
        }
        true
    }

    /// Whether its suspension was taken out of the file: the seal is still that of one that is suspended.
    #[must_use]
    pub fn was_resumed_outside(&self) -> bool {
        self.suspended_at.is_none() && matches!(self.seal, Seal::Withdrawn(_))
    }

    /// Lets its keys be accepted again; the caller seals it anew. Says whether that changed anything.
    pub fn resume(&mut self) -> bool {
        self.suspended_at.take().is_some()
    }
}
