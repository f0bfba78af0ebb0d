//! The status of a key and of a secret at an instant, and their words.

/// The status of a secret at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretStatus {
    /// Accepted; its first use will start its predecessor's grace.
    Pending,
    /// Accepted.
    Active,
    /// Accepted until its grace ends.
    Retiring,
    /// Rotated out, grace over.
    Retired,
    /// Its own life is over.
    Expired,
    /// Revoked, alone or with its key.
    Revoked,
}

impl SecretStatus {
    /// The word in JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// The status of a key at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyStatus {
    /// Accepted.
    Active,
    /// Not yet valid.
    Pending,
    /// Switched off, for now.
    Disabled,
    /// Its owner or project is suspended.
    Suspended,
    /// No secret of it lives any more.
    Expired,
    /// Ended for good.
    Revoked,
}

impl KeyStatus {
    /// All of them, in the order they are documented.
    pub const ALL: [Self; 6] =
        [Self::Active, Self::Pending, Self::Disabled, Self::Suspended, Self::Expired, Self::Revoked];

    /// All but those that are ended for good.
    pub const NOT_REVOKED: [Self; 5] =
        [Self::Active, Self::Pending, Self::Disabled, Self::Suspended, Self::Expired];

    /// The word in JSON and on the command line.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Disabled => "disabled",
            Self::Suspended => "suspended",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// The status with this word.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.code() == code)
    }
}
