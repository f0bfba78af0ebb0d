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

use crate::domain::event::{Action, Event};
use crate::domain::key::Key;
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
    let request = match &arguments.request_id {
        Some(id) => Some(Request { id: checked(id)?, fingerprint: fingerprint(&wish) }),
        None => None,
    };
    if let Some(request) = &request
        && let Some(earlier) = unlocked.registry.request(&request.id)?
    {
        return repeat(request, &earlier, handover, (&unlocked, session));
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
    let issued = order
        .wishes
        .iter()
        .map(|wish| draft(wish.clone(), brand, keys, session.host.rng, now).map_err(wish::explain))
        .collect::<Result<Vec<Issued>>>()?;
    let parties = parties_of(&issued, keys, now);
    let rows: Vec<Key> = issued.iter().map(|one| one.key.clone()).collect();
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

fn remembered(request: &Request, issued: &Issued, now: crate::domain::time::Instant) -> RememberedRequest {
    RememberedRequest {
        id: request.id.clone(),
        fingerprint: request.fingerprint,
        key: issued.key.id,
        secret: issued.secret.parts().id,
        at: now,
    }
}

/// The same request again: the same answer, from the kept copy.
fn repeat(
    request: &Request,
    earlier: &RememberedRequest,
    mut handover: Handover,
    (unlocked, session): (&Unlocked, &mut Session<'_, '_>),
) -> Result<Exit> {
    let refuse = |why: &str| {
        Failure::new(
            Exit::Conflict,
            "request_used",
            format!("the request id `{}` was already used {why}", request.id),
        )
    };
    if earlier.fingerprint != request.fingerprint {
        return Err(refuse("for another wish").hint("use a new id for a new key").into());
    }
    let found = unlocked.registry.find_key(earlier.key)?;
    let row =
        found.as_ref().and_then(|found| found.key.secrets.iter().find(|secret| secret.id == earlier.secret));
    let (Some(found), Some(row)) = (&found, row) else { return Err(refuse("and its key is gone").into()) };
    let Some(secret) = kept_copy(&unlocked.keys.seal, row)? else {
        return Err(refuse("and its secret is no longer kept")
            .hint(format!("see `apikey show {}`", earlier.key))
            .into());
    };
    let issued = [Issued { key: found.key.clone(), secret }];
    answer::hand_over(&issued, false, &mut handover, (&unlocked.brand, session))?;
    Ok(Exit::Done)
}

fn preview(arguments: &Arguments, wish: Wish, session: &mut Session<'_, '_>) -> Result<Exit> {
    let wishes = numbered(wish, arguments.count)?;
    let brand = match session.registry() {
        Ok(registry) => {
            wish::check_scopes(&wishes[0].scopes, &registry)?;
            for wish in &wishes {
                wish::check_name(wish, &registry, session.now)?;
            }
            registry.identity()?.brand
        }
        Err(error) if matches!(error.downcast_ref(), Some(RegistryError::NotThere(_))) => {
            crate::domain::secret::Brand::default()
        }
        Err(error) => return Err(error),
    };
    // Drawn under a master key that is forgotten at once: the answer has the shape of the real one, without a secret.
    let keys = crate::crypto::Subkeys::derive(&crate::crypto::MasterKey::generate(session.host.rng));
    let now = session.now;
    let issued = wishes
        .into_iter()
        .map(|wish| draft(wish, &brand, &keys, session.host.rng, now).map_err(wish::explain))
        .collect::<Result<Vec<Issued>>>()?;
    answer::preview(&issued, arguments.count.is_some(), (&brand, session))?;
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
