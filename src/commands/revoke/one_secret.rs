//! `revoke --secret`: one secret of one key; the others stay as they are.

use anyhow::Result;

use super::{Arguments, Revoked, answer};
use crate::commands::change::anew_if_overtaken;
use crate::domain::event::{Action, Event, FieldChange};
use crate::domain::key::{KeyId, KeySecret};
use crate::domain::secret::SecretId;
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::registry::{Change, Listed, Registry, RegistryError};
use crate::session::Session;

pub(super) fn revoke(
    id: &str,
    mut keys: Vec<Listed>,
    arguments: &Arguments,
    (registry, session): (&mut dyn Registry, &mut Session<'_, '_>),
) -> Result<Exit> {
    let (Some(before), true) = (keys.pop(), keys.is_empty()) else {
        return Err(Failure::usage("`--secret` names one secret of one key")
            .hint("apikey revoke KEY --secret ID")
            .into());
    };
    let Some(id) = SecretId::from_shown(id) else {
        let failure = Failure::usage("this is no secret's public id");
        return Err(failure.hint(format!("see them with `apikey show {}`", before.key.id)).into());
    };
    let mut after = before.key.clone();
    let changed = after.revoke_secret(id, session.now)?;
    let done = if changed && !arguments.dry_run {
        session.confirm(
            arguments.yes,
            &format!("Revoke the secret {id} of `{}/{}` for good?", after.project, after.name),
        )?;
        recorded(id, before.key.id, arguments.reason.as_deref(), (registry, session))?
    } else {
        Revoked::of(&before, after, changed)
    };
    answer(&[done], arguments, (registry, session))
}

/// Revokes it on the key as it is by now. A secret keeps no reason; if one is told, the log has it.
fn recorded(
    id: SecretId,
    key: KeyId,
    reason: Option<&str>,
    (registry, session): (&mut dyn Registry, &Session<'_, '_>),
) -> Result<Revoked> {
    let (actor, now) = (session.actor(), session.now);
    anew_if_overtaken(|| {
        let found = registry.find_key(key)?.ok_or(RegistryError::Conflict(key))?;
        let before = Listed { suspended: found.is_suspended(), key: found.key };
        let mut after = before.key.clone();
        let changed = after.revoke_secret(id, now)?;
        if changed {
            let mut event = Event::on_key(Action::SecretRevoked, &actor, Some(&before.key), &after, now);
            event.changes.extend(reason.map(|reason| FieldChange {
                field: "revoke_reason".to_owned(),
                before: None,
                after: Some(reason.to_owned()),
            }));
            let replace = std::slice::from_ref(&after);
            registry.apply(&Change { replace, events: vec![event], now: Some(now), ..Change::default() })?;
        }
        Ok(Revoked::of(&before, after, changed))
    })
}

/// When a secret ends because another replaced it.
pub(super) fn retires_at(secret: &KeySecret) -> Option<Instant> {
    secret.retires_at.filter(|end| secret.ends_at() == Some(*end))
}
