//! `apikey create`: issue keys and hand their secrets over, once.

mod answer;
mod ask;
mod limits;
mod wish;

pub(crate) use limits::{quota, rate};
pub(crate) use wish::{
    check_scopes, explain, instant, kinds, lifetime, named, networks, note, origin, scope, scopes, span,
};

use anyhow::Result;
use clap::Args;
use sha2::{Digest as _, Sha256};

use crate::crypto::{MasterKey, Subkeys};
use crate::domain::event::{Action, Event};
use crate::domain::key::Key;
use crate::domain::secret::{Brand, SecretId};
use crate::exit::{Exit, Failure};
use crate::handover::{Handover, HandoverArguments, taken_back};
use crate::issuance::{self, Issued, Wish, commit_then_hand_over, draft, kept_copy, parties_of, undo_insert};
use crate::registry::{Change, Registry, RegistryError, RememberedRequest};
use crate::session::{Session, Unlocked};

/// Issue a key
///
/// Deny by default: without a scope the key only identifies. The secret is shown once, after it is recorded. On a
/// terminal, without arguments, it asks.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    wish: wish::WishArguments,
    /// Issue this many keys, named NAME-1 to NAME-N
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
    issuance::check_publishable(wish.kind, &wish.scopes, &wish.origins).map_err(wish::explain)?;
    if arguments.dry_run {
        return preview(&arguments, wish, session);
    }
    let handover = arguments.handover.open(session)?;
    let mut unlocked = session.unlocked_or_new()?;
    wish::check_scopes(&wish.scopes, &unlocked.registry)?;
    let request = Request::of(&arguments, &wish)?;
    if let Some(request) = &request
        && let Some(made) = made_before(request, &unlocked.registry)?
    {
        return repeat(request, made, handover, (&unlocked, session));
    }
    issue(
        Order {
            wishes: numbered(wish, arguments.count)?,
            is_batch: arguments.count.is_some(),
            request,
            handover,
        },
        &mut unlocked,
        session,
    )
}

struct Order {
    wishes: Vec<Wish>,
    is_batch: bool,
    request: Option<Request>,
    handover: Handover,
}

struct Request {
    id: String,
    fingerprint: [u8; 32],
}

impl Request {
    fn of(arguments: &Arguments, wish: &Wish) -> Result<Option<Self>> {
        let id = arguments.request_id.as_deref().map(checked).transpose()?;
        Ok(id.map(|id| Self { id, fingerprint: fingerprint(wish) }))
    }
}

/// Draws again when a random id is in use, which 62^12 ids make a curiosity.
const TRIES: usize = 3;

fn issue(mut order: Order, unlocked: &mut Unlocked, session: &mut Session<'_, '_>) -> Result<Exit> {
    for _ in 1..TRIES {
        match issue_once(&mut order, unlocked, session) {
            Err(error) if matches!(error.downcast_ref(), Some(RegistryError::IdTaken)) => {}
            other => return other,
        }
    }
    issue_once(&mut order, unlocked, session)
}

fn issue_once(order: &mut Order, unlocked: &mut Unlocked, session: &mut Session<'_, '_>) -> Result<Exit> {
    let Unlocked { registry, brand, keys } = unlocked;
    let (now, actor) = (session.now, session.actor());
    let issued = drafts(&order.wishes, brand, keys, session)?;
    let rows: Vec<Key> = issued.iter().map(|one| one.key.clone()).collect();
    let parties = parties_of(&rows, keys, now);
    let change = Change {
        insert: &rows,
        new_parties: &parties,
        events: rows.iter().map(|key| Event::on_key(Action::KeyCreated, &actor, None, key, now)).collect(),
        remember: order.request.iter().map(|request| remembered(request, &issued[0], now)).collect(),
        audit: Some(&keys.audit),
        now: Some(now),
        ..Change::default()
    };
    let undo = undo_insert(&issued, &actor, now);
    let place = &mut order.handover;
    let (brand, is_batch) = (&*brand, order.is_batch);
    commit_then_hand_over(registry, &change, &undo, || {
        answer::hand_over(&issued, is_batch, place, (brand, session))
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

fn remembered(request: &Request, issued: &Issued, now: crate::domain::time::Instant) -> RememberedRequest {
    RememberedRequest {
        id: request.id.clone(),
        fingerprint: request.fingerprint,
        key: issued.key.id,
        secret: issued.secret.parts().id,
        at: now,
    }
}

/// The key that an earlier request of this id made.
fn made_before(request: &Request, registry: &dyn Registry) -> Result<Option<(Key, SecretId)>> {
    let Some(earlier) = registry.request(&request.id)? else { return Ok(None) };
    if earlier.fingerprint != request.fingerprint {
        return Err(used(request, "for another wish").hint("use a new id for a new key").into());
    }
    match registry.find_key(earlier.key)? {
        Some(found) => Ok(Some((found.key, earlier.secret))),
        None => Err(used(request, "and its key is gone").into()),
    }
}

fn used(request: &Request, how: &str) -> Failure {
    let message = format!("the request id `{}` was already used {how}", request.id);
    Failure::new(Exit::Conflict, "request_used", message)
}

/// The same request again: the same answer, from the kept copy.
fn repeat(
    request: &Request,
    (key, secret): (Key, SecretId),
    mut handover: Handover,
    (unlocked, session): (&Unlocked, &mut Session<'_, '_>),
) -> Result<Exit> {
    let Some(row) = key.secrets.iter().find(|row| row.id == secret) else {
        return Err(used(request, "and its secret is gone").into());
    };
    let Some(secret) = kept_copy(&unlocked.keys.seal, row)? else {
        return Err(used(request, "and its secret is no longer kept")
            .hint(format!("see `apikey show {}`", key.id))
            .into());
    };
    answer::hand_over(&[Issued { key, secret }], false, &mut handover, (&unlocked.brand, session))?;
    Ok(Exit::Done)
}

fn preview(arguments: &Arguments, wish: Wish, session: &mut Session<'_, '_>) -> Result<Exit> {
    let request = Request::of(arguments, &wish)?;
    let is_batch = arguments.count.is_some();
    let mut registry = match session.registry() {
        Ok(registry) => Some(registry),
        Err(error) if matches!(error.downcast_ref(), Some(RegistryError::NotThere(_))) => None,
        Err(error) => return Err(error),
    };
    let brand = registry
        .as_ref()
        .map_or_else(|| Ok(Brand::default()), |there| Ok::<_, anyhow::Error>(there.identity()?.brand))?;
    if let (Some(request), Some(registry)) = (&request, &registry)
        && let Some((key, _)) = made_before(request, registry)?
    {
        answer::preview("This request created", &[key], false, (&brand, session))?;
        return Ok(Exit::Done);
    }
    if let Some(registry) = &registry {
        wish::check_scopes(&wish.scopes, registry)?;
    }
    // Drawn under a master key that is forgotten at once: the answer has the shape of the real one, without a secret.
    let keys = Subkeys::derive(&MasterKey::generate(session.host.rng));
    let issued = drafts(&numbered(wish, arguments.count)?, &brand, &keys, session)?;
    let rows: Vec<Key> = issued.into_iter().map(|one| one.key).collect();
    if let Some(registry) = &mut registry {
        let parties = parties_of(&rows, &keys, session.now);
        registry.rehearse(&Change { insert: &rows, new_parties: &parties, ..Change::default() })?;
    }
    answer::preview("Would create", &rows, is_batch, (&brand, session))?;
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

/// A request id is a word of the caller's: bounded, visible, and no secret.
pub(crate) fn checked(id: &str) -> Result<String> {
    let is_plain = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plain && !crate::domain::secret::contains_secret(id) {
        return Ok(id.to_owned());
    }
    Err(Failure::usage("a request id is 1 to 128 visible ASCII characters")
        .hint("a UUID, or the run's own id, does")
        .into())
}

fn fingerprint(wish: &Wish) -> [u8; 32] {
    Sha256::digest(format!("create {wish:?}")).into()
}
