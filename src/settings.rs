//! Where each setting comes from: flag, then environment, then configuration file, then default.
//!
//! Resolving is a pure function of those four; only reading the file is not.

mod file;

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::exit::Failure;
use crate::host::Environment;
use crate::vault::VaultKind;

pub use file::Defaults;

/// What the global flags said.
#[derive(Debug, Default, Clone)]
pub struct Flags {
    /// `--registry`.
    pub registry: Option<PathBuf>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--vault`.
    pub vault: Option<VaultKind>,
    /// `--master-key-file`.
    pub master_key_file: Option<PathBuf>,
    /// `--passphrase-file`.
    pub passphrase_file: Option<PathBuf>,
}

/// Everything resolved.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The registry file.
    pub registry: PathBuf,
    /// The kind of vault asked for, if any.
    pub vault: Option<VaultKind>,
    /// The key file of the `keyfile` vault.
    pub master_key_file: PathBuf,
    /// The sealed file of the `file` vault.
    pub sealed_file: PathBuf,
    /// The passphrase file named by a flag; or standard input, by the environment too.
    pub passphrase_file: Option<PathBuf>,
    /// Defaults of `create` and `rotate`.
    pub defaults: Defaults,
}

/// Resolves everything.
///
/// # Errors
/// A usage [`Failure`] when the configuration file or a value in it or in the environment is wrong.
pub fn resolve(flags: &Flags, environment: &Environment) -> Result<Settings, Failure> {
    let places = Places::of(environment);
    let profile = match &flags.profile {
        Some(name) => Some(name.clone()),
        None => unicode(environment, "APIKEY_PROFILE")?.map(str::to_owned),
    };
    // A flag overrides the environment: a profile that it names has its own places.
    let told = |name: &str| environment.path(name).filter(|_| flags.profile.is_none());
    let named = environment.path("APIKEY_CONFIG");
    let config = named.clone().or_else(|| Some(places.config.as_ref()?.join("config.toml")));
    let read = config.as_deref().map(|path| file::read(path, named.is_some())).transpose()?;
    let place = config.as_deref().unwrap_or(Path::new("config.toml"));
    let defaults = read.unwrap_or_default().of_profile(profile.as_deref(), place)?;
    let named = first([&flags.registry, &told("APIKEY_REGISTRY"), &defaults.registry]);
    // Only now: a service or a container that says where its registry is needs no home.
    let registry = named.map_or_else(|| places.registry(profile.as_deref()), Ok)?;
    let beside = |name: &str| registry.parent().unwrap_or(Path::new(".")).join(name);
    let master_key_file =
        first([&flags.master_key_file, &told("APIKEY_MASTER_KEY_FILE"), &defaults.master_key_file]);
    Ok(Settings {
        vault: vault(flags, environment, &defaults)?,
        // A key file that is named is a vault that is named.
        master_key_file: master_key_file.unwrap_or_else(|| beside("master.key")),
        sealed_file: beside("master.key.sealed"),
        passphrase_file: flags.passphrase_file.clone().or_else(|| {
            // As the flag has it, standard input; any other file is one source among others.
            environment.path("APIKEY_PASSPHRASE_FILE").filter(|path| path.as_os_str() == "-")
        }),
        registry,
        defaults,
    })
}

fn vault(
    flags: &Flags,
    environment: &Environment,
    defaults: &Defaults,
) -> Result<Option<VaultKind>, Failure> {
    if flags.vault.is_some() {
        return Ok(flags.vault);
    }
    if flags.master_key_file.is_some() {
        return Ok(Some(VaultKind::Keyfile));
    }
    if let Some(word) = unicode(environment, "APIKEY_VAULT")? {
        return word.parse().map(Some).map_err(|error: crate::vault::UnknownVaultKind| {
            Failure::usage(error.to_string()).hint("set APIKEY_VAULT to keyring, file or keyfile")
        });
    }
    let is_told = environment.os("APIKEY_MASTER_KEY_FILE").is_some() && flags.profile.is_none();
    let names_a_key_file = is_told || defaults.master_key_file.is_some();
    Ok(defaults.vault.or(names_a_key_file.then_some(VaultKind::Keyfile)))
}

/// A variable as text: one that is none says something, and not nothing.
fn unicode<'e>(environment: &'e Environment, name: &str) -> Result<Option<&'e str>, Failure> {
    match (environment.os(name), environment.text(name)) {
        (Some(_), None) => Err(Failure::usage(format!("{name} is no text"))
            .hint(format!("set {name} to a word in UTF-8, or `unset {name}`"))),
        (_, text) => Ok(text),
    }
}

fn first<T: Clone, const N: usize>(candidates: [&Option<T>; N]) -> Option<T> {
    candidates.into_iter().find_map(Clone::clone)
}

/// Where this user's files are; none where nothing says so.
struct Places {
    data: Option<PathBuf>,
    config: Option<PathBuf>,
}

impl Places {
    /// XDG on Unix, from the given environment; the platform's own place elsewhere.
    fn of(environment: &Environment) -> Self {
        let (data, config) = if cfg!(unix) {
            let home = environment.path("HOME");
            let place = |variable: &str, below: &str| {
                environment
                    .path(variable)
                    .filter(|path| path.is_absolute())
                    .or_else(|| home.as_ref().map(|home| home.join(below)))
            };
            (place("XDG_DATA_HOME", ".local/share"), place("XDG_CONFIG_HOME", ".config"))
        } else {
            let platform = etcetera::choose_base_strategy().ok();
            (platform.as_ref().map(BaseStrategy::data_dir), platform.as_ref().map(BaseStrategy::config_dir))
        };
        let ours = |place: Option<PathBuf>| place.map(|place| place.join("apikey"));
        Self { data: ours(data), config: ours(config) }
    }

    fn registry(&self, profile: Option<&str>) -> Result<PathBuf, Failure> {
        let data = self.data.clone().ok_or_else(no_home)?;
        let folder = profile.map_or_else(|| data.clone(), |name| data.join("profiles").join(name));
        Ok(folder.join("registry.db"))
    }
}

fn no_home() -> Failure {
    Failure::usage("there is no home directory: HOME is not set").hint(
        "set HOME or XDG_DATA_HOME, or say where the registry is with `--registry PATH` or APIKEY_REGISTRY",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::name::Name;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::new(pairs.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default() {
        let home = tempfile::tempdir().unwrap();
        let home_text = home.path().to_str().unwrap();
        let bare = environment(&[("HOME", home_text)]);
        let default = resolve(&Flags::default(), &bare).unwrap();
        assert_eq!(default.registry, home.path().join(".local/share/apikey/registry.db"));
        std::fs::create_dir_all(home.path().join(".config/apikey")).unwrap();
        std::fs::write(
            home.path().join(".config/apikey/config.toml"),
            "registry = '/file.db'\nkeep = false\n",
        )
        .unwrap();
        assert_eq!(resolve(&Flags::default(), &bare).unwrap().registry, Path::new("/file.db"));
        let told = environment(&[("HOME", home_text), ("APIKEY_REGISTRY", "/env.db")]);
        assert_eq!(resolve(&Flags::default(), &told).unwrap().registry, Path::new("/env.db"));
        let flags = Flags { registry: Some("/flag.db".into()), ..Flags::default() };
        assert_eq!(resolve(&flags, &told).unwrap().registry, Path::new("/flag.db"));
        assert_eq!(resolve(&flags, &told).unwrap().defaults.keep, Some(false));
    }

    #[test]
    fn a_profile_never_uses_the_registry_of_another() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".config/apikey")).unwrap();
        let text = "registry = '/main.db'\nowner = 'acme'\n[profile.b]\nowner = 'bea'\n";
        std::fs::write(home.path().join(".config/apikey/config.toml"), text).unwrap();
        let bare = environment(&[("HOME", home.path().to_str().unwrap())]);
        let profile = |name: &str| resolve(&Flags { profile: Some(name.into()), ..Flags::default() }, &bare);
        assert_eq!(
            profile("a").unwrap().registry,
            home.path().join(".local/share/apikey/profiles/a/registry.db")
        );
        assert_eq!(profile("a").unwrap().defaults.owner.as_ref().map(Name::as_str), Some("acme"));
        assert_eq!(profile("b").unwrap().defaults.owner.as_ref().map(Name::as_str), Some("bea"));
        for name in ["../x", "", "a/b", "a b"] {
            assert!(profile(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_profile_that_a_flag_names_has_its_own_places() {
        let told = environment(&[
            ("HOME", "/h"),
            ("APIKEY_REGISTRY", "/env/r.db"),
            ("APIKEY_MASTER_KEY_FILE", "/env/key"),
            ("APIKEY_PROFILE", "a"),
        ]);
        let resolved = |profile: Option<&str>| {
            let flags = Flags { profile: profile.map(str::to_owned), ..Flags::default() };
            let settings = resolve(&flags, &told).unwrap();
            (settings.registry, settings.master_key_file, settings.vault)
        };
        assert_eq!(resolved(None), ("/env/r.db".into(), "/env/key".into(), Some(VaultKind::Keyfile)));
        let own = Path::new("/h/.local/share/apikey/profiles/b");
        assert_eq!(resolved(Some("b")), (own.join("registry.db"), own.join("master.key"), None));
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_no_text_is_an_error_and_not_nothing() {
        use std::os::unix::ffi::OsStrExt as _;
        for name in ["APIKEY_PROFILE", "APIKEY_VAULT"] {
            let odd = std::ffi::OsStr::from_bytes(b"a\xff").to_owned();
            let told = Environment::new([("HOME".into(), "/h".into()), (name.into(), odd)]);
            assert!(resolve(&Flags::default(), &told).unwrap_err().message.contains(name));
        }
    }

    #[test]
    fn without_a_home_only_a_named_registry_is_found() {
        let homeless = environment(&[]);
        assert!(resolve(&Flags::default(), &homeless).unwrap_err().message.contains("HOME"));
        let flags = Flags { registry: Some("/srv/registry.db".into()), ..Flags::default() };
        let settings = resolve(&flags, &homeless).unwrap();
        assert_eq!(settings.registry, Path::new("/srv/registry.db"));
        assert_eq!(settings.master_key_file, Path::new("/srv/master.key"));
        let told = environment(&[("APIKEY_REGISTRY", "/env.db")]);
        assert_eq!(resolve(&Flags::default(), &told).unwrap().registry, Path::new("/env.db"));
    }

    #[test]
    fn a_misspelt_setting_is_an_error_and_not_ignored() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("c.toml");
        std::fs::write(&config, "kepp = false\n").unwrap();
        let told = environment(&[("HOME", "/h"), ("APIKEY_CONFIG", config.to_str().unwrap())]);
        assert!(resolve(&Flags::default(), &told).unwrap_err().message.contains("kepp"));
        let missing = environment(&[("HOME", "/h"), ("APIKEY_CONFIG", "/does/not/exist")]);
        assert!(resolve(&Flags::default(), &missing).is_err());
        assert!(resolve(&Flags::default(), &environment(&[])).is_err());
    }
}
