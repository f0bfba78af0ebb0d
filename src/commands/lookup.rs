//! `apikey lookup`: which key is this string?

mod part;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use crate::domain::secret::{SecretId, contains_secret, read_parts};
use crate::exit::{Exit, Failure};
use crate::output::view::{KeyView, SecretView};
use crate::output::{Format, escape};
use crate::registry::{Found, Registry};
use crate::secret_input::SecretInput;
use crate::session::Session;

/// Find the key that a string belongs to
///
/// Reads a secret from standard input, in full or cut short; or takes any public part as its argument. Decides nothing:
/// that is what `verify` does. Exit 0 when the key is known, 5 when not.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A public part: `apik_sk_live_<id>`, its beginning with `…`, a bare id, or a consumer key
    #[arg(conflicts_with_all = ["secret_file", "secret_fd"])]
    part: Option<String>,
    #[command(flatten)]
    input: SecretInput,
}

#[derive(Serialize)]
struct Answer<'a> {
    /// Whether the whole secret is the recorded one; `null` when it was not compared.
    matched: Option<bool>,
    /// What is public of the secret meant, unless the key itself is.
    matched_secret: Option<SecretView>,
    key: KeyView<'a>,
}

/// What a string led to.
struct Hit {
    found: Found,
    secret: Option<SecretId>,
    matched: Option<bool>,
}

/// Runs it.
///
/// # Errors
/// Exit 5 when no key is known by it, or several are; exit 2, without echoing it, for a secret given as an argument.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let registry = session.registry()?;
    let hit = match &arguments.part {
        Some(part) if contains_secret(part) => return Err(given_as_argument().into()),
        Some(part) => part::by_argument(part, &registry, session)?,
        None => by_input(&arguments.input, &registry, session)?,
    };
    answer(&hit, &registry, session)
}

fn given_as_argument() -> Failure {
    Failure::secret_as_argument(
        "give it on standard input, or with `--secret-file FILE`; rotate it if others can read that history",
    )
}

fn by_input(input: &SecretInput, registry: &dyn Registry, session: &mut Session<'_, '_>) -> Result<Hit> {
    input.check_stdin(session)?;
    let text = input.read(session)?;
    if text.is_empty() {
        return Err(Failure::usage("nothing was given to look up")
            .hint("give the secret on standard input or with `--secret-file FILE`, or a public part of it as the argument")
            .into());
    }
    let Ok(parts) = read_parts(&text) else { return part::by_fragment(&text, registry) };
    let found = registry.find_secret(parts.id)?.ok_or_else(unknown)?;
    let matched = matches(&text, parts.id, &found, (registry, session))?;
    Ok(Hit { secret: Some(parts.id), matched: matched.map(|matched| matched && parts.check_holds), found })
}

fn unknown() -> Failure {
    // The text is not repeated: it may be somebody's secret.
    Failure::new(Exit::NotFound, "not_found", "no key is known by this string")
        .hint("see what there is with `apikey list --all`")
}

/// Whether the text has the recorded digest; none when the vault does not open.
fn matches(
    text: &[u8],
    id: SecretId,
    found: &Found,
    (registry, session): (&dyn Registry, &mut Session<'_, '_>),
) -> Result<Option<bool>> {
    let keys = match session.unlock(&registry.identity()?) {
        Ok(keys) => keys,
        Err(error) => {
            let failure = Failure::of(&error);
            if failure.exit != Exit::Vault {
                return Err(error);
            }
            session
                .say(&format!("the id is known; the rest was not compared: {}", escape(&failure.message)))?;
            return Ok(None);
        }
    };
    let digest = keys.digest.digest(text);
    Ok(found.key.secrets.iter().find(|secret| secret.id == id).map(|secret| secret.digest.matches(&digest)))
}

fn answer(hit: &Hit, registry: &dyn Registry, session: &mut Session<'_, '_>) -> Result<Exit> {
    let brand = registry.identity()?.brand;
    let (key, now) = (&hit.found.key, session.now);
    let suspended = hit.found.is_suspended();
    let secret = key
        .secrets
        .iter()
        .find(|secret| Some(secret.id) == hit.secret)
        .map(|secret| SecretView::of(key, secret, &brand, now));
    let view = KeyView::of(key, suspended, &brand, now);
    if session.format().is_json() {
        session.out().object(&Answer { matched: hit.matched, matched_secret: secret, key: view })?;
        return Ok(Exit::Done);
    }
    session.out().key_card(&view)?;
    let name = format!("{}/{}", key.project, key.name);
    let text = match (&secret, hit.matched) {
        (Some(secret), Some(true)) => {
            format!("this is the {} secret {} of `{name}`", secret.status.code(), secret.id)
        }
        (Some(secret), Some(false)) => format!(
            "the id {} belongs to `{name}`, but this is not its secret: mistyped, cut short or made up",
            secret.id
        ),
        (Some(secret), None) => {
            format!("the id {} is the {} secret of `{name}`", secret.id, secret.status.code())
        }
        (None, _) => format!("this names the key `{name}`"),
    };
    session.say(&escape(&text))?;
    if session.format() == Format::Table && hit.matched == Some(true) && key.revoked.is_none() {
        session.say(&escape(&format!(" hint: if it leaked: apikey revoke {} --reason leaked", key.id)))?;
    }
    Ok(Exit::Done)
}
