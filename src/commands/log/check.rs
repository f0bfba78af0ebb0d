//! Following the audit chain: numbers without gaps, hashes, seals, and a head that was kept elsewhere.

use std::fmt;
use std::ops::ControlFlow;

use anyhow::Result;
use serde::Serialize;
use subtle::ConstantTimeEq;

use crate::crypto::AuditKey;
use crate::domain::event::{Action, Event, chain};
use crate::exit::{Exit, Failure};
use crate::output::view::{Hex, Shown};
use crate::registry::{EventFilter, RecordedEvent, Registry, RegistryError};
use crate::session::Session;

/// A place in the log: the number of an event and its chain hash. Prints as `--expect-head` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the event; zero before the first.
    pub number: u64,
    /// Its chain hash.
    pub hash: [u8; 32],
}

impl Head {
    const NOTHING: Self = Self { number: 0, hash: [0; 32] };

    /// Where a registry's log stands.
    ///
    /// # Errors
    /// The registry's.
    pub fn of(registry: &dyn Registry) -> std::result::Result<Self, RegistryError> {
        let mut head = Self::NOTHING;
        registry.events(&EventFilter { last: Some(1), ..EventFilter::default() }, &mut |recorded| {
            head = Self { number: recorded.number, hash: recorded.hash };
            ControlFlow::Continue(())
        })?;
        Ok(head)
    }

    /// Reads `NUMBER:HASH`.
    pub(super) fn read(text: &str) -> Result<Self> {
        let wrong = || {
            Failure::usage("`--expect-head` takes NUMBER:HASH").hint("it is what `apikey log --head` prints")
        };
        let (number, hex) = text.split_once(':').ok_or_else(wrong)?;
        let number = number.parse().map_err(|_| wrong())?;
        if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong().into());
        }
        let mut hash = [0; 32];
        for (place, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self { number, hash })
    }

    /// The hash in lower-case hexadecimal.
    #[must_use]
    pub fn hash_text(&self) -> String {
        Hex(&self.hash).to_string()
    }
}

impl fmt::Display for Head {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.number, self.hash_text())
    }
}

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Broken {
    /// The number of the event.
    pub(in crate::commands) at: u64,
    /// What is wrong with it.
    pub(in crate::commands) why: &'static str,
}

/// What is known of the chain so far.
pub(in crate::commands) struct Follow<'a> {
    audit: Option<&'a AuditKey>,
    expected: Option<&'a Head>,
    head: Head,
    last_sealed: u64,
    met_expected: bool,
}

impl<'a> Follow<'a> {
    /// Before the first event. Without the key seals are not checked.
    pub(in crate::commands) fn new(audit: Option<&'a AuditKey>, expected: Option<&'a Head>) -> Self {
        Self { audit, expected, head: Head::NOTHING, last_sealed: 0, met_expected: false }
    }

    /// How many events were followed.
    pub(in crate::commands) fn events(&self) -> u64 {
        self.head.number
    }

    /// Follows to the next event.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(in crate::commands) fn step(&mut self, recorded: &RecordedEvent) -> std::result::Result<(), Broken> {
        let at = self.head.number + 1;
        if recorded.number != at {
            return Err(Broken { at, why: "this event is missing" });
        }
        let hash = chain(&self.head.hash, &recorded.event);
        if hash != recorded.hash {
            return Err(Broken { at, why: "this event, or one before it, was altered" });
        }
        match (self.audit, recorded.seal) {
            (Some(audit), Some(seal)) if !bool::from(audit.tag(&hash).ct_eq(&seal)) => {
                return Err(Broken {
                    at,
                    why: "the seal of this event is not from this registry's master key",
                });
            }
            (_, Some(_)) => self.last_sealed = at,
            (_, None) if needs_vault(&recorded.event) => {
                return Err(Broken { at, why: "what this event says needs the vault, and it has no seal" });
            }
            (_, None) => {}
        }
        self.head = Head { number: at, hash };
        if let Some(expected) = self.expected.filter(|expected| expected.number == at) {
            if expected.hash != hash {
                return Err(Broken { at, why: "this is another event than the head that was kept says" });
            }
            self.met_expected = true;
        }
        Ok(())
    }

    fn end(&self) -> std::result::Result<(), Broken> {
        match self.expected {
            Some(expected) if !self.met_expected && expected.number > 0 => {
                Err(Broken { at: expected.number, why: "the log ends before it: the registry was set back" })
            }
            _ => Ok(()),
        }
    }
}

/// Whether this can only be done with the vault open, so that its event is always sealed.
fn needs_vault(event: &Event) -> bool {
    use Action as A;
    match event.action {
        // What takes away, and words to find a key by.
        A::KeyRevoked
        | A::SecretRevoked
        | A::KeyDisabled
        | A::KeyPurged
        | A::KeyTakenBack
        | A::CopyForgotten
        | A::OwnerSuspended
        | A::ProjectSuspended
        | A::ScopeDefined
        | A::ScopeUndefined => false,
        A::KeyChanged => event.changes.iter().any(|change| !matches!(&*change.field, "tags" | "note")),
        A::RegistryCreated
        | A::KeyCreated
        | A::KeyRotated
        | A::RotationTakenBack
        | A::RotationFinished
        | A::RotationExtended
        | A::RotationCancelled
        | A::GraceStarted
        | A::KeyEnabled
        | A::SecretRevealed
        | A::SecretUsed
        | A::OwnerResumed
        | A::ProjectResumed
        | A::OwnerLimited
        | A::ProjectLimited
        | A::TargetSaved => true,
    }
}

#[derive(Serialize)]
struct CheckView {
    intact: bool,
    events: u64,
    seals_checked: bool,
    sealed_up_to: u64,
    head_number: u64,
    head_hash: Shown<String>,
    broken_at: Option<u64>,
    why: Option<&'static str>,
}

/// Follows the whole chain. Without the vault the hashes are checked and the seals are not.
pub(super) fn run(expected: Option<&Head>, session: &mut Session<'_, '_>) -> Result<Exit> {
    let registry = session.registry()?;
    let audit = audit_key(&registry, session)?;
    let mut follow = Follow::new(audit.as_ref(), expected);
    let mut outcome = Ok(());
    let read = registry.events(&EventFilter::default(), &mut |recorded| {
        outcome = follow.step(&recorded);
        if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let broken = match read {
        Err(RegistryError::Unusable { .. }) => {
            Some(Broken { at: follow.events() + 1, why: "this event, or one after it, cannot be read" })
        }
        other => {
            other?;
            outcome.and_then(|()| follow.end()).err()
        }
    };
    answer(&follow, broken.as_ref(), session)
}

fn audit_key(registry: &dyn Registry, session: &mut Session<'_, '_>) -> Result<Option<AuditKey>> {
    match session.unlock(&registry.identity()?) {
        Ok(keys) => Ok(Some(keys.audit)),
        Err(error) => {
            let failure = Failure::of(&error);
            if failure.exit != Exit::Vault {
                return Err(error);
            }
            let text = format!("the vault stays closed, so only hashes are checked: {}", failure.message);
            session.say(&crate::output::escape(&text))?;
            Ok(None)
        }
    }
}

fn answer(follow: &Follow<'_>, broken: Option<&Broken>, session: &mut Session<'_, '_>) -> Result<Exit> {
    let head = follow.head;
    let mut out = session.out();
    if out.format.is_json() {
        out.object(&CheckView {
            intact: broken.is_none(),
            events: head.number,
            seals_checked: follow.audit.is_some(),
            sealed_up_to: follow.last_sealed,
            head_number: head.number,
            head_hash: Shown(head.hash_text()),
            broken_at: broken.map(|broken| broken.at),
            why: broken.map(|broken| broken.why),
        })?;
        return Ok(if broken.is_some() { Exit::SaidNo } else { Exit::Done });
    }
    out.line(&head.to_string())?;
    if let Some(Broken { at, why }) = broken {
        session.say(&format!(
            "the log is broken at event {at}: {why}\n hint: compare with a backup; `apikey doctor` looks for other damage"
        ))?;
        return Ok(Exit::SaidNo);
    }
    let sealed = match (follow.audit, head.number - follow.last_sealed) {
        (None, _) => "its seals were not checked".to_owned(),
        (Some(_), 0) => "all of it under seal".to_owned(),
        (Some(_), tail) => format!(
            "under seal up to event {}; what came after it ({tail}) was recorded with the vault closed, \
             and only a head kept elsewhere vouches for it",
            follow.last_sealed
        ),
    };
    session.say(&format!("the log is whole: {} events, {sealed}", head.number))?;
    Ok(Exit::Done)
}
