//! Public parts and fragments of a secret: how they lead to a key.

use std::ops::ControlFlow;

use anyhow::Result;

use super::{Hit, unknown};
use crate::domain::key::{Key, KeyId};
use crate::domain::secret::{Env, Kind, SecretId};
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::registry::{Filter, Registry};
use crate::session::Session;

/// Fewer characters of an id say nothing.
const SHORTEST_BEGINNING: usize = 3;

/// A public part, its beginning, or whatever else selects a key.
pub(super) fn by_argument(part: &str, registry: &dyn Registry, session: &Session<'_, '_>) -> Result<Hit> {
    let shortened = part.strip_suffix('…').or_else(|| part.strip_suffix("..."));
    if let Some(hit) = by_whole_id(shortened.unwrap_or(part), registry)? {
        return Ok(hit);
    }
    if let Some(beginning) = shortened {
        return by_beginning(beginning, registry);
    }
    match session.select(registry, part) {
        Ok(found) => Ok(Hit { found, secret: None, matched: None }),
        // Cut short without a word, as a screen does it.
        Err(error) => by_beginning_of_a_part(part, registry).unwrap_or(Err(error)),
    }
}

/// As [`by_beginning`], of what begins as public parts do; none for what could be anything.
fn by_beginning_of_a_part(text: &str, registry: &dyn Registry) -> Option<Result<Hit>> {
    Beginning::of(text).filter(|beginning| beginning.kind.is_some()).map(|_| by_beginning(text, registry))
}

/// What came by standard input and is no whole secret: perhaps a public part, or a secret that was cut short.
pub(super) fn by_fragment(text: &[u8], registry: &dyn Registry) -> Result<Hit> {
    let text = std::str::from_utf8(text).map_err(|_| unknown())?.trim();
    let shortened = text.strip_suffix('…').or_else(|| text.strip_suffix("..."));
    if let Some(hit) = by_whole_id(shortened.unwrap_or(text), registry)? {
        return Ok(hit);
    }
    match shortened {
        Some(beginning) => by_beginning(beginning, registry),
        None => by_beginning_of_a_part(text, registry).unwrap_or_else(|| Err(unknown().into())),
    }
}

/// `<brand>_<kind>_<env>_<id>` and whatever follows, `key_<id>`, or a bare id.
fn by_whole_id(text: &str, registry: &dyn Registry) -> Result<Option<Hit>> {
    let fields: Vec<&str> = text.split('_').collect();
    let id = match fields.as_slice() {
        [id] | ["key", id] | [_, _, _, id, ..] => SecretId::parse(id),
        _ => None,
    };
    let Some(id) = id else { return Ok(None) };
    let names_the_key = matches!(fields.as_slice(), ["key", _] | [_, "ck", ..]);
    if !names_the_key && let Some(found) = registry.find_secret(id)? {
        return Ok(Some(Hit { found, secret: Some(id), matched: None }));
    }
    let key = KeyId::from_bare(id.as_str()).map(|id| registry.find_key(id)).transpose()?.flatten();
    Ok(key.map(|found| Hit { found, secret: None, matched: None }))
}

/// What is shown of secrets elsewhere: `apik_sk_live_7Hq2…`, if only one begins so.
fn by_beginning(text: &str, registry: &dyn Registry) -> Result<Hit> {
    let beginning = Beginning::of(text).ok_or_else(unknown)?;
    let mut hits: Vec<(KeyId, Option<SecretId>, String)> = Vec::new();
    let filter = Filter { id_begins: Some(beginning.id.to_owned()), ..Filter::default() };
    registry.list(&filter, Instant::from_seconds(0), &mut |listed| {
        for secret in beginning.of_key(&listed.key) {
            hits.push((listed.key.id, secret, format!("{}/{}", listed.key.project, listed.key.name)));
        }
        if hits.len() > MOST_SHOWN { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    match hits.as_slice() {
        [] => Err(unknown().into()),
        [(key, secret, _)] => {
            let found = registry.find_key(*key)?.ok_or_else(unknown)?;
            Ok(Hit { found, secret: *secret, matched: None })
        }
        several => {
            let names: Vec<String> = several
                .iter()
                .take(MOST_SHOWN)
                .map(|(key, secret, name)| {
                    format!("{} ({name})", secret.map_or_else(|| key.to_string(), |id| id.to_string()))
                })
                .collect();
            let failure = Failure::new(Exit::NotFound, "ambiguous", "several ids begin like this");
            Err(failure.hint(format!("give more of it; it could be {}", names.join(", "))).into())
        }
    }
}

/// More than this are not listed in a hint.
const MOST_SHOWN: usize = 8;

/// The beginning of an id, with what stands before it.
struct Beginning<'a> {
    kind: Option<&'a str>,
    env: Option<Env>,
    id: &'a str,
}

impl<'a> Beginning<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let fields: Vec<&str> = text.split('_').collect();
        let (kind, env, id) = match fields.as_slice() {
            [id] => (None, None, *id),
            ["key", id] => (Some("ck"), None, *id),
            [_, kind, env, id] => (Some(*kind), Some(Env::from_code(env)?), *id),
            _ => return None,
        };
        let is_enough = id.len() >= SHORTEST_BEGINNING && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_enough.then_some(Self { kind, env, id })
    }

    /// The secrets of a key that begin so, or none for the key's own id.
    fn of_key(&self, key: &Key) -> Vec<Option<SecretId>> {
        if self.env.is_some_and(|env| env != key.env) {
            return Vec::new();
        }
        let kind = self.kind.and_then(Kind::from_code);
        let mut hits = Vec::new();
        if self.kind != Some("ck") && kind.is_none_or(|kind| kind == key.kind) {
            let ids = key.secrets.iter().map(|secret| secret.id);
            hits.extend(ids.filter(|id| id.as_str().starts_with(self.id)).map(Some));
        }
        if matches!(self.kind, None | Some("ck")) && key.id.bare().starts_with(self.id) {
            hits.push(None);
        }
        hits
    }
}
