//! The stages of a rotation under way: `--status`, `--finish`, `--extend`, `--cancel`.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use anyhow::Result;

use super::{Arguments, answer};
use crate::commands::change::{Outcome, grant_one};
use crate::commands::create::span;
use crate::domain::event::Action;
use crate::domain::key::{Key, KeyId, KeySecret};
use crate::exit::Exit;
use crate::output::view::SecretView;
use crate::output::{Format, ListWriter, Record};
use crate::registry::ledger::Ledger as _;
use crate::registry::{EventFilter, Found, Registry, RegistryError};
use crate::session::Session;

pub(super) fn run(selector: &str, arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    if arguments.status {
        return status(selector, session);
    }
    let now = session.now;
    let extend = arguments.extend.as_deref().map(span).transpose()?;
    let change = |key: &mut Key| match extend {
        Some(span) => key.extend_grace(span, now).map(|()| Action::RotationExtended),
        None if arguments.finish => key.finish_rotation(now).map(|()| Action::RotationFinished),
        None => key.cancel_rotation(now).map(|()| Action::RotationCancelled),
    };
    if arguments.cancel {
        // Whether the new secret was accepted a busy server may have written in one piece with much else.
        session.registry()?.fold_all_usage()?;
    }
    let mut asked: Option<(KeyId, u64)> = None;
    if extend.is_none() && !arguments.dry_run {
        let Found { mut key, .. } = session.select(&session.registry()?, selector)?;
        change(&mut key)?;
        asked = Some((key.id, key.revision));
        let which = if arguments.finish { "old" } else { "new" };
        let question = format!("End the {which} secret of `{}/{}` now?", key.project, key.name);
        session.confirm(arguments.yes, &question)?;
    }
    grant_one(selector, arguments.dry_run, session, |key, unlocked| {
        if asked.is_some_and(|asked| asked != (key.id, key.revision)) {
            // Another rotation than the one that was asked about.
            return Err(RegistryError::Conflict(key.id).into());
        }
        let ends = |key: &Key| key.secrets.iter().map(KeySecret::ends_at).collect::<Vec<_>>();
        let before = ends(key);
        let action = change(key)?;
        // A grace that reaches to the old secret's own end already is not lengthened.
        let changed = extend.is_none() || ends(key) != before;
        let done = match action {
            Action::RotationExtended => "given a longer grace",
            Action::RotationFinished => "rotated for good: only the new secret is accepted",
            _ => "back to its old secret: the new one is revoked",
        };
        let stays = if arguments.cancel { what_stays(key, &unlocked.registry)? } else { String::new() };
        Ok(Outcome { action, changed, said: format!("{done}\n{}{stays}", answer::timeline(key, now)) })
    })
}

/// What the rotation that is cancelled also gave the key, by the log: that is no matter of its secrets, and is not taken
/// back.
fn what_stays(key: &Key, registry: &dyn Registry) -> Result<String> {
    let filter = EventFilter {
        key: Some(key.id),
        action: Some(Action::KeyRotated),
        last: Some(1),
        ..EventFilter::default()
    };
    let mut stays = String::new();
    registry.events(&filter, &mut |recorded| {
        for change in &recorded.event.changes {
            let mend = match &*change.field {
                "lifetime" => "another end: `apikey expire`",
                "rotate_every" => "another schedule: `apikey edit --every` or `--no-schedule`",
                _ => continue,
            };
            let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            // Writing into a string cannot fail.
            let _ = write!(
                stays,
                "\n  stays  {} {} (before that rotation {}); {mend}",
                change.field,
                shown(&change.after),
                shown(&change.before)
            );
        }
        ControlFlow::Continue(())
    })?;
    Ok(stays)
}

/// Works with the vault closed.
fn status(selector: &str, session: &mut Session<'_, '_>) -> Result<Exit> {
    let registry = session.registry()?;
    let found = session.select(&registry, selector)?;
    let (key, now) = (&found.key, session.now);
    if session.format() == Format::Table {
        let headline =
            if key.rotation(now).is_some() { "a rotation is under way" } else { "no rotation is under way" };
        let due = key.due_at().map(|due| format!("\n  due  {due}")).unwrap_or_default();
        session.say(&format!(
            "`{}/{}`: {headline}\n{}{due}",
            key.project,
            key.name,
            answer::timeline(key, now)
        ))?;
        return Ok(Exit::Done);
    }
    let brand = registry.identity()?.brand;
    let suspended = found.is_suspended();
    let mut view = answer::stage(key, suspended, &brand, now);
    // As the headline says it to people.
    view.rotation = view.rotation.filter(|_| key.rotation(now).is_some());
    let mut out = session.out();
    if out.format.is_json() {
        out.object(&view)?;
    } else {
        let mut list = ListWriter::begin(&mut out, SecretView::SHAPE);
        for secret in &view.key.secrets {
            list.row(secret)?;
        }
        list.end()?;
    }
    Ok(Exit::Done)
}
