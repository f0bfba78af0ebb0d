//! All keys in memory, as small as they go and as few pieces of memory for a request as can be: what the checks look at,
//! found by the id of a secret.
//!
//! A million keys take some 200 MB. What many keys share (owner, project, scopes, restrictions, limits) is kept once,
//! as a [`Policy`]. Seals are judged when a row is read, by [`crate::crypto::rows`], and again whenever it changes.

mod by_id;

use super::parties::{Parties, Slot};
use super::policies::Policies;
use super::rows::{Entry, Judged, Line, NONE, OfKey, Policy, Standing, UsesOf, hash_of};
use crate::crypto::RowKey;
use crate::domain::decision::Facts;
use crate::domain::digest::Digest;
use crate::domain::key::{Key, KeySecret};
use crate::domain::party::Party;
use crate::domain::secret::SecretId;
use crate::registry::sqlite::{Glance, PLACES, in_large_pages, prefetch};
use by_id::ById;

/// Everything.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The state of the file that this is.
    pub(super) seen: Glance,
    lines: Vec<Line>,
    free_lines: Vec<u32>,
    /// The line of each secret.
    by_id: ById,
    entries: Vec<Entry>,
    free_entries: Vec<u32>,
    /// The entry of each place of the registry, which counts up.
    by_place: Vec<u32>,
    owners: Parties,
    projects: Parties,
    policies: Policies,
    /// What was counted with secrets that are not there any more, or not as they were.
    left: Vec<UsesOf>,
}

impl Index {
    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.free_entries.len()
    }

    /// Whether anything is limited.
    pub(super) fn has_limits(&self) -> bool {
        self.policies.have_limits() || self.owners.have_limits() || self.projects.have_limits()
    }

    /// Has where [`Self::find`] will begin for this id come nearer: memory is slow, and there is work to do meanwhile.
    pub(super) fn foresee(&self, id: [u8; 12]) {
        self.by_id.foresee(hash_of(id));
    }

    /// Has the line of this id come nearer, or another if there is none.
    pub(super) fn foresee_line(&self, id: [u8; 12]) {
        let hash = hash_of(id);
        let number =
            self.by_id.find(hash, |_| true).map_or_else(|| self.some_line(hash), |line| line as usize);
        if let Some(line) = self.lines.get(number) {
            prefetch(line);
        }
    }

    /// The secret with this id and its digest.
    pub(super) fn find(&self, id: SecretId) -> Option<(u32, Digest)> {
        let hash = hash_of(id.bytes());
        let Some(number) = self.by_id.find(hash, |line| self.lines[line as usize].id == id) else {
            // As much memory is looked at as for an id that is known: how long it takes says nothing.
            let line = self.lines.get(self.some_line(hash));
            std::hint::black_box(line.map(|line| line.digest));
            if let Some(entry) = line.and_then(|line| self.entries.get(line.entry as usize)) {
                prefetch(entry);
            }
            return None;
        };
        let line = &self.lines[number as usize];
        prefetch(&self.entries[line.entry as usize]);
        Some((number, line.digest))
    }

    /// The line that is looked at in the place of one that is not there: any one.
    fn some_line(&self, hash: u32) -> usize {
        usize::try_from((u64::from(hash) * self.lines.len() as u64) >> 32).unwrap_or(0)
    }

    /// Where its counters would be, if any line had this id.
    pub(super) fn some_place(&self, id: SecretId) -> Option<u32> {
        self.lines.get(self.some_line(hash_of(id.bytes()))).map(|line| line.place)
    }

    pub(super) fn line(&self, line: u32) -> &Line {
        &self.lines[line as usize]
    }

    pub(super) fn entry(&self, line: &Line) -> &Entry {
        &self.entries[line.entry as usize]
    }

    pub(super) fn policy(&self, line: &Line) -> &Policy {
        self.policies.get(line.policy)
    }

    pub(super) fn owner_of(&self, policy: &Policy) -> &Slot {
        self.owners.get(policy.owner)
    }

    pub(super) fn project_of(&self, policy: &Policy) -> &Slot {
        self.projects.get(policy.project)
    }

    /// What the checks look at.
    pub(super) fn facts(&self, line: &Line) -> Facts<'_> {
        let policy = self.policy(line);
        let (owner, project) = (self.owner_of(policy), self.project_of(policy));
        Facts {
            is_intact: line.standing != Standing::Tampered && owner.is_intact && project.is_intact,
            is_revoked: line.standing == Standing::Revoked,
            is_disabled: line.standing == Standing::Disabled,
            ends: line.ends(),
            not_before: line.not_before(),
            is_owner_suspended: owner.party.suspended_at.is_some(),
            is_project_suspended: project.party.suspended_at.is_some(),
            env: policy.env,
            networks: &policy.networks,
            origins: &policy.origins,
            scopes: &policy.scopes,
        }
    }

    /// What was counted in these lines; from now on it is not.
    pub(super) fn take_uses(&self, lines: &[u32], visit: impl FnMut(UsesOf)) {
        let lines = lines.iter().filter_map(|line| self.lines.get(*line as usize));
        lines.filter_map(Line::take_uses).for_each(visit);
    }

    /// Whether anything was counted in lines that are gone.
    pub(super) fn has_left(&self) -> bool {
        !self.left.is_empty()
    }

    /// That.
    pub(super) fn take_left(&mut self) -> Vec<UsesOf> {
        std::mem::take(&mut self.left)
    }

    /// Keeps what was counted with all lines of an index that this one replaces.
    pub(super) fn inherit(&mut self, mut before: Self) {
        self.left.append(&mut before.left);
        self.left.extend(before.lines.iter().filter_map(Line::take_uses));
    }

    /// Puts owners and projects as they are now.
    pub(super) fn put_parties(&mut self, row: &RowKey, owners: Vec<Party>, projects: Vec<Party>) {
        self.owners.put(row, owners);
        self.projects.put(row, projects);
    }

    /// Puts a key as it is now.
    pub(super) fn put(&mut self, place: i64, sealed: &Judged) {
        let Judged { key, key_holds, secrets_hold } = sealed;
        let is_known = PLACES.contains(&place);
        let Some(policy) = self.policy_of(key).filter(|_| is_known) else {
            // Wherever they were: a row that was moved is not known by what it was before.
            key.secrets.iter().for_each(|secret| self.forget(secret.id));
            return self.remove(place);
        };
        let entry = self.settle_entry(place, Entry { name: key.name.as_str().into(), first_line: NONE });
        let of = OfKey { place: u32::try_from(place).unwrap_or(NONE), policy, entry };
        for (secret, holds) in key.secrets.iter().zip(secrets_hold) {
            self.add_line(key, secret, *key_holds && *holds, &of);
        }
    }

    /// Takes a key out.
    pub(super) fn remove(&mut self, place: i64) {
        let Some(number) = self.number_at(place) else { return };
        self.remove_lines(number);
        self.free_entries.push(number);
        if let Ok(place) = usize::try_from(place) {
            self.by_place[place] = NONE;
        }
    }

    /// Makes room for keys that will be put.
    pub(super) fn reserve(&mut self, keys: usize) {
        self.lines.reserve_exact(keys);
        in_large_pages(self.lines.spare_capacity_mut());
        self.entries.reserve_exact(keys);
        in_large_pages(self.entries.spare_capacity_mut());
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
        let number = put_into(&mut self.entries, &mut self.free_entries, entry);
        let place = usize::try_from(place).unwrap_or(0);
        if self.by_place.len() <= place {
            self.by_place.resize(place + 1, NONE);
        }
        self.by_place[place] = number;
        number
    }

    fn add_line(&mut self, key: &Key, secret: &KeySecret, is_intact: bool, of: &OfKey) {
        let next = self.entries[of.entry as usize].first_line;
        let line = Line::new(key, secret, is_intact, of, next);
        let number = put_into(&mut self.lines, &mut self.free_lines, line);
        let (lines, hash) = (&self.lines, hash_of(secret.id.bytes()));
        let is_it = |line: u32| lines[line as usize].id == secret.id;
        // Another key was given the same id by an editor: in whichever order they are read, the later one is found.
        let known = self.by_id.find(hash, is_it);
        if known.is_none_or(|known| lines[known as usize].place <= of.place) {
            self.by_id.put(hash, number, is_it);
        }
        self.entries[of.entry as usize].first_line = number;
    }

    /// Has no secret found by this id.
    fn forget(&mut self, id: SecretId) {
        let lines = &self.lines;
        self.by_id.remove(hash_of(id.bytes()), |line| lines[line as usize].id == id);
    }

    fn remove_lines(&mut self, entry: u32) {
        let mut number = std::mem::replace(&mut self.entries[entry as usize].first_line, NONE);
        while number != NONE {
            let line = &self.lines[number as usize];
            // Another key may have been given the same id by an editor.
            self.by_id.remove(hash_of(line.id.bytes()), |known| known == number);
            self.left.extend(line.take_uses());
            self.free_lines.push(number);
            number = line.next;
        }
    }

    /// The shared policy of a key; none for a key whose owner or project is not there, which nothing can accept.
    fn policy_of(&mut self, key: &Key) -> Option<u32> {
        let parties = (self.owners.number_of(&key.owner)?, self.projects.number_of(&key.project)?);
        // Policies that no key has any more go when they outnumber the keys.
        if self.policies.is_to_be_cleared(2 * self.entries.len() + 1_024) {
            let mut is_used = vec![false; self.policies.len()];
            for entry in &self.entries {
                let mut number = entry.first_line;
                while number != NONE {
                    let line = &self.lines[number as usize];
                    is_used[line.policy as usize] = true;
                    number = line.next;
                }
            }
            self.policies.clear(&is_used);
        }
        Some(self.policies.number_of(key, parties))
    }
}

/// Puts one where nothing is any more, or at the end; says where.
pub(super) fn put_into<T>(all: &mut Vec<T>, free: &mut Vec<u32>, one: T) -> u32 {
    if let Some(number) = free.pop() {
        all[number as usize] = one;
        return number;
    }
    all.push(one);
    u32::try_from(all.len() - 1).unwrap_or(NONE)
}
