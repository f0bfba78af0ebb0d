//! Making a registry: the vault first, the registry second, one process at a time.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Session, Unlocked};
use crate::crypto::{MasterKey, Subkeys};
use crate::domain::event::{Action, Event};
use crate::domain::secret::{Brand, SecretId};
use crate::exit::{Exit, Failure};
use crate::registry::sqlite::SqliteRegistry;
use crate::registry::{Change, Identity, RegistryError};
use crate::vault::{self, PassphraseSource, SealedFile, Vault, VaultKind};

/// A registry that was just made.
#[derive(Debug)]
pub struct Founded {
    /// What it is.
    pub identity: Identity,
    /// Where its master key is.
    pub vault: VaultKind,
    keys: Subkeys,
}

impl Session<'_, '_> {
    /// The registry and its subkeys, made first if there is none.
    ///
    /// # Errors
    /// As [`Session::unlocked`] and [`Session::found`].
    pub fn unlocked_or_new(&mut self) -> Result<Unlocked> {
        match self.unlocked() {
            Err(error) if matches!(error.downcast_ref(), Some(RegistryError::NotThere(_))) => {}
            other => return other,
        }
        match self.found(Brand::default()) {
            Ok(founded) => {
                self.say(&format!(
                    "made a registry at {} with its master key in the vault `{}`",
                    self.settings.registry.display(),
                    founded.vault
                ))?;
                // The vault is not asked again: a person would type the passphrase once more, and standard input can
                // give it only once.
                let Founded { identity, keys, .. } = founded;
                Ok(Unlocked { registry: self.registry()?, brand: identity.brand, keys })
            }
            // Another first run was faster, which is as good.
            Err(error) if matches!(error.downcast_ref(), Some(RegistryError::AlreadyThere(_))) => {
                self.unlocked()
            }
            Err(error) => Err(error),
        }
    }

    /// Makes the registry and its master key; one process at a time.
    ///
    /// The vault is written first and the registry second: a registry whose master key is nowhere would be useless,
    /// a master key without a registry is taken up by the next `init`, or harmless.
    ///
    /// # Errors
    /// [`RegistryError::AlreadyThere`], the vault's errors, or exit 4 naming the vaults that work.
    pub fn found(&mut self, brand: Brand) -> Result<Founded> {
        let path = self.settings.registry.clone();
        let _lock = SqliteRegistry::lock_for_creation(&path)?;
        if std::fs::symlink_metadata(&path).is_ok() {
            // Says what is wrong with it, if it is not a registry.
            SqliteRegistry::open(&path)?;
            return Err(RegistryError::AlreadyThere(path.display().to_string()).into());
        }
        let id = SecretId::generate(self.host.rng).to_string();
        let kind = self.choose_vault(&id)?;
        let unfinished = Unfinished::begin(kind, &self.settings.sealed_file, &path)?;
        let id = unfinished.left.map_or(id, |left| left.to_string());
        let master = self.with_vault(kind, &id, |vault, rng| put_master_key(vault, rng))?;
        let identity = Identity {
            id: id.clone(),
            brand,
            vault_kind: kind.as_str().to_owned(),
            check_value: master.check_value(),
            created_at: self.now,
        };
        let keys = Subkeys::derive(&master);
        let event = Event::on(Action::RegistryCreated, &self.actor(), path.display().to_string(), self.now);
        let first = Change { events: vec![event], audit: Some(&keys.audit), ..Change::default() };
        if let Err(error) = SqliteRegistry::create(&path, &identity, &first) {
            if kind == VaultKind::Keyring {
                // The error being reported is the one that matters; the entry is of an id nothing refers to.
                let _ = self.with_vault(kind, &id, |vault, _| vault.erase());
            }
            return Err(error.into());
        }
        unfinished.end();
        Ok(Founded { identity, vault: kind, keys })
    }

    /// The vault named, or the keyring if a canary can be written, read and deleted there, or a sealed file if there
    /// is a passphrase; else an error that names the ways that work.
    fn choose_vault(&mut self, id: &str) -> Result<VaultKind> {
        if let Some(kind) = self.settings.vault {
            return Ok(kind);
        }
        let probe = self.with_vault(VaultKind::Keyring, id, |vault, rng| vault.probe(rng));
        let Err(error) = probe else { return Ok(VaultKind::Keyring) };
        if self.has_passphrase_source() {
            self.say(&format!(
                "{}: the master key goes into a file sealed with a passphrase",
                without_place(&error)
            ))?;
            return Ok(VaultKind::File);
        }
        let failure = Failure::new(
            Exit::Vault,
            "vault_unavailable",
            format!("there is nowhere to put the master key: {}", without_place(&error)),
        );
        Err(failure
            .hint(
                "say where: `apikey init --vault file --passphrase-file PATH` seals it with a passphrase, \
                 `apikey init --vault keyfile` keeps it in a file only you can read",
            )
            .into())
    }

    /// Whether a passphrase could be had without opening anything.
    fn has_passphrase_source(&mut self) -> bool {
        let may_ask = self.may_ask();
        let environment = self.host.environment;
        let lookup = |name: &str| environment.as_set(name).map(ToOwned::to_owned);
        let source = PassphraseSource {
            flag: self.settings.passphrase_file.clone(),
            environment: &lookup,
            stdin: &mut *self.host.stdin,
            prompt: None,
        };
        may_ask || source.is_there()
    }
}

/// Stands beside a sealed file until its registry is there, so that one which an interrupted `init` left can be told from
/// that of another registry in the same folder.
struct Unfinished {
    mark: Option<PathBuf>,
    /// The registry that the sealed file is for, which never came to be.
    left: Option<SecretId>,
}

impl Unfinished {
    /// `registry` is the one that is being made.
    fn begin(kind: VaultKind, sealed_file: &Path, registry: &Path) -> Result<Self> {
        if kind != VaultKind::File {
            return Ok(Self { mark: None, left: None });
        }
        let mut mark = sealed_file.as_os_str().to_owned();
        mark.push(".unfinished");
        let mark = PathBuf::from(mark);
        let registry = std::path::absolute(registry).unwrap_or_else(|_| registry.to_owned());
        let registry = registry.as_os_str().as_encoded_bytes();
        let is_left = mark.symlink_metadata().is_ok();
        if !is_left && sealed_file.symlink_metadata().is_err() {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&mark).and_then(|mut file| file.write_all(registry)).map_err(|error| {
                Failure::new(Exit::Vault, "vault_io", format!("{} cannot be made: {error}", mark.display()))
            })?;
        }
        // That of another registry, which may be there by now, lends nothing.
        let is_ours = is_left && std::fs::read(&mark).is_ok_and(|of| of == registry);
        let left =
            if is_ours { SealedFile::registry_of(sealed_file).and_then(SecretId::parse) } else { None };
        Ok(Self { mark: Some(mark), left })
    }

    fn end(self) {
        if let Some(mark) = self.mark {
            // One that stays lends its id to the registry alone that is there by now.
            let _ = std::fs::remove_file(mark);
        }
    }
}

/// Why the keyring was passed over, without the id of a registry that does not come to be.
fn without_place(error: &anyhow::Error) -> String {
    match error.downcast_ref() {
        Some(vault::VaultError::Unavailable { cause, .. }) => {
            format!("no OS keyring can be used here ({cause})")
        }
        _ => error.to_string(),
    }
}

/// A master key that is there already, provided or left by an interrupted `init`, is taken up and never replaced.
fn put_master_key(
    vault: &mut dyn Vault,
    rng: &mut dyn rand::CryptoRng,
) -> Result<MasterKey, vault::VaultError> {
    match vault.load() {
        Err(vault::VaultError::Missing { .. }) => {
            let master = MasterKey::generate(rng);
            vault.store(&master, rng)?;
            Ok(master)
        }
        other => other,
    }
}
