//! Authenticated encryption of what is kept: XChaCha20-Poly1305 with a random 24-byte nonce.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::keys::{KEY_LENGTH, SealKey};

/// The algorithm name stored beside every sealed value.
pub const XCHACHA20_POLY1305: &str = "xchacha20-poly1305";

const NONCE_LENGTH: usize = 24;

/// A nonce and a ciphertext with its tag, as one column or one field of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBytes(Vec<u8>);

impl SealedBytes {
    /// Wraps what a column or a file holds.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Nonce, then ciphertext, then tag.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The seal does not hold: another key, another place (associated data), or altered bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open: it was altered, moved, or sealed under another key")]
pub struct SealingError;

impl SealKey {
    /// Seals `plain`; `place` is the associated data that binds it to where it is stored.
    pub fn seal(&self, plain: &[u8], place: &[u8], rng: &mut dyn CryptoRng) -> SealedBytes {
        seal(&self.0, plain, place, rng)
    }

    /// Opens what [`SealKey::seal`] sealed for the same place.
    ///
    /// # Errors
    /// [`SealingError`] without saying which part differed.
    pub fn open(&self, sealed: &SealedBytes, place: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealingError> {
        open(&self.0, sealed, place)
    }
}

/// Seals under a raw key: for the passphrase-sealed file. Everything else goes through [`SealKey`].
pub fn seal(key: &[u8; KEY_LENGTH], plain: &[u8], place: &[u8], rng: &mut dyn CryptoRng) -> SealedBytes {
    let mut nonce = [0_u8; NONCE_LENGTH];
    rng.fill_bytes(&mut nonce);
    let cipher = XChaCha20Poly1305::new(&Key::from(*key));
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: place })
        .expect("a value of this size is far below the cipher's limit");
    SealedBytes([nonce.as_slice(), &sealed].concat())
}

/// Opens what [`seal`] sealed.
///
/// # Errors
/// [`SealingError`] without saying which part differed.
pub fn open(
    key: &[u8; KEY_LENGTH],
    sealed: &SealedBytes,
    place: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealingError> {
    let (nonce, text) = sealed.0.split_at_checked(NONCE_LENGTH).ok_or(SealingError)?;
    let nonce: [u8; NONCE_LENGTH] = nonce.try_into().map_err(|_| SealingError)?;
    XChaCha20Poly1305::new(&Key::from(*key))
        .decrypt(&XNonce::from(nonce), Payload { msg: text, aad: place })
        .map(Zeroizing::new)
        .map_err(|_| SealingError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_in_its_place_and_unaltered() {
        let key = [7; KEY_LENGTH];
        let sealed = seal(&key, b"secret", b"id kept", &mut crate::domain::samples::rng());
        assert_eq!(open(&key, &sealed, b"id kept").unwrap().as_slice(), b"secret");
        assert_eq!(open(&key, &sealed, b"id2 kept"), Err(SealingError));
        assert_eq!(open(&[8; KEY_LENGTH], &sealed, b"id kept"), Err(SealingError));
        for place in 0..sealed.0.len() {
            let mut altered = sealed.clone();
            altered.0[place] ^= 1;
            assert_eq!(open(&key, &altered, b"id kept"), Err(SealingError));
        }
        for length in 0..sealed.0.len() {
            assert_eq!(open(&key, &SealedBytes(sealed.0[..length].to_vec()), b"id kept"), Err(SealingError));
        }
    }
}
