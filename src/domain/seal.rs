//! Row seals as values: what a row carries to prove that it is as the program left it.
//!
//! Giving authority seals a row under the `row` subkey, which needs the vault. Taking it away does not need the
//! vault: it replaces the seal by a hash of the seal and of what was taken. From that hash nobody can get the old
//! seal back, so clearing `revoked_at` in the file leaves a row that grants nothing; yet with the vault open the
//! hash still proves what the row was before, so that `enable` does not have to trust what lies there meanwhile.

use sha2::{Digest as _, Sha256};

/// The algorithm name of a seal in force.
pub const SEALED: &str = "hmac-sha256";
/// The algorithm name of a seal that was withdrawn with the vault closed.
pub const WITHDRAWN: &str = "sha256-of-hmac-sha256";

/// What a row carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// HMAC-SHA-256 of the row's canonical bytes.
    Sealed([u8; 32]),
    /// A hash of the seal that was in force before authority was taken away.
    Withdrawn([u8; 32]),
    /// None: the row grants nothing.
    Missing,
}

/// Which authority was taken away: part of the hash, so that a revocation cannot be passed off as a disabling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// A key was disabled: it can be enabled again.
    Disabled,
    /// A key or a secret was revoked: for good.
    Revoked,
    /// An owner or a project was suspended: it can be resumed.
    Suspended,
}

impl Seal {
    /// The seal after authority was taken away.
    #[must_use]
    pub fn withdrawn(self, taken: Taken) -> Self {
        let (Self::Sealed(bytes) | Self::Withdrawn(bytes)) = self else { return Self::Missing };
        let label: &[u8] = match taken {
            Taken::Disabled => b"disabled",
            Taken::Revoked => b"revoked",
            Taken::Suspended => b"suspended",
        };
        Self::Withdrawn(
            Sha256::new()
                .chain_update(b"apikey/v1/withdrawn/")
                .chain_update(label)
                .chain_update(bytes)
                .finalize()
                .into(),
        )
    }

    /// The algorithm name and bytes, for two columns.
    #[must_use]
    pub fn columns(&self) -> (Option<&'static str>, Option<&[u8; 32]>) {
        match self {
            Self::Sealed(bytes) => (Some(SEALED), Some(bytes)),
            Self::Withdrawn(bytes) => (Some(WITHDRAWN), Some(bytes)),
            Self::Missing => (None, None),
        }
    }

    /// Reads the two columns; anything unknown is no seal.
    #[must_use]
    pub fn from_columns(algorithm: Option<&str>, bytes: Option<&[u8]>) -> Self {
        match (algorithm, bytes.and_then(|bytes| bytes.try_into().ok())) {
            (Some(SEALED), Some(bytes)) => Self::Sealed(bytes),
            (Some(WITHDRAWN), Some(bytes)) => Self::Withdrawn(bytes),
            _ => Self::Missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_withdrawn_revocation_is_no_withdrawn_disabling() {
        let seal = Seal::Sealed([1; 32]);
        assert_ne!(seal.withdrawn(Taken::Revoked), seal.withdrawn(Taken::Disabled));
        assert_ne!(
            seal.withdrawn(Taken::Disabled).withdrawn(Taken::Revoked),
            seal.withdrawn(Taken::Disabled)
        );
        assert_eq!(Seal::Missing.withdrawn(Taken::Revoked), Seal::Missing);
    }

    #[test]
    fn columns_that_are_not_understood_are_no_seal() {
        assert_eq!(Seal::from_columns(Some("none"), Some(&[0; 32])), Seal::Missing);
        assert_eq!(Seal::from_columns(Some(SEALED), Some(&[0; 31])), Seal::Missing);
        assert_eq!(Seal::from_columns(Some(SEALED), None), Seal::Missing);
    }
}
