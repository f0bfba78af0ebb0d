//! Counters of limits that all processes on one registry share while it is verified against: a file beside it that they
//! map into memory.
//!
//! A request then costs a few atomic operations and no write, and all processes together admit exactly what one would.
//! The memory outlives a process that is killed, and not the machine: what must survive that is written into the
//! registry ahead of time, see [`super::counting`]. The file names the run of the machine and the registry's file, and is
//! worth nothing under another.

mod pieces;
mod place;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use super::prefetch::prefetch;
use crate::domain::key::KeyId;
use crate::domain::limit::{Subject, nanos};
use crate::domain::time::Instant;

use pieces::words;
pub(super) use place::boot;
use place::{Expected, beside, check_private, is_at, private, reserve};

/// What the header begins with: the name of this layout.
const LAYOUT: u64 = u64::from_be_bytes(*b"apikcnt2");
const HEADER_BYTES: u64 = 4_096;
const SLOT_WORDS: usize = 8;
const SLOT_BYTES: u64 = 64;
/// Slots that are mapped at a time.
const PIECE_SLOTS: u64 = 65_536;
/// 67 million keys.
const PIECES: usize = 1_024;
/// How far an owner or project is looked for from where its hash says.
const PROBES: u64 = 64;

/// The words of the header.
#[derive(Clone, Copy)]
enum Word {
    Layout,
    Boot,
    Device,
    File,
    UsedUp,
    Secured,
}

/// The words of a slot.
#[derive(Clone, Copy)]
pub(super) enum Count {
    /// Whose it is.
    Tag,
    /// The arrival time of the rate.
    Arrival,
    /// What was used of a quota by day, under its window.
    Day,
    /// What was used of a quota by month, under its window.
    Month,
    /// So much of the day's is written down already.
    DaySecured,
    /// So much of the month's is written down already.
    MonthSecured,
    /// How often somebody has begun to give back what was taken of the rate.
    ReturnsBegun,
    /// How often that has ended.
    ReturnsEnded,
}

/// The mapped file.
#[derive(Debug)]
pub struct Counters {
    file: File,
    path: PathBuf,
    header: memmap2::MmapRaw,
    parties: OnceLock<Option<memmap2::MmapRaw>>,
    keys: Box<[OnceLock<Option<memmap2::MmapRaw>>]>,
}

/// The counters of one key, owner or project.
#[derive(Debug, Clone, Copy)]
pub struct Slot<'a>(&'a [AtomicU64; SLOT_WORDS]);

impl Slot<'_> {
    pub(super) fn word(&self, count: Count) -> &AtomicU64 {
        &self.0[count as usize]
    }
}

impl Counters {
    /// Maps the counters that are in use; none when there are none of this run of the machine and this registry.
    pub(super) fn attach(registry: &Path) -> io::Result<Option<Self>> {
        let Some(expected) = Expected::of(registry)? else { return Ok(None) };
        let path = beside(registry);
        let file = match private(OpenOptions::new().read(true).write(true)).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        check_private(&file, registry)?;
        if file.try_lock_shared().is_err() || !is_at(&file, &path) || file.metadata()?.len() < HEADER_BYTES {
            return Ok(None);
        }
        let counters = Self::map(file, path)?;
        Ok(expected.is_in(&counters).then_some(counters))
    }

    /// Makes them anew, all zero, not yet in use; none where that cannot be, or while others hold the file. Whoever
    /// calls this holds the registry's write lock.
    pub(super) fn make(registry: &Path) -> io::Result<Option<Self>> {
        if Expected::of(registry)?.is_none() {
            return Ok(None);
        }
        let path = beside(registry);
        let mut options = OpenOptions::new();
        let file = private(options.read(true).write(true).create(true).truncate(false)).open(&path)?;
        check_private(&file, registry)?;
        // A verifier that ended may have removed it since it was opened: nobody else would find these counters.
        if file.try_lock().is_err() || !is_at(&file, &path) {
            return Ok(None);
        }
        file.set_len(0)?;
        if !reserve(&file, 0, HEADER_BYTES) {
            return Ok(None);
        }
        Ok(Some(Self::map(file, path)?))
    }

    /// Whether whoever comes now would count in the same file.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        is_at(&self.file, &self.path)
    }

    fn map(file: File, path: PathBuf) -> io::Result<Self> {
        let length = usize::try_from(HEADER_BYTES).unwrap_or(usize::MAX);
        let header = memmap2::MmapOptions::new().len(length).map_raw(&file)?;
        let keys = std::iter::repeat_with(OnceLock::new).take(PIECES).collect();
        Ok(Self { file, path, header, parties: OnceLock::new(), keys })
    }

    /// Puts them into use, for others too.
    pub(super) fn publish(&self, registry: &Path, used_up: u64) -> io::Result<()> {
        self.header(Word::UsedUp).store(used_up, Ordering::Release);
        if let Some(expected) = Expected::of(registry)? {
            for (word, value) in expected.words() {
                self.header(word).store(value, Ordering::Release);
            }
        }
        self.header(Word::Layout).store(LAYOUT, Ordering::Release);
        // From here on others may attach; those who make wait for the registry's write lock, which the caller has.
        self.file.lock_shared()
    }

    /// Takes them out of use.
    pub(super) fn withdraw(&self) {
        self.header(Word::Layout).store(0, Ordering::Release);
    }

    /// Whether nobody else has them; from then on nobody gets them until they are dropped. When others count in another
    /// file by now, what these say is not what was used.
    pub(super) fn is_last(&self) -> bool {
        self.file.try_lock().is_ok() && self.is_in_place()
    }

    /// Removes the file, when all of it is written down.
    pub(super) fn remove(&self) -> io::Result<()> {
        // Somebody may have put another in its place, which others count in.
        if is_at(&self.file, &self.path) { std::fs::remove_file(&self.path) } else { Ok(()) }
    }

    /// All rates count as used up at this instant, in nanoseconds since the epoch.
    pub(super) fn used_up(&self) -> u64 {
        self.header(Word::UsedUp).load(Ordering::Acquire)
    }

    /// How far ahead use of rates is written down, in nanoseconds.
    pub const AHEAD: u64 = 10_000_000_000;

    /// For how long from `now` use of rates is written down ahead, in nanoseconds; none when it is not.
    #[must_use]
    pub fn secured_for(&self, now: Instant) -> Option<u64> {
        let until = self.header(Word::Secured).load(Ordering::Acquire);
        // A clock that was set back is not what was written down.
        until.checked_sub(nanos(now)).filter(|left| *left <= Self::AHEAD)
    }

    pub(super) fn note_secured(&self, now: Instant) {
        self.header(Word::Secured).store(nanos(now) + Self::AHEAD, Ordering::Release);
    }

    /// The slot of a key, by its place in the registry.
    #[must_use]
    pub fn of_key(&self, place: u64, id: &KeyId) -> Option<Slot<'_>> {
        let slot = self.slot(1 + place / PIECE_SLOTS, place % PIECE_SLOTS)?;
        let tag = tag_of_key(id);
        let word = slot.word(Count::Tag);
        // Nearly always it is there already, and to look costs less than to swap.
        if word.load(Ordering::Acquire) == tag {
            return Some(slot);
        }
        match word.compare_exchange(0, tag, Ordering::AcqRel, Ordering::Acquire) {
            Err(other) if other != tag => None,
            _ => Some(slot),
        }
    }

    /// Has the slot of a key come nearer, if it is mapped already.
    pub(crate) fn foresee(&self, place: u64) {
        let piece =
            usize::try_from(place / PIECE_SLOTS).ok().and_then(|piece| self.keys.get(piece)?.get()?.as_ref());
        let first = usize::try_from(place % PIECE_SLOTS).unwrap_or(0) * SLOT_WORDS;
        if let Some(word) = piece.and_then(|map| words(map).get(first)) {
            prefetch(word);
        }
    }

    /// Where the slot of an owner or a project is.
    #[must_use]
    pub fn place_of_party(&self, subject: &Subject) -> Option<u64> {
        let hash = Sha256::digest(subject.to_string().as_bytes());
        let word = |at: usize| hash[at..at + 8].iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        let (tag, first) = (word(0).max(1), word(8));
        (0..PROBES).map(|step| first.wrapping_add(step) % PIECE_SLOTS).find(|place| {
            self.of_party(*place).is_some_and(|slot| {
                match slot.word(Count::Tag).compare_exchange(0, tag, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => true,
                    Err(other) => other == tag,
                }
            })
        })
    }

    /// The slot at that place.
    #[must_use]
    pub fn of_party(&self, place: u64) -> Option<Slot<'_>> {
        self.slot(0, place)
    }

    fn header(&self, word: Word) -> &AtomicU64 {
        &words(&self.header)[word as usize]
    }
}

/// A key's own mark on its slot: FNV-1a of its id. Places are never used twice; this tells a slot of another file.
fn tag_of_key(id: &KeyId) -> u64 {
    let hash = id.bare().bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.max(1)
}
