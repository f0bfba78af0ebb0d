//! `apikey log`: who changed what, and whether the record of it is whole.

mod check;

use std::ops::ControlFlow;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use super::create::{instant, span};
use crate::domain::event::Action;
use crate::domain::key::KeyId;
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::output::Format;
use crate::output::view::EventView;
use crate::registry::{EventFilter, Registry};
use crate::session::Session;

pub(in crate::commands) use check::Follow;
pub use check::Head;

/// Show who changed what, oldest first
///
/// Each event is tied to all before it by a hash. `--check` follows the whole chain; `--head` prints where it stands,
/// which, kept elsewhere, shows later whether the registry was set back.
#[derive(Debug, Args)]
pub struct Arguments {
    /// On this key: id (of a purged one too), name, project/name, or a secret's public id
    #[arg(long, add = crate::completion::keys())]
    key: Option<String>,
    /// Of this sort
    #[arg(long, value_parser = Action::ALL.map(Action::code))]
    action: Option<String>,
    /// By this user
    #[arg(long)]
    user: Option<String>,
    /// Not before this: a span back from now, a date or an instant
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Before this: a span back from now, a date or an instant
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Only the newest N
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    last: Option<u32>,
    /// Follow the chain from the first event to the last; exit 7 if it is broken
    #[arg(long, conflicts_with_all = ["key", "action", "user", "since", "until", "last"])]
    check: bool,
    /// With `--check`: what an earlier `--head` printed must still be there
    #[arg(long, value_name = "NUMBER:HASH", requires = "check")]
    expect_head: Option<String>,
    /// Print the number and hash of the newest event, to be kept elsewhere
    #[arg(long, conflicts_with_all = ["check", "key", "action", "user", "since", "until", "last"])]
    head: bool,
}

#[derive(Serialize)]
struct HeadView {
    number: u64,
    hash: String,
}

/// Runs it.
///
/// # Errors
/// Exit 2 for a filter that cannot be read, 5 for a key that is not there.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    if arguments.check {
        let expected = arguments.expect_head.as_deref().map(Head::read).transpose()?;
        return check::run(expected.as_ref(), session);
    }
    let registry = session.registry()?;
    if arguments.head {
        return head(&registry, session);
    }
    let filter = filter(arguments, &registry, session)?;
    let mut out = session.out();
    let mut list = out.events();
    let mut written = Ok(());
    registry.events(&filter, &mut |recorded| {
        written = list.row(&EventView::of(&recorded));
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written?;
    if list.end()? == 0 && session.format() == Format::Table {
        session.say("no event matches")?;
    }
    Ok(Exit::Done)
}

fn filter(arguments: &Arguments, registry: &dyn Registry, session: &Session<'_, '_>) -> Result<EventFilter> {
    let now = session.now;
    let at = |text: &Option<String>| text.as_deref().map(|text| point(text, now)).transpose();
    let (since, until) = (at(&arguments.since)?, at(&arguments.until)?);
    if let (Some(since), Some(until)) = (since, until)
        && since >= until
    {
        return Err(no_time(since, until).into());
    }
    Ok(EventFilter {
        key: arguments.key.as_deref().map(|key| key_id(key, registry, session)).transpose()?,
        action: arguments.action.as_deref().and_then(Action::from_code),
        user: arguments.user.clone(),
        since,
        until,
        last: arguments.last.map(|last| usize::try_from(last).unwrap_or(usize::MAX)),
    })
}

/// Nothing can lie between these.
pub(super) fn no_time(since: Instant, until: Instant) -> Failure {
    Failure::usage(format!("from {since} to {until} there is no time"))
        .hint("give an earlier `--since`, or a later `--until`")
}

/// An id stands for itself: the events of a purged key remain.
fn key_id(selector: &str, registry: &dyn Registry, session: &Session<'_, '_>) -> Result<KeyId> {
    match selector.parse() {
        Ok(id) => Ok(id),
        Err(()) => Ok(session.select(registry, selector)?.key.id),
    }
}

/// A date or instant, or a span back from now. A date has a dash after its year; a span never has one inside.
pub(super) fn point(text: &str, now: Instant) -> Result<Instant> {
    if text.as_bytes().get(4) == Some(&b'-') { instant(text) } else { Ok(now.saturating_sub(span(text)?)) }
}

fn head(registry: &dyn Registry, session: &mut Session<'_, '_>) -> Result<Exit> {
    let head = Head::of(registry)?;
    let mut out = session.out();
    if out.format.is_json() {
        out.object(&HeadView { number: head.number, hash: head.hash_text() })?;
    } else {
        out.line(&head.to_string())?;
    }
    Ok(Exit::Done)
}
