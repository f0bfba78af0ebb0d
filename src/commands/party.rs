//! What `owner` and `project` have in common: list, suspend with the vault closed, resume with it open.

mod suspend;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::change::say_if_dry;
use super::create::named;
use super::set_back;
use crate::crypto::rows::{party_holds, reseal_party};
use crate::domain::event::{Action, Event};
use crate::domain::party::{Party, PartyKind};
use crate::exit::{Exit, Failure};
use crate::output::view::PartyView;
use crate::output::{Format, escape};
use crate::registry::{Change, PartyChange, PartySummary, Registry};
use crate::session::{Session, Unlocked};

/// What to do with owners.
#[derive(Debug, Subcommand)]
pub enum OwnerWork {
    /// List owners, with how many keys each has
    #[command(visible_alias = "ls")]
    List,
    /// Deny all keys of an owner until `resume`. Needs no vault
    Suspend(OwnerSuspend),
    /// Let the keys of an owner be accepted again
    Resume(OwnerResume),
}

/// What to do with projects.
#[derive(Debug, Subcommand)]
pub enum ProjectWork {
    /// List projects, with how many keys each has
    #[command(visible_alias = "ls")]
    List,
    /// Deny all keys of a project until `resume`. Needs no vault
    Suspend(ProjectSuspend),
    /// Let the keys of a project be accepted again
    Resume(ProjectResume),
}

/// `owner suspend`.
#[derive(Debug, Args)]
pub struct OwnerSuspend {
    /// The owner's name
    #[arg(add = crate::completion::owners())]
    name: String,
    #[command(flatten)]
    how: SuspendArguments,
}

/// `project suspend`.
#[derive(Debug, Args)]
pub struct ProjectSuspend {
    /// The project's name
    #[arg(add = crate::completion::projects())]
    name: String,
    #[command(flatten)]
    how: SuspendArguments,
}

/// How to suspend.
#[derive(Debug, Args)]
pub struct SuspendArguments {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// `owner resume`.
#[derive(Debug, Args)]
pub struct OwnerResume {
    /// The owner's name
    #[arg(add = crate::completion::owners())]
    name: String,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// `project resume`.
#[derive(Debug, Args)]
pub struct ProjectResume {
    /// The project's name
    #[arg(add = crate::completion::projects())]
    name: String,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// The work, whichever of the two it is on.
#[derive(Debug)]
pub enum Work<'a> {
    /// List all.
    List,
    /// Suspend one.
    Suspend {
        /// Which.
        name: &'a str,
        /// Without asking.
        yes: bool,
        /// Only say it.
        dry_run: bool,
    },
    /// Resume one.
    Resume {
        /// Which.
        name: &'a str,
        /// Only say it.
        dry_run: bool,
    },
}

impl<'a> From<&'a OwnerWork> for Work<'a> {
    fn from(work: &'a OwnerWork) -> Self {
        match work {
            OwnerWork::List => Self::List,
            OwnerWork::Suspend(OwnerSuspend { name, how }) => {
                Self::Suspend { name, yes: how.yes, dry_run: how.dry_run }
            }
            OwnerWork::Resume(OwnerResume { name, dry_run }) => Self::Resume { name, dry_run: *dry_run },
        }
    }
}

impl<'a> From<&'a ProjectWork> for Work<'a> {
    fn from(work: &'a ProjectWork) -> Self {
        match work {
            ProjectWork::List => Self::List,
            ProjectWork::Suspend(ProjectSuspend { name, how }) => {
                Self::Suspend { name, yes: how.yes, dry_run: how.dry_run }
            }
            ProjectWork::Resume(ProjectResume { name, dry_run }) => Self::Resume { name, dry_run: *dry_run },
        }
    }
}

/// Runs it.
///
/// # Errors
/// Exit 3 when declined, 5 when there is none of this name, 6 when its row was altered while it was suspended, or set back.
pub fn run(kind: PartyKind, work: &Work<'_>, session: &mut Session<'_, '_>) -> Result<Exit> {
    match *work {
        Work::List => list(kind, session),
        Work::Suspend { name, yes, dry_run } => suspend::suspend(kind, name, (yes, dry_run), session),
        Work::Resume { name, dry_run } => resume(kind, name, dry_run, session),
    }
}

fn list(kind: PartyKind, session: &mut Session<'_, '_>) -> Result<Exit> {
    let parties = session.registry()?.parties(kind)?;
    let mut out = session.out();
    let mut rows = out.parties();
    for party in &parties {
        rows.row(&PartyView::of(party))?;
    }
    if rows.end()? == 0 && session.format() == Format::Table {
        session.say(&format!("there is no {} yet; a key that names one makes it", kind.code()))?;
    }
    Ok(Exit::Done)
}

fn resume(kind: PartyKind, name: &str, dry_run: bool, session: &mut Session<'_, '_>) -> Result<Exit> {
    let Unlocked { mut registry, keys, .. } = session.unlocked()?;
    let mut summary = find(kind, name, &registry)?;
    let before = summary.party.clone();
    // Cleared in the file, it is denied as tampered: it is sealed anew if its seal proves the rest, else refused.
    let was_suspended = summary.party.resume();
    let changed = was_suspended || !party_holds(&keys.row, &before);
    if changed {
        reseal_party(&keys.row, &before, &mut summary.party)?;
    }
    let action = match kind {
        PartyKind::Owner => Action::OwnerResumed,
        PartyKind::Project => Action::ProjectResumed,
    };
    set_back::refuse_party(&before, action, &registry, &keys)?;
    if changed && !dry_run {
        let change = Change { audit: Some(&keys.audit), ..change(before, &summary.party, action, session) };
        registry.apply(&change)?;
    }
    let said = if was_suspended {
        "resumed: its live keys are accepted again"
    } else {
        "resumed: its live keys are accepted again; somebody had cleared its suspension outside apikey"
    };
    answer(&summary, (changed, dry_run), said, session)
}

pub(super) fn change(
    before: Party,
    after: &Party,
    action: Action,
    session: &Session<'_, '_>,
) -> Change<'static> {
    Change {
        events: vec![Event::on_party(action, &session.actor(), after, session.now)],
        replace_parties: vec![PartyChange { before, after: after.clone() }],
        now: Some(session.now),
        ..Change::default()
    }
}

pub(super) fn find(kind: PartyKind, name: &str, registry: &dyn Registry) -> Result<PartySummary> {
    let name = named(&format!("the {}", kind.code()), name)?;
    if let Some(found) = registry.party_summary(kind, &name)? {
        return Ok(found);
    }
    let failure = Failure::new(Exit::NotFound, "not_found", format!("there is no {} `{name}`", kind.code()));
    let near = registry
        .parties(kind)?
        .into_iter()
        .map(|one| (strsim::jaro_winkler(name.as_str(), one.party.name.as_str()), one.party.name))
        .filter(|(near, _)| *near > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    Err(match near {
        Some((_, near)) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint(format!("see what there is with `apikey {} list`", kind.code())),
    }
    .into())
}

#[derive(Serialize)]
struct ChangedParty<'a> {
    #[serde(flatten)]
    party: PartyView<'a>,
    changed: bool,
    dry_run: bool,
}

pub(super) fn answer(
    summary: &PartySummary,
    (changed, dry_run): (bool, bool),
    said: &str,
    session: &mut Session<'_, '_>,
) -> Result<Exit> {
    let party = PartyView::of(summary);
    match session.format() {
        Format::Json | Format::Jsonl => session.out().object(&ChangedParty { party, changed, dry_run })?,
        Format::Tsv => {
            let mut out = session.out();
            let mut rows = out.parties();
            rows.row(&party)?;
            rows.end()?;
            say_if_dry(dry_run, session)?;
        }
        Format::Table => {
            let name = format!("{} `{}`", summary.party.kind.code(), summary.party.name);
            let text = match (changed, dry_run) {
                (false, _) => format!("{name} is so already; nothing was changed"),
                (true, true) => format!("{name} would be {said}"),
                (true, false) => format!("{name} is {said}"),
            };
            session.say(&escape(&text))?;
        }
    }
    Ok(Exit::Done)
}
