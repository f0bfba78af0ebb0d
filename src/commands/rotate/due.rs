//! `rotate --due`: work off the schedule, one private file for each new secret.

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::{Arguments, answer, record};
use crate::commands::create::explain;
use crate::domain::key::Key;
use crate::exit::Exit;
use crate::handover::SecretFile;
use crate::issuance::draft_rotation;
use crate::output::view::{IssuedView, KeyView};
use crate::output::{Format, ListWriter, Record};
use crate::registry::{Filter, Registry};
use crate::session::{Session, Unlocked};

pub(super) fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let folder = arguments.secret_dir.as_deref().unwrap_or(Path::new("."));
    let registry = session.registry()?;
    let mut keys = Vec::new();
    registry.list(&Filter { due: true, ..Filter::default() }, session.now, &mut |listed| {
        keys.push(listed.key);
        ControlFlow::Continue(())
    })?;
    if keys.is_empty() {
        session.say("no key is due")?;
        return finish(&[], arguments, session);
    }
    if arguments.dry_run {
        return finish(&keys, arguments, session);
    }
    session.confirm(arguments.yes, &format!("Rotate {} keys?", keys.len()))?;
    prepare(folder)?;
    let mut unlocked = session.unlocked()?;
    let progress = progress(keys.len(), session);
    let mut failed: Option<anyhow::Error> = None;
    let mut done = Vec::new();
    for key in keys {
        progress.set_message(key.name.to_string());
        match one(&key, arguments, (&mut unlocked, session)) {
            Ok(rotated) => done.push(rotated),
            Err(error) => {
                progress.suspend(|| {
                    session.say(&format!("`{}/{}` was not rotated: {error:#}", key.project, key.name))
                })?;
                failed.get_or_insert(error);
            }
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let exit = finish(&done, arguments, session)?;
    failed.map_or(Ok(exit), Err)
}

fn one(
    before: &Key,
    arguments: &Arguments,
    (unlocked, session): (&mut Unlocked, &mut Session<'_, '_>),
) -> Result<Key> {
    let terms = arguments.terms(session)?;
    let issued =
        draft_rotation(before, terms, (&unlocked.brand, &unlocked.keys), session.host.rng, session.now)
            .map_err(explain)?;
    let folder = arguments.secret_dir.as_deref().unwrap_or(Path::new("."));
    // Ids and not names: a name may be no file name, and two projects may share one.
    let mut file = SecretFile::create(&folder.join(format!("{}.{}", before.id, issued.secret.parts().id)))?;
    record(before, &issued, None, (unlocked, session), |_, _| Ok(file.write(&[&issued.secret])?))?;
    Ok(issued.key)
}

fn prepare(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| format!("{} cannot be made", folder.display()))
}

fn progress(count: usize, session: &Session<'_, '_>) -> ProgressBar {
    let target = if session.host.terminal.stderr {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    ProgressBar::with_draw_target(u64::try_from(count).ok(), target)
}

fn finish(keys: &[Key], arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let now = session.now;
    if session.format() == Format::Table {
        if !keys.is_empty() {
            let verb = if arguments.dry_run { "would be rotated" } else { "rotated" };
            let folder = arguments.secret_dir.as_deref().unwrap_or(Path::new("."));
            let place = if arguments.dry_run {
                String::new()
            } else {
                format!("; the new secrets are in {}", folder.display())
            };
            session.say(&format!("{} keys {verb}{place}", keys.len()))?;
        }
        return Ok(Exit::Done);
    }
    let brand = session.registry()?.identity()?.brand;
    let mut out = session.out();
    let mut list = ListWriter::begin(&mut out, KeyView::SHAPE);
    for key in keys {
        list.row(&IssuedView { dry_run: arguments.dry_run, ..answer::stage(key, false, &brand, now) })?;
    }
    list.end()?;
    Ok(Exit::Done)
}
