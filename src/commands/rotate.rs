//! `apikey rotate`: give a key a new secret while the old one lives on for a grace.

mod answer;
mod due;
mod stages;

use anyhow::Result;
use clap::{ArgGroup, Args};

use super::create::{explain, explain_time, is_overtaken, lifetime, span, with_new_ids};
use super::request::Request;
use super::reveal::shown;
use super::set_back;
use crate::domain::event::{Action, Event};
use crate::domain::key::Key;
use crate::domain::rotation::{self, GraceStart, Plan};
use crate::domain::secret::Brand;
use crate::domain::time::{Instant, Span};
use crate::exit::Exit;
use crate::handover::{Handover, HandoverArguments, taken_back};
use crate::issuance::{Issued, RotationTerms, commit_then_hand_over, draft_rotation};
use crate::registry::{Change, Found, Registry as _};
use crate::session::{Session, Unlocked};

/// Give a key a new secret; the old one is accepted for a grace, which only ever shortens its life
///
/// The key keeps its id, name, scopes, limits and history.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(group = ArgGroup::new("which").required(true).args(["key", "due"]))]
#[command(group = ArgGroup::new("stage").args(["status", "finish", "extend", "cancel"]).conflicts_with_all(["due", "grace", "on_first_use", "force", "every", "expires", "no_keep", "request_id", "quiet", "secret_out"]))]
pub struct Arguments {
    /// Id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    pub key: Option<String>,
    /// How long the old secret is still accepted; 0 ends it now [default: 7d]
    #[arg(long, value_name = "SPAN")]
    grace: Option<String>,
    /// Let the old secret keep its life until the new one is first accepted, and start the grace then
    #[arg(long)]
    on_first_use: bool,
    /// Rotate although a rotation is under way, which ends its oldest secret now
    #[arg(long)]
    force: bool,
    /// Rotate it this often from now on
    #[arg(long, value_name = "SPAN")]
    every: Option<String>,
    /// Change how long its secrets live: a span, a date, or `never`
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// Keep only the digest of the new secret
    #[arg(long)]
    no_keep: bool,
    /// Show where the rotation stands
    #[arg(long)]
    status: bool,
    /// End the grace now
    #[arg(long)]
    finish: bool,
    /// Lengthen the grace by this, never beyond the old secret's own end
    #[arg(long, value_name = "SPAN")]
    extend: Option<String>,
    /// Take the new secret back, if it was never accepted, and give the old one its earlier end
    #[arg(long)]
    cancel: bool,
    /// Rotate every key whose schedule asks for it; one that is being rotated already waits
    #[arg(long, conflicts_with_all = ["request_id", "quiet", "secret_out"])]
    due: bool,
    /// With `--due`, which needs it unless it is a dry run: write each new secret to a new file in this folder, named by
    /// the ids of key and secret
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath, conflicts_with = "key")]
    secret_dir: Option<std::path::PathBuf>,
    /// Make this repeatable: the same id gives the same secret again
    #[arg(long, value_name = "ID", conflicts_with = "no_keep")]
    request_id: Option<String>,
    #[command(flatten)]
    handover: HandoverArguments,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 5 for a key that is not there, 6 for one that is revoked, expired, being rotated already, or was set back outside
/// apikey; nothing is changed then.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let Some(selector) = &arguments.key else { return due::run(arguments, session) };
    if arguments.status || arguments.finish || arguments.extend.is_some() || arguments.cancel {
        return stages::run(selector, arguments, session);
    }
    let terms = arguments.terms(session)?;
    if arguments.dry_run {
        return preview(selector, arguments, terms, session);
    }
    // What cannot be done is said before where the secret goes, and before the vault is opened.
    let key = session.select(&session.registry()?, selector)?.key;
    if arguments.request_id.is_none() {
        key.may_rotate(terms.plan, session.now)?;
    }
    let mut handover = arguments.handover.open(session)?;
    let mut unlocked = session.unlocked()?;
    let found = session.select(&unlocked.registry, selector)?;
    let request = arguments.request(&found.key, terms)?;
    if repeated(request.as_ref(), &found, &mut handover, (&mut unlocked, session))? {
        return Ok(Exit::Done);
    }
    found.key.may_rotate(terms.plan, session.now)?;
    if let Some(which) = ended(&found.key, terms.plan, session.now) {
        let name = format!("{}/{}", found.key.project, found.key.name);
        session.confirm(arguments.yes, &format!("End the {which} secret of `{name}` now?"))?;
    }
    let answer = |issued: &Issued, (): &mut (), brand: &Brand, session: &mut Session<'_, '_>| {
        answer::hand_over(&found, issued, &mut handover, (brand, session))
    };
    let issued = issue(&found.key, (terms, request.as_ref()), (&mut unlocked, session), (|_| Ok(()), answer));
    if let Err(error) = &issued
        && is_overtaken(error)
        && repeated(request.as_ref(), &found, &mut handover, (&mut unlocked, session))?
    {
        return Ok(Exit::Done);
    }
    issued.map(|_| Exit::Done)
}

/// The same request again: the same answer, from the kept copy. Says whether it was one.
fn repeated(
    request: Option<&Request>,
    found: &Found,
    handover: &mut Handover,
    (unlocked, session): (&mut Unlocked, &mut Session<'_, '_>),
) -> Result<bool> {
    let Some(request) = request else { return Ok(false) };
    let Some(made) = request.made_before(&unlocked.registry)? else { return Ok(false) };
    let secret = request.open(&made, (&unlocked.keys, session.now))?;
    unlocked.registry.apply(&shown(&made.found.key, &made.secret, (&unlocked.keys.audit, session)))?;
    let issued = Issued { key: made.found.key, secret };
    answer::hand_over(found, &issued, handover, (&unlocked.brand, session))?;
    Ok(true)
}

/// Draws a secret, opens the place it goes to, commits the rotation and hands the secret over. Draws again when its random
/// id is in use.
fn issue<P>(
    before: &Key,
    (terms, request): (RotationTerms, Option<&Request>),
    (unlocked, session): (&mut Unlocked, &mut Session<'_, '_>),
    (open, mut hand_over): (
        impl Fn(&Issued) -> Result<P>,
        impl FnMut(&Issued, &mut P, &Brand, &mut Session<'_, '_>) -> Result<()>,
    ),
) -> Result<Issued> {
    set_back::refuse_key(before, Action::KeyRotated, &unlocked.registry, &unlocked.keys)?;
    with_new_ids(|| {
        let issued =
            draft_rotation(before, terms, (&unlocked.brand, &unlocked.keys), session.host.rng, session.now)
                .map_err(explain)?;
        let mut place = open(&issued)?;
        record(before, &issued, request, (&mut *unlocked, &mut *session), |brand, session| {
            hand_over(&issued, &mut place, brand, session)
        })?;
        Ok(issued)
    })
}

/// Which secret of the key such a rotation ends at once, if any.
fn ended(key: &Key, plan: Plan, now: Instant) -> Option<&'static str> {
    if plan.grace == Span::ZERO && plan.start == GraceStart::Now {
        Some("old")
    } else if key.rotation(now).is_some() {
        Some("oldest")
    } else {
        None
    }
}

impl Arguments {
    fn request(&self, key: &Key, terms: RotationTerms) -> Result<Option<Request>> {
        let wish = terms.canonical(key.id);
        self.request_id.as_deref().map(|id| Request::new(id, &wish)).transpose()
    }

    fn terms(&self, session: &Session<'_, '_>) -> Result<RotationTerms> {
        let grace = match &self.grace {
            Some(text) => rotation::grace(text).map_err(|error| explain_time(&error))?,
            None => session.settings.defaults.grace.unwrap_or(rotation::DEFAULT_GRACE),
        };
        let start = if self.on_first_use { GraceStart::OnFirstUse } else { GraceStart::Now };
        Ok(RotationTerms {
            plan: Plan { grace, start, force: self.force },
            lifetime: self.expires.as_deref().map(lifetime).transpose()?,
            every: self.every.as_deref().map(span).transpose()?,
            keep: !self.no_keep && session.settings.defaults.keep.unwrap_or(true),
        })
    }
}

/// Commits a drafted rotation and hands its secret over, or takes it back.
fn record(
    before: &Key,
    issued: &Issued,
    request: Option<&Request>,
    (unlocked, session): (&mut Unlocked, &mut Session<'_, '_>),
    hand_over: impl FnOnce(&Brand, &mut Session<'_, '_>) -> Result<()>,
) -> Result<()> {
    let Unlocked { registry, brand, keys } = unlocked;
    let (now, actor) = (session.now, session.actor());
    let change = |_| Change {
        replace: std::slice::from_ref(&issued.key),
        events: vec![Event::on_key(Action::KeyRotated, &actor, Some(before), &issued.key, now)],
        remember: request.iter().map(|request| request.remember(issued, &keys.row, now)).collect(),
        audit: Some(&keys.audit),
        now: Some(now),
        ..Change::default()
    };
    let earlier = Key { revision: before.revision + 1, ..before.clone() };
    let undo = |_| Change {
        replace: std::slice::from_ref(&earlier),
        forget_requests: request.iter().map(|request| request.id().to_owned()).collect(),
        events: vec![Event::on_key(Action::RotationTakenBack, &actor, Some(&issued.key), before, now)],
        audit: Some(&keys.audit),
        ..Change::default()
    };
    commit_then_hand_over(registry, 1, change, undo, || hand_over(brand, session)).map_err(taken_back)
}

fn preview(
    selector: &str,
    arguments: &Arguments,
    terms: RotationTerms,
    session: &mut Session<'_, '_>,
) -> Result<Exit> {
    arguments.handover.check_file()?;
    let unlocked = session.unlocked()?;
    let found = session.select(&unlocked.registry, selector)?;
    if let Some(request) = arguments.request(&found.key, terms)?
        && let Some(made) = request.made_before(&unlocked.registry)?
    {
        let secret = request.open(&made, (&unlocked.keys, session.now))?;
        answer::preview(&found, &Issued { key: made.found.key, secret }, (&unlocked.brand, session))?;
        return Ok(Exit::Done);
    }
    set_back::refuse_key(&found.key, Action::KeyRotated, &unlocked.registry, &unlocked.keys)?;
    let issued =
        draft_rotation(&found.key, terms, (&unlocked.brand, &unlocked.keys), session.host.rng, session.now)
            .map_err(explain)?;
    answer::preview(&found, &issued, (&unlocked.brand, session))?;
    Ok(Exit::Done)
}
