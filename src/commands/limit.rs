//! `apikey limit`: how much a key, an owner or a project may use, and what is left of it.

use anyhow::Result;
use clap::{ArgGroup, Args};

use super::change::{Field, Outcome, grant_one, refuse_dead};
use super::create::{quota, rate};
use super::{party, set_back};
use crate::crypto::rows::reseal_party;
use crate::domain::event::{Action, FieldChange};
use crate::domain::limit::{LimitError, Limits, Quota, Rate, Subject};
use crate::domain::party::PartyKind;
use crate::exit::{Exit, Failure};
use crate::output::view::LimitView;
use crate::output::{Format, escape};
use crate::registry::ledger::Ledger;
use crate::registry::{Change, Registry};
use crate::session::{Session, Unlocked};
use crate::verification::accounts_of;

/// Show what is left of limits, or change them
///
/// Without a flag that changes something it lists every limit that binds the key, its owner's and its project's too,
/// and what would pass now. The limits of an owner or a project are shared by all its keys. When a limit changes, what
/// was used of a quota stays used, and a rate is whole again when it would have been, or sooner.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("whose").required(true).args(["key", "owner", "project"]),
    group = ArgGroup::new("what").multiple(true).args(["rate", "burst", "quota", "no_rate", "no_quota", "none"]),
)]
pub struct Arguments {
    /// Id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    key: Option<String>,
    /// The limits that all keys of this owner share
    #[arg(long, value_name = "NAME", add = crate::completion::owners())]
    owner: Option<String>,
    /// The limits that all keys of this project share
    #[arg(long, value_name = "NAME", add = crate::completion::projects())]
    project: Option<String>,
    /// How many requests may pass in a span, as 100/1m
    #[arg(long, value_name = "N/SPAN")]
    rate: Option<String>,
    /// How many of them may come at once; alone, it changes the rate there is [default: as set before, or all]
    #[arg(long, value_name = "N", conflicts_with_all = ["no_rate", "none"])]
    burst: Option<u32>,
    /// How many requests may pass in a calendar window (UTC), as 10000/day or 500000/month
    #[arg(long, value_name = "N/WINDOW")]
    quota: Option<String>,
    /// Take the rate away
    #[arg(long, conflicts_with = "rate")]
    no_rate: bool,
    /// Take the quota away
    #[arg(long, conflicts_with = "quota")]
    no_quota: bool,
    /// Take both away
    #[arg(long, conflicts_with_all = ["rate", "quota"])]
    none: bool,
    /// Say what would change, and change nothing
    #[arg(long, requires = "what")]
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 2 for what is no rate or quota, 5 for whom there is not, 6 for a key that is over or a row that was altered.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let wanted = Wanted::read(arguments)?;
    let party = match (&arguments.owner, &arguments.project) {
        (Some(owner), _) => Some((PartyKind::Owner, owner)),
        (_, Some(project)) => Some((PartyKind::Project, project)),
        _ => None,
    };
    let key = arguments.key.as_deref().unwrap_or_default();
    match (party, wanted.is_nothing()) {
        (Some((kind, name)), true) => show_party(kind, name, session),
        (Some((kind, name)), false) => change_party(kind, name, (&wanted, arguments.dry_run), session),
        (None, true) => show_key(key, session),
        (None, false) => change_key(key, (&wanted, arguments.dry_run), session),
    }
}

struct Wanted {
    rate: Field<Rate>,
    burst: Option<u32>,
    quota: Field<Quota>,
}

impl Wanted {
    fn read(arguments: &Arguments) -> Result<Self> {
        let given = arguments.rate.as_deref().map(|text| rate(text, arguments.burst)).transpose()?;
        Ok(Self {
            rate: Field::of(given, arguments.no_rate || arguments.none),
            burst: arguments.burst,
            quota: Field::of(
                arguments.quota.as_deref().map(quota).transpose()?,
                arguments.no_quota || arguments.none,
            ),
        })
    }

    fn is_nothing(&self) -> bool {
        self.rate == Field::Keep && self.burst.is_none() && self.quota == Field::Keep
    }

    /// The limits of `whose` after it.
    fn after(&self, before: &Limits, whose: &str) -> Result<Limits> {
        Ok(Limits { rate: self.rate_after(before.rate, whose)?, quota: self.quota.after(before.quota) })
    }

    fn rate_after(&self, before: Option<Rate>, whose: &str) -> Result<Option<Rate>> {
        let after = match (&self.rate, self.burst, before) {
            (Field::Keep, Some(_), None) => return Err(no_rate(whose)),
            (Field::Keep, Some(burst), Some(before)) => {
                before.with_burst(burst).map_err(|error| refused(&error, error.hint()))?
            }
            (Field::Set(rate), None, Some(before)) => {
                rate.in_place_of(&before).map_err(|error| refused(&error, &stays(&before, whose)))?
            }
            (rate, _, before) => return Ok(rate.after(before)),
        };
        Ok(Some(after))
    }
}

fn refused(error: &LimitError, hint: &str) -> anyhow::Error {
    Failure::usage(error.to_string()).hint(hint).into()
}

fn stays(before: &Rate, whose: &str) -> String {
    let burst = before.burst();
    format!(
        "the burst of {burst} that `{whose}` has stays; give one that is earned within 365 days with `--burst`"
    )
}

fn no_rate(whose: &str) -> anyhow::Error {
    let failure = Failure::usage(format!("`{whose}` has no rate, and so no burst"));
    failure.hint("give it both, as `--rate 100/1m --burst 20`").into()
}

fn change_key(
    selector: &str,
    (wanted, dry_run): (&Wanted, bool),
    session: &mut Session<'_, '_>,
) -> Result<Exit> {
    let now = session.now;
    grant_one(selector, dry_run, session, |key, _| {
        refuse_dead(key, now)?;
        let before = key.limits;
        key.limits = wanted.after(&before, &format!("{}/{}", key.project, key.name))?;
        Ok(Outcome { action: Action::KeyChanged, changed: before != key.limits, said: said(&key.limits) })
    })
}

fn change_party(
    kind: PartyKind,
    name: &str,
    (wanted, dry_run): (&Wanted, bool),
    session: &mut Session<'_, '_>,
) -> Result<Exit> {
    let Unlocked { mut registry, keys, .. } = session.unlocked()?;
    let mut summary = party::find(kind, name, &registry)?;
    let before = summary.party.clone();
    let action = match kind {
        PartyKind::Owner => Action::OwnerLimited,
        PartyKind::Project => Action::ProjectLimited,
    };
    summary.party.limits = wanted.after(&before.limits, before.name.as_str())?;
    let changed = before.limits != summary.party.limits;
    if changed {
        reseal_party(&keys.row, &before, &mut summary.party)?;
        set_back::refuse_party(&before, action, &registry, &keys)?;
    }
    if changed && !dry_run {
        let mut change = Change {
            audit: Some(&keys.audit),
            ..party::change(before.clone(), &summary.party, action, session)
        };
        for event in &mut change.events {
            event.changes = differences(&before.limits, &summary.party.limits);
        }
        registry.apply(&change)?;
    }
    let said = said(&summary.party.limits);
    party::answer(&summary, (changed, dry_run), &said, session)
}

fn differences(before: &Limits, after: &Limits) -> Vec<FieldChange> {
    let text = |limits: &Limits| {
        [limits.rate.map(|rate| rate.to_string()), limits.quota.map(|quota| quota.to_string())]
    };
    let values = text(before).into_iter().zip(text(after));
    ["rate", "quota"]
        .into_iter()
        .zip(values)
        .map(|(field, (before, after))| FieldChange { field: field.to_owned(), before, after })
        .filter(|change| change.before != change.after)
        .collect()
}

fn said(limits: &Limits) -> String {
    if limits.is_none() { "without limits of its own".to_owned() } else { format!("limited to {limits}") }
}

fn show_key(selector: &str, session: &mut Session<'_, '_>) -> Result<Exit> {
    let registry = session.registry()?;
    let found = session.select(&registry, selector)?;
    let name = format!("{}/{}", found.key.project, found.key.name);
    let accounts = accounts_of(&found.key, &found.owner, &found.project);
    let views = standing(&registry, &accounts, &name, session)?;
    show(&views, &name, session)
}

fn show_party(kind: PartyKind, name: &str, session: &mut Session<'_, '_>) -> Result<Exit> {
    let registry = session.registry()?;
    let party = party::find(kind, name, &registry)?.party;
    let subject = match kind {
        PartyKind::Owner => Subject::Owner(party.name.clone()),
        PartyKind::Project => Subject::Project(party.name.clone()),
    };
    let views = standing(&registry, &[(subject, party.limits)], party.name.as_str(), session)?;
    show(&views, party.name.as_str(), session)
}

/// What stands on accounts; a key's is named `key`, the others by themselves.
///
/// # Errors
/// The registry's.
pub(super) fn standing(
    registry: &dyn Ledger,
    accounts: &[(Subject, Limits)],
    key: &str,
    session: &Session<'_, '_>,
) -> Result<Vec<LimitView>> {
    let now = session.host.clock.now();
    let stand = registry.accounts(accounts, now)?;
    let views = accounts.iter().zip(&stand).flat_map(|((subject, _), account)| {
        let name = match subject {
            Subject::Key(_) => key,
            Subject::Owner(name) | Subject::Project(name) => name.as_str(),
        };
        LimitView::all_of(account, name, now)
    });
    Ok(views.collect())
}

fn show(views: &[LimitView], name: &str, session: &mut Session<'_, '_>) -> Result<Exit> {
    let mut out = session.out();
    let mut rows = out.limits();
    for view in views {
        rows.row(view)?;
    }
    if rows.end()? == 0 && session.format() == Format::Table {
        session.say(&escape(&format!(
            "nothing limits `{name}`; set a limit with `--rate 100/1m` or `--quota 10000/day`"
        )))?;
    }
    Ok(Exit::Done)
}
