//! Audit events: what changed, who changed it, and the chain that ties each event to all before it.

mod action;

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::canonical::{state_of_key, state_of_party};
use super::key::{Key, KeyId, KeySecret, SecretStatus};
use super::party::Party;
use super::time::Instant;

pub use action::Action;

/// Who did it and from where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actor {
    /// Login name.
    pub user: String,
    /// Host name.
    pub host: String,
    /// The CI run, as its system names it.
    pub ci_run: Option<String>,
}

/// One field before and after. Never a secret or a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The field's name in JSON.
    pub field: String,
    /// Before; absent when there was none.
    pub before: Option<String>,
    /// After; absent when there is none.
    pub after: Option<String>,
}

/// One audit event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What.
    pub action: Action,
    /// Who.
    pub actor: Actor,
    /// On which key.
    pub key: Option<KeyId>,
    /// On which key, owner, project or scope, by its name then.
    pub subject: String,
    /// What before and after.
    pub changes: Vec<FieldChange>,
    /// What it left of its key, owner or project: SHA-256 of all that grants, as [`super::canonical::state_of_key`] has
    /// it. One that left it as it was says nothing, or it would confirm whatever it found.
    pub state: Option<[u8; 32]>,
}

impl Event {
    /// An event on a key, with all that differs between `before` and `after`.
    #[must_use]
    pub fn on_key(action: Action, actor: &Actor, before: Option<&Key>, after: &Key, now: Instant) -> Self {
        let state = state_of_key(after);
        Self {
            at: now,
            action,
            actor: actor.clone(),
            key: Some(after.id),
            subject: format!("{}/{}", after.project, after.name),
            changes: differences(before, after, now),
            state: if action.may_leave_as_it_is() && before.map(state_of_key) == Some(state) {
                None
            } else {
                Some(state)
            },
        }
    }

    /// An event on an owner or a project.
    #[must_use]
    pub fn on_party(action: Action, actor: &Actor, after: &Party, now: Instant) -> Self {
        Self { state: Some(state_of_party(after)), ..Self::on(action, actor, after.name.to_string(), now) }
    }

    /// An event on something else.
    #[must_use]
    pub fn on(action: Action, actor: &Actor, subject: impl Into<String>, now: Instant) -> Self {
        Self {
            at: now,
            action,
            actor: actor.clone(),
            key: None,
            subject: subject.into(),
            changes: Vec::new(),
            state: None,
        }
    }
}

/// The chain hash of an event: SHA-256 of the previous one and of every field with its length before it.
#[must_use]
pub fn chain(previous: &[u8; 32], event: &Event) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"apikey/event/v1");
    hash.update(previous);
    hash.update(event.at.seconds().to_be_bytes());
    let mut text = |text: Option<&str>| {
        hash.update([u8::from(text.is_some())]);
        let text = text.unwrap_or_default();
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    text(Some(event.action.code()));
    text(Some(&event.actor.user));
    text(Some(&event.actor.host));
    text(event.actor.ci_run.as_deref());
    text(event.key.map(|id| id.to_string()).as_deref());
    text(Some(&event.subject));
    text(Some(&event.changes.len().to_string()));
    for change in &event.changes {
        text(Some(&change.field));
        text(change.before.as_deref());
        text(change.after.as_deref());
    }
    // Those of earlier versions have none, and keep their hashes.
    if let Some(state) = event.state {
        hash.update(b"state");
        hash.update(state);
    }
    hash.finalize().into()
}

type Fields = Vec<(String, Option<String>)>;

/// Every field that differs, by its name in JSON.
#[must_use]
pub fn differences(before: Option<&Key>, after: &Key, now: Instant) -> Vec<FieldChange> {
    let old = before.map(|key| fields(key, now)).unwrap_or_default();
    let new = fields(after, now);
    let by_name = |fields: &Fields| fields.iter().cloned().collect::<HashMap<_, _>>();
    let (before, after) = (by_name(&old), by_name(&new));
    let value = |values: &HashMap<String, Option<String>>, name| values.get(name).cloned().flatten();
    let gone = old.iter().filter(|(name, _)| !after.contains_key(name));
    new.iter()
        .chain(gone)
        .map(|(name, _)| FieldChange {
            field: name.clone(),
            before: value(&before, name),
            after: value(&after, name),
        })
        .filter(|change| change.before != change.after)
        .collect()
}

fn fields(key: &Key, now: Instant) -> Fields {
    let listed = |items: Vec<String>| (!items.is_empty()).then(|| items.join(" "));
    let instant = |at: Option<Instant>| at.map(|at| at.to_string());
    let mut fields: Fields = [
        ("name", Some(key.name.to_string())),
        ("kind", Some(key.kind.code().to_owned())),
        ("env", Some(key.env.code().to_owned())),
        ("owner", Some(key.owner.to_string())),
        ("project", Some(key.project.to_string())),
        ("scopes", listed(key.scopes.iter().map(ToString::to_string).collect())),
        ("allow_ips", listed(key.networks.named().iter().map(ToString::to_string).collect())),
        ("allow_origins", listed(key.origins.named().iter().map(ToString::to_string).collect())),
        ("rate", key.limits.rate.map(|rate| rate.to_string())),
        ("quota", key.limits.quota.map(|quota| quota.to_string())),
        ("lifetime", Some(key.lifetime.to_string())),
        ("not_before", instant(key.not_before)),
        ("rotate_every", key.rotate_every.map(|span| span.to_string())),
        ("tags", listed(key.tags.iter().map(ToString::to_string).collect())),
        ("note", key.note.as_ref().map(|note| note.as_str().to_owned())),
        ("disabled_at", instant(key.disabled_at)),
        ("revoked_at", instant(key.revoked.map(|revocation| revocation.at))),
        ("revoke_reason", key.revoked.map(|revocation| revocation.reason.code().to_owned())),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    for secret in &key.secrets {
        fields.push((format!("secret {}", secret.id), Some(secret_summary(key, secret, now))));
    }
    fields
}

fn secret_summary(key: &Key, secret: &KeySecret, now: Instant) -> String {
    let status = key.secret_status(secret, now);
    match (status, secret.ends_at()) {
        (SecretStatus::Revoked, _) => "revoked".to_owned(),
        (status, Some(end)) => format!("{} until {end}", status.code()),
        (status, None) => format!("{} without end", status.code()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_word_of_its_own() {
        for action in Action::ALL {
            assert_eq!(Action::from_code(action.code()), Some(action));
        }
    }

    #[test]
    fn any_field_altered_alters_the_chain() {
        let event =
            Event::on(Action::ScopeDefined, &Actor::default(), "orders:read", Instant::from_seconds(1));
        let whole = chain(&[0; 32], &event);
        assert_ne!(whole, chain(&[1; 32], &event));
        assert_ne!(whole, chain(&[0; 32], &Event { subject: "orders:write".into(), ..event.clone() }));
        assert_ne!(whole, chain(&[0; 32], &Event { at: Instant::from_seconds(2), ..event.clone() }));
        let actor = Actor { ci_run: Some(String::new()), ..Actor::default() };
        assert_ne!(whole, chain(&[0; 32], &Event { actor, ..event.clone() }));
        let state = |byte| chain(&[0; 32], &Event { state: Some([byte; 32]), ..event.clone() });
        assert!(whole != state(0) && state(0) != state(1));
    }
}
