//! The kind `keyfile`: the master key as one line of text in a private file. For servers and CI.
//!
//! The file is made by `init`, or provided by systemd or Kubernetes. Links are followed when reading, since Kubernetes
//! hands out every secret as one; a link to another registry's master key is caught by the key-check value. Nothing is
//! ever written or erased through a link.

use std::fs;
use std::io;
use std::path::PathBuf;

use rand::CryptoRng;
use subtle::ConstantTimeEq;

use super::error::{VaultError, shown};
use super::files::{self, Links};
use super::{Vault, VaultKind, from_text, to_text};
use crate::crypto::MasterKey;

/// More than the 44 characters and a line end; a longer file is not a key file.
const LIMIT: usize = 64;

/// A file of 44 characters and a line end, mode 0600.
#[derive(Debug)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// The vault at `path`; touches nothing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(io::Error) -> VaultError {
        let path = self.path.clone();
        move |source| VaultError::Io { action, path, source }
    }
}

impl Vault for KeyFile {
    fn kind(&self) -> VaultKind {
        VaultKind::Keyfile
    }

    fn describe(&self) -> String {
        format!("the key file `{}`", shown(&self.path))
    }

    fn load(&self) -> Result<MasterKey, VaultError> {
        let place = self.describe();
        let text = files::open_plain(&self.path, Links::Followed)
            .and_then(|mut file| {
                files::refuse_if_open(&file)?;
                files::read_within(&mut file, LIMIT)
            })
            .map_err(|error| error.at(&self.path, &place))?;
        let line = text.strip_suffix(b"\n").unwrap_or(&text);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        from_text(line).ok_or_else(|| VaultError::Damaged {
            place,
            cause: "it is not 32 bytes in base64 (44 characters) on one line".into(),
        })
    }

    fn store(&mut self, key: &MasterKey, _: &mut dyn CryptoRng) -> Result<(), VaultError> {
        let text = to_text(key);
        let mut line = zeroize::Zeroizing::new([b'\n'; super::TEXT_LENGTH + 1]);
        line[..text.len()].copy_from_slice(text.as_slice());
        files::make_folder(&self.path).map_err(self.failed("make the folder of"))?;
        files::create(&self.path, line.as_slice()).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => VaultError::AlreadyThere { place: self.describe() },
            _ => self.failed("write")(error),
        })?;
        let read = self.load()?;
        if bool::from(read.expose().ct_eq(key.expose())) {
            return Ok(());
        }
        self.erase()?;
        Err(VaultError::Damaged {
            place: self.describe(),
            cause: "what was written does not read back".into(),
        })
    }

    fn erase(&mut self) -> Result<(), VaultError> {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.file_type().is_symlink()) {
            // Removing the link would leave the master key where it points to, and say that it is gone.
            let source = io::Error::other("it is a link: remove what it points to");
            return Err(self.failed("erase")(source));
        }
        files::remove(&self.path).map_err(self.failed("erase"))
    }

    /// A key file that is there is read; only where there is none yet a canary is written, because a provided secret
    /// usually lies in a folder that nobody can write to, and that is how it should be.
    fn probe(&self, rng: &mut dyn CryptoRng) -> Result<(), VaultError> {
        match self.load() {
            Err(VaultError::Missing { .. }) => {
                let mut canary = [0; 32];
                rng.fill_bytes(&mut canary);
                files::probe_beside(&self.path, &canary).map_err(self.failed("write"))
            }
            found => found.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::conformance;
    use super::*;

    #[test]
    fn it_behaves_as_every_vault_does() {
        let home = tempfile::tempdir().unwrap();
        conformance::every_vault(&mut KeyFile::new(home.path().join("master.key")));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "something was left behind");
    }

    #[test]
    fn anything_but_one_line_of_base64_is_damaged() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("master.key");
        let good = [b'A'; 43].iter().chain(b"=").copied().collect::<Vec<u8>>();
        let long = vec![b'A'; 10 << 20];
        let bad: [&[u8]; 8] = [
            b"",
            b"\n",
            &good[..43],
            &[&good[..], b"\n\n"].concat(),
            &[b" ", &good[..]].concat(),
            &[&good[..], &good[..]].concat(),
            &[0; 32],
            &long,
        ];
        for contents in bad {
            files::create(&path, contents).unwrap();
            let error = KeyFile::new(&path).load().unwrap_err();
            assert!(matches!(error, VaultError::Damaged { .. }), "{error}");
            assert!(!format!("{error} {error:?} {}", error.hint()).contains("AAAA"), "shows what it read");
            files::remove(&path).unwrap();
        }
        for end in ["", "\n", "\r\n"] {
            files::create(&path, &[&good[..], end.as_bytes()].concat()).unwrap();
            assert_eq!(KeyFile::new(&path).load().unwrap().expose(), &[0; 32], "{end:?}");
            files::remove(&path).unwrap();
        }
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{PermissionsExt, chown, symlink};

        use super::*;

        fn stored(home: &tempfile::TempDir) -> KeyFile {
            let mut vault = KeyFile::new(home.path().join("master.key"));
            vault.store(&MasterKey::from_bytes([7; 32]), &mut conformance::rng()).unwrap();
            vault
        }

        #[test]
        fn a_key_file_is_born_0600() {
            let home = tempfile::tempdir().unwrap();
            let mode = fs::metadata(stored(&home).path).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o600);
        }

        #[test]
        fn a_key_file_that_others_can_read_or_write_is_refused_and_says_how_to_close_it() {
            let home = tempfile::tempdir().unwrap();
            let vault = stored(&home);
            for mode in [0o644, 0o640, 0o602, 0o604, 0o666, 0o444] {
                fs::set_permissions(&vault.path, fs::Permissions::from_mode(mode)).unwrap();
                let error = vault.load().unwrap_err();
                assert!(
                    matches!(error, VaultError::Permissions { mode: seen, .. } if seen == mode),
                    "{error}"
                );
                assert!(error.hint().contains("chmod 600 "), "{}", error.hint());
                assert!(vault.probe(&mut conformance::rng()).is_err());
            }
            fs::set_permissions(&vault.path, fs::Permissions::from_mode(0o400)).unwrap();
            assert!(vault.load().is_ok());
        }

        #[test]
        fn a_secret_as_kubernetes_provides_it_is_read_and_is_judged_by_what_the_links_lead_to() {
            let home = tempfile::tempdir().unwrap();
            let at = |name: &str| home.path().join(name);
            fs::create_dir(at("..2026_11_23")).unwrap();
            KeyFile::new(at("..2026_11_23/master.key"))
                .store(&MasterKey::from_bytes([7; 32]), &mut conformance::rng())
                .unwrap();
            symlink("..2026_11_23", at("..data")).unwrap();
            symlink("..data/master.key", at("master.key")).unwrap();
            let vault = KeyFile::new(at("master.key"));
            assert_eq!(vault.load().unwrap().expose(), &[7; 32]);

            let real = at("..2026_11_23/master.key");
            fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(vault.load(), Err(VaultError::Permissions { .. })));

            fs::set_permissions(&real, fs::Permissions::from_mode(0o440)).unwrap();
            if chown(&real, Some(0), None).is_ok() {
                assert!(vault.load().is_ok(), "readable by root's chosen group, writable by nobody");
                if chown(&real, Some(1000), None).is_ok() {
                    assert!(matches!(vault.load(), Err(VaultError::Permissions { .. })));
                }
            }
        }

        #[test]
        fn nothing_is_stored_or_erased_through_a_link() {
            let home = tempfile::tempdir().unwrap();
            let real = stored(&home);
            let link = home.path().join("link");
            symlink(&real.path, &link).unwrap();
            let mut vault = KeyFile::new(&link);
            let error = vault.store(&MasterKey::from_bytes([8; 32]), &mut conformance::rng()).unwrap_err();
            assert!(matches!(error, VaultError::AlreadyThere { .. }), "{error}");
            assert!(vault.erase().is_err());
            assert_eq!(real.load().unwrap().expose(), &[7; 32]);
        }

        #[test]
        fn a_dangling_link_is_a_missing_master_key_and_none_is_made_there() {
            let home = tempfile::tempdir().unwrap();
            let (link, target) = (home.path().join("link"), home.path().join("target"));
            symlink(&target, &link).unwrap();
            let mut vault = KeyFile::new(&link);
            assert!(matches!(vault.load(), Err(VaultError::Missing { .. })));
            assert!(vault.store(&MasterKey::from_bytes([8; 32]), &mut conformance::rng()).is_err());
            assert!(!target.exists());
        }
    }
}
