//! The log: its chain, its seals, and what it says about the clock.

use std::ops::ControlFlow;

use super::{FindingView, Registry, failed, ok, problem};
use crate::commands::log::Follow;
use crate::crypto::AuditKey;
use crate::domain::time::Instant;
use crate::registry::{EventFilter, PartyStates};

/// Seconds that two clocks may differ by before it matters.
const TOLERANCE: i64 = 60;

/// Reads the whole log; seals are checked when the vault is open. With what it last says of owners and projects, if it can
/// be read.
pub(super) fn check(
    registry: &dyn Registry,
    audit: Option<&AuditKey>,
    now: Instant,
) -> (Vec<FindingView>, Option<PartyStates>) {
    let mut states = PartyStates::default();
    let mut follow = Follow::new(audit, None);
    let (mut broken, mut newest) = (None, None);
    let read = registry.events(&EventFilter::default(), &mut |recorded| {
        if broken.is_none() {
            broken = follow.step(&recorded).err();
        }
        newest = newest.max(Some(recorded.event.at));
        states.note(&recorded, audit);
        ControlFlow::Continue(())
    });
    if let Err(error) = read {
        return (vec![failed("log", &error.into())], None);
    }
    let log = match broken {
        None => ok("log", format!("the chain of {} events is unbroken", follow.events())),
        Some(broken) => problem(
            "log",
            format!("the chain breaks at event {}: {}", broken.at, broken.why),
            "compare with an earlier copy of the log; see `apikey log --check`",
        ),
    };
    (vec![log, clock(newest, now)], Some(states))
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
