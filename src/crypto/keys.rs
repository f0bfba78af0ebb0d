//! The master key and the four subkeys derived from it, each of which can do one thing.

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use rand::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::domain::digest::Digest;

/// Bytes of a master key, a subkey, a digest and a seal.
pub const KEY_LENGTH: usize = 32;

/// 32 random bytes from which everything private is derived or under which it is sealed.
///
/// Lives in the vault; leaves it only into this type, which hides itself and zeroes itself.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; KEY_LENGTH]>);

impl MasterKey {
    /// Draws a new master key.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Wraps bytes that a vault gave back.
    #[must_use]
    pub fn from_bytes(bytes: [u8; KEY_LENGTH]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The raw bytes: for the vaults, which store them, and for nothing else.
    #[must_use]
    pub fn expose(&self) -> &[u8; KEY_LENGTH] {
        &self.0
    }

    /// HMAC-SHA-256 of a fixed text under its own subkey: stored in the registry so that a foreign master key is
    /// told from the right one before anything is read or written with it.
    #[must_use]
    pub fn check_value(&self) -> [u8; KEY_LENGTH] {
        tag(&self.subkey("check"), &[b"apikey key-check value v1"])
    }

    fn subkey(&self, purpose: &str) -> Zeroizing<[u8; KEY_LENGTH]> {
        let mut out = Zeroizing::new([0; KEY_LENGTH]);
        Hkdf::<Sha256>::new(None, self.0.as_slice())
            .expand_multi_info(&[b"apikey/v1/", purpose.as_bytes()], out.as_mut_slice())
            .expect("32 bytes are within what HKDF-SHA-256 can give");
        out
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("MasterKey(hidden)")
    }
}

type HmacSha256 = Hmac<Sha256>;

fn keyed(key: &[u8; KEY_LENGTH]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn tag(key: &[u8; KEY_LENGTH], parts: &[&[u8]]) -> [u8; KEY_LENGTH] {
    tag_with(&keyed(key), parts)
}

fn tag_with(prepared: &HmacSha256, parts: &[&[u8]]) -> [u8; KEY_LENGTH] {
    let mut mac = prepared.clone();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

macro_rules! subkey {
    ($(#[$doc:meta])* $name:ident, $purpose:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(HmacSha256);

        impl $name {
            /// Derives it: HKDF-SHA-256, no salt, its own `info`.
            #[must_use]
            pub fn derive(master: &MasterKey) -> Self {
                Self(keyed(&master.subkey($purpose)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(concat!(stringify!($name), "(hidden)"))
            }
        }
    };
}

subkey!(
    /// Turns a presented secret into its digest; prepared once, since every verification uses it.
    DigestKey,
    "digest"
);
subkey!(
    /// Seals the rows that grant something.
    RowKey,
    "row"
);
subkey!(
    /// Seals the audit chain.
    AuditKey,
    "audit"
);

impl DigestKey {
    /// HMAC-SHA-256 of the whole presented string.
    #[must_use]
    pub fn digest(&self, presented: &[u8]) -> Digest {
        Digest::from_bytes(tag_with(&self.0, &[presented]))
    }
}

impl RowKey {
    /// HMAC-SHA-256 of a row's canonical bytes.
    #[must_use]
    pub fn tag(&self, canonical: &[u8]) -> [u8; KEY_LENGTH] {
        tag_with(&self.0, &[canonical])
    }
}

impl AuditKey {
    /// HMAC-SHA-256 of an event's chain hash.
    #[must_use]
    pub fn tag(&self, chain_hash: &[u8; KEY_LENGTH]) -> [u8; KEY_LENGTH] {
        tag_with(&self.0, &[chain_hash])
    }
}

/// Encrypts and decrypts kept copies; see [`crate::crypto::sealing`].
#[derive(Clone)]
pub struct SealKey(pub(super) Zeroizing<[u8; KEY_LENGTH]>);

impl SealKey {
    /// Derives it: HKDF-SHA-256, no salt, info `apikey/v1/seal`.
    #[must_use]
    pub fn derive(master: &MasterKey) -> Self {
        Self(master.subkey("seal"))
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SealKey(hidden)")
    }
}

/// All four subkeys: what a command that opened the vault works with.
#[derive(Debug, Clone)]
pub struct Subkeys {
    /// For digests of presented secrets.
    pub digest: DigestKey,
    /// For kept copies.
    pub seal: SealKey,
    /// For rows.
    pub row: RowKey,
    /// For the log.
    pub audit: AuditKey,
}

impl Subkeys {
    /// Derives all four.
    #[must_use]
    pub fn derive(master: &MasterKey) -> Self {
        Self {
            digest: DigestKey::derive(master),
            seal: SealKey::derive(master),
            row: RowKey::derive(master),
            audit: AuditKey::derive(master),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    fn master() -> MasterKey {
        MasterKey::from_bytes(std::array::from_fn(|place| u8::try_from(place).unwrap()))
    }

    #[test]
    fn the_digest_subkey_is_the_published_one() {
        assert_eq!(
            hex(master().subkey("digest").as_slice()),
            "0128628f7e692425e357e235fd1a240a40fbb9d101e16f5f8027689003b949b9"
        );
    }

    #[test]
    fn the_digest_of_a_secret_is_the_published_one() {
        let digest = DigestKey::derive(&master())
            .digest(b"apik_sk_test_0000000000ID_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg0q6KDb");
        assert_eq!(
            hex(digest.as_bytes()),
            "3f5b5f40796cb4f182940bb9c0488b9c8ac0c39ddfaa7feeb65bcbafb623cfe4"
        );
    }

    #[test]
    fn every_purpose_has_its_own_subkey() {
        let keys: std::collections::HashSet<_> = ["digest", "seal", "row", "audit", "check"]
            .map(|purpose| hex(master().subkey(purpose).as_slice()))
            .into();
        assert_eq!(keys.len(), 5);
    }

    #[test]
    fn debug_shows_no_key() {
        let shown = format!(
            "{:?} {:?} {:?} {:?} {:?}",
            master(),
            DigestKey::derive(&master()),
            SealKey::derive(&master()),
            RowKey::derive(&master()),
            AuditKey::derive(&master())
        );
        assert_eq!(
            shown,
            "MasterKey(hidden) DigestKey(hidden) SealKey(hidden) RowKey(hidden) AuditKey(hidden)"
        );
    }
}
