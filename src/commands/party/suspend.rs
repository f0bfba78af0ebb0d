//! `owner suspend` and `project suspend`.

use anyhow::Result;

use super::{answer, change, find};
use crate::commands::change::anew_if_overtaken;
use crate::domain::event::Action;
use crate::domain::party::{Party, PartyKind};
use crate::domain::time::Instant;
use crate::exit::Exit;
use crate::output::escape;
use crate::registry::sqlite::SqliteRegistry;
use crate::registry::{PartyStates, PartySummary, Registry as _};
use crate::session::Session;

pub(super) fn suspend(
    kind: PartyKind,
    name: &str,
    (yes, dry_run): (bool, bool),
    session: &mut Session<'_, '_>,
) -> Result<Exit> {
    let mut registry = session.registry()?;
    let (_, mut summary, mut changed) = suspended(kind, name, (&registry, session.now))?;
    if changed && !dry_run {
        let keys =
            if summary.keys == 1 { "its 1 key".to_owned() } else { format!("its {} keys", summary.keys) };
        let question = format!("Suspend the {} `{name}`, and so deny {keys}?", kind.code());
        session.confirm(yes, &escape(&question))?;
        let action = match kind {
            PartyKind::Owner => Action::OwnerSuspended,
            PartyKind::Project => Action::ProjectSuspended,
        };
        (summary, changed) = anew_if_overtaken(|| {
            let (before, summary, changed) = suspended(kind, name, (&registry, session.now))?;
            if changed {
                registry.apply(&change(before, &summary.party, action, session))?;
            }
            Ok((summary, changed))
        })?;
    }
    let said = "suspended: every running verifier refuses its keys from now on";
    answer(&summary, (changed, dry_run), said, session)
}

/// Before and after, and whether that is another.
fn suspended(
    kind: PartyKind,
    name: &str,
    (registry, now): (&SqliteRegistry, Instant),
) -> Result<(Party, PartySummary, bool)> {
    let mut summary = find(kind, name, registry)?;
    let before = summary.party.clone();
    // One that was set back to a suspension of the past is suspended anew, for the log.
    let changed =
        summary.party.suspend(now) || !PartyStates::read(registry, kind, None)?.fits(&summary.party);
    Ok((before, summary, changed))
}
