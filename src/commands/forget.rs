//! `apikey forget`: erase the kept copies of a key's secrets. Works with the vault closed.

use anyhow::Result;
use clap::Args;

use super::change::{Count, write_changed};
use super::reveal::secret_id;
use crate::domain::event::{Action, Event, FieldChange};
use crate::domain::key::{Kept, Key, KeyRefusal};
use crate::domain::secret::{Kind, SecretId};
use crate::exit::{Exit, Failure};
use crate::output::view::{ChangedView, KeyView};
use crate::output::{Format, escape};
use crate::registry::{Change, Found, Registry};
use crate::session::Session;

/// Erase the kept copies of a key's secrets
///
/// The secrets stay valid; `reveal`, `run` and `test-call` by name no longer work for them. Cannot be undone.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    key: String,
    /// Only this secret of the key, by its public id
    #[arg(long, value_name = "ID")]
    secret: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Say what would be erased, and erase nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 3 when declined, 6 for a publishable key, whose text is public.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let mut registry = session.registry()?;
    let found = session.select(&registry, &arguments.key)?;
    refuse_publishable(&found.key)?;
    let mut after = found.key.clone();
    let erased = erase(arguments.secret.as_deref(), &mut after)?;
    if !erased.is_empty() && !arguments.dry_run {
        let name = format!("{}/{}", after.project, after.name);
        let question =
            format!("Erase the kept copy of `{name}` for good? Only who has the secret can use it then.");
        session.confirm(arguments.yes, &escape(&question))?;
        record(&found.key, &after, &erased, (&mut registry, session))?;
    }
    answer(&found, &after, (!erased.is_empty(), arguments.dry_run), (&registry, session))
}

fn refuse_publishable(key: &Key) -> Result<()> {
    if key.kind != Kind::Publishable {
        return Ok(());
    }
    let message = format!("`{}/{}` is publishable: its text is public and stays", key.project, key.name);
    let failure = Failure::new(Exit::Conflict, "state_forbids", message);
    Err(failure.hint("to end it: `apikey revoke KEY`").into())
}

/// Erases the copies and says whose.
fn erase(only: Option<&str>, key: &mut Key) -> Result<Vec<SecretId>> {
    let only = only.map(|text| secret_id(text, key)).transpose()?;
    if let Some(id) = only.filter(|id| key.secrets.iter().all(|secret| secret.id != *id)) {
        return Err(KeyRefusal::NoSuchSecret(id).into());
    }
    let mut erased = Vec::new();
    for secret in key.secrets.iter_mut().filter(|secret| only.is_none_or(|id| id == secret.id)) {
        if matches!(secret.kept, Kept::Sealed(_)) {
            secret.erase_copy();
            erased.push(secret.id);
        }
    }
    Ok(erased)
}

fn record(
    before: &Key,
    after: &Key,
    erased: &[SecretId],
    (registry, session): (&mut dyn Registry, &Session<'_, '_>),
) -> Result<()> {
    let mut event = Event::on_key(Action::CopyForgotten, &session.actor(), Some(before), after, session.now);
    event.changes.extend(erased.iter().map(|id| FieldChange {
        field: format!("kept copy of {id}"),
        before: Some("sealed".to_owned()),
        after: None,
    }));
    Ok(registry.apply(&Change {
        replace: std::slice::from_ref(after),
        events: vec![event],
        now: Some(session.now),
        ..Change::default()
    })?)
}

fn answer(
    found: &Found,
    after: &Key,
    (changed, dry_run): (bool, bool),
    (registry, session): (&dyn Registry, &mut Session<'_, '_>),
) -> Result<Exit> {
    if session.format() != Format::Table {
        let suspended = found.is_suspended();
        let brand = registry.identity()?.brand;
        let key = KeyView::of(after, suspended, &brand, session.now);
        write_changed(&[ChangedView { key, changed, dry_run }], Count::One, session)?;
        return Ok(Exit::Done);
    }
    let name = format!("{}/{}", after.project, after.name);
    let text = match (changed, dry_run) {
        (false, _) => format!("no copy of a secret of `{name}` is kept; nothing was changed"),
        (true, true) => format!("the kept copy of `{name}` would be erased"),
        (true, false) => format!("the kept copy of `{name}` is erased; the secret itself stays valid"),
    };
    session.say(&escape(&text))?;
    Ok(Exit::Done)
}
