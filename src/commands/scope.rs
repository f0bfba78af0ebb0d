//! `apikey scope`: what a key may do, and the catalogue of scopes there are.

mod catalogue;

use anyhow::Result;
use clap::{ArgGroup, Args, Subcommand};

use super::change::{Outcome, grant_one, refuse_dead};
use super::create::{check_scopes, explain, scopes};
use crate::domain::event::Action;
use crate::domain::key::Key;
use crate::domain::scope::Scopes;
use crate::exit::{Exit, Failure};
use crate::issuance::check_publishable;
use crate::registry::Registry;
use crate::session::Session;

/// Change what a key may do, or which scopes there are
///
/// Every running verifier goes by the new scopes from the next request on. Without a catalogue any scope may be given;
/// once one is defined, only scopes of the catalogue, and wildcards that cover one.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, Subcommand)]
enum Work {
    /// Give a key more scopes
    Add(Several),
    /// Take scopes from a key
    Remove(Several),
    /// Replace all scopes of a key
    Set(Set),
    /// Add a scope to the catalogue, or describe it anew. Needs no vault
    Define(catalogue::Define),
    /// Remove a scope from the catalogue; keys that hold it keep it. Needs no vault
    Undefine(catalogue::Undefine),
    /// List the catalogue
    Defined,
}

#[derive(Debug, Args)]
struct Several {
    /// Id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    key: String,
    /// RESOURCE:ACTION; `*` stands for every resource or action
    #[arg(required = true, value_delimiter = ',', add = crate::completion::scopes())]
    scopes: Vec<String>,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
#[command(
    // clap puts the group before the key, which is not how they are read.
    override_usage = "apikey scope set [OPTIONS] <KEY> <SCOPES|--access <ACCESS>|--none>",
    group = ArgGroup::new("what").required(true).args(["scopes", "access", "none"]),
)]
struct Set {
    /// Id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    key: String,
    /// RESOURCE:ACTION; `*` stands for every resource or action
    #[arg(value_delimiter = ',', add = crate::completion::scopes())]
    scopes: Vec<String>,
    /// read is `*:read`, full is `*:*`
    #[arg(long, value_parser = ["read", "full"])]
    access: Option<String>,
    /// No scope: the key only identifies
    #[arg(long)]
    none: bool,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 2 for a scope that is none or not in the catalogue, 6 for a key that is over.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    match &arguments.work {
        Work::Add(Several { key, scopes: given, dry_run }) => {
            let given = scopes(given, None)?;
            change(key, *dry_run, session, |held, registry| {
                check_scopes(&given, registry)?;
                joined(held, &given)
            })
        }
        Work::Remove(Several { key, scopes: given, dry_run }) => {
            let given = scopes(given, None)?;
            change(key, *dry_run, session, |held, _| without(held, &given))
        }
        Work::Set(set) => {
            let given = scopes(&set.scopes, set.access.as_deref())?;
            change(&set.key, set.dry_run, session, |_, registry| {
                check_scopes(&given, registry)?;
                Ok(given.clone())
            })
        }
        Work::Define(arguments) => catalogue::define(arguments, session),
        Work::Undefine(arguments) => catalogue::undefine(arguments, session),
        Work::Defined => catalogue::list(session),
    }
}

fn change(
    selector: &str,
    dry_run: bool,
    session: &mut Session<'_, '_>,
    new: impl FnOnce(&Scopes, &dyn Registry) -> Result<Scopes>,
) -> Result<Exit> {
    let now = session.now;
    grant_one(selector, dry_run, session, |key, unlocked| {
        refuse_dead(key, now)?;
        let new = new(&key.scopes, &unlocked.registry)?;
        let changed = new != key.scopes;
        // A key that is as it was is not checked against rules that are younger than it.
        if changed {
            check_publishable(key.kind, &new, &key.origins).map_err(explain)?;
        }
        key.scopes = new;
        Ok(Outcome { action: Action::KeyChanged, changed, said: format!("allowed: {}", allowed(key)) })
    })
}

fn allowed(key: &Key) -> String {
    if key.scopes.is_empty() { "nothing, it only identifies".to_owned() } else { key.scopes.joined() }
}

fn joined(held: &Scopes, given: &Scopes) -> Result<Scopes> {
    let all: Vec<String> = held.iter().chain(given.iter()).map(ToString::to_string).collect();
    scopes(&all, None)
}

/// Leaves out what is given; refuses if what is left still allows it, which a person who removes it would not expect.
fn without(held: &Scopes, given: &Scopes) -> Result<Scopes> {
    let kept: Vec<_> = held.iter().filter(|held| !given.iter().any(|given| given == *held)).collect();
    for given in given {
        if let Some(wider) = kept.iter().find(|kept| kept.covers(given)) {
            let message = format!("`{given}` cannot be taken away alone: `{wider}` allows it too");
            let failure = Failure::new(Exit::Conflict, "still_covered", message);
            return Err(failure
                .hint(format!(
                    "take `{wider}` away as well, or say all that is left with `apikey scope set KEY …`"
                ))
                .into());
        }
    }
    let kept: Vec<String> = kept.iter().map(ToString::to_string).collect();
    scopes(&kept, None)
}
