//! A rate for whoever presents no known secret, by address: in memory of one size, however many there are.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::limit::{Rate, nanos};
use crate::domain::time::Instant;

/// Half a megabyte. Two addresses that share one of these share a rate; which do, nobody can choose.
const BUCKETS: usize = 65_536;

/// How often strangers may ask.
#[derive(Debug, Clone)]
pub(crate) struct Strangers {
    rate: Rate,
    arrivals: Arc<[AtomicU64]>,
    hasher: RandomState,
}

impl Strangers {
    pub(crate) fn new(rate: Rate) -> Self {
        let arrivals = std::iter::repeat_with(AtomicU64::default).take(BUCKETS).collect();
        Self { rate, arrivals, hasher: RandomState::new() }
    }

    /// Who asked before, still known after the rate was changed.
    pub(super) fn inherit(&mut self, before: &Self) {
        (self.arrivals, self.hasher) = (before.arrivals.clone(), before.hasher.clone());
    }

    /// Counts one that asked; if it asks too often, says after how many seconds it may again. A stranger whose address
    /// is not known is one with all such.
    pub(super) fn refuses(&self, ip: Option<IpAddr>, now: Instant) -> Option<u64> {
        let hash = self.hasher.hash_one(ip.map(network_of));
        let bucket = self.arrivals.get(usize::try_from(hash % BUCKETS as u64).ok()?)?;
        let take = |arrival| self.rate.take(arrival, 1, now).ok();
        let refused = bucket.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).err()?;
        let trusted = self.rate.trusted(refused, nanos(now));
        if trusted != refused {
            // A clock that was set back; another who was faster did the same.
            let _ = bucket.compare_exchange(refused, trusted, Ordering::AcqRel, Ordering::Relaxed);
        }
        let wait = self.rate.take(trusted, 1, now).err().and_then(|wait| wait.0).unwrap_or(1);
        Some(wait.div_ceil(1_000_000_000))
    }
}

/// An address of IPv4, or the /64 that one customer has of IPv6.
fn network_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_network_has_its_own_rate_and_it_comes_back() {
        let strangers = Strangers::new(Rate::parse("2/1m", None).unwrap());
        let now = Instant::from_seconds(1_795_435_200);
        let asks = |text: &str, now| strangers.refuses(Some(text.parse().unwrap()), now);
        assert_eq!([asks("192.0.2.1", now), asks("::ffff:192.0.2.1", now)], [None, None]);
        assert_eq!(asks("192.0.2.1", now), Some(30));
        assert_eq!(asks("192.0.2.2", now), None);
        assert_eq!(asks("192.0.2.1", Instant::from_seconds(1_795_435_230)), None);
        assert_eq!([asks("2001:db8::1", now), asks("2001:db8::2", now)], [None, None]);
        assert_eq!(asks("2001:db8::3", now), Some(30), "one /64");
        assert_eq!(asks("2001:db8:0:1::1", now), None);
    }

    #[test]
    fn other_rules_forget_nobody_who_asked() {
        let before = Strangers::new(Rate::parse("2/1m", None).unwrap());
        let now = Instant::from_seconds(1_795_435_200);
        assert_eq!([0, 1].map(|_| before.refuses(None, now)), [None, None]);
        for (rate, wait) in [("2/1m", 30), ("1/1m", 60), ("60/1m", 1)] {
            let mut after = Strangers::new(Rate::parse(rate, None).unwrap());
            after.inherit(&before);
            assert_eq!(after.refuses(None, now), Some(wait), "{rate}");
        }
    }

    #[test]
    fn a_clock_set_back_does_not_lock_out() {
        let strangers = Strangers::new(Rate::parse("2/1m", None).unwrap());
        let later = Instant::from_seconds(1_895_435_200);
        let now = Instant::from_seconds(1_795_435_200);
        assert_eq!([0, 1].map(|_| strangers.refuses(None, later)), [None, None]);
        assert_eq!(strangers.refuses(None, now), Some(30));
        let soon = Instant::from_seconds(1_795_435_230);
        assert_eq!(strangers.refuses(None, soon), None);
    }
}
