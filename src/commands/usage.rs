//! `apikey usage`: who made how many requests, what is nearly used up, and what is not used at all.

mod sum;

use std::ops::ControlFlow;

use anyhow::Result;
use clap::{ArgGroup, Args};

use super::create::span;
use super::list;
use super::log::{no_time, point};
use crate::domain::key::KeyStatus;
use crate::domain::limit::Subject;
use crate::domain::party::PartyKind;
use crate::domain::time::{Instant, Span};
use crate::exit::{Exit, Failure};
use crate::output::view::LimitView;
use crate::output::{Format, Strokes, escape};
use crate::registry::ledger::{Ledger as _, UsageFilter};
use crate::registry::sqlite::SqliteRegistry;
use crate::registry::{Filter, Registry, RegistryError};
use crate::session::Session;

use sum::{By, Sums};

/// Show who made how many requests
///
/// Counted are requests with the matching secret of a key, whatever the decision, by hour in UTC. A request that asks
/// for several scopes counts under each of them with `--by scope`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("alarm").args(["near_limit", "unused"]))]
pub struct Arguments {
    /// Only of this key: id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys(), conflicts_with = "alarm")]
    key: Option<String>,
    /// Not before this: a span back from now, a date or an instant [default: 7d; 1d by hour]
    #[arg(long, value_name = "WHEN", conflicts_with = "alarm")]
    since: Option<String>,
    /// Before this: a span back from now, a date or an instant
    #[arg(long, value_name = "WHEN", conflicts_with = "alarm")]
    until: Option<String>,
    /// What to sum by
    #[arg(long, value_parser = By::ALL.map(By::code), default_value = "day", conflicts_with = "alarm")]
    by: String,
    /// Instead: limits of live keys, owners and projects that are used at least so far, as 80%
    #[arg(long, value_name = "PERCENT")]
    near_limit: Option<String>,
    /// Instead: live keys that were not used for this long
    #[arg(long, value_name = "SPAN")]
    unused: Option<String>,
    /// Exit 7 if `--near-limit` or `--unused` lists anything
    #[arg(long, requires = "alarm")]
    fail_if_any: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 2 for a time or a percentage that cannot be read, 5 for a key that is not there.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    // An alarm that rests on a part of the record would name keys that are in use.
    let registry = &up_to_date(arguments.unused.is_some() || arguments.fail_if_any, session)?;
    let listed = if let Some(text) = &arguments.near_limit {
        near_limit(percent(text)?, registry, session)?
    } else if let Some(text) = &arguments.unused {
        let filter = Filter { unused_for: Some(span(text)?), ..Filter::default() };
        list::write(&filter, registry, session)?
    } else {
        usage(arguments, registry, session)?;
        return Ok(Exit::Done);
    };
    if listed == 0 && session.format() == Format::Table {
        session.say("nothing to report")?;
    }
    Ok(if arguments.fail_if_any && listed > 0 { Exit::SaidNo } else { Exit::Done })
}

/// The registry with what running verifiers wrote in one piece made readable. While others are writing it is an error if all
/// of it is needed, and else what is there already has to do, and that is said.
///
/// # Errors
/// Those of the registry.
pub(super) fn up_to_date(needs_all: bool, session: &mut Session<'_, '_>) -> Result<SqliteRegistry> {
    let mut registry = session.registry()?;
    match registry.fold_all_usage() {
        Ok(()) => {}
        Err(RegistryError::Busy) if !needs_all => session.say(
            "warning: another process has been writing for more than five seconds, and so the newest counts are left out",
        )?,
        Err(other) => return Err(other.into()),
    }
    Ok(registry)
}

fn usage(arguments: &Arguments, registry: &SqliteRegistry, session: &mut Session<'_, '_>) -> Result<()> {
    let by = By::from_code(&arguments.by);
    let (since, until) = times(arguments, by, session.now)?;
    let key = arguments.key.as_deref().map(|key| session.select(registry, key)).transpose()?;
    let filter = UsageFilter { key: key.map(|found| found.key.id), since: Some(since), until: Some(until) };
    let mut sums = Sums::new(by, since, until.min(end_of(session.now)));
    registry.usage(&filter, &mut |row| {
        sums.add(&row);
        ControlFlow::Continue(())
    })?;
    if sums.is_empty() && session.format() == Format::Table {
        let text = format!("no requests were recorded from {since} to {until}");
        return session.say(&escape(&text));
    }
    let environment = session.host.environment;
    let strokes = Strokes::of(&|name| environment.text(name).map(str::to_owned));
    let mut out = session.out();
    let views = sums.views(strokes, out.width);
    let mut rows = out.usage();
    views.iter().try_for_each(|view| rows.row(view))?;
    rows.end()?;
    Ok(())
}

/// The first instant that has not been yet.
fn end_of(now: Instant) -> Instant {
    Instant::from_seconds(now.seconds() + 1)
}

/// From when to when. What is recorded is whole hours, so the first one is whole, and by days the first day is.
fn times(arguments: &Arguments, by: By, now: Instant) -> Result<(Instant, Instant)> {
    let until = arguments.until.as_deref().map(|text| point(text, now)).transpose()?;
    let until = until.unwrap_or_else(|| end_of(now));
    let back = Span::days(if by == By::Hour { 1 } else { 7 });
    let since = match &arguments.since {
        Some(text) => point(text, now)?,
        None => until.saturating_sub(back),
    };
    let since = by.start_of(since);
    if since < until {
        return Ok((since, until));
    }
    Err(no_time(since, until).into())
}

fn percent(text: &str) -> Result<u64> {
    let number = text.strip_suffix('%').unwrap_or(text);
    let number = Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    if let Some(percent @ 1..=100) = number.and_then(|number| number.parse().ok()) {
        return Ok(percent);
    }
    let failure = Failure::usage(format!("`{}` is no share of a limit", escape(text)));
    Err(failure.hint("it is from 1% to 100%, as `--near-limit 80%`").into())
}

/// So many are looked at together.
const AT_ONCE: usize = 1_000;

/// Lists what is used at least so far, the fullest first, and says how many.
fn near_limit(percent: u64, registry: &SqliteRegistry, session: &mut Session<'_, '_>) -> Result<usize> {
    let mut limited = Vec::new();
    let alive = [KeyStatus::Active, KeyStatus::Pending, KeyStatus::Disabled, KeyStatus::Suspended];
    let filter = Filter { statuses: alive.to_vec(), ..Filter::default() };
    registry.list(&filter, session.now, &mut |listed| {
        let key = listed.key;
        if !key.limits.is_none() {
            limited.push((Subject::Key(key.id), key.limits, format!("{}/{}", key.project, key.name)));
        }
        ControlFlow::Continue(())
    })?;
    for (kind, subject) in [
        (PartyKind::Owner, Subject::Owner as fn(_) -> _),
        (PartyKind::Project, Subject::Project as fn(_) -> _),
    ] {
        let parties = registry.parties(kind)?.into_iter().map(|summary| summary.party);
        limited.extend(parties.filter(|party| !party.limits.is_none()).map(|party| {
            let name = party.name.to_string();
            (subject(party.name), party.limits, name)
        }));
    }
    let mut views: Vec<LimitView> = Vec::new();
    // Some at a time: servers that end meanwhile wait for nobody who looks at their counters.
    for some in limited.chunks(AT_ONCE) {
        let now = session.host.clock.now();
        let accounts: Vec<_> = some.iter().map(|(subject, limits, _)| (subject.clone(), *limits)).collect();
        for ((.., name), account) in some.iter().zip(registry.accounts(&accounts, now)?) {
            let of_one = LimitView::all_of(&account, name, now).into_iter();
            views.extend(of_one.filter(|view| view.used_percent >= percent));
        }
    }
    views.sort_by_key(|view| std::cmp::Reverse(view.used_percent));
    let mut out = session.out();
    let mut rows = out.limits();
    views.iter().try_for_each(|view| rows.row(view))?;
    Ok(rows.end()?)
}
