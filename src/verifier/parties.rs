//! Owners and projects, found by name while keys are read and by number afterwards.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::crypto::RowKey;
use crate::crypto::rows::party_holds;
use crate::domain::name::Name;
use crate::domain::party::Party;

/// An owner or a project.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) party: Party,
    pub(super) is_intact: bool,
    /// Where its counters are; none when there is no room for them.
    pub(super) counters: OnceLock<Option<u64>>,
}

/// All owners, or all projects. Policies know them by number: they are added to and never moved.
#[derive(Debug, Default)]
pub(super) struct Parties {
    slots: Vec<Slot>,
    numbers: HashMap<Name, u32>,
}

impl Parties {
    pub(super) fn get(&self, number: u32) -> &Slot {
        &self.slots[number as usize]
    }

    pub(super) fn number_of(&self, name: &Name) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// Whether any of them limits anything.
    pub(super) fn have_limits(&self) -> bool {
        self.slots.iter().any(|slot| !slot.party.limits.is_none())
    }

    /// Puts them as they are now, all of them. One that is gone, which only an editor can do, lets nothing pass.
    pub(super) fn put(&mut self, row: &RowKey, parties: Vec<Party>) {
        self.slots.iter_mut().for_each(|slot| slot.is_intact = false);
        for party in parties {
            let is_intact = party_holds(row, &party);
            if let Some(number) = self.number_of(&party.name) {
                let slot = &mut self.slots[number as usize];
                (slot.party, slot.is_intact) = (party, is_intact);
            } else if let Ok(number) = u32::try_from(self.slots.len()) {
                self.numbers.insert(party.name.clone(), number);
                self.slots.push(Slot { party, is_intact, counters: OnceLock::new() });
            }
        }
    }
}
