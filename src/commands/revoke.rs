//! `apikey revoke`: end keys at once and for good. Works with the vault closed.

use std::ops::ControlFlow;

use anyhow::Result;
use clap::{ArgGroup, Args};

use super::change::{Count, write_changed};
use super::create::{named, span};
use super::usage;
use crate::domain::event::{Action, Event};
use crate::domain::key::{Key, RevokeReason};
use crate::domain::secret::SecretId;
use crate::exit::{Exit, Failure};
use crate::output::view::{ChangedView, KeyView};
use crate::registry::{Change, Filter, Registry};
use crate::session::Session;

/// End keys at once and for good
///
/// Every running verifier refuses them from the next request on. Needs no vault, and beats any grace. Revoking
/// what is revoked already changes nothing and is no error.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["keys", "owner", "project", "unused"]).multiple(true))]
pub struct Arguments {
    /// Ids, names, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    keys: Vec<String>,
    /// All live keys of this owner
    #[arg(long, conflicts_with = "keys", add = crate::completion::owners())]
    owner: Option<String>,
    /// All live keys of this project
    #[arg(long, conflicts_with = "keys", add = crate::completion::projects())]
    project: Option<String>,
    /// All live keys that were not used for this long
    #[arg(long, value_name = "SPAN", conflicts_with = "keys")]
    unused: Option<String>,
    /// Only this secret of the key, by its public id
    #[arg(long, value_name = "ID", conflicts_with_all = ["owner", "project", "unused"])]
    secret: Option<String>,
    /// Why, for the log
    #[arg(long, value_parser = RevokeReason::ALL.map(RevokeReason::code), default_value = "other")]
    reason: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Say what would be revoked, and revoke nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 3 when declined, 5 when a key is not found; nothing is revoked then.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let mut registry = session.registry()?;
    if arguments.unused.is_some() {
        // A last use that a running verifier wrote and nobody has folded in yet counts as one.
        usage::fold(&mut registry)?;
    }
    let before = chosen(arguments, &registry, session)?;
    if let Some(id) = &arguments.secret {
        return revoke_secret(id, &before, arguments, (&mut registry, session));
    }
    let reason = RevokeReason::from_code(&arguments.reason).unwrap_or(RevokeReason::Other);
    let now = session.now;
    let mut after: Vec<Key> = before.clone();
    let changed: Vec<bool> = after.iter_mut().map(|key| key.revoke(reason, now)).collect();
    let count = changed.iter().filter(|changed| **changed).count();
    if count > 0 && !arguments.dry_run {
        let question = match after.as_slice() {
            [key] => format!("Revoke `{}/{}` for good?", key.project, key.name),
            _ => format!("Revoke {count} keys for good?"),
        };
        session.confirm(arguments.yes, &question)?;
        let actor = session.actor();
        let pairs = before.iter().zip(&after).zip(&changed).filter(|(_, changed)| **changed);
        let events = pairs
            .map(|((old, new), _)| Event::on_key(Action::KeyRevoked, &actor, Some(old), new, now))
            .collect();
        let replace: Vec<Key> =
            after.iter().zip(&changed).filter(|(_, changed)| **changed).map(|(key, _)| key.clone()).collect();
        registry.apply(&Change { replace: &replace, events, now: Some(now), ..Change::default() })?;
    }
    answer(&after, &changed, arguments, (&registry, session))
}

/// Selected keys, each once, whatever their state; or those of a filter that are not revoked.
fn chosen(arguments: &Arguments, registry: &dyn Registry, session: &Session<'_, '_>) -> Result<Vec<Key>> {
    let mut keys: Vec<Key> = Vec::new();
    if arguments.keys.is_empty() {
        let filter = Filter {
            owner: arguments.owner.as_deref().map(|owner| named("the owner", owner)).transpose()?,
            project: arguments.project.as_deref().map(|project| named("the project", project)).transpose()?,
            unused_for: arguments.unused.as_deref().map(span).transpose()?,
            ..Filter::default()
        };
        registry.list(&filter, session.now, &mut |listed| {
            if listed.key.revoked.is_none() {
                keys.push(listed.key);
            }
            ControlFlow::Continue(())
        })?;
        return Ok(keys);
    }
    for selector in &arguments.keys {
        let key = session.select(registry, selector)?.key;
        if !keys.iter().any(|other| other.id == key.id) {
            keys.push(key);
        }
    }
    Ok(keys)
}

fn revoke_secret(
    id: &str,
    before: &[Key],
    arguments: &Arguments,
    (registry, session): (&mut dyn Registry, &mut Session<'_, '_>),
) -> Result<Exit> {
    let [before] = before else {
        return Err(Failure::usage("`--secret` names one secret of one key")
            .hint("apikey revoke KEY --secret ID")
            .into());
    };
    let bare = id.trim_end_matches('…').rsplit('_').next().unwrap_or(id);
    let Some(id) = SecretId::parse(bare) else {
        let failure = Failure::usage("this is no secret's public id");
        return Err(failure.hint(format!("see them with `apikey show {}`", before.id)).into());
    };
    let mut after = before.clone();
    let changed = after.revoke_secret(id, session.now)?;
    if changed && !arguments.dry_run {
        session.confirm(
            arguments.yes,
            &format!("Revoke the secret {id} of `{}/{}` for good?", after.project, after.name),
        )?;
        let event = Event::on_key(Action::SecretRevoked, &session.actor(), Some(before), &after, session.now);
        let replace = [after.clone()];
        registry.apply(&Change {
            replace: &replace,
            events: vec![event],
            now: Some(session.now),
            ..Change::default()
        })?;
    }
    answer(&[after], &[changed], arguments, (registry, session))
}

fn answer(
    keys: &[Key],
    changed: &[bool],
    arguments: &Arguments,
    (registry, session): (&dyn Registry, &mut Session<'_, '_>),
) -> Result<Exit> {
    let brand = registry.identity()?.brand;
    let now = session.now;
    if session.format() != crate::output::Format::Table {
        let dry_run = arguments.dry_run;
        let views: Vec<ChangedView<'_>> = keys
            .iter()
            .zip(changed)
            .map(|(key, changed)| ChangedView {
                key: KeyView::of(key, false, &brand, now),
                changed: *changed,
                dry_run,
            })
            .collect();
        let count = if arguments.keys.len() == 1 { Count::One } else { Count::Several };
        write_changed(&views, count, session)?;
        return Ok(Exit::Done);
    }
    for (key, changed) in keys.iter().zip(changed) {
        let what = if arguments.secret.is_some() { "a secret of " } else { "" };
        let text = match (*changed, arguments.dry_run) {
            (false, _) => format!("{what}`{}/{}` was revoked before", key.project, key.name),
            (true, true) => format!("{what}`{}/{}` would be revoked", key.project, key.name),
            (true, false) => format!(
                "{what}`{}/{}` is revoked: every running verifier refuses it from now on",
                key.project, key.name
            ),
        };
        session.say(&crate::output::escape(&text))?;
    }
    if keys.is_empty() {
        session.say("no live key matches")?;
    }
    Ok(Exit::Done)
}
