//! Verification: presented text → parse → find → compare → decide → record. One path for every caller.
//!
//! What is unknown costs the same work as what is known: the digest is computed and the index asked for every text of
//! the right shape, and the comparison runs against a digest that nothing has.

use crate::crypto::Subkeys;
use crate::crypto::rows::{is_intact, reseal};
use crate::domain::decision::{Decision, Matched, Presented, Request, decide};
use crate::domain::digest::Digest;
use crate::domain::event::{Action, Actor, Event};
use crate::domain::secret::read_parts;
use crate::domain::time::Instant;
use crate::registry::{Change, Found, Registry, RegistryError};

/// What came of looking presented text up.
#[derive(Debug)]
pub enum Lookup {
    /// Nothing was presented.
    Nothing,
    /// It is no secret.
    Malformed,
    /// It is not known.
    Unknown,
    /// It is known, and its digest matches.
    Match(Box<Match>),
}

/// A matching secret with all that is recorded around it.
#[derive(Debug)]
pub struct Match {
    /// Key, owner and project.
    pub found: Found,
    /// Which of the key's secrets was presented.
    pub place: usize,
    /// Whether all seals hold.
    pub intact: bool,
}

impl Lookup {
    /// The value the decision is made on.
    #[must_use]
    pub fn presented(&self) -> Presented<'_> {
        match self {
            Self::Nothing => Presented::Nothing,
            Self::Malformed => Presented::Malformed,
            Self::Unknown => Presented::Unknown,
            Self::Match(matching) => Presented::Matched(matching.matched()),
        }
    }
}

impl Match {
    /// The value the checks look at.
    #[must_use]
    pub fn matched(&self) -> Matched<'_> {
        Matched {
            key: &self.found.key,
            secret: &self.found.key.secrets[self.place],
            owner: &self.found.owner,
            project: &self.found.project,
            intact: self.intact,
        }
    }
}

/// Looks presented text up and compares it; decides nothing.
///
/// # Errors
/// The registry's; never because of what was presented.
pub fn look_up(
    registry: &dyn Registry,
    keys: &Subkeys,
    presented: Option<&[u8]>,
) -> Result<Lookup, RegistryError> {
    let Some(text) = presented.filter(|text| !text.is_empty()) else { return Ok(Lookup::Nothing) };
    let Ok(parts) = read_parts(text) else { return Ok(Lookup::Malformed) };
    let digest = keys.digest.digest(text);
    let found = registry.find_secret(parts.id)?;
    let nothing = Digest::from_bytes([0; 32]);
    let place =
        found.as_ref().and_then(|found| found.key.secrets.iter().position(|secret| secret.id == parts.id));
    let stored = match (&found, place) {
        (Some(found), Some(place)) => &found.key.secrets[place].digest,
        _ => &nothing,
    };
    let matches = stored.matches(&digest) && parts.check_holds;
    match (found, place) {
        (Some(found), Some(place)) if matches => {
            let intact =
                is_intact(&keys.row, &found.key, &found.key.secrets[place], &found.owner, &found.project);
            Ok(Lookup::Match(Box::new(Match { found, place, intact })))
        }
        _ => Ok(Lookup::Unknown),
    }
}

/// Looks presented text up and decides.
///
/// # Errors
/// The registry's: no decision could be made, which is never an acceptance.
pub fn verify(
    registry: &dyn Registry,
    keys: &Subkeys,
    presented: Option<&[u8]>,
    request: &Request,
    now: Instant,
) -> Result<(Lookup, Decision), RegistryError> {
    let lookup = look_up(registry, keys, presented)?;
    let decision = decide(lookup.presented(), request, now);
    Ok((lookup, decision))
}

/// Seconds within which a second use is not written again.
const USE_PRECISION: i64 = 60;

/// Records that a matching secret was accepted: its last use, to the minute, and the start of a grace that waited.
///
/// # Errors
/// The registry's. A change of the key by somebody else meanwhile is none: the next use starts the grace.
pub fn record_acceptance(
    registry: &mut dyn Registry,
    keys: &Subkeys,
    matching: &Match,
    (request, actor): (&Request, &Actor),
    now: Instant,
) -> Result<(), RegistryError> {
    let now = now.whole_second();
    let secret = &matching.found.key.secrets[matching.place];
    let is_fresh = |last: Instant| (0..USE_PRECISION).contains(&(now.seconds() - last.seconds()));
    let known = secret.last_use.is_some_and(|last| is_fresh(last.at) && last.ip == request.ip);
    if !known {
        registry.record_use(secret.id, now, request.ip)?;
    }
    if secret.pending_grace.is_none() {
        return Ok(());
    }
    let before = &matching.found.key;
    let mut after = before.clone();
    after.start_grace_on_use(matching.place, now);
    if reseal(&keys.row, before, &mut after).is_err() {
        // A sibling secret was altered; the presented one was accepted on its own seal, and nothing is laundered.
        return Ok(());
    }
    let event = Event::on_key(Action::GraceStarted, actor, Some(before), &after, now);
    let replace = [after];
    let change = Change {
        replace: &replace,
        events: vec![event],
        audit: Some(&keys.audit),
        now: Some(now),
        ..Change::default()
    };
    match registry.apply(&change) {
        Err(RegistryError::Conflict(_)) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
