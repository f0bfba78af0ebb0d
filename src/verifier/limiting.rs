//! The limits of one request: taken in memory, and what must be written down first is.

use super::Shared;
use super::desk::Wanted;
use super::index::Index;
use super::parties::Slot;
use super::rows::Line;
use crate::domain::limit::{Limits, Spending, Subject};
use crate::domain::time::Instant;
use crate::registry::sqlite::{Ahead, Counters, Meters, Reserve};

impl Shared {
    /// Takes `cost` from all limits of a key or from none. None where that has to be done in the registry.
    pub(super) fn take(&self, index: &Index, line: &Line, (cost, now): (u32, Instant)) -> Option<Spending> {
        let Some(counters) = self.counters.get() else {
            self.desk.ask_for_counters();
            return None;
        };
        let mut meters = Meters::new(counters);
        let mut whose: [Option<Who<'_>>; 3] = [None; 3];
        for (who, of) in whose.iter_mut().zip(limited(index, line)) {
            let (of, limits) = of;
            meters.add(of.kind(), limits, of.slot(counters)?);
            *who = Some(of);
        }
        let spending = meters.take(cost, now, &*self.now)?;
        if cost > 0 && spending.denial.is_none() {
            self.secure(counters, &meters, &whose, now);
        }
        Some(spending)
    }

    /// Waits until what is about to be let pass holds even if the machine fails, and asks ahead of need.
    fn secure(&self, counters: &Counters, meters: &Meters<'_>, whose: &[Option<Who<'_>>; 3], now: Instant) {
        let mut is_urgent = false;
        let mut ahead = Vec::new();
        for (urgent, reserve) in meters.reserves(now) {
            is_urgent |= urgent;
            ahead.extend(whose[reserve.meter].and_then(|who| who.ahead(&reserve)));
        }
        let left = if meters.has_rate() { counters.secured_for(now) } else { Some(u64::MAX) };
        is_urgent |= left.is_none();
        let is_near = left.is_some_and(|left| left < Counters::AHEAD / 2);
        if is_urgent || !ahead.is_empty() || is_near {
            self.desk.ask(Wanted { ahead, ..Wanted::default() }, is_urgent);
        }
    }
}

/// Whose a limit is.
#[derive(Clone, Copy)]
enum Who<'a> {
    Key(&'a Line, Limits),
    Owner(&'a Slot),
    Project(&'a Slot),
}

impl Who<'_> {
    fn kind(self) -> &'static str {
        match self {
            Self::Key(..) => "key",
            Self::Owner(_) => "owner",
            Self::Project(_) => "project",
        }
    }

    fn limits(self) -> Limits {
        match self {
            Self::Key(_, limits) => limits,
            Self::Owner(slot) | Self::Project(slot) => slot.party.limits,
        }
    }

    fn subject(self) -> Subject {
        match self {
            Self::Key(line, _) => Subject::Key(line.key),
            Self::Owner(slot) => Subject::Owner(slot.party.name.clone()),
            Self::Project(slot) => Subject::Project(slot.party.name.clone()),
        }
    }

    fn slot(self, counters: &Counters) -> Option<crate::registry::sqlite::Slot<'_>> {
        match self {
            Self::Key(line, _) => counters.of_key(u64::from(line.place), &line.key),
            Self::Owner(slot) | Self::Project(slot) => {
                let place = slot.counters.get_or_init(|| counters.place_of_party(&self.subject()));
                counters.of_party((*place)?)
            }
        }
    }

    fn ahead(self, reserve: &Reserve) -> Option<Ahead> {
        let place = match self {
            Self::Key(line, _) => Some(u64::from(line.place)),
            Self::Owner(_) | Self::Project(_) => None,
        };
        Some(Ahead::new(self.subject(), place, self.limits().quota?, reserve))
    }
}

/// Whoever limits a key.
fn limited<'a>(index: &'a Index, line: &'a Line) -> impl Iterator<Item = (Who<'a>, Limits)> {
    let policy = index.policy(line);
    let (owner, project) = (index.owner_of(policy), index.project_of(policy));
    [Who::Key(line, policy.limits), Who::Owner(owner), Who::Project(project)]
        .into_iter()
        .map(|who| (who, who.limits()))
        .filter(|(_, limits)| !limits.is_none())
}
