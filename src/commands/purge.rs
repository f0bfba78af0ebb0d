//! `apikey purge`: remove keys that are dead. Works with the vault closed; their events remain.

use std::ops::ControlFlow;

use anyhow::Result;
use clap::{ArgGroup, Args};

use super::change::{Count, TOLD, write_changed};
use super::create::span;
use crate::domain::event::{Action, Event};
use crate::domain::key::Key;
use crate::domain::lifetime::earlier;
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::output::view::{ChangedView, KeyView};
use crate::output::{Format, escape};
use crate::registry::{Change, Filter, PART, Registry};
use crate::session::Session;

/// Remove keys that are revoked or expired
///
/// What is alive is refused. The log keeps what happened to a removed key: `apikey log --key ID`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["keys", "older_than"]))]
pub struct Arguments {
    /// Ids, names, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    keys: Vec<String>,
    /// All that were revoked or expired at least this long ago
    #[arg(long, value_name = "SPAN")]
    older_than: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 3 when declined, 5 for a key that is not found, 6 for one that is alive; nothing is removed then.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let mut registry = session.registry()?;
    let keys = match &arguments.older_than {
        Some(text) => older_than(session.now.saturating_sub(span(text)?), &registry, session)?,
        None => named(&arguments.keys, &registry, session)?,
    };
    if !keys.is_empty() && !arguments.dry_run {
        let question = match keys.as_slice() {
            [key] => format!("Remove `{}/{}` ({}) from the registry?", key.project, key.name, key.id),
            _ => format!("Remove {} dead keys from the registry?", keys.len()),
        };
        session.confirm(arguments.yes, &escape(&question))?;
        remove(&keys, &mut registry, session)?;
    }
    answer(&keys, arguments, (&registry, session))
}

/// Since when a key is over: revoked, or without a secret that lives.
fn dead_since(key: &Key, now: Instant) -> Option<Instant> {
    let revoked_at = key.revoked.map(|revocation| revocation.at);
    if key.secrets.iter().any(|secret| secret.is_live(now)) {
        return revoked_at;
    }
    let ends = key.secrets.iter().filter_map(|secret| earlier(secret.ends_at(), secret.revoked_at));
    earlier(revoked_at, ends.max())
}

fn older_than(limit: Instant, registry: &dyn Registry, session: &Session<'_, '_>) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    registry.list(&Filter::default(), session.now, &mut |listed| {
        if dead_since(&listed.key, session.now).is_some_and(|since| since <= limit) {
            keys.push(listed.key);
        }
        ControlFlow::Continue(())
    })?;
    Ok(keys)
}

fn named(selectors: &[String], registry: &dyn Registry, session: &Session<'_, '_>) -> Result<Vec<Key>> {
    let mut keys: Vec<Key> = Vec::new();
    for selector in selectors {
        let key = session.select(registry, selector)?.key;
        if dead_since(&key, session.now).is_none() {
            let message = format!("`{}/{}` is alive, and only dead keys are removed", key.project, key.name);
            let failure = Failure::new(Exit::Conflict, "state_forbids", message);
            return Err(failure.hint(format!("end it first: `apikey revoke {}`", key.id)).into());
        }
        if !keys.iter().any(|other| other.id == key.id) {
            keys.push(key);
        }
    }
    Ok(keys)
}

fn remove(keys: &[Key], registry: &mut dyn Registry, session: &mut Session<'_, '_>) -> Result<()> {
    let (actor, now) = (session.actor(), session.now);
    let event = |key: &Key| Event::on_key(Action::KeyPurged, &actor, Some(key), key, now);
    for (part, some) in keys.chunks(PART).enumerate() {
        let removed = registry.apply(&Change {
            remove: some.iter().map(|key| (key.id, key.revision)).collect(),
            events: some.iter().map(event).collect(),
            now: Some(now),
            ..Change::default()
        });
        if let (Err(_), 1..) = (&removed, part) {
            session.say(&format!("{} keys are removed; the same again removes the others", part * PART))?;
        }
        removed?;
    }
    Ok(())
}

fn answer(
    keys: &[Key],
    arguments: &Arguments,
    (registry, session): (&dyn Registry, &mut Session<'_, '_>),
) -> Result<Exit> {
    let (now, dry_run) = (session.now, arguments.dry_run);
    if session.format() != Format::Table {
        let brand = registry.identity()?.brand;
        let views: Vec<ChangedView<'_>> = keys
            .iter()
            .map(|key| ChangedView { key: KeyView::of(key, false, &brand, now), changed: true, dry_run })
            .collect();
        let count = if arguments.keys.len() == 1 { Count::One } else { Count::Several };
        write_changed(&views, count, session)?;
        return Ok(Exit::Done);
    }
    let verb = if dry_run { "would be" } else { "is" };
    for key in keys.iter().take(TOLD) {
        let text = format!("`{}/{}` ({}) {verb} removed", key.project, key.name, key.id);
        session.say(&escape(&text))?;
    }
    if keys.len() > TOLD {
        let verb = if dry_run { "would be" } else { "are" };
        session.say(&format!("… {} keys {verb} removed in all; `--json` names each", keys.len()))?;
    }
    if keys.is_empty() {
        session.say("no key is dead for that long")?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key::RevokeReason;
    use crate::domain::samples;

    #[test]
    fn a_key_is_dead_from_the_earlier_of_its_end_and_its_revocation() {
        let at = Instant::from_seconds;
        let mut key = samples::key("ci");
        key.secrets[0].expires_at = Some(at(2_000));
        key.secrets[0].retires_at = None;
        key.secrets[0].revoked_at = None;
        key.secrets.truncate(1);
        assert_eq!(dead_since(&key, at(1_999)), None);
        assert_eq!(dead_since(&key, at(2_000)), Some(at(2_000)));
        key.revoke(RevokeReason::Other, at(1_500));
        assert_eq!(dead_since(&key, at(1_600)), Some(at(1_500)));
        assert_eq!(dead_since(&key, at(3_000)), Some(at(1_500)));
    }
}
