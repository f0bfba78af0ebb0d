//! The log: its chain, its seals, and what it says about the clock.

use std::ops::ControlFlow;

use subtle::ConstantTimeEq;

use super::{FindingView, Registry, failed, ok, problem};
use crate::crypto::AuditKey;
use crate::domain::event::chain;
use crate::domain::time::Instant;
use crate::registry::{EventFilter, RecordedEvent};

/// Seconds that two clocks may differ by before it matters.
const TOLERANCE: i64 = 60;

/// The log as far as it was read.
#[derive(Default)]
struct Reading {
    count: u64,
    hash: [u8; 32],
    broken_at: Option<u64>,
    newest: Option<Instant>,
}

impl Reading {
    fn take(&mut self, recorded: &RecordedEvent, audit: Option<&AuditKey>) {
        self.count += 1;
        let expected = chain(&self.hash, &recorded.event);
        let seal_holds = match (audit, &recorded.seal) {
            (Some(audit), Some(seal)) => bool::from(audit.tag(&recorded.hash).ct_eq(seal)),
            _ => true,
        };
        if recorded.number != self.count || recorded.hash != expected || !seal_holds {
            self.broken_at.get_or_insert(recorded.number);
        }
        self.hash = recorded.hash;
        self.newest = self.newest.max(Some(recorded.event.at));
    }
}

/// Reads the whole log; seals are checked when the vault is open.
pub(super) fn check(registry: &dyn Registry, audit: Option<&AuditKey>, now: Instant) -> Vec<FindingView> {
    let mut reading = Reading::default();
    let read = registry.events(&EventFilter::default(), &mut |recorded| {
        reading.take(&recorded, audit);
        ControlFlow::Continue(())
    });
    if let Err(error) = read {
        return vec![failed("log", &error.into())];
    }
    vec![log(&reading), clock(reading.newest, now)]
}

fn log(reading: &Reading) -> FindingView {
    match reading.broken_at {
        None => ok("log", format!("the chain of {} events is unbroken", reading.count)),
        Some(number) => problem(
            "log",
            format!("the chain breaks at event {number}: the log was altered outside apikey"),
            "compare with an earlier copy of the log; see `apikey log --check`",
        ),
    }
}

fn clock(newest: Option<Instant>, now: Instant) -> FindingView {
    match newest {
        Some(newest) if newest.seconds() > now.seconds().saturating_add(TOLERANCE) => problem(
            "clock",
            format!("it is {now} here, but the newest event is of {newest}"),
            "set this machine's clock; until then keys may be accepted after their end",
        ),
        _ => ok("clock", format!("{now}, not before the newest event")),
    }
}
