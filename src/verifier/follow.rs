//! Reading the registry into the index, all of it once and what changed from then on.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::index::Index;
use super::rows::Judged;
use super::{Shared, VerifierError, locked};
use crate::crypto::RowKey;
use crate::domain::key::Key;
use crate::domain::party::PartyKind;
use crate::registry::RegistryError;
use crate::registry::sqlite::{Glance, Mark, PLACES, SqliteRegistry, Watch};

/// The connection that reads, and how far it has read.
#[derive(Debug)]
pub(super) struct Follower {
    registry: SqliteRegistry,
    mark: Mark,
    /// What the registry's counter of changes of its schema said.
    schema: i64,
}

impl Follower {
    /// Reads everything, on two threads: half of it is taking rows apart and judging seals.
    pub(super) fn begin(path: &Path, row: &RowKey) -> Result<(Self, Index, Watch), RegistryError> {
        let registry = SqliteRegistry::open(path)?;
        let watch = registry.watch()?;
        let schema = registry.schema_changes()?;
        registry.check_triggers()?;
        let mut index = Index::default();
        // Read before the rest: what changes meanwhile is read again.
        let mark = registry.mark()?;
        read_parties(&registry, row, &mut index)?;
        index.reserve(registry.keys()?);
        let pieces = Pieces::new(registry.places()?);
        let other = SqliteRegistry::open(path)?;
        let index = Mutex::new(index);
        std::thread::scope(|scope| {
            let (index, pieces) = (&index, &pieces);
            let reader = scope.spawn(move || read_into(index, &other, pieces, row));
            read_into(index, &registry, pieces, row)?;
            reader
                .join()
                .unwrap_or_else(|_| Err(RegistryError::Storage("reading the registry failed".into())))
        })?;
        let mut index = index.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut follower = Self { registry, mark, schema };
        let glance = watch.glance();
        follower.apply(&mut index, row)?;
        index.seen = glance;
        Ok((follower, index, watch))
    }

    /// Brings the index to what is committed by now.
    fn apply(&mut self, index: &mut Index, row: &RowKey) -> Result<(), RegistryError> {
        // A key and the owner it was just given belong to one state of the file.
        let _reading = self.registry.reading()?;
        self.registry.check_triggers()?;
        let schema = self.registry.schema_changes()?;
        // Without a trigger, be it for a moment, a change is not noted. Only what was read counts as seen.
        let changes = if self.schema == schema { self.registry.changes_since(&self.mark)? } else { None };
        let Some(changes) = changes else {
            let (anew, mark) = (read_anew(&self.registry, row)?, self.registry.mark()?);
            let before = std::mem::replace(index, anew);
            index.inherit(before);
            (self.mark, self.schema) = (mark, schema);
            return Ok(());
        };
        if changes.parties {
            read_parties(&self.registry, row, index)?;
        }
        for place in changes.places {
            let mut found: Option<Key> = None;
            self.registry.keys_at(place..place.saturating_add(1), &mut |_, key| found = Some(key))?;
            match found {
                Some(key) => index.put(place, &Judged::new(row, key)),
                None => index.remove(place),
            }
        }
        self.mark = changes.mark;
        Ok(())
    }
}

/// Everything, after a backup was restored: what is in memory is of a past that the file does not have.
fn read_anew(registry: &SqliteRegistry, row: &RowKey) -> Result<Index, RegistryError> {
    let mut index = Index::default();
    read_parties(registry, row, &mut index)?;
    registry.keys_at(registry.places()?, &mut |place, key| index.put(place, &Judged::new(row, key)))?;
    Ok(index)
}

fn read_parties(registry: &SqliteRegistry, row: &RowKey, index: &mut Index) -> Result<(), RegistryError> {
    let [owners, projects] = [PartyKind::Owner, PartyKind::Project].map(|kind| registry.all_parties(kind));
    index.put_parties(row, owners?, projects?);
    Ok(())
}

/// The places of a registry, piece by piece to whoever asks next.
struct Pieces {
    next: AtomicI64,
    end: i64,
}

impl Pieces {
    const SIZE: i64 = 1_000;

    fn new(places: Range<i64>) -> Self {
        Self { next: AtomicI64::new(places.start), end: places.end.min(PLACES.end) }
    }

    fn next(&self) -> Option<Range<i64>> {
        let start = self.next.fetch_add(Self::SIZE, Ordering::Relaxed);
        (start < self.end).then(|| start..self.end.min(start.saturating_add(Self::SIZE)))
    }
}

/// Puts what is at the pieces that are left. Memory is given back by the thread that asked for it: when another one did,
/// both waited for each other more than they worked.
fn read_into(
    index: &Mutex<Index>,
    registry: &SqliteRegistry,
    pieces: &Pieces,
    row: &RowKey,
) -> Result<(), RegistryError> {
    let mut read = Vec::new();
    while let Some(places) = pieces.next() {
        registry.keys_at(places, &mut |place, key| read.push((place, Judged::new(row, key))))?;
        let mut index = locked(index);
        for (place, key) in &read {
            index.put(*place, key);
        }
        drop(index);
        read.clear();
    }
    Ok(())
}

impl Shared {
    /// Reads what was committed since the last look; when it returns, everything that was committed before it was
    /// called is in the index. Others who ask meanwhile wait for the same reading.
    pub(super) fn catch_up(&self) -> Result<(), VerifierError> {
        let mut follower = locked(&self.follower);
        let glance = self.watch.glance();
        if self.read().seen == glance {
            return Ok(());
        }
        if !self.is_in_place() {
            return Err(VerifierError::Replaced);
        }
        let mut index = self.index.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        follower.apply(&mut index, &self.keys.row)?;
        index.seen = glance;
        Ok(())
    }

    /// Looks whether the counters of limits are still where others find them.
    pub(super) fn look_for_counters(&self) {
        let are_gone = self.counters.get().is_some_and(|counters| !counters.is_in_place());
        self.counters_are_gone.store(are_gone, Ordering::Relaxed);
    }

    /// Whether the registry is still the file that is followed. In one that was replaced nothing is committed any more,
    /// so from here on no request is answered from memory.
    pub(super) fn is_in_place(&self) -> bool {
        let is_in_place = self.watch.is_in_place();
        if !is_in_place {
            self.index.write().unwrap_or_else(std::sync::PoisonError::into_inner).seen = Glance::NONE;
        }
        is_in_place
    }
}
