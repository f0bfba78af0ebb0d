//! Completion of names from the registry: what the shell asks while somebody types. Needs no vault.
//!
//! The shell calls the program with `COMPLETE=<shell>` set; a registry that cannot be read completes nothing, silently,
//! since an error in the middle of a line somebody types helps nobody.

use std::ops::ControlFlow;

use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use crate::domain::party::PartyKind;
use crate::domain::time::Instant;
use crate::host::Environment;
use crate::registry::sqlite::SqliteRegistry;
use crate::registry::{Filter, Registry};
use crate::settings::{self, Flags};

/// More names than anybody pages through in a shell.
const MOST: usize = 1_000;

/// Answers the shell and ends the program, if it is the shell that calls.
pub fn answer_the_shell() {
    CompleteEnv::with_factory(crate::cli::command).complete();
}

/// Names of keys that are not revoked.
#[must_use]
pub fn keys() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        from_registry(|registry| {
            let mut names = Vec::new();
            let filter = Filter { limit: Some(MOST), ..Filter::default() };
            registry
                .list(&filter, Instant::from_seconds(0), &mut |listed| {
                    if listed.key.revoked.is_none() {
                        let help = format!("{} {}", listed.key.id, listed.key.scopes.joined());
                        names
                            .push(CompletionCandidate::new(listed.key.name.as_str()).help(Some(help.into())));
                    }
                    ControlFlow::Continue(())
                })
                .ok()?;
            Some(names)
        })
    })
}

/// Names of owners.
#[must_use]
pub fn owners() -> ArgValueCandidates {
    parties(PartyKind::Owner)
}

/// Names of projects.
#[must_use]
pub fn projects() -> ArgValueCandidates {
    parties(PartyKind::Project)
}

fn parties(kind: PartyKind) -> ArgValueCandidates {
    ArgValueCandidates::new(move || {
        from_registry(|registry| {
            let parties = registry.parties(kind).ok()?;
            Some(
                parties
                    .iter()
                    .take(MOST)
                    .map(|one| CompletionCandidate::new(one.party.name.as_str()))
                    .collect(),
            )
        })
    })
}

/// Scopes of the catalogue, or those in use when there is none.
#[must_use]
pub fn scopes() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        from_registry(|registry| {
            let defined = registry.defined_scopes().ok()?;
            let mut scopes: Vec<String> = defined.iter().map(|one| one.scope.to_string()).collect();
            if scopes.is_empty() {
                let filter = Filter { limit: Some(MOST), ..Filter::default() };
                registry
                    .list(&filter, Instant::from_seconds(0), &mut |listed| {
                        scopes.extend(listed.key.scopes.iter().map(ToString::to_string));
                        ControlFlow::Continue(())
                    })
                    .ok()?;
                scopes.sort_unstable();
                scopes.dedup();
            }
            Some(scopes.into_iter().map(CompletionCandidate::new).collect())
        })
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the shell calls back into the command line's data, where there is no Host"
)]
fn from_registry(
    names: impl FnOnce(&dyn Registry) -> Option<Vec<CompletionCandidate>>,
) -> Vec<CompletionCandidate> {
    let environment = Environment::new(std::env::vars_os());
    let registry = settings::resolve(&Flags::default(), &environment)
        .ok()
        .and_then(|settings| SqliteRegistry::open(&settings.registry).ok());
    registry.and_then(|registry| names(&registry)).unwrap_or_default()
}
