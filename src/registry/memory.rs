//! The registry in memory: what the trait promises, written as plainly as it can be, for tests.

mod ledger;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::{
    Change, DefinedScope, EventFilter, Filter, Found, Identity, LastState, Listed, PartyChange, PartySummary,
    RecordedEvent, Registry, RegistryError, RememberedRequest, Result, Visit,
};
use crate::crypto::AuditKey;
use crate::domain::event::chain;
use crate::domain::key::{Key, KeyId, KeySecret};
use crate::domain::limit::{Subject, Window};
use crate::domain::name::Name;
use crate::domain::party::{Party, PartyKind};
use crate::domain::secret::SecretId;
use crate::domain::time::Instant;

/// A registry that is gone when dropped.
#[derive(Debug, Clone)]
pub struct MemoryRegistry {
    identity: Identity,
    /// Oldest first.
    keys: Vec<Key>,
    /// The ids of keys and secrets that were removed.
    spent: BTreeSet<String>,
    parties: Vec<Party>,
    scopes: BTreeMap<String, DefinedScope>,
    requests: Vec<RememberedRequest>,
    targets: BTreeMap<KeyId, String>,
    events: Vec<RecordedEvent>,
    /// What was used of rates.
    arrivals: BTreeMap<Subject, u64>,
    /// What was used of quotas.
    used: BTreeMap<(Subject, Window), u64>,
    usage: ledger::Usage,
}

impl MemoryRegistry {
    /// One with its first change made.
    ///
    /// # Errors
    /// Those of the change.
    pub fn create(identity: &Identity, first: &Change<'_>) -> Result<Self> {
        let mut new = Self {
            identity: identity.clone(),
            keys: Vec::new(),
            spent: BTreeSet::new(),
            parties: Vec::new(),
            scopes: BTreeMap::new(),
            requests: Vec::new(),
            targets: BTreeMap::new(),
            events: Vec::new(),
            arrivals: BTreeMap::new(),
            used: BTreeMap::new(),
            usage: BTreeMap::new(),
        };
        new.write(first)?;
        Ok(new)
    }

    fn write(&mut self, change: &Change<'_>) -> Result<()> {
        change.new_parties.iter().try_for_each(|party| self.insert_party(party))?;
        change.replace_parties.iter().try_for_each(|party| self.replace_party(party))?;
        for (id, revision) in &change.remove {
            let place = self.place(*id, *revision)?;
            let removed = self.keys.remove(place);
            self.spent.extend(removed.secrets.iter().map(|secret| secret.id.to_string()));
            self.spent.insert(id.to_string());
            self.arrivals.remove(&Subject::Key(*id));
            self.used.retain(|(subject, _), _| *subject != Subject::Key(*id));
            self.usage.retain(|(key, ..), _| key != id);
            self.targets.remove(id);
        }
        change.replace.iter().try_for_each(|key| self.replace_key(key))?;
        change.insert.iter().try_for_each(|key| self.insert_key(key))?;
        for scope in &change.define_scopes {
            self.scopes.insert(scope.scope.to_string(), scope.clone());
        }
        for scope in &change.undefine_scopes {
            self.scopes.remove(scope.as_str());
        }
        self.requests.retain(|known| !change.forget_requests.contains(&known.id));
        for request in &change.remember {
            if self.requests.iter().any(|known| known.id == request.id) {
                return Err(RegistryError::RequestTaken(request.id.clone()));
            }
            self.requests.push(request.clone());
        }
        for (key, target) in &change.targets {
            if !self.keys.iter().any(|known| known.id == *key) {
                return Err(RegistryError::Conflict(*key));
            }
            self.targets.insert(*key, target.clone());
        }
        if let Some(now) = change.now {
            let secrets = self.keys.iter_mut().flat_map(|key| &mut key.secrets);
            secrets
                .filter(|secret| secret.ends_at().is_some_and(|end| end <= now))
                .for_each(KeySecret::erase_copy);
        }
        self.append(change);
        Ok(())
    }

    fn append(&mut self, change: &Change<'_>) {
        for event in &change.events {
            let previous = self.events.last().map_or([0; 32], |last| last.hash);
            let hash = chain(&previous, event);
            let seal = change.audit.map(|key| key.tag(&hash));
            let number = self.events.len() as u64 + 1;
            self.events.push(RecordedEvent { number, event: event.clone(), hash, seal });
        }
    }

    fn replace_party(&mut self, PartyChange { before, after }: &PartyChange) -> Result<()> {
        let Some(old) = self.parties.iter_mut().find(|old| *old == before) else {
            return Err(RegistryError::PartyConflict { kind: before.kind.code(), name: before.name.clone() });
        };
        (old.suspended_at, old.limits, old.seal) = (after.suspended_at, after.limits, after.seal);
        Ok(())
    }

    fn insert_party(&mut self, party: &Party) -> Result<()> {
        if !self.check_party(party)? {
            self.parties.push(party.clone());
        }
        Ok(())
    }

    /// Whether it is there; refused when it only looks so.
    fn check_party(&self, party: &Party) -> Result<bool> {
        let skeleton = party.name.skeleton();
        let alike = self.parties.iter().find(|old| old.kind == party.kind && old.name.skeleton() == skeleton);
        match alike {
            None => Ok(false),
            Some(same) if same.name == party.name => Ok(true),
            Some(other) => {
                let (kind, wanted, taken) = (party.kind.code(), party.name.clone(), other.name.clone());
                Err(RegistryError::PartyLooksAlike { kind, wanted, taken })
            }
        }
    }

    fn insert_key(&mut self, key: &Key) -> Result<()> {
        if self.keys.iter().any(|old| old.id == key.id) || self.spent.contains(&key.id.to_string()) {
            return Err(RegistryError::IdTaken);
        }
        self.check_name(key)?;
        self.check_secrets(key)?;
        self.check_parties(key)?;
        let mut new = key.clone();
        new.revision = 1;
        new.secrets.iter_mut().for_each(|secret| secret.last_use = None);
        self.keys.push(new);
        Ok(())
    }

    fn replace_key(&mut self, key: &Key) -> Result<()> {
        let place = self.place(key.id, key.revision)?;
        let was_used = |secret: &KeySecret| {
            let mut before = self.keys[place].secrets.iter().filter(|old| old.id == secret.id);
            before.any(|old| old.last_use.is_some() && old.revoked_at.is_none())
        };
        let mut revoked = key.secrets.iter().filter(|secret| secret.revoked_at.is_some());
        if revoked.any(|secret| secret.last_use.is_none() && was_used(secret)) {
            return Err(RegistryError::Conflict(key.id));
        }
        self.check_name(key)?;
        self.check_secrets(key)?;
        self.check_parties(key)?;
        let mut new = key.clone();
        new.revision += 1;
        for secret in &mut new.secrets {
            let old = self.keys[place].secrets.iter().find(|old| old.id == secret.id);
            secret.last_use = old.and_then(|old| old.last_use);
        }
        let old = std::mem::replace(&mut self.keys[place], new);
        let is_gone = |secret: &&KeySecret| key.secrets.iter().all(|kept| kept.id != secret.id);
        self.spent.extend(old.secrets.iter().filter(is_gone).map(|secret| secret.id.to_string()));
        Ok(())
    }

    fn place(&self, id: KeyId, revision: u64) -> Result<usize> {
        let found = self.keys.iter().position(|key| key.id == id && key.revision == revision);
        found.ok_or(RegistryError::Conflict(id))
    }

    fn check_name(&self, key: &Key) -> Result<()> {
        let skeleton = key.name.skeleton();
        let taken = self.keys.iter().find(|old| {
            old.id != key.id
                && old.revoked.is_none()
                && old.project == key.project
                && old.name.skeleton() == skeleton
        });
        match taken {
            Some(taken) if key.revoked.is_none() => Err(RegistryError::NameTaken {
                project: key.project.clone(),
                wanted: key.name.clone(),
                taken: taken.name.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn check_parties(&self, key: &Key) -> Result<()> {
        self.found(key).map(drop)
    }

    fn check_secrets(&self, key: &Key) -> Result<()> {
        if key.secrets.iter().any(|secret| self.spent.contains(secret.id.as_str())) {
            return Err(RegistryError::IdTaken);
        }
        let others = self.keys.iter().filter(|other| other.id != key.id).flat_map(|other| &other.secrets);
        let mut ids = others.map(|secret| secret.id);
        if ids.any(|id| key.secrets.iter().any(|secret| secret.id == id)) {
            return Err(RegistryError::IdTaken);
        }
        Ok(())
    }

    fn found(&self, key: &Key) -> Result<Found> {
        let party = |kind, name: &Name| {
            let missing =
                || RegistryError::Storage(format!("{} without its {}", key.id, PartyKind::code(kind)));
            self.party(kind, name)?.ok_or_else(missing)
        };
        Ok(Found {
            key: key.clone(),
            owner: party(PartyKind::Owner, &key.owner)?,
            project: party(PartyKind::Project, &key.project)?,
        })
    }

    fn is_suspended(&self, key: &Key) -> bool {
        self.parties.iter().any(|party| {
            let name = if party.kind == PartyKind::Owner { &key.owner } else { &key.project };
            party.suspended_at.is_some() && party.name == *name
        })
    }
}

impl Registry for MemoryRegistry {
    fn identity(&self) -> Result<Identity> {
        Ok(self.identity.clone())
    }

    fn apply(&mut self, change: &Change<'_>) -> Result<()> {
        let mut next = self.clone();
        next.write(change)?;
        *self = next;
        Ok(())
    }

    fn check_names(&self, change: &Change<'_>) -> Result<()> {
        change.new_parties.iter().try_for_each(|party| self.check_party(party).map(drop))?;
        change.replace.iter().chain(change.insert).try_for_each(|key| self.check_name(key))
    }

    fn find_secret(&self, id: SecretId) -> Result<Option<Found>> {
        let key = self.keys.iter().find(|key| key.secrets.iter().any(|secret| secret.id == id));
        key.map(|key| self.found(key)).transpose()
    }

    fn find_key(&self, id: KeyId) -> Result<Option<Found>> {
        self.keys.iter().find(|key| key.id == id).map(|key| self.found(key)).transpose()
    }

    fn list(&self, filter: &Filter, now: Instant, visit: &mut Visit<'_, Listed>) -> Result<()> {
        let listed =
            self.keys.iter().rev().map(|key| Listed { key: key.clone(), suspended: self.is_suspended(key) });
        let matching = listed
            .filter(|listed| !filter.has_target || self.targets.contains_key(&listed.key.id))
            .filter(|listed| filter.matches(listed, now));
        for listed in matching.take(filter.limit.unwrap_or(usize::MAX)) {
            if let ControlFlow::Break(()) = visit(listed) {
                break;
            }
        }
        Ok(())
    }

    fn party(&self, kind: PartyKind, name: &Name) -> Result<Option<Party>> {
        Ok(self.parties.iter().find(|party| party.kind == kind && party.name == *name).cloned())
    }

    fn party_summary(&self, kind: PartyKind, name: &Name) -> Result<Option<PartySummary>> {
        Ok(self.parties(kind)?.into_iter().find(|one| one.party.name == *name))
    }

    fn parties(&self, kind: PartyKind) -> Result<Vec<PartySummary>> {
        let belongs = |key: &Key, party: &Party| match kind {
            PartyKind::Owner => key.owner == party.name,
            PartyKind::Project => key.project == party.name,
        };
        let count = |party: &Party| {
            self.keys.iter().filter(|key| key.revoked.is_none() && belongs(key, party)).count() as u64
        };
        let of_kind = self.parties.iter().filter(|party| party.kind == kind);
        let mut found: Vec<_> =
            of_kind.map(|party| PartySummary { party: party.clone(), keys: count(party) }).collect();
        found.sort_by(|one, other| one.party.name.as_str().cmp(other.party.name.as_str()));
        Ok(found)
    }

    fn defined_scopes(&self) -> Result<Vec<DefinedScope>> {
        Ok(self.scopes.values().cloned().collect())
    }

    fn last_state(&self, key: KeyId, audit: Option<&AuditKey>) -> Result<LastState> {
        let mut last = LastState::default();
        for recorded in self.events.iter().rev().filter(|recorded| recorded.event.key == Some(key)) {
            if last.note(&recorded.event, recorded.is_sealed(audit)).is_break() {
                break;
            }
        }
        Ok(last)
    }

    fn request(&self, id: &str) -> Result<Option<RememberedRequest>> {
        Ok(self.requests.iter().find(|request| request.id == id).cloned())
    }

    fn target(&self, key: KeyId) -> Result<Option<String>> {
        Ok(self.targets.get(&key).cloned())
    }

    fn events(&self, filter: &EventFilter, visit: &mut Visit<'_, RecordedEvent>) -> Result<()> {
        let is_wanted = |RecordedEvent { event, .. }: &&RecordedEvent| {
            filter.key.is_none_or(|key| event.key == Some(key))
                && filter.action.is_none_or(|action| event.action == action)
                && filter.user.as_ref().is_none_or(|user| event.actor.user == *user)
                && filter.since.is_none_or(|since| event.at >= since)
                && filter.until.is_none_or(|until| event.at < until)
        };
        let wanted: Vec<_> = self.events.iter().filter(is_wanted).cloned().collect();
        let skipped = wanted.len().saturating_sub(filter.last.unwrap_or(usize::MAX));
        for event in wanted.into_iter().skip(skipped) {
            if visit(event).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn integrity(&self) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}
