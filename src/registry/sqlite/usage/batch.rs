//! What a server counted, in one piece: how it is written, and what several pieces say together.
//!
//! Once summed, keys are in the order of their places, so that what is folded together lies together in the tables.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::secret::SecretId;
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, hour_of};
use crate::registry::RegistryError;
use crate::registry::sqlite::{Result, damaged};

/// What an hour's pieces say together is divided into so many shares, each of which fits into little memory.
pub(super) const SHARES: i64 = 64;
/// So many places behind each other belong to the same share, and lie together in the tables: of few keys too there are
/// several shares.
const PLACES_OF_SHARE: u64 = 256;
/// How a body begins. It was 0 before each row told counts with the last use of them; before places were told there was no
/// such byte, and a body began with its hour, which is larger since 1970.
const WITH_LAST_USES: u8 = 1;
const WITH_PLACES: u8 = 0;

/// The twelve characters of an id.
pub(super) type Id = [u8; 12];

/// What was counted with a key, or with one of its secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Where the key is; zero where that is not known, which is no place.
    pub(super) place: u64,
    /// The secret's where its last use is told, which says the key too; else the key's.
    pub(super) id: Id,
    /// The number of the sort.
    pub(super) sort: u32,
    /// Zero tells a last use and nothing else.
    pub(super) requests: u64,
    pub(super) last: Option<LastUse>,
}

impl Row {
    /// What was counted of this sort.
    pub(super) fn new(counted: &Counted, sort: u32) -> Result<Self> {
        let id = counted.last.map_or_else(|| id_of(counted.key.bare()), |last| Ok(last.secret.bytes()))?;
        let last = counted.last.map(|last| (last.at.seconds(), last.ip));
        Ok(Self { place: counted.place.unwrap_or(0), id, sort, requests: counted.requests, last })
    }

    fn share(&self) -> usize {
        let number = if self.place == 0 { u64::from(self.id[0]) } else { self.place / PLACES_OF_SHARE };
        usize::try_from(number % SHARES.unsigned_abs()).unwrap_or(0)
    }

    /// Rows with the same are one.
    fn what(&self) -> (u64, Id, bool, u32) {
        (self.place, self.id, self.last.is_some(), self.sort)
    }
}

/// A piece of what a server counted in a second of an hour, or a share of all its seconds.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) hour: i64,
    pub(super) sorts: Vec<Sort>,
    pub(super) rows: Vec<Row>,
}

impl Batch {
    /// What was counted in an hour.
    pub(super) fn of(counted: &[Counted], hour: i64) -> Result<Self> {
        let mut batch = Self { hour, sorts: Vec::new(), rows: Vec::with_capacity(counted.len()) };
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
            batch.rows.push(Row::new(one, number)?);
        }
        Ok(batch)
    }
}

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Body {
    hour: i64,
    sorts: Vec<Sort>,
    /// The addresses of last uses, each once.
    ips: Vec<IpAddr>,
    rows: Vec<BodyRow>,
}

/// How far the place is from that of the row before, id, sort, requests; and of a last use how far its second is from the
/// one before, and the number of its address, or that there is none: small numbers take one byte.
type BodyRow = (i64, Id, u32, u64, i64, u32);
/// Instead of the number of an address.
const NO_LAST_USE: u32 = 0;
const NO_ADDRESS: u32 = 1;
/// Numbers of addresses begin here.
const FIRST_ADDRESS: u32 = 2;

impl From<&Batch> for Body {
    fn from(batch: &Batch) -> Self {
        let mut body = Self {
            hour: batch.hour,
            sorts: batch.sorts.clone(),
            ips: Vec::new(),
            rows: Vec::with_capacity(batch.rows.len()),
        };
        let mut numbers: HashMap<IpAddr, u32> = HashMap::new();
        let (mut place, mut at) = (0, batch.hour);
        for row in &batch.rows {
            let number = match row.last {
                None => NO_LAST_USE,
                Some((_, None)) => NO_ADDRESS,
                Some((_, Some(ip))) => *numbers.entry(ip).or_insert_with(|| {
                    body.ips.push(ip);
                    u32::try_from(body.ips.len() - 1).unwrap_or(u32::MAX).saturating_add(FIRST_ADDRESS)
                }),
            };
            let last = row.last.map_or(at, |(last, _)| last);
            let step = row.place.wrapping_sub(place).cast_signed();
            body.rows.push((step, row.id, row.sort, row.requests, last.wrapping_sub(at), number));
            (place, at) = (row.place, last);
        }
        body
    }
}

impl Body {
    /// None where the number of an address is not known.
    fn batch(self) -> Option<Batch> {
        let (mut place, mut at, mut rows) = (0_u64, self.hour, Vec::with_capacity(self.rows.len()));
        for (step, id, sort, requests, second, number) in self.rows {
            (place, at) = (place.wrapping_add_signed(step), at.wrapping_add(second));
            let last = match number {
                NO_LAST_USE => None,
                NO_ADDRESS => Some((at, None)),
                number => Some((at, Some(*self.ips.get((number - FIRST_ADDRESS) as usize)?))),
            };
            rows.push(Row { place, id, sort, requests, last });
        }
        Some(Batch { hour: self.hour, sorts: self.sorts, rows })
    }
}

/// As it was written before: keys with what was counted, and secrets with their last use, told by `W`.
#[derive(Deserialize)]
struct OldBody<W> {
    hour: i64,
    sorts: Vec<Sort>,
    counted: Vec<(W, u32, u64)>,
    used: Vec<(W, LastUse)>,
}

impl<W> OldBody<W> {
    /// With the place and the id of each.
    fn batch(self, whose: impl Fn(W) -> (u64, Id)) -> Batch {
        let counted = self.counted.into_iter().map(|(of, sort, requests)| (of, sort, requests, None));
        let used = self.used.into_iter().map(|(of, last)| (of, 0, 0, Some(last)));
        let row = |(of, sort, requests, last)| {
            let (place, id) = whose(of);
            Row { place, id, sort, requests, last }
        };
        Batch { hour: self.hour, sorts: self.sorts, rows: counted.chain(used).map(row).collect() }
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
    for row in batch.rows {
        let place = row.share();
        let share = &mut shares[place];
        if row.requests == 0 {
            share.rows.push(row);
            continue;
        }
        let next = u32::try_from(share.sorts.len()).unwrap_or(u32::MAX);
        let sort = *numbers[place].entry(row.sort).or_insert(next);
        if sort == next {
            share.sorts.push(sort_of(&batch.sorts, row.sort)?.clone());
        }
        share.rows.push(Row { sort, ..row });
    }
    Ok(shares)
}

/// The sort with this number.
pub(super) fn sort_of(sorts: &[Sort], number: u32) -> Result<&Sort> {
    sorts.get(number as usize).ok_or_else(|| damaged("counted usage"))
}

/// What several batches of one share say together.
#[derive(Default)]
pub(super) struct Sums {
    sorts: BTreeMap<Sort, u32>,
    rows: Vec<Row>,
}

impl Sums {
    pub(super) fn add(&mut self, batch: Batch) -> Result<()> {
        let mut numbers = Vec::with_capacity(batch.sorts.len());
        for sort in batch.sorts {
            let next = u32::try_from(self.sorts.len()).unwrap_or(u32::MAX);
            numbers.push(*self.sorts.entry(sort).or_insert(next));
        }
        for row in batch.rows {
            let sort = numbers.get(row.sort as usize).copied();
            // Where nothing is counted there may be no sort.
            let sort = sort.or((row.requests == 0).then_some(0)).ok_or_else(|| damaged("counted usage"))?;
            self.rows.push(Row { sort, ..row });
        }
        Ok(())
    }

    /// All of it in order, each row once.
    pub(super) fn batch(mut self, hour: i64) -> Batch {
        // Of two uses in the same second the one that was added later stays, so equal ones keep their order.
        self.rows.sort_by_key(Row::what);
        self.rows.dedup_by(|next, row| {
            let is_same = next.what() == row.what();
            if is_same {
                row.requests = row.requests.saturating_add(next.requests);
                if next.last.map(|last| last.0) >= row.last.map(|last| last.0) {
                    row.last = next.last;
                }
            }
            is_same
        });
        let mut sorts = vec![Sort::default(); self.sorts.len()];
        self.sorts.into_iter().for_each(|(sort, number)| sorts[number as usize] = sort);
        Batch { hour, sorts, rows: self.rows }
    }
}

pub(super) fn read(body: &[u8]) -> Result<Batch> {
    let batch = match body.split_first() {
        Some((&WITH_LAST_USES, rest)) => postcard::from_bytes(rest).ok().and_then(Body::batch),
        Some((&WITH_PLACES, rest)) => {
            postcard::from_bytes::<OldBody<(u64, Id)>>(rest).ok().map(|old| old.batch(|of| of))
        }
        _ => postcard::from_bytes::<OldBody<Id>>(body).ok().map(|old| old.batch(|id| (0, id))),
    };
    batch.filter(can_be).ok_or_else(|| damaged("counted usage"))
}

/// Whether its hour is one, and last uses are instants: else a use would be the last for ever.
fn can_be(batch: &Batch) -> bool {
    let is_instant = |seconds: i64| Instant::from_seconds(seconds).seconds() == seconds;
    let hour = Instant::from_seconds(batch.hour);
    hour_of(hour).seconds() == batch.hour
        && batch.rows.iter().filter_map(|row| row.last).all(|(at, _)| is_instant(at))
}

pub(super) fn written(batch: &Batch) -> Result<Vec<u8>> {
    let body = Body::from(batch);
    postcard::to_extend(&body, vec![WITH_LAST_USES])
        .map_err(|error| RegistryError::Storage(error.to_string()))
}

fn id_of(text: &str) -> Result<Id> {
    SecretId::parse(text).map(|id| id.bytes()).ok_or_else(|| damaged("an id"))
}

pub(super) fn text_of(id: &Id) -> Result<&str> {
    std::str::from_utf8(id).map_err(|_| damaged("counted usage"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The last second of the year 9999.
    const LAST: i64 = 253_402_300_799;

    prop_compose! {
        fn row()(
            place in any::<u64>(), id in any::<[u8; 12]>(), sort in 0..3_u32, requests in any::<u64>(),
            last in prop::option::of((0..=LAST, any::<Option<IpAddr>>())),
        ) -> Row {
            Row { place, id, sort, requests, last }
        }
    }

    proptest! {
        #[test]
        fn a_piece_is_read_as_it_was_written(hour in 0..LAST / 3_600, rows in prop::collection::vec(row(), 0..50)) {
            let sorts = ["", "a:b", "c:d"].map(|scopes| ("accepted".to_owned(), scopes.to_owned())).to_vec();
            let batch = Batch { hour: hour * 3_600, sorts, rows };
            let found = read(&written(&batch).unwrap()).unwrap();
            prop_assert_eq!((found.hour, found.sorts, found.rows), (batch.hour, batch.sorts, batch.rows));
        }

        #[test]
        fn what_was_altered_is_read_or_said_to_be_damaged(
            rows in prop::collection::vec(row(), 1..5), at in 0..40_usize, byte in any::<u8>(), length in 0..200_usize,
        ) {
            let sorts = vec![("accepted".to_owned(), "a:b".to_owned())];
            let mut body = written(&Batch { hour: 3_600, sorts, rows }).unwrap();
            body.truncate(length);
            if let Some(place) = body.get_mut(at) {
                *place = byte;
            }
            if let Ok(batch) = read(&body) {
                // Whatever it says, it can be summed and written again, or it is refused.
                let hour = batch.hour;
                for share in divided(batch).unwrap_or_default() {
                    let mut sums = Sums::default();
                    sums.add(share).unwrap();
                    prop_assert!(read(&written(&sums.batch(hour)).unwrap()).is_ok());
                }
            }
        }
    }

    #[test]
    fn what_no_server_counts_is_damaged() {
        let id = [b'x'; 12];
        let row = |at| Row { place: 1, id, sort: 0, requests: 1, last: Some((at, None)) };
        let sorts = vec![("accepted".to_owned(), String::new())];
        for (hour, at, is_readable) in [
            (3_600, 7, true),
            (0, LAST, true),
            (-3_600, 7, false),
            (3_601, 7, false),
            (3_600, -1, false),
            (3_600, LAST + 1, false),
            (i64::MAX, i64::MIN, false),
        ] {
            let body = written(&Batch { hour, sorts: sorts.clone(), rows: vec![row(at)] }).unwrap();
            assert_eq!(read(&body).is_ok(), is_readable, "{hour} {at}");
        }
    }

    #[test]
    fn one_request_with_its_last_use_takes_few_bytes() {
        let ip = "192.0.2.1".parse().ok();
        let row = |number| Row { place: number, id: [b'x'; 12], sort: 0, requests: 15, last: Some((7, ip)) };
        let sorts = vec![("accepted".to_owned(), "orders:read".to_owned())];
        let batch = Batch { hour: 0, sorts, rows: (1..=1_000).map(row).collect() };
        assert!(written(&batch).unwrap().len() < 17_100, "every second anew for each key that is used");
    }
}
