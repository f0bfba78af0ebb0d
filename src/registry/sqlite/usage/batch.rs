//! What a server counted, in one piece: how it is written, and what several pieces say together.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::domain::secret::SecretId;
use crate::registry::RegistryError;
use crate::registry::sqlite::{Result, damaged};

/// What an hour's pieces say together is divided into so many shares, each of which fits into little memory.
pub(super) const SHARES: i64 = 64;

/// The twelve characters of an id.
pub(super) type Id = [u8; 12];

/// What a server counted in a second of an hour, or a share of all its seconds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Batch {
    pub(super) hour: i64,
    pub(super) sorts: Vec<Sort>,
    /// Key, sort, requests.
    pub(super) counted: Vec<(Id, u32, u64)>,
    pub(super) used: Vec<(Id, LastUse)>,
}

/// Outcome and scopes.
pub(super) type Sort = (String, String);

/// Seconds since the epoch, and the address.
pub(super) type LastUse = (i64, Option<IpAddr>);

/// What a piece says, by share.
pub(super) fn divided(batch: Batch) -> Vec<Batch> {
    let empty = |_| Batch { hour: batch.hour, sorts: batch.sorts.clone(), ..Batch::default() };
    let mut shares: Vec<Batch> = (0..SHARES).map(empty).collect();
    let place = |id: &Id| usize::try_from(share_of(id)).unwrap_or(0);
    batch.counted.into_iter().for_each(|row| shares[place(&row.0)].counted.push(row));
    batch.used.into_iter().for_each(|row| shares[place(&row.0)].used.push(row));
    shares
}

/// What several batches of one share say together.
#[derive(Default)]
pub(super) struct Sums {
    sorts: BTreeMap<Sort, u32>,
    pub(super) counted: BTreeMap<(Id, u32), u64>,
    pub(super) used: BTreeMap<Id, LastUse>,
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
            let count = self.counted.entry((key, sort)).or_default();
            *count = count.saturating_add(requests);
        }
        for (secret, last) in batch.used {
            let known = self.used.entry(secret).or_insert(last);
            if known.0 <= last.0 {
                *known = last;
            }
        }
        Ok(())
    }

    pub(super) fn batch(self, hour: i64) -> Batch {
        let mut sorts = vec![Sort::default(); self.sorts.len()];
        self.sorts.into_iter().for_each(|(sort, number)| sorts[number as usize] = sort);
        let counted = self.counted.into_iter().map(|((key, sort), requests)| (key, sort, requests));
        Batch { hour, sorts, counted: counted.collect(), used: self.used.into_iter().collect() }
    }
}

pub(super) fn read(body: &[u8]) -> Result<Batch> {
    postcard::from_bytes(body).map_err(|_| damaged("counted usage"))
}

pub(super) fn written(batch: &Batch) -> Result<Vec<u8>> {
    postcard::to_allocvec(batch).map_err(|error| RegistryError::Storage(error.to_string()))
}

pub(super) fn id_of(text: &str) -> Result<Id> {
    SecretId::parse(text).map(|id| id.bytes()).ok_or_else(|| damaged("an id"))
}

pub(super) fn text_of(id: &Id) -> Result<&str> {
    std::str::from_utf8(id).map_err(|_| damaged("counted usage"))
}

pub(super) fn share_of(id: &Id) -> i64 {
    i64::from(id[0]) % SHARES
}
