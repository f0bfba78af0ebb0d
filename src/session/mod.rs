//! One command's session: the settings, the registry and the vault, each opened at most once and only when needed,
//! and whether a person may be asked.

mod founding;
mod select;

use std::path::PathBuf;

use anyhow::Result;

use crate::crypto::Subkeys;
use crate::domain::event::Actor;
use crate::domain::secret::Brand;
use crate::domain::text::{escape, escape_block};
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::host::Host;
use crate::output::{Format, Layout, Out, Palette};
use crate::registry::sqlite::SqliteRegistry;
use crate::registry::{Identity, Registry};
use crate::settings::Settings;
use crate::vault::{self, KeyFile, PassphraseSource, SealedFile, Vault, VaultKind};

/// What every command shares.
#[derive(Debug)]
pub struct Session<'s, 'h> {
    /// The machine.
    pub host: &'s mut Host<'h>,
    /// Everything resolved.
    pub settings: Settings,
    /// The format asked for by `--json` or `--format`.
    pub format: Option<Format>,
    /// `--no-input`.
    pub no_input: bool,
    /// When the command began, in whole seconds.
    pub now: Instant,
}

impl Session<'_, '_> {
    /// Who acts, for the log.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor { user: self.host.user.clone(), host: self.host.machine.clone(), ci_run: self.ci_run() }
    }

    /// The CI run as its system names it.
    fn ci_run(&self) -> Option<String> {
        let text = |name| self.host.environment.text(name);
        let run = match (text("GITHUB_REPOSITORY"), text("GITHUB_RUN_ID")) {
            (Some(repository), Some(run)) => Some(format!("{repository}/actions/runs/{run}")),
            _ => ["CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL", "BUILDKITE_BUILD_URL"]
                .into_iter()
                .find_map(text)
                .map(str::to_owned),
        };
        run.or_else(|| text("CI").map(|_| "ci".to_owned()))
            .map(|run| run.chars().filter(|letter| !letter.is_control()).take(200).collect())
    }

    /// The format of the result: what was asked for, else a table on a terminal and tab-separated values elsewhere.
    #[must_use]
    pub fn format(&self) -> Format {
        Format::choose(self.format, self.host.terminal.stdout)
    }

    /// Standard output with its format, width and colour.
    pub fn out(&mut self) -> Out<'_> {
        let (environment, terminal) = (self.host.environment, self.host.terminal);
        Out {
            format: self.format(),
            width: terminal.width,
            palette: Palette::of(terminal.stdout, &|name| environment.text(name).map(str::to_owned)),
            layout: if terminal.stdout { Layout::Pretty } else { Layout::Compact },
            now: self.now,
            stream: self.host.stdout,
        }
    }

    /// Says something to the person, of one line or several, with whatever a terminal would act on escaped; scripts read
    /// standard output.
    ///
    /// # Errors
    /// When standard error cannot be written.
    pub fn say(&mut self, text: &str) -> Result<()> {
        Ok(writeln!(self.host.stderr, "{}", escape_block(text))?)
    }

    /// Whether a question may be asked: somebody sees it, somebody can answer, and nobody said not to.
    #[must_use]
    pub fn may_ask(&self) -> bool {
        let terminal = self.host.terminal;
        terminal.stdin && terminal.stderr && !self.no_input && self.host.environment.os("CI").is_none()
    }

    /// Goes on if `yes` was given or a person agrees.
    ///
    /// # Errors
    /// Declined, or a usage error that names `--yes` where nobody can be asked.
    pub fn confirm(&mut self, yes: bool, question: &str) -> Result<()> {
        if yes {
            return Ok(());
        }
        if !self.may_ask() {
            let failure = Failure::usage(format!("{question} Nobody is there to be asked"));
            return Err(failure.hint("say so with `--yes`").into());
        }
        if self.host.prompts.confirm(&escape(question))? {
            return Ok(());
        }
        Err(Failure::new(Exit::Declined, "declined", "declined: nothing was changed").into())
    }

    /// The registry, which must be there.
    ///
    /// # Errors
    /// [`crate::registry::RegistryError`].
    pub fn registry(&self) -> Result<SqliteRegistry> {
        Ok(SqliteRegistry::open(&self.settings.registry)?)
    }

    /// The registry and its subkeys: opens the vault.
    ///
    /// # Errors
    /// As [`Session::registry`] and [`Session::unlock`].
    pub fn unlocked(&mut self) -> Result<Unlocked> {
        let registry = self.registry()?;
        let identity = registry.identity()?;
        let keys = self.unlock(&identity)?;
        Ok(Unlocked { registry, brand: identity.brand, keys })
    }

    /// Opens the vault of a registry.
    ///
    /// # Errors
    /// [`vault::VaultError`], or a usage error when another vault is named than the registry has.
    pub fn unlock(&mut self, identity: &Identity) -> Result<Subkeys> {
        let kind: VaultKind = identity.vault_kind.parse()?;
        if let Some(named) = self.settings.vault.filter(|named| *named != kind) {
            let failure = Failure::new(
                Exit::Vault,
                "vault_kind",
                format!("this registry's vault is `{kind}`, not `{named}`"),
            );
            return Err(failure
                .hint("the registry knows its vault: leave `--vault`, `--master-key-file`, APIKEY_VAULT and APIKEY_MASTER_KEY_FILE out, and `vault` and `master_key_file` of config.toml")
                .into());
        }
        let master =
            self.with_vault(kind, &identity.id, |vault, _| vault::open(vault, &identity.check_value))?;
        Ok(Subkeys::derive(&master))
    }

    /// Runs `work` with the vault of this kind.
    pub(crate) fn with_vault<T, E>(
        &mut self,
        kind: VaultKind,
        registry_id: &str,
        work: impl FnOnce(&mut dyn Vault, &mut dyn rand::CryptoRng) -> std::result::Result<T, E>,
    ) -> Result<T>
    where
        E: Into<anyhow::Error>,
    {
        let may_ask = self.may_ask();
        let Host { environment, stdin, prompts, keyring, rng, .. } = &mut *self.host;
        match kind {
            VaultKind::Keyring => work(keyring.vault(registry_id, may_ask).as_mut(), *rng),
            VaultKind::Keyfile => work(&mut KeyFile::new(&self.settings.master_key_file), *rng),
            VaultKind::File => {
                let lookup = |name: &str| environment.as_set(name).map(ToOwned::to_owned);
                let mut ask = |question: &str| prompts.hidden(question);
                let mut source = PassphraseSource {
                    flag: self.settings.passphrase_file.clone(),
                    environment: &lookup,
                    stdin: &mut **stdin,
                    prompt: if may_ask { Some(&mut ask) } else { None },
                };
                let ask = Box::new(move |purpose| source.passphrase(purpose));
                work(&mut SealedFile::new(&self.settings.sealed_file, registry_id, ask), *rng)
            }
        }
        .map_err(Into::into)
    }

    /// The folder of the registry.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.settings.registry.parent().map(PathBuf::from).unwrap_or_default()
    }
}

/// A registry with its vault open.
#[derive(Debug)]
pub struct Unlocked {
    /// The registry.
    pub registry: SqliteRegistry,
    /// Its brand.
    pub brand: Brand,
    /// Its subkeys.
    pub keys: Subkeys,
}
