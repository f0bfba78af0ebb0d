//! `apikey list`: which keys there are. Works with the vault closed.

use std::ops::ControlFlow;

use anyhow::Result;
use clap::Args;

use super::create::{named, scope, span};
use super::usage::up_to_date;
use crate::domain::key::KeyStatus;
use crate::domain::party::PartyKind;
use crate::domain::secret::{Env, Kind};
use crate::exit::{Exit, Failure};
use crate::output::view::KeyView;
use crate::output::{Format, escape};
use crate::registry::{Filter, Registry};
use crate::session::Session;

/// List keys, newest first
///
/// Revoked keys are left out unless `--all` or `--status` asks for them. All filters must hold.
#[derive(Debug, Args)]
pub struct Arguments {
    /// With this status. May be repeated
    #[arg(long = "status", value_delimiter = ',', value_parser = KeyStatus::ALL.map(KeyStatus::code))]
    statuses: Vec<String>,
    /// Of this owner
    #[arg(long, add = crate::completion::owners())]
    owner: Option<String>,
    /// Of this project
    #[arg(long, add = crate::completion::projects())]
    project: Option<String>,
    /// Of this kind
    #[arg(long, value_parser = super::create::kinds())]
    kind: Option<String>,
    /// For this environment
    #[arg(long, value_parser = ["live", "test"])]
    env: Option<String>,
    /// Allowed to do this, by a wildcard too
    #[arg(long, add = crate::completion::scopes())]
    scope: Option<String>,
    /// With this tag
    #[arg(long)]
    tag: Option<String>,
    /// With exactly this name
    #[arg(long, add = crate::completion::keys())]
    name: Option<String>,
    /// Live, and ending within this span
    #[arg(long, value_name = "SPAN")]
    expiring: Option<String>,
    /// Live, and not used for this long
    #[arg(long, value_name = "SPAN")]
    unused: Option<String>,
    /// Live, and due for rotation by its schedule
    #[arg(long)]
    due: bool,
    /// At most this many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Revoked keys too
    #[arg(long, conflicts_with = "statuses")]
    all: bool,
    /// Exit 7 if any key is listed
    #[arg(long)]
    fail_if_any: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 2 for a filter that cannot be read, 5 for an alarm about an owner or project that is none, 8 without a registry.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let filter = filter(arguments)?;
    let registry = match &arguments.unused {
        // A last use that a running verifier wrote and nobody has folded in yet counts as one.
        Some(_) => up_to_date(true, session)?,
        None => session.registry()?,
    };
    let count = write(&filter, &registry, session)?;
    let is_told = arguments.fail_if_any || !session.format().is_json();
    if count == 0 && is_told && unknown_party(arguments, &registry, session)? {
        return Ok(Exit::Done);
    }
    if count == 0 && session.format() == Format::Table {
        let anything = Filter { limit: Some(1), ..Filter::default() };
        let hint = if is_empty(&anything, &registry, session)? {
            "there are no keys yet; make one with `apikey create NAME --scope RESOURCE:ACTION`"
        } else if arguments.all || arguments.due || arguments.expiring.is_some() || arguments.unused.is_some()
        {
            // All of these are about keys that live.
            "no key matches"
        } else {
            "no key matches; `--all` lists revoked ones too"
        };
        session.say(hint)?;
    }
    Ok(if arguments.fail_if_any && count > 0 { Exit::SaidNo } else { Exit::Done })
}

/// Says so when the owner or project asked for is none: a mistyped name must not look like "nothing to worry about".
fn unknown_party(
    arguments: &Arguments,
    registry: &dyn Registry,
    session: &mut Session<'_, '_>,
) -> Result<bool> {
    for (kind, name) in [(PartyKind::Owner, &arguments.owner), (PartyKind::Project, &arguments.project)] {
        let Some(name) = name else { continue };
        if let Err(error) = super::party::find(kind, name, registry) {
            if arguments.fail_if_any {
                // An alarm that can never go off.
                return Err(error);
            }
            let Failure { message, hint, .. } = Failure::of(&error);
            let hint = hint.map(|hint| format!("\n hint: {}", escape(&hint))).unwrap_or_default();
            session.say(&format!("{}{hint}", escape(&message)))?;
            return Ok(true);
        }
    }
    Ok(false)
}

fn filter(arguments: &Arguments) -> Result<Filter> {
    Ok(Filter {
        statuses: statuses(arguments),
        owner: arguments.owner.as_deref().map(|owner| named("the owner", owner)).transpose()?,
        project: arguments.project.as_deref().map(|project| named("the project", project)).transpose()?,
        kind: arguments.kind.as_deref().and_then(|word| match word {
            "pair" => Some(Kind::Pair),
            code => Kind::from_code(code),
        }),
        env: arguments.env.as_deref().and_then(Env::from_code),
        scope: arguments.scope.as_deref().map(scope).transpose()?,
        tag: arguments.tag.as_deref().map(|tag| named("the tag", tag)).transpose()?,
        name: arguments.name.as_deref().map(|name| named("the name", name)).transpose()?,
        expiring_within: arguments.expiring.as_deref().map(span).transpose()?,
        unused_for: arguments.unused.as_deref().map(span).transpose()?,
        due: arguments.due,
        limit: arguments.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
        ..Filter::default()
    })
}

/// Those asked for; else all but revoked, or none, which is no restriction.
fn statuses(arguments: &Arguments) -> Vec<KeyStatus> {
    if arguments.all {
        return Vec::new();
    }
    if arguments.statuses.is_empty() {
        return KeyStatus::NOT_REVOKED.to_vec();
    }
    arguments.statuses.iter().filter_map(|code| KeyStatus::from_code(code)).collect()
}

/// Writes each key as it is read, and says how many there were.
pub(super) fn write(
    filter: &Filter,
    registry: &dyn Registry,
    session: &mut Session<'_, '_>,
) -> Result<usize> {
    let brand = registry.identity()?.brand;
    let now = session.now;
    let mut out = session.out();
    let mut list = out.keys();
    let mut written = Ok(());
    registry.list(filter, now, &mut |listed| {
        written = list.row(&KeyView::of(&listed.key, listed.suspended, &brand, now));
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written?;
    Ok(list.end()?)
}

fn is_empty(filter: &Filter, registry: &dyn Registry, session: &Session<'_, '_>) -> Result<bool> {
    let mut is_empty = true;
    registry.list(filter, session.now, &mut |_| {
        is_empty = false;
        ControlFlow::Break(())
    })?;
    Ok(is_empty)
}
