//! The pieces of the file, each mapped when it is first needed.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};

use super::place::reserve;
use super::{Counters, HEADER_BYTES, PIECE_SLOTS, SLOT_BYTES, SLOT_WORDS, Slot};
use crate::domain::limit::Subject;
use crate::registry::sqlite::Result;
use crate::registry::sqlite::counting::failed;

/// Where in the header it stands what becomes of each piece.
const FATES: usize = 64;
/// So many of them are in a word, in two bits each.
const FATES_IN_WORD: u64 = 32;
/// It is counted in this piece.
const USED: u64 = 1;
/// There was no room for it: what would be in it is counted in the registry.
const REFUSED: u64 = 2;

impl Counters {
    /// The slot of any subject; a key's is found by its place. None where it is counted in the registry.
    ///
    /// # Errors
    /// When others count in a piece that cannot be mapped here: what is used is not known then.
    pub(in crate::registry::sqlite) fn of(
        &self,
        subject: &Subject,
        place: Option<u64>,
    ) -> Result<Option<Slot<'_>>> {
        let (slot, number) = match (subject, place) {
            (Subject::Key(id), Some(place)) => (self.of_key(place, id), 1 + place / PIECE_SLOTS),
            (Subject::Key(_), None) => return Ok(None),
            _ => (self.place_of_party(subject).and_then(|place| self.of_party(place)), 0),
        };
        let is_mapped = self.piece(number).and_then(OnceLock::get).is_some_and(Option::is_some);
        if slot.is_none() && !is_mapped && self.is_used(number) {
            return Err(failed(&io::Error::other("a part of them cannot be mapped into memory")));
        }
        Ok(slot)
    }

    /// The slot at that place of a piece.
    pub(super) fn slot(&self, number: u64, slot: u64) -> Option<Slot<'_>> {
        let map = self.piece(number)?.get_or_init(|| self.map_piece(number)).as_ref()?;
        let first = usize::try_from(slot).ok()? * SLOT_WORDS;
        let (slots, _) = words(map).get(first..first + SLOT_WORDS)?.as_chunks::<SLOT_WORDS>();
        slots.first().map(Slot)
    }

    /// The first is that of owners and projects.
    fn piece(&self, number: u64) -> Option<&OnceLock<Option<MmapRaw>>> {
        match number.checked_sub(1) {
            None => Some(&self.parties),
            Some(place) => self.keys.get(usize::try_from(place).ok()?),
        }
    }

    /// A piece of the file with its room on the disk: a page without room would end the process when it is written.
    fn map_piece(&self, number: u64) -> Option<MmapRaw> {
        let length = PIECE_SLOTS * SLOT_BYTES;
        let offset = HEADER_BYTES + number * length;
        if !self.has_become_used(number, || reserve(&self.file, offset, length)) {
            return None;
        }
        MmapOptions::new().offset(offset).len(usize::try_from(length).ok()?).map_raw(&self.file).ok()
    }

    /// Whether it is counted in this piece. Who needs it first decides that for all, and for as long as these counters
    /// are in use: were there room later, it would begin at zero, and what the registry says was used could be used again.
    fn has_become_used(&self, number: u64, has_room: impl FnOnce() -> bool) -> bool {
        let Some((word, shift)) = self.fate(number) else { return false };
        if word.load(Ordering::Acquire) >> shift & (USED | REFUSED) == 0 {
            let fate = if has_room() { USED } else { REFUSED };
            let decide = |word| (word >> shift & (USED | REFUSED) == 0).then_some(word | fate << shift);
            // Somebody else may have been faster.
            let _ = word.fetch_update(Ordering::AcqRel, Ordering::Acquire, decide);
        }
        self.is_used(number)
    }

    fn is_used(&self, number: u64) -> bool {
        self.fate(number).is_some_and(|(word, shift)| word.load(Ordering::Acquire) >> shift & USED != 0)
    }

    fn fate(&self, number: u64) -> Option<(&AtomicU64, u64)> {
        let word = usize::try_from(number / FATES_IN_WORD).ok()?;
        Some((words(&self.header).get(FATES + word)?, number % FATES_IN_WORD * 2))
    }
}

/// A mapping as the words that it is.
pub(super) fn words(map: &MmapRaw) -> &[AtomicU64] {
    #[expect(clippy::cast_ptr_alignment, reason = "mappings of this file begin at multiples of 4096 bytes")]
    let words = map.as_mut_ptr().cast::<AtomicU64>();
    #[expect(
        unsafe_code,
        reason = "the mapping is `len` bytes long, aligned, writable, and lives as long as `map`; other processes write \
                  it, and everybody does so atomically"
    )]
    unsafe {
        std::slice::from_raw_parts(words, map.len() / 8)
    }
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::limit::Limits;
    use crate::domain::samples;
    use crate::domain::samples::NOW;
    use crate::domain::time::Instant;
    use crate::registry::ledger::Ledger as _;
    use crate::registry::sqlite::SqliteRegistry;
    use crate::registry::sqlite::tests::created;
    use crate::registry::sqlite::tests::limits::{limited, request};
    use crate::registry::{Change, Registry as _};

    /// A registry with a key of five requests a day, and counters of it in which nothing was counted yet.
    fn counted() -> (tempfile::TempDir, SqliteRegistry, Counters, impl Fn(&mut SqliteRegistry) -> bool) {
        let (folder, path) = created();
        let mut registry = SqliteRegistry::open(&path).unwrap();
        let key = samples::key("limited");
        registry.apply(&Change { insert: std::slice::from_ref(&key), ..Change::default() }).unwrap();
        let now = Instant::from_seconds(NOW);
        let counters = registry.counters(now).unwrap().unwrap();
        let limits: Limits = limited(None, Some("5/day"));
        let asks = move |registry: &mut SqliteRegistry| {
            registry.record(&request(&key, limits), &|| now).unwrap().denial.is_none()
        };
        (folder, registry, counters, asks)
    }

    #[test]
    fn where_there_was_no_room_for_counters_they_do_not_begin_at_zero_when_there_is() {
        let (_folder, mut registry, counters, asks) = counted();
        assert!(!counters.has_become_used(1, || false));
        assert_eq!((0..7).filter(|_| asks(&mut registry)).count(), 5, "counted in the registry");
        assert!(!counters.has_become_used(1, || true));
        let others = registry.attached().unwrap().unwrap();
        assert!(others.slot(1, 1).is_none());
        assert!(!asks(&mut registry));
        assert!(others.slot(0, 1).is_some(), "that of owners and projects is another piece");
    }

    #[test]
    fn what_others_count_where_it_cannot_be_seen_is_not_known_and_not_zero() {
        let (_folder, registry, counters, _) = counted();
        let of = Subject::Key(samples::key("limited").id);
        assert!(registry.attached().unwrap().unwrap().of(&of, Some(1)).unwrap().is_some());
        assert!(counters.keys[0].set(None).is_ok(), "not mapped yet");
        assert!(counters.of(&of, Some(1)).is_err());
        assert!(counters.of(&of, Some(70_000)).unwrap().is_some());
    }
}
