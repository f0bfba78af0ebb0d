//! Where the master key lives: the OS keyring, a passphrase-sealed file, or a key file.
//!
//! The folder's rule: a vault never replaces a master key and never makes one; a vault that does not answer is an
//! error that says which of the ways it failed, and leaves nothing behind. Callers open it through [`open`], which
//! tells a foreign master key from the registry's own before anything is done with it.

#[cfg(test)]
mod conformance;
mod error;
mod files;
pub mod key_file;
pub mod memory;
pub mod os_keyring;
pub mod passphrase_source;
mod patience;
pub mod sealed_file;

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding};
use rand::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::crypto::MasterKey;
use crate::crypto::keys::KEY_LENGTH;

pub use error::VaultError;
pub use key_file::KeyFile;
pub use memory::Memory;
pub use os_keyring::OsKeyring;
pub use passphrase_source::{Passphrase, PassphraseError, PassphraseSource, Purpose};
pub use sealed_file::SealedFile;

/// One place that holds one master key.
pub trait Vault {
    /// Which of the three kinds it is, as recorded in the registry.
    fn kind(&self) -> VaultKind;

    /// Where it is, for `doctor` and `show`: one line, nothing private.
    fn describe(&self) -> String;

    /// Reads the master key, without knowing whether it is the registry's: callers want [`open`].
    ///
    /// # Errors
    /// Every [`VaultError`] but `AlreadyThere` and `Foreign`.
    fn load(&self) -> Result<MasterKey, VaultError>;

    /// Puts the master key there and reads it back. A failed `store` leaves nothing behind.
    ///
    /// # Errors
    /// [`VaultError::AlreadyThere`] when a master key is there: it is never replaced.
    fn store(&mut self, key: &MasterKey, rng: &mut dyn CryptoRng) -> Result<(), VaultError>;

    /// Takes the master key away; done as well when there is none. For undoing a half-done `init`.
    ///
    /// # Errors
    /// When it cannot be known that the master key is gone.
    fn erase(&mut self) -> Result<(), VaultError>;

    /// Finds out whether a master key can be kept here, by writing, reading and deleting a canary of its own beside
    /// it; leaves nothing behind. Never asks for a passphrase.
    ///
    /// # Errors
    /// What `store` or `load` would meet.
    fn probe(&self, rng: &mut dyn CryptoRng) -> Result<(), VaultError>;
}

/// Reads the registry's master key: `check_value` is what the registry stored at `init`
/// ([`MasterKey::check_value`]), compared in constant time.
///
/// # Errors
/// [`VaultError::Foreign`] when the vault holds another registry's master key; else as [`Vault::load`].
pub fn open(vault: &dyn Vault, check_value: &[u8; KEY_LENGTH]) -> Result<MasterKey, VaultError> {
    let key = vault.load()?;
    if bool::from(key.check_value().ct_eq(check_value)) {
        Ok(key)
    } else {
        Err(VaultError::Foreign { place: vault.describe() })
    }
}

/// The kind of a vault: chosen at `init`, recorded in the registry, never switched silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VaultKind {
    /// The keyring of the operating system.
    Keyring,
    /// A file sealed with a passphrase.
    File,
    /// A file that only its owner can read, or a secret that systemd or Kubernetes provides.
    Keyfile,
}

impl VaultKind {
    /// Every kind, in the order in which help names them.
    pub const ALL: [Self; 3] = [Self::Keyring, Self::File, Self::Keyfile];

    /// The word used for it in the registry, in `--vault` and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::File => "file",
            Self::Keyfile => "keyfile",
        }
    }
}

impl fmt::Display for VaultKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The word is no kind of vault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no kind of vault is called `{0}`: it is keyring, file or keyfile")]
pub struct UnknownVaultKind(pub String);

impl FromStr for VaultKind {
    type Err = UnknownVaultKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownVaultKind(text.escape_debug().take(40).collect()))
    }
}

/// Characters of a master key as text: 32 bytes in standard base64, padded.
const TEXT_LENGTH: usize = 44;

/// The master key as the keyring and the key file hold it.
fn to_text(key: &MasterKey) -> Zeroizing<[u8; TEXT_LENGTH]> {
    let mut text = Zeroizing::new([0; TEXT_LENGTH]);
    Base64::encode(key.expose(), text.as_mut_slice()).expect("44 characters hold 32 bytes");
    text
}

/// Reads [`to_text`] back; nothing is trimmed, and only the one canonical spelling is read.
fn from_text(text: &[u8]) -> Option<MasterKey> {
    if text.len() != TEXT_LENGTH {
        return None;
    }
    let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
    let read = Base64::decode(text, bytes.as_mut_slice()).ok()?;
    (read.len() == KEY_LENGTH).then(|| MasterKey::from_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_from_its_word_and_nothing_else_is() {
        for kind in VaultKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        for word in ["", "Keyring", "memory", " file", "key-file"] {
            assert!(word.parse::<VaultKind>().is_err(), "{word}");
        }
    }

    #[test]
    fn an_unknown_kind_cannot_write_to_the_terminal() {
        let shown = "\u{1b}[2J".parse::<VaultKind>().unwrap_err().to_string();
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }

    #[test]
    fn a_master_key_as_text_is_44_characters_that_read_back() {
        let key = MasterKey::generate(&mut conformance::rng());
        let text = to_text(&key);
        assert!(text.is_ascii());
        assert_eq!(from_text(text.as_slice()).unwrap().expose(), key.expose());
    }

    #[test]
    fn only_the_one_spelling_of_a_master_key_is_read() {
        let good = to_text(&MasterKey::from_bytes([0; KEY_LENGTH]));
        let mut trailing_bits = good.clone();
        trailing_bits[42] = b'B';
        let mut url_safe = good.clone();
        url_safe[0] = b'_';
        let mut unpadded = good.clone();
        unpadded[43] = b'A';
        for bad in [&trailing_bits, &url_safe, &unpadded] {
            assert!(from_text(bad.as_slice()).is_none(), "{:?}", std::str::from_utf8(bad.as_slice()));
        }
        assert!(from_text(&good[..43]).is_none());
        assert!(from_text(&[good.as_slice(), b"\n"].concat()).is_none());
        assert!(from_text(b"").is_none());
    }
}
