//! The secret that is presented: a kept copy, recorded as used before it leaves, or one from outside.

use super::{
    Brand, Exit, Failure, Key, Result, SecretId, Session, Target, Unlocked, public_part, target, username,
};
use crate::commands::kept;
use crate::domain::event::{Action, Event, FieldChange};
use crate::domain::secret::redacted;
use crate::domain::time::Instant;
use crate::http::credential::Credential;
use crate::registry::{Change, Registry};

/// A secret to present.
pub(super) struct Presented {
    pub(super) credential: Credential,
    pub(super) public: Option<String>,
    /// Of the key's own secret.
    id: Option<SecretId>,
}

/// The newest secret of the key that lives.
pub(super) fn newest_live(key: &Key, now: Instant) -> Result<SecretId> {
    let live = key.secrets.iter().rev().find(|secret| key.revoked.is_none() && secret.is_live(now));
    let dead = || {
        let state = if key.revoked.is_some() { "revoked" } else { "expired" };
        Failure::new(
            Exit::Conflict,
            "state_forbids",
            format!("`{}` is {state}: it has no secret to present", key.name),
        )
        .hint("see whether an endpoint still accepts one with `--stdin-secret --url URL`")
    };
    Ok(live.map(|secret| secret.id).ok_or_else(dead)?)
}

/// The kept copy of one of the key's secrets.
pub(super) fn kept(key: &Key, id: SecretId, unlocked: &Unlocked, now: Instant) -> Result<Presented> {
    let row = key.secrets.iter().find(|secret| secret.id == id);
    let secret = row.map(|row| kept::open(key, row, &unlocked.keys, now)).transpose()?.flatten();
    let secret = secret.ok_or_else(|| not_kept(key, id, &unlocked.brand))?;
    let credential = Credential::from(&secret);
    let credential = match username(key, unlocked) {
        Some(username) => credential.with_username(&username)?,
        None => credential,
    };
    let public = public_part(&unlocked.brand, key.kind, key.env, id);
    Ok(Presented { credential, public: Some(public), id: Some(id) })
}

fn not_kept(key: &Key, id: SecretId, brand: &Brand) -> Failure {
    let public = public_part(brand, key.kind, key.env, id);
    Failure::new(Exit::Conflict, "not_kept", format!("no copy of {public}… is kept")).hint(format!(
        "give it on standard input with `--stdin-secret`, or get a new one with `apikey rotate {}`",
        key.id
    ))
}

/// A secret from outside, of any issuer.
pub(super) fn foreign(text: &[u8], username: Option<&str>) -> Result<Presented> {
    let wrong = |why: String| Failure::usage(why).hint("give the secret alone, on one line");
    let text = std::str::from_utf8(text).map_err(|_| wrong("the key is not text".to_owned()))?;
    let credential = Credential::from_text(text).map_err(|error| wrong(error.to_string()))?;
    let credential = match username {
        Some(username) => credential.with_username(username)?,
        None => credential,
    };
    let public = redacted(text).map(|text| text.trim_end_matches('…').to_owned());
    Ok(Presented { credential, public, id: None })
}

/// What is called with which secrets of which key.
pub(super) type Call<'a> = (&'a Key, &'a [Presented], &'a Target);

/// Records, in one change, that kept copies go out, and the target if it is to be remembered.
pub(super) fn record(
    calls: &[Call<'_>],
    save: Option<&Target>,
    (unlocked, session): (&mut Unlocked, &Session<'_, '_>),
) -> Result<()> {
    let (now, actor) = (session.now, session.actor());
    let event =
        |action, key: &Key, changes| Event { changes, ..Event::on_key(action, &actor, Some(key), key, now) };
    let mut events = Vec::new();
    let mut targets = Vec::new();
    for (key, presented, target) in calls {
        for id in presented.iter().filter_map(|one| one.id) {
            let changes = vec![field("secret", id.to_string()), field("url", place(target))];
            events.push(event(Action::SecretUsed, key, changes));
        }
        if let Some(target) = save {
            targets.push((key.id, target::sealed(target, key.id, &unlocked.keys.row)?));
            events.push(event(Action::TargetSaved, key, vec![field("url", place(target))]));
        }
    }
    let change =
        Change { targets, events, audit: Some(&unlocked.keys.audit), now: Some(now), ..Change::default() };
    Ok(unlocked.registry.apply(&change)?)
}

fn field(name: &str, value: String) -> FieldChange {
    FieldChange { field: name.to_owned(), before: None, after: Some(value) }
}

/// The address without its query, which may hold what is private elsewhere.
fn place(target: &Target) -> String {
    let mut url = target.url().clone();
    url.set_query(None);
    url.into()
}
