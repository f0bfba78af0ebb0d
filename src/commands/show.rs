//! `apikey show`: everything that is recorded of one key. Works with the vault closed.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::limit::standing;
use crate::domain::key::{Kept, Key};
use crate::domain::secret::Secret;
use crate::domain::text::shell_word;
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::output::Format;
use crate::output::view::{KeyView, LimitView};
use crate::registry::Registry;
use crate::session::Session;
use crate::verification::accounts_of;

/// Show one key
///
/// The text of a publishable key is public and shown too; other secrets come from `apikey reveal`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    key: String,
    /// Print only the text of a publishable key
    #[arg(short, long, conflicts_with_all = ["json", "format"])]
    quiet: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 5 when there is no such key; exit 6 for `--quiet` on a key whose text is not public.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let registry = session.registry()?;
    let found = session.select(&registry, &arguments.key)?;
    let now = session.now;
    let text = public_text(&found.key, now);
    if arguments.quiet {
        let text = text.ok_or_else(|| not_public(&found.key))?;
        writeln!(session.host.stdout, "{}", text.expose())?;
        return Ok(Exit::Done);
    }
    let brand = registry.identity()?.brand;
    let suspended = found.is_suspended();
    let name = format!("{}/{}", found.key.project, found.key.name);
    let accounts = accounts_of(&found.key, &found.owner, &found.project);
    let limits = standing(&registry, &accounts, &name, session)?;
    let view = ShownView { key: KeyView::of(&found.key, suspended, &brand, now), limits };
    write(&view, session)?;
    if let (Format::Table, Some(text)) = (session.format(), text) {
        let mut out = session.out();
        out.line("")?;
        out.line(text.expose())?;
    }
    Ok(Exit::Done)
}

/// A key with what is left of every limit that binds it.
#[derive(Serialize)]
struct ShownView<'a> {
    #[serde(flatten)]
    key: KeyView<'a>,
    limits: Vec<LimitView>,
}

fn write(view: &ShownView<'_>, session: &mut Session<'_, '_>) -> Result<()> {
    let mut out = session.out();
    if out.format.is_json() {
        return Ok(out.object(view)?);
    }
    out.key_card(&view.key)?;
    if out.format == Format::Table && !view.limits.is_empty() {
        out.line("")?;
        let mut rows = out.limits();
        view.limits.iter().try_for_each(|limit| rows.row(limit))?;
        rows.end()?;
    }
    Ok(())
}

/// The text of the newest publishable secret that lives; read back through the format, since the file may be edited.
fn public_text(key: &Key, now: Instant) -> Option<Secret> {
    let secret = key.newest_secret().filter(|secret| secret.is_live(now) && key.revoked.is_none())?;
    match &secret.kept {
        Kept::Clear(text) => Secret::parse(text).ok(),
        Kept::Sealed(_) | Kept::No => None,
    }
}

fn not_public(key: &Key) -> Failure {
    let name = format!("{}/{}", key.project, key.name);
    let failure = Failure::new(
        Exit::Conflict,
        "state_forbids",
        format!("`{name}` has no text that is public: only a live publishable key has"),
    );
    failure.hint(format!("`apikey reveal {}` shows a kept copy, and records that it did", shell_word(&name)))
}
