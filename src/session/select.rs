//! Selectors: which key is meant by an id, a name, `project/name`, or a secret's public id.

use std::ops::ControlFlow;

use anyhow::Result;

use super::Session;
use crate::domain::key::{Key, KeyId, KeyStatus};
use crate::domain::name::Name;
use crate::domain::secret::{self, SecretId};
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::registry::{Filter, Found, Registry};

impl Session<'_, '_> {
    /// The key that a selector names: an id, a name, `project/name`, or a secret's public id.
    ///
    /// # Errors
    /// Exit 5 when nothing or more than one thing goes by it; exit 2, without echoing it, for a full secret.
    pub fn select(&self, registry: &dyn Registry, selector: &str) -> Result<Found> {
        if secret::contains_secret(selector) {
            let failure = Failure::usage(
                "a secret was given where a key's name or id belongs; it may now be in your shell's history",
            );
            return Err(failure.hint("find its key with `apikey lookup` (the secret on standard input); rotate it if others can read that history").into());
        }
        if let Ok(id) = selector.parse::<KeyId>() {
            return registry.find_key(id)?.ok_or_else(|| not_found(registry, selector));
        }
        match (by_name(registry, selector, self.now)?, by_public_part(registry, selector)?) {
            // A name may be twelve letters and digits too, and whoever gives one must not take the place of a secret.
            (Some(named), Some(part)) if named.key.id != part.key.id => Err(ambiguous(
                format!("`{selector}` is the name of one key and the public id of another's secret"),
                &[named.key, part.key],
            )),
            (Some(found), _) | (None, Some(found)) => Ok(found),
            (None, None) => Err(not_found(registry, selector)),
        }
    }
}

fn by_name(registry: &dyn Registry, selector: &str, now: Instant) -> Result<Option<Found>> {
    let (project, name) = match selector.split_once('/') {
        Some((project, name)) => (Some(project), name),
        None => (None, selector),
    };
    let (Ok(name), Ok(project)) = (name.parse::<Name>(), project.map(str::parse::<Name>).transpose()) else {
        return Ok(None);
    };
    let filter = Filter { name: Some(name), project, ..Filter::default() };
    let mut keys = Vec::new();
    registry.list(&filter, now, &mut |listed| {
        keys.push(listed.key);
        ControlFlow::Continue(())
    })?;
    if keys.iter().any(|key| key.revoked.is_none()) {
        keys.retain(|key| key.revoked.is_none());
    }
    match keys.as_slice() {
        [] => Ok(None),
        [key] => Ok(registry.find_key(key.id)?),
        several => Err(ambiguous(format!("{} keys are named `{selector}`", several.len()), several)),
    }
}

fn ambiguous(what: String, several: &[Key]) -> anyhow::Error {
    let named = |key: &Key| format!("{} ({}/{})", key.id, key.project, key.name);
    let all: Vec<String> = several.iter().take(8).map(named).collect();
    Failure::new(Exit::NotFound, "ambiguous", what).hint(format!("say which: {}", all.join(", "))).into()
}

fn by_public_part(registry: &dyn Registry, selector: &str) -> Result<Option<Found>> {
    let Some(id) = SecretId::from_shown(selector) else { return Ok(None) };
    if let Some(found) = registry.find_secret(id)? {
        return Ok(Some(found));
    }
    // A consumer key carries the key's own id.
    match KeyId::from_bare(id.as_str()) {
        Some(id) if selector.contains("_ck_") => Ok(registry.find_key(id)?),
        _ => Ok(None),
    }
}

fn not_found(registry: &dyn Registry, selector: &str) -> anyhow::Error {
    let shown: String = selector.chars().take(80).collect();
    let failure = Failure::new(Exit::NotFound, "not_found", format!("no key named `{shown}`"));
    let mut best: Option<(f64, String)> = None;
    let wanted = selector.rsplit('/').next().unwrap_or(selector);
    let lower = wanted.to_lowercase();
    // The newest, for a slip at the beginning; and whatever goes on from what was typed, for one at the end.
    let ends = wanted.char_indices().map(|(place, _)| place).chain([wanted.len()]).rev();
    let begins = ends.take(3).filter(|end| *end > 0).map(|end| Some(wanted[..end].to_owned()));
    for name_begins in std::iter::once(None).chain(begins) {
        let statuses = KeyStatus::NOT_REVOKED.to_vec();
        let filter = Filter { statuses, name_begins, limit: Some(1_000), ..Filter::default() };
        // A suggestion is a courtesy: if the names cannot be read, the error stands without it.
        let _ = registry.list(&filter, Instant::from_seconds(0), &mut |listed| {
            let near = strsim::jaro_winkler(&lower, &listed.key.name.as_str().to_lowercase());
            if near > best.as_ref().map_or(0.85, |(score, _)| *score) {
                let (project, name) = (&listed.key.project, &listed.key.name);
                // Of whoever names a project too, the name alone may be that of several.
                let named =
                    if selector.contains('/') { format!("{project}/{name}") } else { name.to_string() };
                best = Some((near, named));
            }
            ControlFlow::Continue(())
        });
    }
    match best {
        Some((_, name)) => failure.hint(format!("did you mean `{name}`?")),
        None => failure.hint("see what there is with `apikey list`"),
    }
    .into()
}
