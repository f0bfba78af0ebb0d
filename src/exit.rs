//! Every exit code, and how an error becomes one: code, message, hint.

use std::io;

use crate::crypto::rows::Tampered;
use crate::domain::key::KeyRefusal;
use crate::domain::lifetime::LifetimeError;
use crate::domain::name::NameError;
use crate::domain::rotation::RotationRefusal;
use crate::domain::text::shell_word;
use crate::registry::RegistryError;
use crate::vault::{PassphraseError, VaultError};
use crate::verifier::VerifierError;

/// The exit codes; never renumbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done, or already so.
    Done = 0,
    /// A fault of apikey or of the machine.
    Internal = 1,
    /// The command line is wrong, or a question would have to be asked and cannot.
    Usage = 2,
    /// A person said no.
    Declined = 3,
    /// The vault is missing, locked, foreign or does not answer.
    Vault = 4,
    /// Nothing, or more than one thing, goes by this name.
    NotFound = 5,
    /// What is there forbids it.
    Conflict = 6,
    /// The check said no.
    SaidNo = 7,
    /// The registry is unreadable, busy or newer.
    Registry = 8,
    /// The network gave no verdict.
    NoVerdict = 9,
    /// Interrupted (128 + SIGINT).
    Interrupted = 130,
    /// Whoever read our output left (128 + SIGPIPE).
    ClosedPipe = 141,
}

/// All codes with what they mean, for `help exit-codes` and the man page.
pub const ALL: [(Exit, &str); 12] = [
    (Exit::Done, "done, or already so"),
    (Exit::Internal, "a fault of apikey or of the machine"),
    (Exit::Usage, "the command line is wrong, or apikey would have to ask and cannot"),
    (Exit::Declined, "declined at a question"),
    (Exit::Vault, "the vault is missing, locked, foreign or does not answer"),
    (Exit::NotFound, "not found, or ambiguous"),
    (Exit::Conflict, "a conflict, or the state of the key forbids it"),
    (Exit::SaidNo, "the check said no: verify, test-call, list and usage --fail-if-any, doctor, log --check"),
    (Exit::Registry, "the registry is unreadable, busy or newer than this program"),
    (Exit::NoVerdict, "the network gave no verdict"),
    (Exit::Interrupted, "interrupted"),
    (Exit::ClosedPipe, "the reader of the output went away"),
];

/// An error as people and scripts see it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// A word for scripts.
    pub code: &'static str,
    /// What was wrong, with which value.
    pub message: String,
    /// What to run next.
    pub hint: Option<String>,
    /// Whether the same command may succeed later, unchanged.
    pub retryable: bool,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(exit: Exit, code: &'static str, message: impl Into<String>) -> Self {
        Self { exit, code, message: message.into(), hint: None, retryable: false }
    }

    /// The same with what to run next.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// A secret was given as an argument; `hint` says how it comes in instead.
    pub fn secret_as_argument(hint: impl Into<String>) -> Self {
        Self::usage(
            "a secret was given as an argument, where other users and your shell's history can read it",
        )
        .hint(hint)
    }

    /// What an error means to the caller, however deep it was wrapped.
    #[must_use]
    pub fn of(error: &anyhow::Error) -> Self {
        match error.chain().find_map(known) {
            // What the system says names no file; what was said around it does.
            Some(failure) if failure.code == "io" => Self { message: format!("{error:#}"), ..failure },
            Some(failure) => failure,
            None => Self::new(Exit::Internal, "internal", format!("{error:#}")),
        }
    }
}

/// What a name is, for who gave something else.
pub const A_NAME: &str = "a name is 1 to 64 visible characters, such as shop-backend or `Ada Lovelace`";

fn known(error: &(dyn std::error::Error + 'static)) -> Option<Failure> {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return Some(failure.clone());
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return Some(of_io(error));
    }
    if let Some(error) = error.downcast_ref::<VaultError>() {
        let failure = Failure::new(Exit::Vault, error.code(), error.to_string()).hint(error.hint());
        return Some(Failure { retryable: error.is_retryable(), ..failure });
    }
    if let Some(error) = error.downcast_ref::<PassphraseError>() {
        return Some(Failure::new(Exit::Vault, "vault_passphrase", error.to_string()).hint(error.hint()));
    }
    if let Some(error) = error.downcast_ref::<VerifierError>() {
        return match error {
            VerifierError::Registry(error) => Some(of_registry(error)),
            VerifierError::Vault(error) => known(error),
            VerifierError::Replaced => {
                Some(Failure::new(Exit::Registry, "registry_replaced", error.to_string()))
            }
            VerifierError::CountersGone => {
                Some(Failure::new(Exit::Registry, "counters_gone", error.to_string()))
            }
        };
    }
    error.downcast_ref::<RegistryError>().map(of_registry).or_else(|| of_domain(error))
}

fn of_io(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(Exit::ClosedPipe, "closed_pipe", "the reader went away"),
        io::ErrorKind::Interrupted => Failure::new(Exit::Interrupted, "interrupted", "interrupted"),
        _ => Failure::new(Exit::Internal, "io", error.to_string()),
    }
}

fn of_domain(error: &(dyn std::error::Error + 'static)) -> Option<Failure> {
    let message = error.to_string();
    if let Some(tampered) = error.downcast_ref::<Tampered>() {
        let failure = Failure::new(Exit::Conflict, "tampered", message);
        let hint = match tampered.what.as_str() {
            "owner" | "project" => {
                "all its keys stay denied; see `apikey doctor` for what else was altered, and issue new keys under another name"
            }
            _ => "revoke it with `apikey revoke KEY`, and see `apikey doctor` for what else was altered",
        };
        return Some(failure.hint(hint));
    }
    if let Some(refusal) = error.downcast_ref::<KeyRefusal>() {
        let (exit, code, hint) = match refusal {
            KeyRefusal::Revoked => (Exit::Conflict, "state_forbids", "create a new key with `apikey create`"),
            KeyRefusal::OnlySecret(_) => (
                Exit::Conflict,
                "state_forbids",
                "revoke the key without `--secret`, or replace the secret now: `apikey rotate KEY --grace 0`",
            ),
            KeyRefusal::NoSuchSecret(_) => {
                (Exit::NotFound, "not_found", "see its secrets with `apikey show KEY`")
            }
        };
        return Some(Failure::new(exit, code, message).hint(hint));
    }
    if let Some(refusal) = error.downcast_ref::<RotationRefusal>() {
        let failure = Failure::new(Exit::Conflict, "state_forbids", message);
        return Some(match refusal {
            RotationRefusal::UnderWay => failure.hint(
                "see it with `apikey rotate KEY --status`; end it with `--finish`, or replace its oldest secret with `--force`",
            ),
            RotationRefusal::Revoked | RotationRefusal::Expired => failure.hint("create a new key with `apikey create`"),
            RotationRefusal::NotUnderWay => failure.hint(
                "begin one with `apikey rotate KEY`; see how its secrets stand with `apikey rotate KEY --status`",
            ),
            RotationRefusal::AlreadyUsed => failure.hint("clients use the new secret already: `apikey rotate KEY --finish`"),
            _ => failure.hint("see where it stands with `apikey rotate KEY --status`"),
        });
    }
    if error.is::<NameError>() {
        return Some(Failure::usage(message).hint(A_NAME));
    }
    let hint = match error.downcast_ref::<LifetimeError>()? {
        LifetimeError::Past(_) => "give a date to come, or a span from now such as 90d",
        LifetimeError::TooLong(_) => "give a shorter span, or `never`",
    };
    Some(Failure::usage(message).hint(hint))
}

fn of_registry(error: &RegistryError) -> Failure {
    let message = error.to_string();
    let failure = |exit, code| Failure::new(exit, code, message.clone());
    match error {
        RegistryError::NotThere(_) => failure(Exit::Registry, "registry_missing")
            .hint("make it with `apikey init`, or name another with `--registry PATH` or `--profile NAME`"),
        RegistryError::AlreadyThere(_) => failure(Exit::Conflict, "registry_exists")
            .hint("use it as it is, or name another with `--registry PATH`"),
        RegistryError::Unusable { hint, .. } => {
            failure(Exit::Registry, "registry_unusable").hint(hint.clone())
        }
        RegistryError::Newer { .. } => {
            failure(Exit::Registry, "registry_newer").hint("install the version of apikey that wrote it")
        }
        RegistryError::Busy => {
            Failure { retryable: true, ..failure(Exit::Registry, "registry_busy").hint("try again") }
        }
        RegistryError::Conflict(_) | RegistryError::PartyConflict { .. } => Failure {
            retryable: true,
            ..failure(Exit::Conflict, "conflict").hint("look at it again, then try again")
        },
        RegistryError::PartyRemoved { kind, name } => failure(Exit::Conflict, "tampered").hint(format!(
            "revoke its keys with `apikey revoke --{kind} {}`, or restore a backup",
            shell_word(name.as_str())
        )),
        RegistryError::NameTaken { project, wanted, taken } => {
            let looks_alike = format!("`{wanted}` looks like `{taken}`, a live key of project `{project}`");
            let message = if wanted == taken { message.clone() } else { looks_alike };
            Failure::new(Exit::Conflict, "name_taken", message).hint(format!(
                "choose another name, rotate it with `apikey rotate {}`, or revoke it first",
                shell_word(&format!("{project}/{taken}"))
            ))
        }
        RegistryError::PartyLooksAlike { taken, .. } => {
            failure(Exit::Conflict, "looks_alike").hint(format!("did you mean `{taken}`?"))
        }
        RegistryError::RequestTaken(_) => Failure {
            retryable: true,
            ..failure(Exit::Conflict, "request_taken").hint("run the same command again")
        },
        RegistryError::IdTaken => failure(Exit::Internal, "internal"),
        RegistryError::Storage(_) => failure(Exit::Registry, "registry_storage")
            .hint("check free space and permissions, then `apikey doctor`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_the_published_ones() {
        let numbers: Vec<u8> = ALL.iter().map(|(exit, _)| *exit as u8).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130, 141]);
    }

    #[test]
    fn a_name_that_only_looks_the_same_is_not_called_the_same() {
        let taken = |wanted: &str| {
            let [project, taken] = ["shop", "ci"].map(|name| name.parse().unwrap());
            let error = RegistryError::NameTaken { project, wanted: wanted.parse().unwrap(), taken };
            Failure::of(&error.into()).message
        };
        assert_eq!(taken("ci"), "project `shop` already has a live key named `ci`");
        assert_eq!(taken("CI"), "`CI` looks like `ci`, a live key of project `shop`");
    }

    #[test]
    fn an_error_keeps_its_meaning_under_any_context() {
        let error = anyhow::Error::from(RegistryError::Busy).context("while listing").context("in a test");
        let failure = Failure::of(&error);
        assert_eq!((failure.exit, failure.code, failure.retryable), (Exit::Registry, "registry_busy", true));
        assert_eq!(Failure::of(&anyhow::anyhow!("odd")).exit, Exit::Internal);
        let missing =
            anyhow::Error::from(io::Error::from(io::ErrorKind::NotFound)).context("/x cannot be made");
        assert!(Failure::of(&missing).message.starts_with("/x cannot be made: "));
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::of(&pipe.into()).exit, Exit::ClosedPipe);
    }
}
