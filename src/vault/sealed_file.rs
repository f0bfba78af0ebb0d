//! The kind `file`: the master key in a file, sealed under a key derived from a passphrase.
//!
//! The seal is bound to all else the file says (version, registry, algorithms, salt, cost): a file put together from
//! two others does not open. It holds nothing that others may not read, so that its permissions (0600 at birth) are no
//! condition for opening it; a link is not followed.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::error::{VaultError, shown};
use super::files::{self, Links};
use super::passphrase_source::{Passphrase, PassphraseError, Purpose};
use super::{Vault, VaultKind};
use crate::crypto::MasterKey;
use crate::crypto::keys::KEY_LENGTH;
use crate::crypto::passphrase::{self, ARGON2ID, Cost, Salt};
use crate::crypto::sealing::{self, SealedBytes, XCHACHA20_POLY1305};

/// Far more than a sealed file needs (about 400 bytes).
const LIMIT: usize = 4096;
const FORMAT: &str = "apikey sealed master key";
const VERSION: u32 = 1;

/// Gives the passphrase when, and only when, there is something to do with it; see
/// [`super::PassphraseSource::passphrase`].
pub type Ask<'a> = Box<dyn FnMut(Purpose) -> Result<Passphrase, PassphraseError> + 'a>;

/// A passphrase-sealed file.
pub struct SealedFile<'a> {
    path: PathBuf,
    registry_id: String,
    cost: Cost,
    ask: RefCell<Ask<'a>>,
}

impl<'a> SealedFile<'a> {
    /// The vault at `path` for the registry with this id; touches nothing and asks nothing yet.
    pub fn new(path: impl Into<PathBuf>, registry_id: impl Into<String>, ask: Ask<'a>) -> Self {
        Self {
            path: path.into(),
            registry_id: registry_id.into(),
            cost: Cost::RECOMMENDED,
            ask: RefCell::new(ask),
        }
    }

    /// What the next `store` costs to derive; reading goes by what the file says. Must be [`Cost::is_sane`].
    #[cfg(test)]
    fn with_cost(self, cost: Cost) -> Self {
        Self { cost, ..self }
    }

    fn passphrase(&self, purpose: Purpose) -> Result<Passphrase, VaultError> {
        Ok((self.ask.borrow_mut())(purpose)?)
    }

    fn damaged(&self, cause: impl Into<String>) -> VaultError {
        VaultError::Damaged { place: self.describe(), cause: cause.into() }
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(io::Error) -> VaultError {
        let path = self.path.clone();
        move |source| VaultError::Io { action, path, source }
    }

    /// Everything that can be checked before the passphrase is asked for.
    fn read(&self) -> Result<Sealed, VaultError> {
        let place = self.describe();
        let text = files::open_plain(&self.path, Links::Refused)
            .and_then(|mut file| files::read_within(&mut file, LIMIT))
            .map_err(|error| error.at(&self.path, &place))?;
        // The parser's own message can quote what it read, and a wrong path may lead to something private.
        let contents: Contents = serde_json::from_slice(&text)
            .map_err(|error| self.damaged(format!("it is no sealed file (line {})", error.line())))?;
        contents.check(self)
    }

    fn unseal(&self, sealed: &Sealed, key: &[u8; KEY_LENGTH]) -> Result<MasterKey, VaultError> {
        let plain = sealing::open(key, &sealed.bytes, &sealed.contents.place())
            .map_err(|_| VaultError::WrongPassphrase { place: self.describe() })?;
        let bytes: Zeroizing<[u8; KEY_LENGTH]> =
            Zeroizing::new(plain.as_slice().try_into().map_err(|_| self.damaged("it holds no master key"))?);
        Ok(MasterKey::from_bytes(*bytes))
    }

    fn derive(
        &self,
        passphrase: &Passphrase,
        sealed: &Sealed,
    ) -> Result<Zeroizing<[u8; KEY_LENGTH]>, VaultError> {
        passphrase::derive(passphrase.expose(), &sealed.salt, sealed.contents.cost())
            .map_err(|error| self.damaged(error.to_string()))
    }

    fn is_there(&self) -> Result<bool, VaultError> {
        match self.path.symlink_metadata() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.failed("read")(error)),
        }
    }
}

impl fmt::Debug for SealedFile<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SealedFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The file, as JSON. Every field but `sealed` is bound into the seal by [`Contents::place`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    format: String,
    version: u32,
    registry: String,
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    cipher: String,
    sealed: String,
}

/// A file whose form is right: what remains to be shown is that the seal opens.
struct Sealed {
    contents: Contents,
    salt: Salt,
    bytes: SealedBytes,
}

impl Contents {
    fn new(registry_id: &str, cost: Cost, salt: &Salt) -> Self {
        Self {
            format: FORMAT.into(),
            version: VERSION,
            registry: registry_id.into(),
            kdf: ARGON2ID.into(),
            memory_kib: cost.memory_kib,
            passes: cost.passes,
            lanes: cost.lanes,
            salt: Base64::encode_string(salt),
            cipher: XCHACHA20_POLY1305.into(),
            sealed: String::new(),
        }
    }

    fn cost(&self) -> Cost {
        Cost { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes }
    }

    /// The associated data: all fields but `sealed`, as JSON, which keeps their borders apart.
    fn place(&self) -> Vec<u8> {
        let all_but_sealed = Self { sealed: String::new(), ..self.clone() };
        serde_json::to_vec(&all_but_sealed).expect("a struct of strings and numbers is always JSON")
    }

    fn check(self, vault: &SealedFile<'_>) -> Result<Sealed, VaultError> {
        if self.format != FORMAT {
            return Err(vault.damaged("it is no sealed file"));
        }
        if self.version != VERSION {
            return Err(vault.damaged(format!("its version is {}, known here is {VERSION}", self.version)));
        }
        if self.kdf != ARGON2ID || self.cipher != XCHACHA20_POLY1305 {
            return Err(vault.damaged("it names algorithms that are not known here"));
        }
        if self.registry != vault.registry_id {
            return Err(VaultError::Foreign { place: vault.describe() });
        }
        if !self.cost().is_sane() {
            return Err(vault.damaged(passphrase::CostError(self.cost()).to_string()));
        }
        let mut salt: Salt = [0; 16];
        let salt_length = Base64::decode(&self.salt, &mut salt).map_or(0, <[u8]>::len);
        let sealed = Base64::decode_vec(&self.sealed).map_err(|_| vault.damaged("its seal is not base64"))?;
        if salt_length != salt.len() {
            return Err(vault.damaged("its salt is not 16 bytes"));
        }
        Ok(Sealed { contents: self, salt, bytes: SealedBytes::from_bytes(sealed) })
    }
}

impl SealedFile<'_> {
    /// The registry that the file at this place says it is for, if one is there that says so.
    #[must_use]
    pub fn registry_of(path: &Path) -> Option<String> {
        let mut file = files::open_plain(path, Links::Refused).ok()?;
        let text = files::read_within(&mut file, LIMIT).ok()?;
        serde_json::from_slice::<Contents>(&text).ok().map(|contents| contents.registry)
    }
}

impl Vault for SealedFile<'_> {
    fn kind(&self) -> VaultKind {
        VaultKind::File
    }

    fn describe(&self) -> String {
        format!("the sealed file `{}`", shown(&self.path))
    }

    fn load(&self) -> Result<MasterKey, VaultError> {
        let sealed = self.read()?;
        let key = self.derive(&self.passphrase(Purpose::Open)?, &sealed)?;
        self.unseal(&sealed, &key)
    }

    fn store(&mut self, key: &MasterKey, rng: &mut dyn CryptoRng) -> Result<(), VaultError> {
        if self.is_there()? {
            return Err(VaultError::AlreadyThere { place: self.describe() });
        }
        let salt = passphrase::new_salt(rng);
        let contents = Contents::new(&self.registry_id, self.cost, &salt);
        let mut sealed = Sealed { contents, salt, bytes: SealedBytes::from_bytes(Vec::new()) };
        let sealing_key = self.derive(&self.passphrase(Purpose::New)?, &sealed)?;
        sealed.bytes = sealing::seal(&sealing_key, key.expose(), &sealed.contents.place(), rng);
        sealed.contents.sealed = Base64::encode_string(sealed.bytes.as_bytes());
        let mut text = serde_json::to_vec_pretty(&sealed.contents)
            .expect("a struct of strings and numbers is always JSON");
        text.push(b'\n');
        files::create(&self.path, &text).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => VaultError::AlreadyThere { place: self.describe() },
            _ => self.failed("write")(error),
        })?;
        let read = self.read().and_then(|read| self.unseal(&read, &sealing_key));
        if read.as_ref().is_ok_and(|read| bool::from(read.expose().ct_eq(key.expose()))) {
            return Ok(());
        }
        self.erase()?;
        Err(self.damaged("what was written does not read back"))
    }

    fn erase(&mut self) -> Result<(), VaultError> {
        if self.path.symlink_metadata().is_ok_and(|found| found.file_type().is_symlink()) {
            let source = io::Error::other("it is a link: remove what it points to");
            return Err(self.failed("erase")(source));
        }
        files::remove(&self.path).map_err(self.failed("erase"))
    }

    /// Checks the form of a file that is there, without its passphrase, and that one can be written beside it.
    fn probe(&self, rng: &mut dyn CryptoRng) -> Result<(), VaultError> {
        if self.is_there()? {
            self.read()?;
        }
        let mut canary = [0; 32];
        rng.fill_bytes(&mut canary);
        files::probe_beside(&self.path, &canary).map_err(self.failed("write"))
    }
}

#[cfg(test)]
#[path = "sealed_file/tests.rs"]
mod tests;
