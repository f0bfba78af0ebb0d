//! `apikey revoke`: end keys at once and for good. Works with the vault closed.

mod one_secret;

use std::ops::ControlFlow;

use anyhow::Result;
use clap::{ArgGroup, Args};

use super::change::{Count, TOLD, TRIES, write_changed};
use super::create::{named, span};
use super::party;
use crate::domain::event::{Action, Event};
use crate::domain::key::{Key, RevokeReason};
use crate::domain::party::PartyKind;
use crate::domain::text::shell_word;
use crate::domain::time::Instant;
use crate::exit::Exit;
use crate::output::view::{ChangedView, KeyView};
use crate::registry::ledger::Ledger as _;
use crate::registry::{Change, Filter, Listed, PART, Registry, RegistryError};
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
    /// Why, for the log; unless told, `unused` with `--unused`, of a secret nothing, else `other`
    #[arg(long, value_parser = RevokeReason::ALL.map(RevokeReason::code))]
    reason: Option<String>,
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
/// Exit 3 when declined, 5 when a key, an owner or a project is not found; nothing is revoked then.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let mut registry = session.registry()?;
    if arguments.unused.is_some() {
        // A last use that a running verifier wrote and nobody has folded in yet counts as one.
        registry.fold_all_usage()?;
    }
    let before = chosen(arguments, &registry, session)?;
    if let Some(id) = &arguments.secret {
        return one_secret::revoke(id, before, arguments, (&mut registry, session));
    }
    let reason = match arguments.reason.as_deref().and_then(RevokeReason::from_code) {
        Some(reason) => reason,
        None if arguments.unused.is_some() => RevokeReason::Unused,
        None => RevokeReason::Other,
    };
    let now = session.now;
    let mut revoked = revoked(&before, reason, now);
    let count = revoked.iter().filter(|one| one.changed).count();
    if count > 0 && !arguments.dry_run {
        let question = match revoked.as_slice() {
            [one] => format!("Revoke `{}/{}` for good?", one.after.project, one.after.name),
            _ => format!("Revoke {count} keys for good?"),
        };
        session.confirm(arguments.yes, &question)?;
        let mut ended = Ok(());
        for part in revoked.chunks_mut(PART) {
            let done = commit(part, TRIES, reason, (&mut registry, session));
            let is_busy = matches!(done, Err(RegistryError::Busy));
            ended = ended.and(done);
            if is_busy {
                break;
            }
        }
        if let Err(error) = ended {
            say_refused(&revoked, session)?;
            return Err(error.into());
        }
    }
    answer(&revoked, arguments, (&registry, session))
}

/// A key before and after.
struct Revoked {
    before: Key,
    after: Key,
    changed: bool,
    /// Whether its owner or project is suspended.
    suspended: bool,
    /// Whether its revocation could not be recorded.
    is_refused: bool,
}

impl Revoked {
    fn of(before: &Listed, after: Key, changed: bool) -> Self {
        Self { before: before.key.clone(), after, changed, suspended: before.suspended, is_refused: false }
    }
}

fn revoked(keys: &[Listed], reason: RevokeReason, now: Instant) -> Vec<Revoked> {
    let revoke = |before: &Listed| {
        let mut after = before.key.clone();
        let changed = after.revoke(reason, now);
        Revoked::of(before, after, changed)
    };
    keys.iter().map(revoke).collect()
}

/// Says which of several keys are as they were.
fn say_refused(revoked: &[Revoked], session: &mut Session<'_, '_>) -> Result<()> {
    let refused: Vec<&Revoked> = revoked.iter().filter(|one| one.is_refused).collect();
    // An error in JSON is one line, and stands alone.
    if revoked.len() == 1 || session.format().is_json() {
        return Ok(());
    }
    if refused.is_empty() {
        return session.say("some may be revoked already; the same again revokes the others");
    }
    for one in refused.iter().take(TOLD) {
        let Key { project, name, id, .. } = &one.after;
        session.say(&crate::output::escape(&format!("`{project}/{name}` ({id}) could not be revoked")))?;
    }
    let count = if refused.len() == 1 { "1 key".to_owned() } else { format!("{} keys", refused.len()) };
    session.say(&format!("{count} could not be revoked; `apikey list` shows what is live"))
}

/// Revokes keys as they are by now: a change that somebody else makes meanwhile is no reason to leave any alive. Many of
/// them are read again in halves, or with somebody always at one of them there would be no end.
fn commit(
    part: &mut [Revoked],
    tries: u32,
    reason: RevokeReason,
    (registry, session): (&mut dyn Registry, &Session<'_, '_>),
) -> std::result::Result<(), RegistryError> {
    let (now, actor) = (session.now, session.actor());
    let changed = || part.iter().filter(|one| one.changed);
    let event = |one: &Revoked| Event::on_key(Action::KeyRevoked, &actor, Some(&one.before), &one.after, now);
    let replace: Vec<Key> = changed().map(|one| one.after.clone()).collect();
    let events = changed().map(event).collect();
    let left =
        match registry.apply(&Change { replace: &replace, events, now: Some(now), ..Change::default() }) {
            Ok(()) => return Ok(()),
            // It is all the same for each.
            Err(RegistryError::Busy) => return Err(RegistryError::Busy),
            Err(_) if part.len() > 1 => tries,
            Err(RegistryError::Conflict(_)) if tries > 0 => tries - 1,
            Err(other) => {
                for one in part {
                    one.is_refused = true;
                }
                return Err(other);
            }
        };
    let (first, second) = part.split_at_mut(part.len() / 2);
    let mut ended = Ok(());
    for half in [first, second] {
        for one in &mut *half {
            // One that was removed meanwhile, or cannot be read, stays as it was, and is refused in the end.
            if let Ok(Some(found)) = registry.find_key(one.before.id) {
                one.after = found.key.clone();
                one.changed = one.after.revoke(reason, now);
                one.before = found.key;
            }
        }
        if half.iter().any(|one| one.changed) {
            // What one of them has wrong with it is no reason to leave the others alive.
            ended = ended.and(commit(half, left, reason, (registry, session)));
        }
    }
    ended
}

/// Selected keys, each once, whatever their state; or those of a filter that are not revoked.
fn chosen(arguments: &Arguments, registry: &dyn Registry, session: &Session<'_, '_>) -> Result<Vec<Listed>> {
    let mut keys: Vec<Listed> = Vec::new();
    if arguments.keys.is_empty() {
        let filter = Filter {
            owner: arguments.owner.as_deref().map(|owner| named("the owner", owner)).transpose()?,
            project: arguments.project.as_deref().map(|project| named("the project", project)).transpose()?,
            unused_for: arguments.unused.as_deref().map(span).transpose()?,
            ..Filter::default()
        };
        registry.list(&filter, session.now, &mut |listed| {
            if listed.key.revoked.is_none() {
                keys.push(listed);
            }
            ControlFlow::Continue(())
        })?;
        let parties = [(PartyKind::Owner, &arguments.owner), (PartyKind::Project, &arguments.project)];
        for (kind, name) in parties.into_iter().filter(|_| keys.is_empty()) {
            // A mistyped name must not look like an owner without keys; one that was removed from the file may have some.
            name.as_deref().map(|name| party::find(kind, name, registry)).transpose()?;
        }
        return Ok(keys);
    }
    for selector in &arguments.keys {
        let found = session.select(registry, selector)?;
        if !keys.iter().any(|other| other.key.id == found.key.id) {
            keys.push(Listed { suspended: found.is_suspended(), key: found.key });
        }
    }
    Ok(keys)
}

fn answer(
    revoked: &[Revoked],
    arguments: &Arguments,
    (registry, session): (&dyn Registry, &mut Session<'_, '_>),
) -> Result<Exit> {
    let brand = registry.identity()?.brand;
    let (now, dry_run) = (session.now, arguments.dry_run);
    if session.format() != crate::output::Format::Table {
        let views: Vec<ChangedView<'_>> = revoked
            .iter()
            .map(|one| ChangedView {
                key: KeyView::of(&one.after, one.suspended, &brand, now),
                changed: one.changed,
                dry_run,
            })
            .collect();
        let count = if arguments.keys.len() == 1 { Count::One } else { Count::Several };
        write_changed(&views, count, session)?;
        return Ok(Exit::Done);
    }
    let what = if arguments.secret.is_some() { "a secret of " } else { "" };
    for one in revoked.iter().take(TOLD) {
        let name = format!("{what}`{}/{}`", one.after.project, one.after.name);
        let text = match (one.changed, dry_run) {
            (false, _) => format!("{name} was revoked before"),
            (true, true) => format!("{name} would be revoked"),
            (true, false) => format!("{name} is revoked: every running verifier refuses it from now on"),
        };
        session.say(&crate::output::escape(&text))?;
    }
    if let ([one], Some(_)) = (revoked, &arguments.secret) {
        for end in
            one.after.secrets.iter().filter(|secret| secret.is_live(now)).filter_map(one_secret::retires_at)
        {
            let name = shell_word(one.after.name.as_str());
            session.say(&format!(
                "the secret that is left is accepted until {end}, since it was replaced; a new one: apikey rotate {name}"
            ))?;
        }
    }
    if revoked.len() > TOLD {
        let verb = if dry_run { "would be" } else { "are" };
        let count = revoked.iter().filter(|one| one.changed).count();
        session.say(&format!("… {count} keys {verb} revoked in all; `--json` names each"))?;
    }
    if revoked.is_empty() {
        session.say("no live key matches")?;
    }
    Ok(Exit::Done)
}
