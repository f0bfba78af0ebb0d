//! What a server counted, in one piece: how it is written, and what several pieces say together.
//!
//! Once summed, keys are in the order of their places, so that what is folded together lies together in the tables.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::secret::SecretId;
use crate::domain::usage::{Counted, Used};
use crate::registry::RegistryError;
use crate::registry::sqlite::{Result, damaged};

/// What an hour's pieces say together is divided into so many shares, each of which fits into little memory.
pub(super) const SHARES: i64 = 64;
/// So many places behind each other belong to the same share, and lie together in the tables: of few keys too there are
/// several shares.
const PLACES_OF_SHARE: u64 = 256;
/// How a body begins. Before places were told there was no such byte, and a body began with its hour, which is larger since 1970.
const WITH_PLACES: u8 = 0;

/// The twelve characters of an id.
pub(super) type Id = [u8; 12];

/// A key, or the key of a secret: where it is, and the id that tells it, or the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Whose {
    /// Zero where that is not known; there is no such place.
    pub(super) place: u64,
    pub(super) id: Id,
}

impl Whose {
    pub(super) fn counted(counted: &Counted) -> Result<Self> {
        Ok(Self { place: counted.place.unwrap_or(0), id: id_of(counted.key.bare())? })
    }

    pub(super) fn used(used: &Used) -> Self {
        Self { place: used.place.unwrap_or(0), id: used.secret.bytes() }
    }

    fn share(&self) -> usize {
        let number = if self.place == 0 { u64::from(self.id[0]) } else { self.place / PLACES_OF_SHARE };
        usize::try_from(number % SHARES.unsigned_abs()).unwrap_or(0)
    }
}

/// A piece of what a server counted in a second of an hour, or a share of all its seconds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Batch {
    pub(super) hour: i64,
    pub(super) sorts: Vec<Sort>,
    /// Key, sort, requests.
    pub(super) counted: Vec<(Whose, u32, u64)>,
    pub(super) used: Vec<(Whose, LastUse)>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.counted.is_empty() && self.used.is_empty()
    }

    /// What was counted in an hour.
    pub(super) fn of(counted: &[Counted], used: &[Used], hour: i64) -> Result<Self> {
        let mut batch = Self { hour, ..Self::default() };
        let mut known = HashMap::new();
        // Most ask for the same as the one before, by the same text.
        let mut last: Option<(&Counted, u32)> = None;
        for one in counted {
            let is_same =
                |last: &Counted| last.decision == one.decision && Arc::ptr_eq(&last.scopes, &one.scopes);
            let same = last.filter(|(last, _)| is_same(last)).map(|(_, number)| number);
            let number = same.unwrap_or_else(|| {
                *known.entry((one.decision.code(), &*one.scopes)).or_insert_with(|| {
                    batch.sorts.push((one.decision.code().to_owned(), one.scopes.to_string()));
                    u32::try_from(batch.sorts.len() - 1).unwrap_or(u32::MAX)
                })
            });
            last = Some((one, number));
            batch.counted.push((Whose::counted(one)?, number, one.requests));
        }
        batch.used.extend(used.iter().map(|one| (Whose::used(one), (one.at.seconds(), one.ip))));
        Ok(batch)
    }
}

/// As it was written before places were told.
#[derive(Deserialize)]
struct WithoutPlaces {
    hour: i64,
    sorts: Vec<Sort>,
    counted: Vec<(Id, u32, u64)>,
    used: Vec<(Id, LastUse)>,
}

impl From<WithoutPlaces> for Batch {
    fn from(old: WithoutPlaces) -> Self {
        let whose = |id| Whose { place: 0, id };
        let counted = old.counted.into_iter().map(|(id, sort, requests)| (whose(id), sort, requests));
        let used = old.used.into_iter().map(|(id, last)| (whose(id), last));
        Self { hour: old.hour, sorts: old.sorts, counted: counted.collect(), used: used.collect() }
    }
}

/// Outcome and scopes.
pub(super) type Sort = (String, String);

/// Seconds since the epoch, and the address.
pub(super) type LastUse = (i64, Option<IpAddr>);

/// What a piece says, by share; each with the sorts that are in it.
pub(super) fn divided(batch: Batch) -> Result<Vec<Batch>> {
    let mut shares: Vec<Batch> =
        (0..SHARES).map(|_| Batch { hour: batch.hour, ..Batch::default() }).collect();
    let mut numbers: Vec<HashMap<u32, u32>> = vec![HashMap::new(); shares.len()];
    for (whose, sort, requests) in batch.counted {
        let place = whose.share();
        let share = &mut shares[place];
        let next = u32::try_from(share.sorts.len()).unwrap_or(u32::MAX);
        let number = *numbers[place].entry(sort).or_insert(next);
        if number == next {
            share.sorts.push(batch.sorts.get(sort as usize).ok_or_else(|| damaged("counted usage"))?.clone());
        }
        share.counted.push((whose, number, requests));
    }
    batch.used.into_iter().for_each(|row| shares[row.0.share()].used.push(row));
    Ok(shares)
}

/// What several batches of one share say together.
#[derive(Default)]
pub(super) struct Sums {
    sorts: BTreeMap<Sort, u32>,
    counted: Vec<(Whose, u32, u64)>,
    used: Vec<(Whose, LastUse)>,
}

impl Sums {
    pub(super) fn add(&mut self, batch: Batch) -> Result<()> {
        let mut numbers = Vec::with_capacity(batch.sorts.len());
        for sort in batch.sorts {
            let next = u32::try_from(self.sorts.len()).unwrap_or(u32::MAX);
            numbers.push(*self.sorts.entry(sort).or_insert(next));
        }
        for (key, sort, requests) in batch.counted {
            let sort = *numbers.get(sort as usize).ok_or_else(|| damaged("counted usage"))?;
            self.counted.push((key, sort, requests));
        }
        self.used.extend(batch.used);
        Ok(())
    }

    /// All of it in order, each row once.
    pub(super) fn batch(mut self, hour: i64) -> Batch {
        self.counted.sort_unstable_by_key(|(key, sort, _)| (*key, *sort));
        self.counted.dedup_by(|next, row| {
            let is_same = (next.0, next.1) == (row.0, row.1);
            row.2 = row.2.saturating_add(if is_same { next.2 } else { 0 });
            is_same
        });
        // Of two uses in the same second the one that was added later stays.
        self.used.sort_by_key(|(secret, last)| (*secret, last.0));
        self.used.dedup_by(|next, row| {
            let is_same = next.0 == row.0;
            if is_same {
                *row = *next;
            }
            is_same
        });
        let mut sorts = vec![Sort::default(); self.sorts.len()];
        self.sorts.into_iter().for_each(|(sort, number)| sorts[number as usize] = sort);
        Batch { hour, sorts, counted: self.counted, used: self.used }
    }
}

pub(super) fn read(body: &[u8]) -> Result<Batch> {
    let batch = match body.split_first() {
        Some((&WITH_PLACES, rest)) => postcard::from_bytes(rest),
        _ => postcard::from_bytes::<WithoutPlaces>(body).map(Into::into),
    };
    batch.map_err(|_| damaged("counted usage"))
}

pub(super) fn written(batch: &Batch) -> Result<Vec<u8>> {
    postcard::to_extend(batch, vec![WITH_PLACES]).map_err(|error| RegistryError::Storage(error.to_string()))
}

fn id_of(text: &str) -> Result<Id> {
    SecretId::parse(text).map(|id| id.bytes()).ok_or_else(|| damaged("an id"))
}

pub(super) fn text_of(id: &Id) -> Result<&str> {
    std::str::from_utf8(id).map_err(|_| damaged("counted usage"))
}
