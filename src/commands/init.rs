//! `apikey init`: make the registry and the vault.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use crate::domain::secret::Brand;
use crate::exit::{Exit, Failure};
use crate::registry::{Registry, RegistryError};
use crate::session::Session;

/// Make the registry and its master key (the first `create` does it too)
///
/// Without `--vault`, the OS keyring is tried by writing, reading and deleting an entry; where that fails and there is
/// a terminal or a passphrase, the master key goes into a file sealed with the passphrase.
#[derive(Debug, Args)]
pub struct Arguments {
    /// How every secret begins: 2 to 12 characters, a-z and 0-9; cannot be changed later
    #[arg(long, default_value = "apik")]
    brand: String,
    /// Say what would be made, and make nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    registry: String,
    id: Option<String>,
    brand: &'a str,
    vault: Option<String>,
    created: bool,
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 4 when no vault works; exit 6 when a registry of another brand or with another vault is there.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let brand: Brand = arguments.brand.parse().map_err(|error: crate::domain::secret::BrandError| {
        Failure::usage(error.to_string()).hint("choose a prefix of your own, such as your product's name")
    })?;
    let registry = session.settings.registry.display().to_string();
    match session.registry() {
        Ok(there) => {
            let identity = there.identity()?;
            if identity.brand != brand {
                let failure = Failure::new(
                    Exit::Conflict,
                    "registry_exists",
                    format!(
                        "there is already a registry at {registry}, of brand `{}`",
                        identity.brand.as_str()
                    ),
                );
                return Err(failure.hint("name another with `--registry PATH` or `--profile NAME`").into());
            }
            if let Some(kind) = session.settings.vault.filter(|kind| kind.as_str() != identity.vault_kind) {
                let message = format!(
                    "there is already a registry at {registry}, with the vault `{}` and not `{kind}`",
                    identity.vault_kind
                );
                let failure = Failure::new(Exit::Conflict, "registry_exists", message);
                return Err(failure.hint("name another with `--registry PATH` or `--profile NAME`").into());
            }
            let vault = Some(identity.vault_kind);
            let answer = Answer {
                registry,
                id: Some(identity.id),
                brand: brand.as_str(),
                vault,
                created: false,
                dry_run: arguments.dry_run,
            };
            return answer_with(&answer, session);
        }
        Err(error) if matches!(error.downcast_ref(), Some(RegistryError::NotThere(_))) => {}
        Err(error) => return Err(error),
    }
    let (id, vault) = if arguments.dry_run {
        (None, session.settings.vault.map(|kind| kind.to_string()))
    } else {
        let made = session.found(brand.clone())?;
        (Some(made.identity.id), Some(made.vault.to_string()))
    };
    let answer = Answer {
        registry,
        id,
        brand: brand.as_str(),
        vault,
        created: !arguments.dry_run,
        dry_run: arguments.dry_run,
    };
    answer_with(&answer, session)
}

fn answer_with(answer: &Answer<'_>, session: &mut Session<'_, '_>) -> Result<Exit> {
    if session.format().is_json() {
        session.out().object(answer)?;
        return Ok(Exit::Done);
    }
    writeln!(session.host.stdout, "{}", answer.registry)?;
    let vault = answer.vault.as_deref().unwrap_or("chosen when it is made");
    let text = match (answer.created, answer.id.is_some()) {
        (true, _) => format!(
            "made the registry; its master key is in the vault `{vault}`\nnext: apikey create NAME --scope RESOURCE:ACTION"
        ),
        (false, false) => format!("would make a registry here; vault: {vault}"),
        (false, true) => format!("this registry is there already; its vault is `{vault}`"),
    };
    session.say(&text)?;
    Ok(Exit::Done)
}
