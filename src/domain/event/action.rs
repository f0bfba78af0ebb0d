//! The words of the log: what can be done to a registry.

use crate::domain::party::PartyKind;

/// What was done. The words are part of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The registry was made.
    RegistryCreated,
    /// A key was issued.
    KeyCreated,
    /// An issue was taken back because its secret could not be handed over.
    KeyTakenBack,
    /// Scopes, end, restrictions, name or notes changed.
    KeyChanged,
    /// A new secret was added.
    KeyRotated,
    /// A rotation was taken back because its secret could not be handed over.
    RotationTakenBack,
    /// The grace of a rotation was ended.
    RotationFinished,
    /// The grace of a rotation was lengthened.
    RotationExtended,
    /// A rotation was cancelled.
    RotationCancelled,
    /// The new secret was used for the first time, which started the grace.
    GraceStarted,
    /// A key was revoked.
    KeyRevoked,
    /// One secret was revoked.
    SecretRevoked,
    /// A key was switched off.
    KeyDisabled,
    /// A key was switched on again.
    KeyEnabled,
    /// A dead key was removed.
    KeyPurged,
    /// A kept copy was shown.
    SecretRevealed,
    /// A kept copy was handed to a command or an endpoint.
    SecretUsed,
    /// A kept copy was erased.
    CopyForgotten,
    /// An owner was suspended.
    OwnerSuspended,
    /// An owner was resumed.
    OwnerResumed,
    /// A project was suspended.
    ProjectSuspended,
    /// A project was resumed.
    ProjectResumed,
    /// The limits that an owner's keys share changed.
    OwnerLimited,
    /// The limits that a project's keys share changed.
    ProjectLimited,
    /// A scope was added to the catalogue.
    ScopeDefined,
    /// A scope was removed from the catalogue.
    ScopeUndefined,
    /// The endpoint of test calls was remembered.
    TargetSaved,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 27] = [
        Self::RegistryCreated,
        Self::KeyCreated,
        Self::KeyTakenBack,
        Self::KeyChanged,
        Self::KeyRotated,
        Self::RotationTakenBack,
        Self::RotationFinished,
        Self::RotationExtended,
        Self::RotationCancelled,
        Self::GraceStarted,
        Self::KeyRevoked,
        Self::SecretRevoked,
        Self::KeyDisabled,
        Self::KeyEnabled,
        Self::KeyPurged,
        Self::SecretRevealed,
        Self::SecretUsed,
        Self::CopyForgotten,
        Self::OwnerSuspended,
        Self::OwnerResumed,
        Self::ProjectSuspended,
        Self::ProjectResumed,
        Self::OwnerLimited,
        Self::ProjectLimited,
        Self::ScopeDefined,
        Self::ScopeUndefined,
        Self::TargetSaved,
    ];

    /// The word in SQL and JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::RegistryCreated => "registry_created",
            Self::KeyCreated => "key_created",
            Self::KeyTakenBack => "key_taken_back",
            Self::KeyChanged => "key_changed",
            Self::KeyRotated => "key_rotated",
            Self::RotationTakenBack => "rotation_taken_back",
            Self::RotationFinished => "rotation_finished",
            Self::RotationExtended => "rotation_extended",
            Self::RotationCancelled => "rotation_cancelled",
            Self::GraceStarted => "grace_started",
            Self::KeyRevoked => "key_revoked",
            Self::SecretRevoked => "secret_revoked",
            Self::KeyDisabled => "key_disabled",
            Self::KeyEnabled => "key_enabled",
            Self::KeyPurged => "key_purged",
            Self::SecretRevealed => "secret_revealed",
            Self::SecretUsed => "secret_used",
            Self::CopyForgotten => "copy_forgotten",
            Self::OwnerSuspended => "owner_suspended",
            Self::OwnerResumed => "owner_resumed",
            Self::ProjectSuspended => "project_suspended",
            Self::ProjectResumed => "project_resumed",
            Self::OwnerLimited => "owner_limited",
            Self::ProjectLimited => "project_limited",
            Self::ScopeDefined => "scope_defined",
            Self::ScopeUndefined => "scope_undefined",
            Self::TargetSaved => "target_saved",
        }
    }

    /// The action with this word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }

    /// What it changes, of owners and projects.
    #[must_use]
    pub fn party_kind(self) -> Option<PartyKind> {
        match self {
            Self::OwnerSuspended | Self::OwnerResumed | Self::OwnerLimited => Some(PartyKind::Owner),
            Self::ProjectSuspended | Self::ProjectResumed | Self::ProjectLimited => Some(PartyKind::Project),
            Self::RegistryCreated
            | Self::KeyCreated
            | Self::KeyTakenBack
            | Self::KeyChanged
            | Self::KeyRotated
            | Self::RotationTakenBack
            | Self::RotationFinished
            | Self::RotationExtended
            | Self::RotationCancelled
            | Self::GraceStarted
            | Self::KeyRevoked
            | Self::SecretRevoked
            | Self::KeyDisabled
            | Self::KeyEnabled
            | Self::KeyPurged
            | Self::SecretRevealed
            | Self::SecretUsed
            | Self::CopyForgotten
            | Self::ScopeDefined
            | Self::ScopeUndefined
            | Self::TargetSaved => None,
        }
    }

    /// Whether it may change nothing that grants.
    pub(super) fn may_leave_as_it_is(self) -> bool {
        matches!(
            self,
            Self::KeyChanged
                | Self::SecretRevealed
                | Self::SecretUsed
                | Self::CopyForgotten
                | Self::TargetSaved
        )
    }
}
