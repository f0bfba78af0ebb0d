//! What requests did, counted in memory until it is written down.
//!
//! What most requests do (they are accepted, and ask with one secret for one thing) is counted in the line of the secret,
//! which is looked at anyway: see [`Line::count`]. All else is noted, one after the other, and summed by whoever has noted
//! too much. Either is done under a lock that hardly anybody else wants.

use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use super::locked;
use super::rows::{Counting, Line, UsesOf};
use crate::domain::decision::Decision;
use crate::domain::key::KeyId;
use crate::domain::secret::SecretId;
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, Used, hour_of};

/// Threads share these; more than there are processors in most servers that ask one registry.
const SHARDS: usize = 16;
/// As many requests are noted before the thread that noted the last sums them itself: what stays in its cache, and keeps
/// nobody waiting for long.
const MOST_NOTES: usize = 1_024;
/// As many different sets of scopes; most servers ask for a few.
const MOST_SCOPES: usize = 64;
/// So many sets of scopes can be counted in lines: the first that anybody asked for.
const SETS_OF_LINES: usize = 32;
/// So many sets are counted apart in an hour, and no longer ones: a program can make up as many as it likes.
const MOST_SETS: usize = 1_024;
const LONGEST_SET: usize = 1_024;
/// What all further ones are counted under; no scope reads like this.
const OTHERS: &str = "(others)";

/// One request with a matching secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note {
    pub(super) key: KeyId,
    /// The key's place in the registry.
    pub(super) place: u32,
    pub(super) secret: SecretId,
    pub(super) decision: Decision,
    pub(super) at: Instant,
    pub(super) ip: Option<IpAddr>,
}

/// Everything noted and not yet written.
#[derive(Debug, Default)]
pub(super) struct Tally {
    shards: [Shard; SHARDS],
    sets_of_lines: [OnceLock<Arc<str>>; SETS_OF_LINES],
    sums: Mutex<Sums>,
    sets: Mutex<Sets>,
}

/// The sets of scopes that are counted apart in one hour.
#[derive(Debug, Default)]
struct Sets {
    known: HashSet<Arc<str>>,
    hour: Option<Instant>,
}

impl Sets {
    fn known(&mut self, set: Box<str>, at: Instant) -> Arc<str> {
        let hour = Some(hour_of(at));
        if self.hour != hour {
            (self.known, self.hour) = (HashSet::new(), hour);
        }
        if let Some(known) = self.known.get(&*set) {
            return known.clone();
        }
        let set: Arc<str> = if self.known.len() < MOST_SETS { set.into() } else { OTHERS.into() };
        self.known.insert(set.clone());
        set
    }
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    noted: Vec<(Note, u16)>,
    scopes: Vec<Box<str>>,
    /// Where something is counted.
    lines: Vec<u32>,
}

/// Requests by what they have in common, and the last of them where they were accepted.
#[derive(Debug, Default)]
pub(super) struct Sums(HashMap<Common, (u64, Option<Used>)>);

#[derive(Debug, PartialEq, Eq)]
struct Common {
    key: KeyId,
    place: Option<u64>,
    decision: Decision,
    scopes: Arc<str>,
    /// With which they were accepted.
    secret: Option<SecretId>,
}

impl Hash for Common {
    /// The key alone: most ask for one thing and get one answer.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl Tally {
    /// Counts a request with the secret of a line, that asked for these scopes.
    pub(super) fn count(&self, number: u32, line: &Line, note: Note, scopes: &str) {
        if note.decision.is_accepted()
            && let Some(set) = self.set_of_lines(scopes)
        {
            match line.count(set, note.at, note.ip) {
                Counting::First => return locked(&self.shards[shard()].0).lines.push(number),
                Counting::More => return,
                Counting::Elsewhere => {}
            }
        }
        self.note(note, scopes);
    }

    /// The place of these scopes among those that are counted in lines, if there is one for them.
    fn set_of_lines(&self, scopes: &str) -> Option<u8> {
        if scopes.len() > LONGEST_SET {
            return None;
        }
        // Another thread may put others there first.
        let place = self.sets_of_lines.iter().position(|set| **set.get_or_init(|| scopes.into()) == *scopes);
        place.and_then(|place| u8::try_from(place).ok())
    }

    /// The lines in which something is counted since the last time.
    pub(super) fn take_lines(&self) -> Vec<u32> {
        self.shards.iter().flat_map(|shard| std::mem::take(&mut locked(&shard.0).lines)).collect()
    }

    /// What was counted in a line, as the ledger takes it.
    pub(super) fn row_of(&self, of: &UsesOf) -> Counted {
        let uses = of.uses;
        let set = self.sets_of_lines.get(usize::from(uses.set)).and_then(OnceLock::get);
        Counted {
            key: of.key,
            place: Some(u64::from(of.place)),
            decision: Decision::Accepted,
            scopes: set.map_or_else(|| OTHERS.into(), Arc::clone),
            requests: u64::from(uses.requests),
            last: Some(Used { secret: of.secret, at: uses.at(), ip: uses.ip() }),
        }
    }

    /// Notes a request that asked for these scopes.
    fn note(&self, note: Note, scopes: &str) {
        let scopes = if scopes.len() > LONGEST_SET { OTHERS } else { scopes };
        let mut notes = locked(&self.shards[shard()].0);
        let known = notes.scopes.iter().position(|known| **known == *scopes);
        let place = known.unwrap_or_else(|| {
            notes.scopes.push(scopes.into());
            notes.scopes.len() - 1
        });
        // At most MOST_SCOPES, so it fits.
        notes.noted.push((note, u16::try_from(place).unwrap_or(0)));
        if notes.noted.len() >= MOST_NOTES || notes.scopes.len() >= MOST_SCOPES {
            let full = notes.take_notes();
            drop(notes);
            locked(&self.sums).add(full, &self.sets);
        }
    }

    /// Sums what was noted and hands it over; what is noted from now on is for the next time.
    pub(super) fn take_sums(&self) -> Sums {
        let mut sums = std::mem::take(&mut *locked(&self.sums));
        for shard in &self.shards {
            let notes = locked(&shard.0).take_notes();
            sums.add(notes, &self.sets);
        }
        sums
    }
}

impl Notes {
    /// All but the lines.
    fn take_notes(&mut self) -> (Vec<(Note, u16)>, Vec<Box<str>>) {
        let empty = Vec::with_capacity(self.noted.len());
        (std::mem::replace(&mut self.noted, empty), std::mem::take(&mut self.scopes))
    }
}

impl Sums {
    /// As the ledger takes it.
    pub(super) fn rows(self) -> Vec<Counted> {
        let row = |(common, (requests, last)): (Common, _)| Counted {
            key: common.key,
            place: common.place,
            decision: common.decision,
            scopes: common.scopes,
            requests,
            last,
        };
        self.0.into_iter().map(row).collect()
    }

    fn add(&mut self, (notes, scopes): (Vec<(Note, u16)>, Vec<Box<str>>), sets: &Mutex<Sets>) {
        let Some((newest, _)) = notes.last() else { return };
        let (mut sets, at) = (locked(sets), newest.at);
        let scopes: Vec<Arc<str>> = scopes.into_iter().map(|set| sets.known(set, at)).collect();
        drop(sets);
        for (note, place) in notes {
            let last = Used { secret: note.secret, at: note.at.whole_second(), ip: note.ip };
            self.count(Counted {
                key: note.key,
                place: Some(u64::from(note.place)),
                decision: note.decision,
                scopes: scopes[usize::from(place)].clone(),
                requests: 1,
                last: note.decision.is_accepted().then_some(last),
            });
        }
    }

    /// The later use of a secret counts.
    pub(super) fn count(&mut self, counted: Counted) {
        let Counted { key, place, decision, scopes, requests, last: used } = counted;
        let secret = used.map(|used| used.secret);
        let (all, last) = self.0.entry(Common { key, place, decision, scopes, secret }).or_default();
        *all += requests;
        if last.map(|last| last.at) <= used.map(|used| used.at) {
            *last = used;
        }
    }
}

/// This thread's.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
    }
    OWN.with(|own| *own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{self, NOW};

    #[test]
    fn made_up_scopes_are_counted_together_once_there_are_too_many() {
        let key = samples::key("ci");
        let at = Instant::from_seconds(NOW);
        let tally = Tally::default();
        let (secret, decision) = (key.secrets[0].id, Decision::Accepted);
        let note = |at| Note { key: key.id, place: 1, secret, decision, at, ip: None };
        for number in 0..5_000 {
            tally.note(note(at), &format!("made:up{number}"));
        }
        tally.note(note(at), &"x".repeat(100_000));
        let counted = |tally: &Tally| tally.take_sums().rows();
        let rows = counted(&tally);
        assert_eq!(rows.iter().map(|row| row.requests).sum::<u64>(), 5_001, "none is lost");
        let others = rows.iter().find(|row| &*row.scopes == OTHERS).unwrap();
        assert_eq!((rows.len(), others.requests), (MOST_SETS + 1, 5_001 - MOST_SETS as u64));
        tally.note(note(at), "late:one");
        assert_eq!(&*counted(&tally)[0].scopes, OTHERS, "still the same hour");
        tally.note(note(Instant::from_seconds(NOW + 3_600)), "late:one");
        assert_eq!(&*counted(&tally)[0].scopes, "late:one");
    }
}
