//! All cryptography of the product: subkeys, digests, sealed copies, row and audit seals, passphrases.
//!
//! Every stored value has the name of its algorithm beside it; the names are constants here and in
//! [`crate::domain`]. Nothing here draws randomness except through the generator it is handed.

pub mod keys;
pub mod passphrase;
pub mod rows;
pub mod sealing;

pub use keys::{AuditKey, DigestKey, MasterKey, RowKey, SealKey, Subkeys};
pub use sealing::{SealedBytes, SealingError};
