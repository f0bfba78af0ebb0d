//! Verification: presented text → parse → find → compare → decide → record. One path for every caller.
//!
//! What is unknown costs the same work as what is known: the digest is computed and the index asked for every text of
//! the right shape, and the comparison runs against a digest that nothing has.

use crate::crypto::rows::{is_intact, reseal};
use crate::crypto::{DigestKey, Subkeys};
use crate::domain::decision::{Decision, Matched, Presented, Request, decide};
use crate::domain::digest::Digest;
use crate::domain::event::{Action, Actor, Event};
use crate::domain::key::{Key, KeyId};
use crate::domain::limit::{Limits, Spending, Subject, spend};
use crate::domain::party::Party;
use crate::domain::scope::Scope;
use crate::domain::secret::{SecretId, read_parts};
use crate::domain::time::Instant;
use crate::registry::ledger::{Clock, Ledger, Use};
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

/// What came of comparing presented text with what is recorded under its id.
#[derive(Debug)]
pub enum Compared<T> {
    /// Nothing was presented.
    Nothing,
    /// It is no secret.
    Malformed,
    /// It is not known.
    Unknown,
    /// Its digest matches that of this.
    Match(T),
}

/// Takes presented text apart, finds what is recorded under its id wherever that is kept, and compares digests in
/// constant time. What is unknown is compared with a digest that nothing has.
///
/// # Errors
/// Those of `find`; never because of what was presented.
pub fn compare<T, E>(
    keys: &DigestKey,
    presented: Option<&[u8]>,
    find: impl FnOnce(SecretId) -> Result<Option<(T, Digest)>, E>,
) -> Result<Compared<T>, E> {
    let Some(text) = presented.filter(|text| !text.is_empty()) else { return Ok(Compared::Nothing) };
    let Ok(parts) = read_parts(text) else { return Ok(Compared::Malformed) };
    // Found afterwards: whoever keeps it in memory has had it come nearer meanwhile.
    let digest = keys.digest(text);
    let (found, stored) = match find(parts.id)? {
        Some((found, stored)) => (Some(found), stored),
        None => (None, Digest::from_bytes([0; 32])),
    };
    let matches = stored.matches(&digest) && parts.check_holds;
    Ok(found.filter(|_| matches).map_or(Compared::Unknown, Compared::Match))
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
    let compared = compare(&keys.digest, presented, |id| {
        let Some(found) = registry.find_secret(id)? else { return Ok(None) };
        let place = found.key.secrets.iter().position(|secret| secret.id == id);
        Ok::<_, RegistryError>(place.map(|place| {
            let digest = found.key.secrets[place].digest;
            ((found, place), digest)
        }))
    })?;
    Ok(match compared {
        Compared::Nothing => Lookup::Nothing,
        Compared::Malformed => Lookup::Malformed,
        Compared::Unknown => Lookup::Unknown,
        Compared::Match((found, place)) => {
            let (key, owner, project) = (&found.key, &found.owner, &found.project);
            let intact = is_intact(&keys.row, key, &key.secrets[place], owner, project);
            Lookup::Match(Box::new(Match { found, place, intact }))
        }
    })
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

/// How a request is counted besides what it asks for.
#[derive(Clone, Copy)]
pub struct Charge<'a> {
    /// How much it takes of the limits; zero only asks, and is not counted.
    pub cost: u32,
    /// Who starts a grace that waited for this use, for the log.
    pub actor: &'a Actor,
    /// Says when it is once nobody else writes.
    pub clock: &'a Clock<'a>,
}

/// Asks the limits, last of all and only for what was accepted so far, and counts the request: usage, last use, and the
/// start of a grace that waited for it. The answer is final.
///
/// # Errors
/// The registry's: what could not be taken from a limit is not accepted. A key without limits does not depend on it:
/// a request that could not be counted because others write is let pass all the same. A change of the key by somebody
/// else meanwhile is no error: the next use starts the grace.
pub fn settle(
    ledger: &mut dyn Ledger,
    keys: &Subkeys,
    (matching, decision): (&Match, Decision),
    (request, charge): (&Request, Charge<'_>),
    now: Instant,
) -> Result<(Decision, Spending), RegistryError> {
    let key = &matching.found.key;
    let accounts = accounts_of(key, &matching.found.owner, &matching.found.project);
    if charge.cost == 0 {
        let asked = match decision {
            Decision::Accepted => spend(&mut ledger.accounts(&accounts, now)?, 0, now),
            Decision::Denied(_) => Spending::default(),
        };
        return Ok((asked.denial.map_or(decision, Decision::Denied), asked));
    }
    let is_limited = decision.is_accepted() && !accounts.is_empty();
    let used = Use {
        key: key.id,
        secret: key.secrets[matching.place].id,
        decision,
        scopes: request.scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" "),
        ip: request.ip,
        cost: charge.cost,
        accounts,
    };
    let spending = match ledger.record(&used, charge.clock) {
        Err(RegistryError::Busy) if !is_limited => return Ok((decision, Spending::default())),
        other => other?,
    };
    let decision = spending.denial.map_or(decision, Decision::Denied);
    if decision.is_accepted() {
        start_waiting_grace(ledger, keys, matching, charge.actor, now)?;
    }
    Ok((decision, spending))
}

/// The accounts that have any limits: the key's own first.
#[must_use]
pub fn accounts_of(key: &Key, owner: &Party, project: &Party) -> Vec<(Subject, Limits)> {
    accounts_with((key.id, key.limits), owner, project)
}

/// As [`accounts_of`], for a key of which only this is at hand.
#[must_use]
pub fn accounts_with(
    (key, limits): (KeyId, Limits),
    owner: &Party,
    project: &Party,
) -> Vec<(Subject, Limits)> {
    let all = [
        (Subject::Key(key), limits),
        (Subject::Owner(owner.name.clone()), owner.limits),
        (Subject::Project(project.name.clone()), project.limits),
    ];
    all.into_iter().filter(|(_, limits)| !limits.is_none()).collect()
}

/// Starts the grace that waited for the first use of a secret, if one did.
///
/// # Errors
/// The registry's, but no conflict: the next use starts it.
pub fn start_waiting_grace(
    registry: &mut dyn Ledger,
    keys: &Subkeys,
    matching: &Match,
    actor: &Actor,
    now: Instant,
) -> Result<(), RegistryError> {
    let now = now.whole_second();
    if matching.found.key.secrets[matching.place].pending_grace.is_none() {
        return Ok(());
    }
    let before = &matching.found.key;
    if !registry.last_state(before.id, Some(&keys.audit))?.fits(before) {
        // It was set back; to record anything of it would confirm it.
        return Ok(());
    }
    let mut after = before.clone();
    if !after.start_grace_on_use(matching.place, now) {
        return Ok(());
    }
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
        Err(RegistryError::Conflict(_) | RegistryError::Busy) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
