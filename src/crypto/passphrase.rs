//! Argon2id: a passphrase into a key-encryption key. Parameters are stored, and capped when read.

use argon2::{Algorithm, Argon2, Params, Version};
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::keys::KEY_LENGTH;

/// The algorithm name stored beside the parameters.
pub const ARGON2ID: &str = "argon2id";

/// Salt and cost of one derivation. [`Cost::RECOMMENDED`] is the second choice of RFC 9106 §4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// KiB of memory.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// m = 64 MiB, t = 3, p = 4.
    pub const RECOMMENDED: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };

    /// Whether a stored cost is one this program would ever have written, give or take a later, dearer default:
    /// an edited file must neither weaken the derivation nor exhaust the machine.
    #[must_use]
    pub fn is_sane(self) -> bool {
        (19 * 1024..=1024 * 1024).contains(&self.memory_kib)
            && (1..=16).contains(&self.passes)
            && (1..=16).contains(&self.lanes)
    }
}

/// A salt of 16 bytes, drawn for each sealing.
pub type Salt = [u8; 16];

/// Draws a salt.
pub fn new_salt(rng: &mut dyn CryptoRng) -> Salt {
    let mut salt = [0; 16];
    rng.fill_bytes(&mut salt);
    salt
}

/// The cost lies outside what is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored Argon2id parameters are outside what is accepted (m={}, t={}, p={})", .0.memory_kib, .0.passes, .0.lanes)]
pub struct CostError(pub Cost);

/// Derives the key-encryption key; about 200 ms and 64 MiB at the recommended cost.
///
/// # Errors
/// [`CostError`] before any work is done when the cost is not sane.
pub fn derive(passphrase: &[u8], salt: &Salt, cost: Cost) -> Result<Zeroizing<[u8; KEY_LENGTH]>, CostError> {
    if !cost.is_sane() {
        return Err(CostError(cost));
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_LENGTH))
        .map_err(|_| CostError(cost))?;
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, key.as_mut_slice())
        .map_err(|_| CostError(cost))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_that_would_weaken_or_exhaust_are_refused() {
        let good = Cost::RECOMMENDED;
        assert!(good.is_sane());
        for bad in [
            Cost { memory_kib: 8, ..good },
            Cost { memory_kib: 4 << 20, ..good },
            Cost { passes: 0, ..good },
            Cost { passes: 1 << 20, ..good },
            Cost { lanes: 0, ..good },
            Cost { lanes: 255, ..good },
        ] {
            assert_eq!(derive(b"pass", &[0; 16], bad), Err(CostError(bad)));
        }
    }

    #[test]
    fn passphrase_and_salt_both_matter() {
        let cost = Cost { memory_kib: 19 * 1024, passes: 1, lanes: 1 };
        let key = derive(b"pass", &[0; 16], cost).unwrap();
        assert_eq!(key, derive(b"pass", &[0; 16], cost).unwrap());
        assert_ne!(key, derive(b"pasS", &[0; 16], cost).unwrap());
        assert_ne!(key, derive(b"pass", &[1; 16], cost).unwrap());
    }
}
