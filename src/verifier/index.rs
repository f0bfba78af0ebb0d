//! All keys in memory, as small as they go: what the checks look at, found by the id of a secret.
//!
//! A million keys take some 200 MB. What many keys share (owner, project, scopes, restrictions, limits) is kept once,
//! as a [`Policy`]. Seals are judged when a row is read, by [`crate::crypto::rows`], and again whenever it changes.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault};
use std::sync::{Arc, OnceLock};

use super::rows::{Entry, IdHasher, Judged, Line, NONE, Policy, Slot};
use crate::crypto::RowKey;
use crate::crypto::rows::party_holds;
use crate::domain::decision::Facts;
use crate::domain::digest::Digest;
use crate::domain::key::{Key, KeySecret};
use crate::domain::name::Name;
use crate::domain::party::Party;
use crate::domain::secret::SecretId;
use crate::registry::sqlite::Glance;

/// Places are given one after the other. What lies beyond these was put there by an editor, and is not known: a table
/// up to there would be larger than memory.
const PLACES: std::ops::Range<i64> = 1..1 << 26;

/// Everything.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The state of the file that this is.
    pub(super) seen: Glance,
    lines: Vec<Line>,
    free_lines: Vec<u32>,
    /// The line and the entry of each secret: both are fetched at the same time.
    by_id: HashMap<SecretId, (u32, u32), BuildHasherDefault<IdHasher>>,
    entries: Vec<Entry>,
    free_entries: Vec<u32>,
    /// The entry of each place of the registry, which counts up.
    by_place: Vec<u32>,
    pub(super) owners: Vec<Slot>,
    pub(super) projects: Vec<Slot>,
    policies: HashMap<String, Arc<Policy>>,
}

impl Index {
    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.free_entries.len()
    }

    /// Whether anything is limited.
    pub(super) fn has_limits(&self) -> bool {
        self.policies.values().any(|policy| !policy.limits.is_none())
            || self.owners.iter().chain(&self.projects).any(|slot| !slot.party.limits.is_none())
    }

    /// The secret with this id and its digest.
    pub(super) fn find(&self, id: SecretId) -> Option<(u32, Digest)> {
        let Some(&(number, entry)) = self.by_id.get(&id) else {
            // As much memory is looked at as for an id that is known: how long it takes says nothing.
            let hash = usize::try_from(self.by_id.hasher().hash_one(id) >> 1).unwrap_or(0);
            let line = self.lines.get(hash % self.lines.len().max(1)).map(|line| line.digest);
            let entry = self.entries.get(hash % self.entries.len().max(1)).map(|entry| entry.is_there);
            std::hint::black_box((line, entry));
            return None;
        };
        // Every line's entry is there; looking at it here has it on its way from memory while the digest is computed.
        self.entries[entry as usize].is_there.then_some((number, self.lines[number as usize].digest))
    }

    pub(super) fn line(&self, line: u32) -> &Line {
        &self.lines[line as usize]
    }

    pub(super) fn entry(&self, entry: u32) -> &Entry {
        &self.entries[entry as usize]
    }

    pub(super) fn owner_of(&self, policy: &Policy) -> &Slot {
        &self.owners[policy.owner as usize]
    }

    pub(super) fn project_of(&self, policy: &Policy) -> &Slot {
        &self.projects[policy.project as usize]
    }

    /// What the checks look at.
    pub(super) fn facts(&self, line: &Line) -> Facts<'_> {
        let entry = self.entry(line.entry);
        let policy = &*entry.policy;
        let (owner, project) = (self.owner_of(policy), self.project_of(policy));
        Facts {
            is_intact: line.is_intact && entry.is_intact && owner.is_intact && project.is_intact,
            is_revoked: line.is_revoked || entry.is_revoked,
            is_disabled: entry.is_disabled,
            ends: line.ends(),
            not_before: entry.not_before,
            is_owner_suspended: owner.party.suspended_at.is_some(),
            is_project_suspended: project.party.suspended_at.is_some(),
            env: policy.env,
            networks: &policy.networks,
            origins: &policy.origins,
            scopes: &policy.scopes,
        }
    }

    /// Puts owners and projects as they are now.
    pub(super) fn put_parties(&mut self, row: &RowKey, owners: Vec<Party>, projects: Vec<Party>) {
        for (slots, parties) in [(&mut self.owners, owners), (&mut self.projects, projects)] {
            for party in parties {
                let is_intact = party_holds(row, &party);
                match slots.iter_mut().find(|slot| slot.party.name == party.name) {
                    Some(slot) => (slot.party, slot.is_intact) = (party, is_intact),
                    // Places are named by policies: they are added to and never moved.
                    None => slots.push(Slot { party, is_intact, counters: OnceLock::new() }),
                }
            }
        }
    }

    /// Puts a key as it is now.
    pub(super) fn put(&mut self, place: i64, sealed: Judged) {
        let Judged { key, key_holds, secrets_hold } = sealed;
        let is_known = PLACES.contains(&place);
        let Some(policy) = self.policy_of(&key).filter(|_| is_known) else {
            // Wherever they were: a row that was moved is not known by what it was before.
            key.secrets.iter().for_each(|secret| _ = self.by_id.remove(&secret.id));
            return self.remove(place);
        };
        let entry = Entry {
            id: key.id,
            place: u32::try_from(place).unwrap_or(NONE),
            name: key.name.as_str().into(),
            policy,
            not_before: key.not_before,
            first_line: NONE,
            is_intact: key_holds,
            is_revoked: key.revoked.is_some(),
            is_disabled: key.disabled_at.is_some(),
            is_there: true,
        };
        let number = self.settle_entry(place, entry);
        for (secret, holds) in key.secrets.iter().zip(secrets_hold) {
            self.add_line(number, secret, holds);
        }
    }

    /// Takes a key out.
    pub(super) fn remove(&mut self, place: i64) {
        let Some(number) = self.number_at(place) else { return };
        self.remove_lines(number);
        let entry = &mut self.entries[number as usize];
        entry.is_there = false;
        self.free_entries.push(number);
        if let Ok(place) = usize::try_from(place) {
            self.by_place[place] = NONE;
        }
    }

    /// Makes room for keys that will be put.
    pub(super) fn reserve(&mut self, keys: i64) {
        let keys = usize::try_from(keys.min(PLACES.end)).unwrap_or(0);
        self.lines.reserve_exact(keys);
        self.entries.reserve_exact(keys);
        self.by_id.reserve(keys);
        self.by_place.reserve_exact(keys + 1);
    }

    fn number_at(&self, place: i64) -> Option<u32> {
        let number = *self.by_place.get(usize::try_from(place).ok()?)?;
        (number != NONE).then_some(number)
    }

    /// The number of the entry at `place`, replaced or new.
    fn settle_entry(&mut self, place: i64, entry: Entry) -> u32 {
        if let Some(number) = self.number_at(place) {
            self.remove_lines(number);
            self.entries[number as usize] = entry;
            return number;
        }
        let number = if let Some(free) = self.free_entries.pop() {
            self.entries[free as usize] = entry;
            free
        } else {
            self.entries.push(entry);
            u32::try_from(self.entries.len() - 1).unwrap_or(NONE)
        };
        let place = usize::try_from(place).unwrap_or(0);
        if self.by_place.len() <= place {
            self.by_place.resize(place + 1, NONE);
        }
        self.by_place[place] = number;
        number
    }

    fn add_line(&mut self, entry: u32, secret: &KeySecret, is_intact: bool) {
        let next = self.entries[entry as usize].first_line;
        let line = Line::new(secret, is_intact, entry, next);
        let number = if let Some(free) = self.free_lines.pop() {
            self.lines[free as usize] = line;
            free
        } else {
            self.lines.push(line);
            u32::try_from(self.lines.len() - 1).unwrap_or(NONE)
        };
        self.by_id.insert(secret.id, (number, entry));
        self.entries[entry as usize].first_line = number;
    }

    fn remove_lines(&mut self, entry: u32) {
        let mut number = std::mem::replace(&mut self.entries[entry as usize].first_line, NONE);
        while number != NONE {
            let line = &self.lines[number as usize];
            let (id, next) = (line.id, line.next);
            if self.by_id.get(&id).is_some_and(|(known, _)| *known == number) {
                self.by_id.remove(&id);
            }
            self.free_lines.push(number);
            number = next;
        }
    }

    /// The shared policy of a key; none for a key whose owner or project is not there, which nothing can accept.
    fn policy_of(&mut self, key: &Key) -> Option<Arc<Policy>> {
        let place = |slots: &[Slot], name: &Name| {
            slots.iter().position(|slot| slot.party.name == *name).and_then(|place| u32::try_from(place).ok())
        };
        let owner = place(&self.owners, &key.owner)?;
        let project = place(&self.projects, &key.project)?;
        let scopes_text = key.scopes.joined();
        let name = format!(
            "{}/{}/{owner}/{project}/{scopes_text}/{:?}/{:?}/{:?}",
            key.kind.code(),
            key.env.code(),
            key.networks.named(),
            key.origins.named(),
            key.limits
        );
        if let Some(policy) = self.policies.get(&name) {
            return Some(policy.clone());
        }
        // Policies that no key has any more go when they outnumber the keys.
        if self.policies.len() > 2 * self.entries.len() + 1_024 {
            self.policies.retain(|_, policy| Arc::strong_count(policy) > 1);
        }
        let policy = Arc::new(Policy {
            kind: key.kind,
            env: key.env,
            owner,
            project,
            scopes: key.scopes.clone(),
            scopes_text: scopes_text.into(),
            networks: key.networks.clone(),
            origins: key.origins.clone(),
            limits: key.limits,
        });
        self.policies.insert(name, policy.clone());
        Some(policy)
    }
}
