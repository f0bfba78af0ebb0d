//! One request: looked at, compared, judged, settled and answered, while nothing it rests on can change.

use std::convert::Infallible;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_utils::sync::ShardedLockReadGuard;

use super::desk::Wanted;
use super::index::Index;
use super::rows::Line;
use super::tally::Note;
use super::{Credential, Identified, Shared, Verdict, VerifierError, locked};
use crate::domain::decision::{Decision, Denial, Request, judge};
use crate::domain::limit::{Limits, Spending, Subject, spend};
use crate::domain::secret::{Kind, place_of_id};
use crate::domain::time::Instant;
use crate::registry::RegistryError;
use crate::registry::ledger::{Ledger, Use};
use crate::registry::sqlite::prefetch;
use crate::verification::{self, Compared, compare};

/// How long a request waits for another process that writes. Where limits are never counted in memory there is nothing
/// better than to wait.
pub(super) const PATIENCE: Duration =
    Duration::from_millis(if cfg!(target_os = "linux") { 50 } else { 1_000 });
/// For so many microseconds after a wait in vain nobody waits anew.
const STUCK_FOR: i64 = if cfg!(target_os = "linux") { 250_000 } else { 0 };

impl Shared {
    pub(super) fn read(&self) -> ShardedLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn verify<R>(
        &self,
        credential: Credential<'_>,
        (request, cost): (&Request, u32),
        answer: impl FnOnce(&Verdict<'_>) -> R,
    ) -> Result<R, VerifierError> {
        if let Some([first, .., last]) = credential.secret {
            prefetch(first);
            prefetch(last);
        }
        let index = self.current()?;
        let id = credential.secret.and_then(place_of_id);
        if let Some(id) = id {
            index.foresee(id);
        }
        let now = (self.now)();
        if let Some(id) = id {
            index.foresee_line(id);
        }
        let number = match self.compared(&index, credential) {
            Compared::Match(number) => number,
            Compared::Nothing => return Ok(answer(&stranger(Denial::Missing, now))),
            Compared::Malformed => return Ok(answer(&stranger(Denial::Malformed, now))),
            Compared::Unknown => return Ok(answer(&stranger(Denial::NotFound, now))),
        };
        let line = index.line(number);
        let decision = judge(&index.facts(line), request, now);
        let (decision, spending) = self.settle(&index, number, decision, (request, cost, now))?;
        let verdict = Verdict { decision, key: Some(identified(&index, line)), spending, at: now };
        let answered = answer(&verdict);
        let waits = line.is_waited_for && decision.is_accepted() && cost > 0;
        let waiting = waits.then_some(line.id);
        drop(index);
        if let Some(secret) = waiting {
            self.desk.ask(Wanted { first_use: Some((secret, now)), ..Wanted::default() }, true);
        }
        Ok(answered)
    }

    /// The index with everything that is committed by now.
    pub(super) fn current(&self) -> Result<ShardedLockReadGuard<'_, Index>, VerifierError> {
        let index = self.read();
        if index.seen == self.watch.glance() {
            return Ok(index);
        }
        drop(index);
        self.catch_up()?;
        Ok(self.read())
    }

    /// The line whose secret is presented. One that came with another key's consumer key is not known; that is looked
    /// at behind the match, so that before it no id takes longer than another.
    pub(super) fn compared(&self, index: &Index, credential: Credential<'_>) -> Compared<u32> {
        let counters = self.counters.get();
        let find = |id| {
            let found = index.find(id);
            let place = match &found {
                Some((line, _)) => Some(index.line(*line).place),
                None => index.some_place(id),
            };
            if let (Some(place), Some(counters)) = (place, counters) {
                counters.foresee(u64::from(place));
            }
            Ok::<_, Infallible>(found)
        };
        let compared = match compare(&self.keys.digest, credential.secret, find) {
            Ok(compared) => compared,
            Err(never) => match never {},
        };
        match compared {
            Compared::Match(line) if !self.belongs_to(index, index.line(line), credential.consumer_key) => {
                Compared::Unknown
            }
            other => other,
        }
    }

    fn belongs_to(&self, index: &Index, line: &Line, consumer_key: Option<&str>) -> bool {
        let Some(given) = consumer_key else { return true };
        let policy = index.policy(line);
        let (env, id) = (policy.env.code(), line.key.bare());
        policy.kind == Kind::Pair && given == format!("{}_ck_{env}_{id}", self.brand.as_str())
    }

    /// Asks the limits and counts.
    fn settle(
        &self,
        index: &Index,
        number: u32,
        decision: Decision,
        (request, cost, now): (&Request, u32, Instant),
    ) -> Result<(Decision, Spending), VerifierError> {
        let line = index.line(number);
        let mut spending = Spending::default();
        if decision.is_accepted() && is_limited(index, line) {
            if self.counters_are_gone.load(Ordering::Relaxed) {
                return Err(VerifierError::CountersGone);
            }
            match self.take(index, line, (cost, now)) {
                Some(taken) => spending = taken,
                None => return self.settle_in_registry(index, line, (request, cost, now)),
            }
        }
        let decision = spending.denial.map_or(decision, Decision::Denied);
        if cost > 0 {
            let (key, place, secret) = (line.key, line.place, line.id);
            let note = Note { key, place, secret, decision, at: now, ip: request.ip };
            self.tally.count(number, line, note, &scopes_of(request));
        }
        Ok((decision, spending))
    }

    /// Asks the limits of an accepted request and counts it in one durable transaction of the registry: where and while
    /// there are no counters in memory. While another process is writing there is no decision, after a short wait, and
    /// for the requests after it without one: all others would wait with them.
    fn settle_in_registry(
        &self,
        index: &Index,
        line: &Line,
        (request, cost, now): (&Request, u32, Instant),
    ) -> Result<(Decision, Spending), VerifierError> {
        let accounts = accounts(index, line);
        let stuck_for = now.micros().saturating_sub(self.stuck_since.load(Ordering::Relaxed));
        if (0..STUCK_FOR).contains(&stuck_for) {
            return Err(RegistryError::Busy.into());
        }
        let mut registry = locked(&self.reader);
        let asked = if cost == 0 {
            registry.accounts(&accounts, now).map(|mut accounts| spend(&mut accounts, 0, now))
        } else {
            let (key, secret, decision) = (line.key, line.id, Decision::Accepted);
            let (scopes, ip) = (scopes_of(request).into_owned(), request.ip);
            registry.record(&Use { key, secret, decision, scopes, ip, cost, accounts }, &*self.now)
        };
        if matches!(asked, Err(RegistryError::Busy)) {
            self.stuck_since.store(now.micros(), Ordering::Relaxed);
        }
        let spending = asked?;
        Ok((spending.denial.map_or(Decision::Accepted, Decision::Denied), spending))
    }
}

fn stranger(denial: Denial, at: Instant) -> Verdict<'static> {
    Verdict { decision: Decision::Denied(denial), key: None, spending: Spending::default(), at }
}

fn scopes_of(request: &Request) -> std::borrow::Cow<'_, str> {
    match &request.scopes[..] {
        [] => "".into(),
        [one] => one.as_str().into(),
        many => many.iter().map(crate::domain::scope::Scope::as_str).collect::<Vec<_>>().join(" ").into(),
    }
}

fn identified<'a>(index: &'a Index, line: &Line) -> Identified<'a> {
    let policy = index.policy(line);
    Identified {
        id: line.key,
        secret: line.id,
        name: &index.entry(line).name,
        owner: index.owner_of(policy).party.name.as_str(),
        project: index.project_of(policy).party.name.as_str(),
        env: policy.env,
        kind: policy.kind,
        scopes: &policy.scopes,
        scopes_text: &policy.scopes_text,
        expires_at: line.ends().first(),
    }
}

fn is_limited(index: &Index, line: &Line) -> bool {
    let policy = index.policy(line);
    !(policy.limits.is_none()
        && index.owner_of(policy).party.limits.is_none()
        && index.project_of(policy).party.limits.is_none())
}

fn accounts(index: &Index, line: &Line) -> Vec<(Subject, Limits)> {
    let policy = index.policy(line);
    let (owner, project) = (index.owner_of(policy), index.project_of(policy));
    verification::accounts_with((line.key, policy.limits), &owner.party, &project.party)
}
