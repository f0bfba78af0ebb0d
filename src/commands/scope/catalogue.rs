//! The scope catalogue: define, undefine, list. It grants nothing, so the vault stays closed.

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use crate::commands::create::scope;
use crate::domain::event::{Action, Event, FieldChange};
use crate::domain::name::Note;
use crate::domain::scope::Scope;
use crate::exit::{Exit, Failure};
use crate::output::view::ScopeView;
use crate::output::{Format, escape};
use crate::registry::{Change, DefinedScope, Registry};
use crate::session::Session;

#[derive(Debug, Args)]
pub(super) struct Define {
    /// RESOURCE:ACTION, without a wildcard
    scope: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub(super) struct Undefine {
    /// A scope of the catalogue
    #[arg(add = crate::completion::scopes())]
    scope: String,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Adds a scope, or replaces its description; without one, a described scope keeps its own.
pub(super) fn define(arguments: &Define, session: &mut Session<'_, '_>) -> Result<Exit> {
    let scope = scope(&arguments.scope)?;
    if scope.is_wildcard() {
        return Err(Failure::usage(format!("`{scope}` is a wildcard, which names no scope of its own"))
            .hint("define what there is, such as orders:read; a wildcard may be given once it covers one")
            .into());
    }
    let given = arguments.description.as_deref().map(str::parse::<Note>).transpose()?;
    let given = given.map(|note| note.as_str().to_owned());
    let mut registry = session.registry()?;
    let defined = registry.defined_scopes()?;
    let old = defined.into_iter().find(|old| old.scope == scope);
    let description = given.or_else(|| old.as_ref().and_then(|old| old.description.clone()));
    let new = DefinedScope { scope, description };
    let changed = old.as_ref() != Some(&new);
    if changed && !arguments.dry_run {
        let before = old.and_then(|old| old.description);
        let event = event(Action::ScopeDefined, &new.scope, (before, new.description.clone()), session);
        registry.apply(&Change {
            define_scopes: vec![new.clone()],
            events: vec![event],
            now: Some(session.now),
            ..Change::default()
        })?;
    }
    answer(&new, Done { changed, dry_run: arguments.dry_run, said: "in the catalogue" }, session)
}

/// Removes a scope; the keys that hold it keep it.
pub(super) fn undefine(arguments: &Undefine, session: &mut Session<'_, '_>) -> Result<Exit> {
    let scope = scope(&arguments.scope)?;
    let mut registry = session.registry()?;
    let defined = registry.defined_scopes()?;
    let is_last = defined.len() == 1;
    let old = match defined.iter().find(|old| old.scope == scope) {
        Some(old) => old.clone(),
        None => return Err(not_defined(&scope, &defined).into()),
    };
    if !arguments.dry_run {
        let event = event(Action::ScopeUndefined, &scope, (old.description.clone(), None), session);
        registry.apply(&Change {
            undefine_scopes: vec![scope],
            events: vec![event],
            now: Some(session.now),
            ..Change::default()
        })?;
    }
    let said = "out of the catalogue; keys that hold it keep it";
    answer(&old, Done { changed: true, dry_run: arguments.dry_run, said }, session)?;
    if is_last && !arguments.dry_run && session.format() == Format::Table {
        session.say("the catalogue is empty now: any scope may be given")?;
    }
    Ok(Exit::Done)
}

/// Lists the catalogue.
pub(super) fn list(session: &mut Session<'_, '_>) -> Result<Exit> {
    let defined = session.registry()?.defined_scopes()?;
    let mut out = session.out();
    let mut list = out.scopes();
    for scope in &defined {
        list.row(&ScopeView::of(scope))?;
    }
    if list.end()? == 0 && session.format() == Format::Table {
        session.say("the catalogue is empty: any scope may be given; begin one with `apikey scope define RESOURCE:ACTION`")?;
    }
    Ok(Exit::Done)
}

fn event(
    action: Action,
    scope: &Scope,
    (before, after): (Option<String>, Option<String>),
    session: &Session<'_, '_>,
) -> Event {
    let mut event = Event::on(action, &session.actor(), scope.to_string(), session.now);
    if before != after {
        event.changes.push(FieldChange { field: "description".to_owned(), before, after });
    }
    event
}

fn not_defined(scope: &Scope, defined: &[DefinedScope]) -> Failure {
    let near = defined
        .iter()
        .map(|known| (strsim::jaro_winkler(scope.as_str(), known.scope.as_str()), known.scope.as_str()))
        .filter(|(near, _)| *near > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let failure =
        Failure::new(Exit::NotFound, "not_found", format!("`{scope}` is not in the scope catalogue"));
    match near {
        Some((_, near)) => failure.hint(format!("did you mean `{near}`? `apikey scope defined` lists all")),
        None => failure.hint("`apikey scope defined` lists all"),
    }
}

#[derive(Clone, Copy)]
struct Done {
    changed: bool,
    dry_run: bool,
    said: &'static str,
}

#[derive(Serialize)]
struct ChangedScope<'a> {
    #[serde(flatten)]
    scope: ScopeView<'a>,
    changed: bool,
    dry_run: bool,
}

fn answer(defined: &DefinedScope, done: Done, session: &mut Session<'_, '_>) -> Result<Exit> {
    let Done { changed, dry_run, said } = done;
    let view = ScopeView::of(defined);
    match session.format() {
        Format::Json | Format::Jsonl => {
            session.out().object(&ChangedScope { scope: view, changed, dry_run })?;
        }
        Format::Tsv => {
            let mut out = session.out();
            let mut list = out.scopes();
            list.row(&view)?;
            list.end()?;
        }
        Format::Table => {
            let text = match (changed, dry_run) {
                (false, _) => format!("`{}` is so already; nothing was changed", defined.scope),
                (true, true) => format!("`{}` would be {said}", defined.scope),
                (true, false) => format!("`{}` is {said}", defined.scope),
            };
            session.say(&escape(&text))?;
        }
    }
    Ok(Exit::Done)
}
