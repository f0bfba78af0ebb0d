//! `apikey create`: issue keys and hand their secrets over, once.

mod answer;
mod ask;
mod limits;
mod wish;

pub(crate) use limits::{quota, rate};
pub(crate) use wish::{
    check_scopes, explain, explain_time, few_tags, instant, kinds, lifetime, named, networks, note, origin,
    scope, scopes, span,
};

use std::ops::ControlFlow;

use anyhow::Result;
use clap::Args;

use super::request::{Made, Request};
use super::reveal::shown;
use crate::crypto::{MasterKey, Subkeys};
use crate::domain::event::{Action, Event};
use crate::domain::key::Key;
use crate::domain::party::PartyKind;
use crate::domain::secret::Brand;
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::handover::{Handover, HandoverArguments, taken_back};
use crate::issuance::{Issued, Wish, commit_then_hand_over, draft, parties_of, undo_insert};
use crate::registry::{Change, Filter, Listed, PART, Registry, RegistryError};
use crate::session::{Session, Unlocked};
use answer::Answer;

/// Issue a key
///
/// Deny by default: without a scope the key only identifies. The secret is shown once, after it is recorded. On a
/// terminal, without arguments, it asks.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    wish: wish::WishArguments,
    /// Issue this many keys, named NAME-1 to NAME-N, five thousand in each transaction
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: Option<u32>,
    /// Make this repeatable: the same id gives the same key and secret again
    #[arg(long, value_name = "ID", conflicts_with_all = ["count", "no_keep"])]
    request_id: Option<String>,
    #[command(flatten)]
    handover: HandoverArguments,
    /// Say what would be issued, and issue nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 2 for what the wish cannot be, 6 for a name that is taken; nothing is created then.
pub fn run(mut arguments: Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    if arguments.wish.name.is_none() {
        if session.may_ask() && !arguments.dry_run {
            arguments.handover.check(session)?;
        }
        ask::ask(&mut arguments.wish, session)?;
    }
    let wish = wish::read(&arguments.wish, session)?;
    let order = Order {
        request: arguments.request_id.as_deref().map(|id| Request::new(id, &wish.canonical())).transpose()?,
        wishes: numbered(wish, arguments.count)?,
        is_batch: arguments.count.is_some(),
    };
    if arguments.dry_run {
        arguments.handover.check_file()?;
        return preview(&order, session);
    }
    if order.request.is_none() {
        // Before where the secret goes, and before the vault is opened.
        order.wishes[0].check(session.now).map_err(wish::explain)?;
    }
    let mut handover = arguments.handover.open(session)?;
    let mut unlocked = session.unlocked_or_new()?;
    if let Some((request, made)) = order.made_before(&unlocked.registry)? {
        return repeat(request, made, handover, (&mut unlocked, session));
    }
    let issued = issue(&order, &mut handover, &mut unlocked, session);
    if let Err(error) = &issued
        && is_overtaken(error)
        && let Some((request, made)) = order.made_before(&unlocked.registry)?
    {
        return repeat(request, made, handover, (&mut unlocked, session));
    }
    issued.map_err(|error| taken(error, &unlocked.registry, session.now))
}

/// Whether it failed because the same request, or another, was faster.
pub(super) fn is_overtaken(error: &anyhow::Error) -> bool {
    use RegistryError as E;
    matches!(error.downcast_ref(), Some(E::RequestTaken(_) | E::NameTaken { .. } | E::Conflict(_)))
}

struct Order {
    request: Option<Request>,
    /// At least one; of several, each is the first under another name.
    wishes: Vec<Wish>,
    is_batch: bool,
}

impl Order {
    /// What an earlier request of the same id made, whatever is defined or over since.
    fn made_before(&self, registry: &dyn Registry) -> Result<Option<(&Request, Made)>> {
        let Some(request) = &self.request else { return Ok(None) };
        Ok(request.made_before(registry)?.map(|made| (request, made)))
    }
}

/// Issues again when a random id is in use, which 62^12 ids make a curiosity: three times in all.
pub(crate) fn with_new_ids<T>(mut issue: impl FnMut() -> Result<T>) -> Result<T> {
    for _ in 1..3 {
        match issue() {
            Err(error) if matches!(error.downcast_ref(), Some(RegistryError::IdTaken)) => {}
            other => return other,
        }
    }
    issue()
}

fn issue(
    order: &Order,
    handover: &mut Handover,
    unlocked: &mut Unlocked,
    session: &mut Session<'_, '_>,
) -> Result<Exit> {
    wish::check_scopes(&order.wishes[0].scopes, &unlocked.registry)?;
    with_new_ids(|| issue_once(order, handover, unlocked, session))
}

/// A name that only an expired key still has: such a key is not rotated, and gives it up when it is revoked.
fn taken(error: anyhow::Error, registry: &dyn Registry, now: Instant) -> anyhow::Error {
    let Some(RegistryError::NameTaken { project, taken, .. }) = error.downcast_ref() else { return error };
    let filter = Filter { project: Some(project.clone()), name: Some(taken.clone()), ..Filter::default() };
    let mut expired = None;
    let read = registry.list(&filter, now, &mut |Listed { key, .. }| {
        // Whatever else is said of it: it may be disabled too.
        if key.revoked.is_none() && !key.secrets.iter().any(|secret| secret.is_live(now)) {
            expired = Some(key.id);
        }
        ControlFlow::Continue(())
    });
    let (Some(id), Ok(())) = (expired, read) else { return error };
    let message = format!("project `{project}` already has a key named `{taken}`, which is expired");
    Failure::new(Exit::Conflict, "name_taken", message)
        .hint(format!("choose another name, or free this one with `apikey revoke {id}`"))
        .into()
}

fn issue_once(
    order: &Order,
    handover: &mut Handover,
    unlocked: &mut Unlocked,
    session: &mut Session<'_, '_>,
) -> Result<Exit> {
    let Unlocked { registry, brand, keys } = unlocked;
    let (now, actor) = (session.now, session.actor());
    let issued = drafts(&order.wishes, brand, keys, session)?;
    let rows: Vec<Key> = issued.iter().map(|one| one.key.clone()).collect();
    let parties = parties_of(&rows, keys, now);
    if rows.len() > PART {
        // Found out before the first of several parts is written.
        registry.check_names(&Change { insert: &rows, new_parties: &parties, ..Change::default() })?;
    }
    let of = |part: usize| part * PART..rows.len().min((part + 1) * PART);
    let event = |key| Event::on_key(Action::KeyCreated, &actor, None, key, now);
    let change = |part| Change {
        insert: &rows[of(part)],
        new_parties: &parties,
        events: rows[of(part)].iter().map(event).collect(),
        remember: order.request.iter().map(|request| request.remember(&issued[0], &keys.row, now)).collect(),
        audit: Some(&keys.audit),
        now: Some(now),
        ..Change::default()
    };
    let undo = |part| Change {
        forget_requests: order.request.iter().map(|request| request.id().to_owned()).collect(),
        ..undo_insert(&issued[of(part)], &actor, now)
    };
    let answer = Answer {
        said: "Created",
        brand,
        suspended: suspended(&order.wishes[0], registry)?,
        is_batch: order.is_batch,
    };
    commit_then_hand_over(registry, rows.len().div_ceil(PART), change, undo, || {
        answer.hand_over(&issued, handover, session)
    })
    .map_err(taken_back)?;
    Ok(Exit::Done)
}

fn drafts(
    wishes: &[Wish],
    brand: &Brand,
    keys: &Subkeys,
    session: &mut Session<'_, '_>,
) -> Result<Vec<Issued>> {
    let now = session.now;
    let draft = |wish: &Wish| draft(wish.clone(), brand, keys, session.host.rng, now).map_err(wish::explain);
    wishes.iter().map(draft).collect()
}

/// What is said of the key that a repeated request made.
const REPEATED: &str = "This request had created";

/// The same request again: the same answer, from the kept copy.
fn repeat(
    request: &Request,
    made: Made,
    mut handover: Handover,
    (unlocked, session): (&mut Unlocked, &mut Session<'_, '_>),
) -> Result<Exit> {
    let Unlocked { registry, brand, keys } = unlocked;
    let secret = request.open(&made, (keys, session.now))?;
    registry.apply(&shown(&made.found.key, &made.secret, (&keys.audit, session)))?;
    let suspended = made.found.is_suspended();
    let issued = [Issued { key: made.found.key, secret }];
    Answer { said: REPEATED, brand, suspended, is_batch: false }.hand_over(
        &issued,
        &mut handover,
        session,
    )?;
    Ok(Exit::Done)
}

/// Whether the owner or the project of a new key is there already and suspended: what is issued for it is denied.
fn suspended(wish: &Wish, registry: &dyn Registry) -> Result<bool> {
    for (kind, name) in [(PartyKind::Owner, &wish.owner), (PartyKind::Project, &wish.project)] {
        if registry.party(kind, name)?.is_some_and(|party| party.suspended_at.is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn preview(order: &Order, session: &mut Session<'_, '_>) -> Result<Exit> {
    let registry = match session.registry() {
        Ok(registry) => Some(registry),
        Err(error) if matches!(error.downcast_ref(), Some(RegistryError::NotThere(_))) => None,
        Err(error) => return Err(error),
    };
    let mut brand = Brand::default();
    if let Some(registry) = &registry {
        brand = registry.identity()?.brand;
        if let Some((_, Made { found, .. })) = order.made_before(registry)? {
            let suspended = found.is_suspended();
            let answer = Answer { said: REPEATED, brand: &brand, suspended, is_batch: false };
            answer.preview(&[found.key], session)?;
            return Ok(Exit::Done);
        }
        wish::check_scopes(&order.wishes[0].scopes, registry)?;
    }
    // Drawn under a master key that is forgotten at once: the answer has the shape of the real one, without a secret.
    let keys = Subkeys::derive(&MasterKey::generate(session.host.rng));
    let issued = drafts(&order.wishes, &brand, &keys, session)?;
    let rows: Vec<Key> = issued.into_iter().map(|one| one.key).collect();
    if let Some(registry) = &registry {
        let parties = parties_of(&rows, &keys, session.now);
        let change = Change { insert: &rows, new_parties: &parties, ..Change::default() };
        registry.check_names(&change).map_err(|error| taken(error.into(), registry, session.now))?;
    }
    let suspended = match &registry {
        Some(registry) => suspended(&order.wishes[0], registry)?,
        None => false,
    };
    let answer = Answer { said: "Would create", brand: &brand, suspended, is_batch: order.is_batch };
    answer.preview(&rows, session)?;
    Ok(Exit::Done)
}

fn numbered(wish: Wish, count: Option<u32>) -> Result<Vec<Wish>> {
    let Some(count) = count else { return Ok(vec![wish]) };
    let width = count.to_string().len();
    (1..=count)
        .map(|number| {
            let name = format!("{}-{number:0width$}", wish.name).parse()?;
            Ok(Wish { name, ..wish.clone() })
        })
        .collect()
}
