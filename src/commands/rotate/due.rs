//! `rotate --due`: work off the schedule, one private file for each new secret.

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::{Arguments, answer, issue};
use crate::commands::change::TOLD;
use crate::commands::create::explain;
use crate::domain::key::Key;
use crate::domain::rotation::RotationRefusal;
use crate::domain::secret::Brand;
use crate::domain::text::shell_word;
use crate::exit::{Exit, Failure};
use crate::handover::SecretFile;
use crate::issuance::{Issued, RotationTerms, draft_rotation};
use crate::output::view::{IssuedView, KeyView};
use crate::output::{Format, ListWriter, Record, escape};
use crate::registry::{Filter, Listed, Registry};
use crate::session::{Session, Unlocked};

pub(super) fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let folder = arguments.secret_dir.as_deref().filter(|_| !arguments.dry_run);
    if folder.is_none() && !arguments.dry_run {
        let failure = Failure::usage("`--due` has to know where the new secrets go");
        return Err(failure.hint("apikey rotate --due --secret-dir DIR").into());
    }
    let terms = arguments.terms(session)?;
    let due = due(terms, session)?;
    if due.is_empty() {
        return finish(&[], arguments, session);
    }
    if let Some(folder) = folder {
        session.confirm(arguments.yes, &format!("Rotate {}{}?", keys(due.len()), named(&due)))?;
        prepare(folder)?;
    }
    let mut unlocked = session.unlocked()?;
    let progress = progress(due.len(), session);
    let mut done = Vec::new();
    let mut failed = Vec::new();
    for Listed { key, suspended } in due {
        progress.set_message(escape(key.name.as_str()).into_owned());
        match one(&key, terms, folder, (&mut unlocked, session)) {
            Ok(rotated) => done.push(Listed { key: rotated, suspended }),
            Err(error) => failed.push((format!("{}/{}", key.project, key.name), Failure::of(&error))),
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    let exit = finish(&done, arguments, session)?;
    failure(failed).map_or(Ok(exit), |failure| Err(failure.into()))
}

/// What is due and can be rotated now. A rotation under way is no failure of a nightly run: the key is still due when
/// its grace is over.
fn due(terms: RotationTerms, session: &mut Session<'_, '_>) -> Result<Vec<Listed>> {
    let (mut due, mut under_way) = (Vec::new(), Vec::new());
    let now = session.now;
    session.registry()?.list(&Filter { due: true, ..Filter::default() }, now, &mut |listed| {
        match listed.key.may_rotate(terms.plan, now) {
            Err(RotationRefusal::UnderWay) => under_way.push(listed.key),
            _ => due.push(listed),
        }
        ControlFlow::Continue(())
    })?;
    for key in under_way.iter().take(TOLD) {
        let name = format!("{}/{}", key.project, key.name);
        session.say(&escape(&format!(
            "`{name}` is due and waits: a rotation is still under way; see `apikey rotate {} --status`",
            shell_word(&name)
        )))?;
    }
    if under_way.len() > TOLD {
        session.say(&format!("… {} keys are due and wait in all", under_way.len()))?;
    }
    if due.is_empty() {
        session.say(if under_way.is_empty() { "no key is due" } else { "no other key is due" })?;
    }
    Ok(due)
}

/// Rotates a key with its secret into a new file of the folder; without a folder, only says what would be.
fn one(
    before: &Key,
    terms: RotationTerms,
    folder: Option<&Path>,
    (unlocked, session): (&mut Unlocked, &mut Session<'_, '_>),
) -> Result<Key> {
    let Some(folder) = folder else {
        let keys = (&unlocked.brand, &unlocked.keys);
        let drafted = draft_rotation(before, terms, keys, session.host.rng, session.now);
        return Ok(drafted.map_err(explain)?.key);
    };
    // Ids and not names: a name may be no file name, and two projects may share one.
    let open = |issued: &Issued| {
        SecretFile::create(&folder.join(format!("{}.{}", before.id, issued.secret.parts().id)))
    };
    let hand_over = |issued: &Issued, file: &mut SecretFile, _: &Brand, _: &mut Session<'_, '_>| {
        file.write(&[&issued.secret])?;
        file.keep();
        Ok(())
    };
    Ok(issue(before, (terms, None), (unlocked, session), (open, hand_over))?.key)
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

/// All failures as one, with the exit code and the hint of the first.
fn failure(failed: Vec<(String, Failure)>) -> Option<Failure> {
    let mut parts: Vec<String> =
        failed.iter().take(TOLD).map(|(name, why)| format!("`{name}`: {}", why.message)).collect();
    if failed.len() > TOLD {
        parts.push(format!("and {} more", failed.len() - TOLD));
    }
    let message = format!("{} not rotated: {}", keys(failed.len()), parts.join("; "));
    failed.into_iter().next().map(|(_, first)| Failure { message, ..first })
}

/// The first of them, by name.
fn named(due: &[Listed]) -> String {
    const NAMED: usize = 5;
    let name = |Listed { key, .. }: &Listed| format!("{}/{}", key.project, key.name);
    let names: Vec<String> = due.iter().take(NAMED).map(name).collect();
    let more = if due.len() > NAMED { ", …" } else { "" };
    format!(" ({}{more})", names.join(", "))
}

fn keys(count: usize) -> String {
    if count == 1 { "1 key".to_owned() } else { format!("{count} keys") }
}

fn finish(done: &[Listed], arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let now = session.now;
    if session.format() == Format::Table {
        for Listed { key, .. } in done.iter().take(TOLD) {
            let file = key.newest_secret().filter(|_| !arguments.dry_run);
            let file = file.map(|secret| format!("  {}.{}", key.id, secret.id)).unwrap_or_default();
            session.say(&escape(&format!("  {}/{}{file}", key.project, key.name)))?;
        }
        if !done.is_empty() {
            let folder = arguments.secret_dir.as_deref().unwrap_or(Path::new("."));
            let place = format!("rotated; each new secret is in {}, in a file KEY.SECRET", folder.display());
            let verb = if arguments.dry_run { "would be rotated" } else { &place };
            session.say(&escape(&format!("{} {verb}", keys(done.len()))))?;
        }
        return Ok(Exit::Done);
    }
    let brand = session.registry()?.identity()?.brand;
    let mut out = session.out();
    let mut list = ListWriter::begin(&mut out, KeyView::SHAPE);
    for Listed { key, suspended } in done {
        let dry_run = arguments.dry_run;
        list.row(&IssuedView { dry_run, ..answer::stage(key, *suspended, &brand, now) })?;
    }
    list.end()?;
    Ok(Exit::Done)
}
