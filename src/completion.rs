//! Completion of names from the registry: what the shell asks while somebody types. Needs no vault.
//!
//! The shell calls the program with `COMPLETE=<shell>` set; a registry that cannot be read completes nothing, silently,
//! since an error in the middle of a line somebody types helps nobody.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::sync::OnceLock;

use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use crate::domain::key::{Key, KeyStatus};
use crate::domain::party::PartyKind;
use crate::domain::time::Instant;
use crate::host::Environment;
use crate::registry::sqlite::SqliteRegistry;
use crate::registry::{Filter, Registry};
use crate::settings::{self, Flags};

/// More names than anybody pages through in a shell.
const MOST: usize = 1_000;

/// The shell that asks. Its variable is gone once names are asked for.
static SHELL: OnceLock<String> = OnceLock::new();

/// Answers the shell and ends the program, if it is the shell that calls.
#[expect(clippy::disallowed_methods, reason = "the shell calls before there is a Host")]
pub fn answer_the_shell() {
    if let Ok(shell) = std::env::var("COMPLETE") {
        SHELL.get_or_init(|| shell);
    }
    CompleteEnv::with_factory(crate::cli::command).complete();
}

/// A name as it goes into the line that is typed. bash puts it there as it is, and would run what is in it; other shells
/// quote it themselves.
fn candidate(name: &str, shell: Option<&str>) -> CompletionCandidate {
    if shell != Some("bash") {
        return CompletionCandidate::new(name);
    }
    let mut word = String::with_capacity(name.len());
    for letter in name.chars() {
        let is_plain =
            letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/' | ':' | '@' | '%' | '+' | ',');
        if !is_plain {
            word.push('\\');
        }
        word.push(letter);
    }
    CompletionCandidate::new(word)
}

/// Names of keys that are not revoked; `project/name` once a project is typed.
#[must_use]
pub fn keys() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        from_registry(|registry| names_of_keys(registry, typed.to_str()?, SHELL.get().map(String::as_str)))
    })
}

/// The newest that go on from what is typed.
fn names_of_keys(
    registry: &dyn Registry,
    typed: &str,
    shell: Option<&str>,
) -> Option<Vec<CompletionCandidate>> {
    let (project, begins) = match typed.split_once('/') {
        Some((project, begins)) => (Some(project.parse().ok()?), begins),
        None => (None, typed),
    };
    let filter = Filter {
        statuses: KeyStatus::NOT_REVOKED.to_vec(),
        project: project.clone(),
        name_begins: (!begins.is_empty()).then(|| begins.to_owned()),
        limit: Some(MOST),
        ..Filter::default()
    };
    let mut names = Vec::new();
    let name_of = |key: &Key| match &project {
        Some(project) => format!("{project}/{}", key.name),
        None => key.name.to_string(),
    };
    registry
        .list(&filter, Instant::from_seconds(0), &mut |listed| {
            let help = format!("{} {}", listed.key.id, listed.key.scopes.joined());
            names.push(candidate(&name_of(&listed.key), shell).help(Some(help.into())));
            ControlFlow::Continue(())
        })
        .ok()?;
    Some(names)
}

/// Names of owners.
#[must_use]
pub fn owners() -> ArgValueCompleter {
    parties(PartyKind::Owner)
}

/// Names of projects.
#[must_use]
pub fn projects() -> ArgValueCompleter {
    parties(PartyKind::Project)
}

fn parties(kind: PartyKind) -> ArgValueCompleter {
    ArgValueCompleter::new(move |typed: &OsStr| {
        from_registry(|registry| {
            let typed = typed.to_str()?;
            let all = registry.parties(kind).ok()?;
            let names = all.iter().map(|one| one.party.name.as_str());
            Some(
                names
                    .filter(|name| name.starts_with(typed))
                    .take(MOST)
                    .map(|name| candidate(name, SHELL.get().map(String::as_str)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key::RevokeReason;
    use crate::domain::samples;
    use crate::registry::Change;

    #[test]
    fn old_keys_are_found_by_what_is_typed_however_many_are_newer_or_revoked() {
        let mut keys = vec![samples::key("old-one"), samples::key("old-two")];
        keys.extend((0..=MOST).map(|number| {
            let mut key = samples::key(&format!("new-{number}"));
            key.revoke(RevokeReason::Unused, Instant::from_seconds(1));
            key
        }));
        let mut registry = crate::registry::conformance::memory();
        registry.apply(&Change { insert: &keys, ..Change::default() }).unwrap();
        let names = |typed: &str| {
            let found = names_of_keys(&registry, typed, None).unwrap();
            found.iter().map(|one| one.get_value().to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(""), ["old-two", "old-one"]);
        assert_eq!(names("old-o"), ["old-one"]);
        assert_eq!(names("default/old-t"), ["default/old-two"]);
        assert!(names("new").is_empty() && names("other/").is_empty());
    }

    #[test]
    fn bash_runs_nothing_that_stands_in_a_name() {
        let bash = |name| candidate(name, Some("bash")).get_value().to_str().unwrap().to_owned();
        assert_eq!(
            bash("u$(touch x);`y` a'\"&|<>*?[~#!"),
            "u\\$\\(touch\\ x\\)\\;\\`y\\`\\ a\\'\\\"\\&\\|\\<\\>\\*\\?\\[\\~\\#\\!"
        );
        assert_eq!(bash("shop/ci-2_é.1:x@y"), "shop/ci-2_é.1:x@y");
        assert_eq!(candidate("a b", Some("zsh")).get_value(), "a b");
    }
}
