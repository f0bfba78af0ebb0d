//! A vault in memory, for tests, which can be told to fail in every way a real one does.
//!
//! No switch of the shipped binary leads here.

use std::time::Duration;

use rand::CryptoRng;

use super::{Vault, VaultError, VaultKind};
use crate::crypto::MasterKey;

/// Stands in for the keyring, and says that it is one; lost when dropped.
#[derive(Debug, Default)]
pub struct Memory {
    key: Option<MasterKey>,
    fault: Option<Fault>,
}

/// A way to fail, and which calls fail so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Every call: locked, and nobody unlocks it.
    Locked,
    /// Every call: no answer.
    Hanging,
    /// Every call: no keyring here.
    Unavailable,
    /// Every call: no passphrase opens it.
    WrongPassphrase,
    /// `load` gives another registry's master key, which only [`super::open`] notices.
    Foreign,
    /// `load` meets something that is no master key.
    Damaged,
    /// Reads work, writes do not: `store`, `erase` and `probe`.
    ReadOnly,
}

impl Memory {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that holds `key`.
    #[must_use]
    pub fn holding(key: MasterKey) -> Self {
        Self { key: Some(key), fault: None }
    }

    /// From now on fails like this; `None` heals it. What it holds stays.
    pub fn fail(&mut self, fault: Option<Fault>) {
        self.fault = fault;
    }

    /// Whether a master key is in it: what a test asserts after a command that should have written nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.key.is_none()
    }

    fn refuse(&self, writing: bool) -> Result<(), VaultError> {
        let place = self.describe();
        match (self.fault, writing) {
            (None | Some(Fault::Foreign), _)
            | (Some(Fault::Damaged), true)
            | (Some(Fault::ReadOnly), false) => Ok(()),
            (Some(Fault::Locked), _) => Err(VaultError::Locked { place }),
            (Some(Fault::Hanging), _) => Err(VaultError::Hanging { place, waited: Duration::from_secs(3) }),
            (Some(Fault::WrongPassphrase), _) => Err(VaultError::WrongPassphrase { place }),
            (Some(Fault::Damaged), false) => {
                Err(VaultError::Damaged { place, cause: "it is not a master key".into() })
            }
            (Some(Fault::Unavailable), _) => {
                Err(VaultError::Unavailable { place, cause: "no keyring service runs".into() })
            }
            (Some(Fault::ReadOnly), true) => {
                Err(VaultError::Unavailable { place, cause: "it has no default collection".into() })
            }
        }
    }
}

impl Vault for Memory {
    fn kind(&self) -> VaultKind {
        VaultKind::Keyring
    }

    fn describe(&self) -> String {
        "memory".into()
    }

    fn load(&self) -> Result<MasterKey, VaultError> {
        self.refuse(false)?;
        let key = self.key.clone().ok_or_else(|| VaultError::Missing { place: self.describe() })?;
        if self.fault == Some(Fault::Foreign) {
            return Ok(MasterKey::from_bytes(key.expose().map(|byte| !byte)));
        }
        Ok(key)
    }

    fn store(&mut self, key: &MasterKey, _: &mut dyn CryptoRng) -> Result<(), VaultError> {
        self.refuse(true)?;
        if self.key.is_some() {
            return Err(VaultError::AlreadyThere { place: self.describe() });
        }
        self.key = Some(key.clone());
        Ok(())
    }

    fn erase(&mut self) -> Result<(), VaultError> {
        self.refuse(true)?;
        self.key = None;
        Ok(())
    }

    fn probe(&self, _: &mut dyn CryptoRng) -> Result<(), VaultError> {
        self.refuse(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{conformance, open};
    use super::*;

    #[test]
    fn it_behaves_as_every_vault_does() {
        conformance::every_vault(&mut Memory::new());
    }

    #[test]
    fn every_fault_is_told_from_every_other_and_changes_nothing() {
        let key = MasterKey::from_bytes([7; 32]);
        let check_value = key.check_value();
        let mut vault = Memory::holding(key);
        for (fault, code) in [
            (Fault::Locked, "vault_locked"),
            (Fault::Hanging, "vault_hanging"),
            (Fault::Unavailable, "vault_unavailable"),
            (Fault::WrongPassphrase, "vault_wrong_passphrase"),
            (Fault::Foreign, "vault_foreign"),
            (Fault::Damaged, "vault_damaged"),
        ] {
            vault.fail(Some(fault));
            let error = open(&vault, &check_value).unwrap_err();
            assert_eq!(error.code(), code);
            assert!(error.hint().contains('`') || error.is_retryable(), "no command in {:?}", error.hint());
        }
        vault.fail(Some(Fault::ReadOnly));
        assert!(open(&vault, &check_value).is_ok() && vault.erase().is_err());
        vault.fail(None);
        assert!(open(&vault, &check_value).is_ok());
    }
}
