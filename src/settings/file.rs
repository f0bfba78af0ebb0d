//! The configuration file: what it may say, each value read into what it means, and what of it counts for a profile.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::config_file;
use crate::domain::lifetime::Lifetime;
use crate::domain::name::Name;
use crate::domain::rotation;
use crate::domain::secret::Env;
use crate::domain::time::Span;
use crate::exit::Failure;
use crate::vault::VaultKind;

/// Defaults of `create` and `rotate`, and where the registry is: each is overridden by a flag or the environment.
#[derive(Debug, Default, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// The registry file.
    pub registry: Option<PathBuf>,
    /// The kind of vault.
    #[serde(deserialize_with = "parsed")]
    pub vault: Option<VaultKind>,
    /// The key file of the `keyfile` vault.
    pub master_key_file: Option<PathBuf>,
    /// `create --owner`.
    #[serde(deserialize_with = "parsed")]
    pub owner: Option<Name>,
    /// `create --project`.
    #[serde(deserialize_with = "parsed")]
    pub project: Option<Name>,
    /// `create --env`.
    #[serde(deserialize_with = "env")]
    pub env: Option<Env>,
    /// `create --expires`.
    #[serde(deserialize_with = "parsed")]
    pub expires: Option<Lifetime>,
    /// `rotate --grace`.
    #[serde(deserialize_with = "grace")]
    pub grace: Option<Span>,
    /// Whether a sealed copy of each secret is kept.
    pub keep: Option<bool>,
    /// The same, for each profile.
    profile: BTreeMap<String, Self>,
}

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(from: D) -> Result<Option<T>, D::Error> {
    String::deserialize(from)?.parse().map(Some).map_err(D::Error::custom)
}

fn env<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Env>, D::Error> {
    let text = String::deserialize(from)?;
    let unknown = || D::Error::custom(format_args!("`{text}` is no environment: it is live or test"));
    Env::from_code(&text).map(Some).ok_or_else(unknown)
}

fn grace<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Span>, D::Error> {
    rotation::grace(&String::deserialize(from)?).map(Some).map_err(D::Error::custom)
}

/// Reads it; one that need not be there says nothing where it is not.
pub(super) fn read(path: &Path, must_exist: bool) -> Result<Defaults, Failure> {
    let wrong = |why: String| {
        Failure::usage(format!("the configuration file {} cannot be used: {why}", path.display()))
            .hint("see the chapter CONFIGURATION of `man apikey`")
    };
    match config_file::read(path) {
        Ok(text) => {
            let file: Defaults =
                toml::from_str(&text).map_err(|error| wrong(config_file::said(&text, &error)))?;
            file.refuse_what_no_type_does().map_err(wrong)?;
            Ok(file)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => Ok(Defaults::default()),
        Err(error) => Err(wrong(error.to_string())),
    }
}

impl Defaults {
    fn refuse_what_no_type_does(&self) -> Result<(), String> {
        let all = || std::iter::once(self).chain(self.profile.values());
        let mut named = all().flat_map(|one| [&one.registry, &one.master_key_file]).flatten();
        // Of a relative path it would depend on where one stands which registry is used.
        if let Some(path) = named.find(|path| !path.is_absolute()) {
            return Err(format!("`{}` is no absolute path", path.display()));
        }
        match self.profile.iter().find(|(_, own)| !own.profile.is_empty()) {
            Some((name, _)) => Err(format!("the profile `{name}` has profiles of its own")),
            None => Ok(()),
        }
    }

    /// What counts for a profile, or without one; the file's own `path` is for the hint.
    pub(super) fn of_profile(mut self, profile: Option<&str>, path: &Path) -> Result<Self, Failure> {
        let mut profiles = std::mem::take(&mut self.profile);
        let Some(name) = profile else { return Ok(self) };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            return Err(Failure::usage("a profile's name is 1 to 64 letters, digits, `-` and `_`")
                .hint(format!("profiles can be configured as [profile.NAME] in {}", path.display())));
        }
        let own = profiles.remove(name).unwrap_or_default();
        Ok(Self {
            // Where things are is never inherited: a profile without a registry of its own must not use another's.
            registry: own.registry,
            vault: own.vault.or(self.vault),
            master_key_file: own.master_key_file,
            owner: own.owner.or(self.owner),
            project: own.project.or(self.project),
            env: own.env.or(self.env),
            expires: own.expires.or(self.expires),
            grace: own.grace.or(self.grace),
            keep: own.keep.or(self.keep),
            profile: BTreeMap::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<Defaults, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, text).unwrap();
        read(&path, true).map_err(|failure| failure.message)
    }

    #[test]
    fn every_setting_is_read_into_what_it_means() {
        let text = "registry = '/r.db'\nvault = 'file'\nmaster_key_file = '/k'\nowner = 'acme'\nproject = 'shop'\n\
                    env = 'test'\nexpires = '2027-01-31'\ngrace = '0'\nkeep = false\n[profile.b]\nexpires = 'never'\n";
        let file = written(text).unwrap();
        assert_eq!((file.vault, file.env), (Some(VaultKind::File), Some(Env::Test)));
        assert_eq!((file.grace, file.keep), (Some(Span::ZERO), Some(false)));
        assert_eq!(file.owner.as_ref().map(Name::as_str), Some("acme"));
        assert_eq!(file.expires, "2027-01-31".parse().ok());
        let b = file.of_profile(Some("b"), Path::new("c.toml")).unwrap();
        assert_eq!((b.expires, b.registry), (Some(Lifetime::Never), None));
        assert_eq!(b.project.as_ref().map(Name::as_str), Some("shop"));
    }

    #[test]
    fn a_value_that_cannot_be_is_said_with_its_line_and_what_is_wrong() {
        for (line, says) in [
            ("env = 'prod'", "`prod`"),
            ("expires = '30'", "`30`"),
            ("expires = '-1d'", "`-1d`"),
            ("grace = '1mo'", "`1mo`"),
            ("owner = ''", "name"),
            ("project = \"a\\u0007\"", "U+0007"),
            ("vault = 'cloud'", "`cloud`"),
            ("keep = 'no'", "boolean"),
            ("kepp = false", "kepp"),
        ] {
            for before in ["# first\n", "[profile.b]\n"] {
                let said = written(&format!("{before}{line}\n")).unwrap_err();
                assert!(said.contains("c.toml") && said.contains("line 2, column "), "{line}: {said}");
                assert!(said.contains(says), "{line}: {said}");
            }
        }
        assert!(written("registry = 'r.db'\n").unwrap_err().contains("`r.db` is no absolute path"));
        assert!(written("[profile.b]\nregistry = 'r.db'\n").is_err());
        assert!(written("[profile.b.profile.c]\nkeep = true\n").unwrap_err().contains("`b`"));
    }
}
