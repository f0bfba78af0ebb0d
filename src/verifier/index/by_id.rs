//! Where the line of each secret is, by the hash of its id: an open-addressing table with linear probing.
//!
//! A library's table keeps its marks apart from its entries, and so costs two waits for memory where this costs one, which
//! can be asked for ahead. Ids are random and drawn here, so nobody can make them collide.

use crate::registry::sqlite::{in_large_pages, prefetch};

/// The number of a line behind the half of its hash that says where it belongs.
type Slot = u64;

/// Nobody's. No line has this number.
const EMPTY: Slot = Slot::MAX;
/// A table has room for at least so many.
const SMALLEST: usize = 1_024;

/// The table.
#[derive(Debug)]
pub(super) struct ById {
    /// A power of two of them, at most half of them taken: a search then looks at one piece of memory, whether it finds or
    /// not.
    slots: Vec<Slot>,
    taken: usize,
}

impl Default for ById {
    fn default() -> Self {
        Self { slots: vec![EMPTY; SMALLEST], taken: 0 }
    }
}

impl ById {
    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        let wanted = ((self.taken + more) * 2).next_power_of_two();
        if wanted <= self.slots.len() {
            return;
        }
        let mut slots = Vec::with_capacity(wanted);
        in_large_pages(slots.spare_capacity_mut());
        slots.resize(wanted, EMPTY);
        let before = std::mem::replace(&mut self.slots, slots);
        for slot in before.into_iter().filter(|slot| *slot != EMPTY) {
            let place = self.probe(hash_in(slot), |other| other == EMPTY);
            self.slots[place] = slot;
        }
    }

    /// Has memory that [`Self::find`] will look at come nearer.
    pub(super) fn foresee(&self, hash: u32) {
        prefetch(&self.slots[self.home(hash)]);
    }

    /// The line of this hash that `is_it`.
    pub(super) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let slot = self.slots[self.place(hash, is_it)];
        (slot != EMPTY).then(|| number_in(slot))
    }

    /// Puts a line in the place of the one that `is_it`, or beside all others.
    pub(super) fn put(&mut self, hash: u32, number: u32, is_it: impl Fn(u32) -> bool) {
        self.reserve(1);
        let place = self.place(hash, is_it);
        self.taken += usize::from(self.slots[place] == EMPTY);
        self.slots[place] = u64::from(hash) << 32 | u64::from(number);
    }

    /// Takes out the line of this hash that `is_it`.
    pub(super) fn remove(&mut self, hash: u32, is_it: impl Fn(u32) -> bool) {
        let mut gap = self.place(hash, is_it);
        if self.slots[gap] == EMPTY {
            return;
        }
        self.taken -= 1;
        // What was put behind it because it was there moves up, so that no search ends too early (Knuth, TAOCP 6.4 R).
        let mut place = gap;
        loop {
            place = self.behind(place);
            let slot = self.slots[place];
            if slot == EMPTY {
                break;
            }
            if self.distance(self.home(hash_in(slot)), place) >= self.distance(gap, place) {
                self.slots[gap] = slot;
                gap = place;
            }
        }
        self.slots[gap] = EMPTY;
    }

    /// Where the line that `is_it` is, or the place that is free for it.
    fn place(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> usize {
        self.probe(hash, |slot| slot == EMPTY || hash_in(slot) == hash && is_it(number_in(slot)))
    }

    fn probe(&self, hash: u32, ends: impl Fn(Slot) -> bool) -> usize {
        let mut place = self.home(hash);
        while !ends(self.slots[place]) {
            place = self.behind(place);
        }
        place
    }

    /// Where the search for a hash begins: by its upper bits, since all of them together tell lines apart.
    fn home(&self, hash: u32) -> usize {
        let bits = self.slots.len().trailing_zeros();
        hash.unbounded_shr(32_u32.saturating_sub(bits)) as usize
    }

    fn behind(&self, place: usize) -> usize {
        (place + 1) & (self.slots.len() - 1)
    }

    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.slots.len() - 1)
    }
}

fn hash_in(slot: Slot) -> u32 {
    (slot >> 32) as u32
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half")]
fn number_in(slot: Slot) -> u32 {
    slot as u32
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_map_holds(
            steps in proptest::collection::vec((any::<bool>(), 0..40_u32), 0..400),
            spread in prop_oneof![Just(1_u32), Just(1 << 20), Just(1 << 27), Just(0x9E37_79B9)],
        ) {
            // Names with few hashes between them, near both ends of the table.
            let hash = |name: u32| (name / 3).wrapping_sub(5).wrapping_mul(spread);
            let (mut table, mut map) = (ById::default(), HashMap::new());
            let mut names = Vec::new();
            for (is_put, name) in steps {
                let is_it = |number: u32| names[number as usize] == name;
                if is_put {
                    let number = u32::try_from(names.len()).unwrap();
                    table.put(hash(name), number, is_it);
                    names.push(name);
                    map.insert(name, number);
                } else {
                    table.remove(hash(name), is_it);
                    map.remove(&name);
                }
                prop_assert_eq!(table.taken, map.len());
            }
            table.reserve(5_000);
            for name in 0..40 {
                let found = table.find(hash(name), |number| names[number as usize] == name);
                prop_assert_eq!(found, map.get(&name).copied(), "{}", name);
            }
        }
    }

    #[test]
    fn it_grows_before_it_is_full() {
        let mut table = ById::default();
        for number in 0..5_000_u32 {
            // All in one run at first, then all over the table.
            let hash = if number < 300 { number } else { number.wrapping_mul(0x9E37_79B9) };
            table.put(hash, number, |other| other == number);
            assert!(table.slots.len() >= table.taken * 2);
            assert_eq!(table.find(hash, |other| other == number), Some(number));
        }
        assert!((0..300).all(|number| table.find(number, |other| other == number) == Some(number)));
        assert_eq!((table.taken, table.find(u32::MAX, |_| true)), (5_000, None));
    }
}
