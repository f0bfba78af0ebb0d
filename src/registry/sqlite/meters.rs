//! Taking from several counters at once, in memory that others take from at the same time: all or nothing.

use std::sync::atomic::Ordering;

use super::counters::{Count, Counters, Slot};
use crate::domain::limit::{Account, Limits, Period, Quota, Spending, Window, nanos, spend};
use crate::domain::time::Instant;
use crate::registry::ledger::Clock;

/// At most a key's own, its owner's and its project's.
const MOST: usize = 3;
/// The bits of a word that count; above them is the window.
const COUNT_BITS: u32 = 48;
const COUNT: u64 = (1 << COUNT_BITS) - 1;
const _: () = assert!(Quota::MOST <= COUNT, "every quota can be counted");

/// Whose limits a request asks, with their counters.
#[derive(Debug)]
pub struct Meters<'a> {
    accounts: [Account; MOST],
    slots: [Where<'a>; MOST],
    length: usize,
    used_up: u64,
}

/// What is to be written down ahead of a quota, so that it holds even if the machine fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserve {
    /// Which of the meters.
    pub meter: usize,
    /// The day or month that it is of; by the time it is written another may have begun.
    pub window: Window,
    /// At least so much, since it is used already.
    pub used: u64,
    /// And so much more.
    pub more: u64,
}

/// Where the two limits of an account are counted, if not in the registry.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Where<'a> {
    pub(super) rate: Option<Slot<'a>>,
    pub(super) quota: Option<Slot<'a>>,
}

/// The state of one slot as it was looked at.
#[derive(Debug, Clone, Copy, Default)]
struct Look {
    /// How often something was given back by then; none while somebody is at it.
    returns: Option<u64>,
    arrival: u64,
    quota: u64,
}

impl<'a> Meters<'a> {
    /// None yet.
    #[must_use]
    pub fn new(counters: &Counters) -> Self {
        Self::begin(counters.used_up())
    }

    pub(super) fn begin(used_up: u64) -> Self {
        let none = Account { of: "", limits: Limits { rate: None, quota: None }, arrival: 0, used: 0 };
        Self { accounts: [none; MOST], slots: [Where::default(); MOST], length: 0, used_up }
    }

    /// Adds limits that are counted in this slot.
    pub fn add(&mut self, of: &'static str, limits: Limits, slot: Slot<'a>) {
        let both = Where { rate: Some(slot), quota: Some(slot) };
        self.put(Account { of, limits, arrival: 0, used: 0 }, both);
    }

    /// Adds an account. What stands on it and is not in a slot is known, and can be taken by nobody else meanwhile.
    pub(super) fn put(&mut self, account: Account, slot: Where<'a>) {
        // More than there is room for would be limits that nobody asks.
        self.accounts[self.length] = account;
        self.slots[self.length] = slot;
        self.length += 1;
    }

    /// What stands on each.
    pub(super) fn accounts(&self) -> &[Account] {
        &self.accounts[..self.length]
    }

    /// Looks at what stands on each at `now`.
    pub(super) fn look(&mut self, now: Instant) {
        // None only says that a counter is of a later window; then what was put stands.
        let _ = self.looked(now);
    }

    /// Takes `cost` from all or from none, as [`spend`] says; zero only asks. None when a counter is of a later window.
    /// `clock` says when it is by then: for what has to be given back when another was faster at one of them, and to tell
    /// what others took since `now` from what a clock that was set back left behind.
    pub fn take(&mut self, cost: u32, now: Instant, clock: &Clock<'_>) -> Option<Spending> {
        let start = self.accounts;
        loop {
            self.accounts = start;
            let before = self.looked(now)?;
            let spending = spend(&mut self.accounts[..self.length], cost, now);
            if spending.denial.is_some() {
                self.bring_back(&before, clock);
            }
            if spending.denial.is_some() || cost == 0 || self.commit(&before, (cost, now), clock) {
                return Some(spending);
            }
        }
    }

    fn looked(&mut self, now: Instant) -> Option<[Look; MOST]> {
        let mut looks = [Look::default(); MOST];
        let counted = self.accounts.iter_mut().zip(&self.slots).zip(&mut looks).take(self.length);
        for ((account, slot), look) in counted {
            if let (Some(rate), Some(slot)) = (account.limits.rate, slot.rate) {
                let ended = slot.word(Count::ReturnsEnded).load(Ordering::Acquire);
                let begun = slot.word(Count::ReturnsBegun).load(Ordering::Acquire);
                look.returns = (begun == ended).then_some(begun);
                look.arrival = slot.word(Count::Arrival).load(Ordering::Acquire);
                account.arrival = look.arrival.max(used_up_until(self.used_up, rate.tolerance(), now));
            }
            if let (Some(quota), Some(slot)) = (account.limits.quota, slot.quota) {
                look.quota = slot.word(count_of(quota.period())).load(Ordering::Acquire);
                account.used = used_in(look.quota, quota.period(), now)?;
            }
        }
        Some(looks)
    }

    /// Writes what `spend` made of the accounts, unless another was faster at any of them.
    fn commit(&self, before: &[Look; MOST], (cost, now): (u32, Instant), clock: &Clock<'_>) -> bool {
        // Owner and project first: they are contended, and what was taken from them would have to be given back.
        for place in (0..self.length).rev() {
            if !self.commit_one(place, before[place], cost, now) {
                for (done, look) in before.iter().enumerate().take(self.length).skip(place + 1) {
                    self.undo(done, *look, (cost, now), clock);
                }
                return false;
            }
        }
        true
    }

    fn commit_one(&self, place: usize, before: Look, cost: u32, now: Instant) -> bool {
        let (account, slot) = (&self.accounts[place], self.slots[place]);
        let swap = |slot: Slot<'_>, count: Count, old: u64, new: u64| {
            slot.word(count).compare_exchange(old, new, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        let quota = account.limits.quota.zip(slot.quota);
        let counted = quota.is_none_or(|(quota, slot)| {
            let new = packed(quota.period(), account.used, now).unwrap_or(before.quota);
            swap(slot, count_of(quota.period()), before.quota, new)
        });
        if !counted {
            return false;
        }
        let rate = account.limits.rate.and(slot.rate);
        let arrived = rate.is_none_or(|slot| swap(slot, Count::Arrival, before.arrival, account.arrival));
        if !arrived && let Some((quota, slot)) = quota {
            give_back(slot, quota.period(), u64::from(cost), now);
        }
        arrived
    }

    fn undo(&self, place: usize, before: Look, (cost, now): (u32, Instant), clock: &Clock<'_>) {
        let (account, slot) = (&self.accounts[place], self.slots[place]);
        if let (Some(_), Some(slot)) = (account.limits.rate, slot.rate) {
            give_back_time(slot, before, account.arrival, clock);
        }
        if let (Some(quota), Some(slot)) = (account.limits.quota, slot.quota) {
            give_back(slot, quota.period(), u64::from(cost), now);
        }
    }

    /// An arrival that a clock set back has left behind is brought back for good, or it would refuse until then.
    fn bring_back(&self, before: &[Look; MOST], clock: &Clock<'_>) {
        for (place, look) in before.iter().enumerate().take(self.length) {
            let (Some(rate), Some(slot)) = (self.accounts[place].limits.rate, self.slots[place].rate) else {
                continue;
            };
            let trusted = rate.trusted(look.arrival, nanos(clock()));
            if trusted != look.arrival {
                let arrival = slot.word(Count::Arrival);
                // Another who was faster did the same.
                let _ = arrival.compare_exchange(look.arrival, trusted, Ordering::AcqRel, Ordering::Relaxed);
            }
        }
    }

    /// Whether any of them is a rate.
    #[must_use]
    pub fn has_rate(&self) -> bool {
        self.accounts().iter().any(|account| account.limits.rate.is_some())
    }

    /// The quotas of which more is used than is written down (`true`), or nearly as much.
    pub fn reserves(&self, now: Instant) -> impl Iterator<Item = (bool, Reserve)> + use<'_, 'a> {
        (0..self.length).filter_map(move |meter| {
            let (account, slot) = (&self.accounts[meter], self.slots[meter].quota?);
            let quota = account.limits.quota?;
            let more = (quota.count() / 16).clamp(1, 1_000);
            let word = slot.word(secured_of(quota.period())).load(Ordering::Acquire);
            let secured = used_in(word, quota.period(), now)?;
            let is_urgent = account.used > secured;
            let is_near = secured < quota.count() && secured - account.used.min(secured) < more / 4;
            (is_urgent || is_near).then_some((
                is_urgent,
                Reserve { meter, window: quota.period().window(now), used: account.used, more },
            ))
        })
    }
}

/// When a rate that counts as used up until `used_up` would have its next arrival. A clock set back behind it voids it.
pub(super) fn used_up_until(used_up: u64, tolerance: u64, now: Instant) -> u64 {
    if used_up == 0 || used_up > nanos(now) + Counters::AHEAD { 0 } else { used_up + tolerance }
}

/// Notes that so much of a quota is written down.
pub(super) fn note_secured(slot: Slot<'_>, period: Period, used: u64, now: Instant) {
    if let Some(word) = packed(period, used, now) {
        slot.word(secured_of(period)).fetch_max(word, Ordering::AcqRel);
    }
}

/// Puts what the registry says was used of a quota in the window that now is.
pub(super) fn put_used(slot: Slot<'_>, period: Period, used: u64, now: Instant) {
    if let Some(word) = packed(period, used, now) {
        slot.word(count_of(period)).fetch_max(word, Ordering::AcqRel);
        note_secured(slot, period, used, now);
    }
}

/// What was used in the window that now is, and none when the counter is of a later one.
pub(super) fn used_of(slot: Slot<'_>, period: Period, now: Instant) -> Option<u64> {
    used_in(slot.word(count_of(period)).load(Ordering::Acquire), period, now)
}

/// Gives back what led from the arrival looked at to `taken`. Others who took since may have come when that was over
/// already, and then it is part of nothing any more: given back, it would let one pass too many. Had it never been
/// taken, the arrival would be no later than what they took behind the one before or behind the instant that now is.
/// When others took and there is no clock, and when others gave back, all of it stays taken.
fn give_back_time(slot: Slot<'_>, look: Look, taken: u64, clock: &Clock<'_>) {
    let less = |arrival: u64| {
        if arrival == taken {
            return Some(look.arrival);
        }
        let others = arrival.checked_sub(taken)?;
        let without = look.arrival.max(nanos(clock())) + others;
        (without < arrival).then_some(without)
    };
    let begun = slot.word(Count::ReturnsBegun).fetch_add(1, Ordering::AcqRel);
    // What others gave back meanwhile lies below what they took: nobody can tell the two apart any more.
    if look.returns == Some(begun) {
        // Nothing is given back when nothing can be.
        let _ = slot.word(Count::Arrival).fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
    }
    slot.word(Count::ReturnsEnded).fetch_add(1, Ordering::AcqRel);
}

fn give_back(slot: Slot<'_>, period: Period, cost: u64, now: Instant) {
    let less = |word| {
        let used = used_in(word, period, now)?;
        packed(period, used.saturating_sub(cost), now).filter(|_| used > 0)
    };
    // Nothing to give back to when the window is over.
    let _ = slot.word(count_of(period)).fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
}

fn count_of(period: Period) -> Count {
    match period {
        Period::Day => Count::Day,
        Period::Month => Count::Month,
    }
}

fn secured_of(period: Period) -> Count {
    match period {
        Period::Day => Count::DaySecured,
        Period::Month => Count::MonthSecured,
    }
}

fn packed(period: Period, used: u64, now: Instant) -> Option<u64> {
    let window = u64::from(u16::try_from(period.number(now)).ok()?);
    Some(window << COUNT_BITS | used.min(COUNT))
}

fn used_in(word: u64, period: Period, now: Instant) -> Option<u64> {
    let window = packed(period, 0, now)? >> COUNT_BITS;
    match (word >> COUNT_BITS).cmp(&window) {
        std::cmp::Ordering::Less => Some(0),
        std::cmp::Ordering::Equal => Some(word & COUNT),
        std::cmp::Ordering::Greater => None,
    }
}

// With counters in memory, which there are on Linux only.
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
