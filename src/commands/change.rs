//! What every change of one key has in common: select, change, seal if it grants, commit with its event, answer.

use anyhow::Result;

use super::set_back;
use crate::crypto::rows::reseal;
use crate::domain::event::{Action, Event};
use crate::domain::key::{Key, KeyRefusal};
use crate::domain::secret::Brand;
use crate::domain::text::escape_block;
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::output::view::{ChangedView, KeyView};
use crate::output::{Format, ListWriter, Record, escape};
use crate::registry::{Change, Found, Registry, RegistryError};
use crate::session::{Session, Unlocked};

/// So many of many keys a person is told of one by one.
pub const TOLD: usize = 20;

/// How often a key is read again that somebody else changes again and again.
pub const TRIES: u32 = 8;

/// What a change did.
#[derive(Debug)]
pub struct Outcome {
    /// For the log.
    pub action: Action,
    /// Whether anything is different now.
    pub changed: bool,
    /// For the person: what follows "is", of validated text only, and perhaps more lines.
    pub said: String,
}

/// Changes a key in a way that takes authority away or grants nothing: the vault stays closed.
///
/// # Errors
/// The selector's, the change's own, and the registry's.
pub fn change_one(
    selector: &str,
    dry_run: bool,
    session: &mut Session<'_, '_>,
    change: impl Fn(&mut Key) -> Result<Outcome>,
) -> Result<Exit> {
    let mut registry = session.registry()?;
    let id = session.select(&registry, selector)?.key.id;
    let changed = anew_if_overtaken(|| {
        let found = registry.find_key(id)?.ok_or(RegistryError::Conflict(id))?;
        let mut after = found.key.clone();
        let outcome = change(&mut after)?;
        if outcome.changed {
            make(&mut registry, (&found.key, &after), (outcome.action, None), (dry_run, session))?;
        }
        Ok(Changed { found, after, outcome, dry_run })
    })?;
    let brand = registry.identity()?.brand;
    answer(&changed, &brand, session)
}

/// Reads, changes and commits by `attempt`; anew when somebody else changed the same meanwhile, which is no reason to
/// leave it as it is.
///
/// # Errors
/// Those of `attempt`; the conflict itself once it was overtaken [`TRIES`] times.
pub fn anew_if_overtaken<T>(mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    for _ in 1..TRIES {
        match attempt() {
            Err(error) if is_overtaken(&error) => {}
            other => return other,
        }
    }
    attempt()
}

fn is_overtaken(error: &anyhow::Error) -> bool {
    let conflict = error.downcast_ref();
    matches!(conflict, Some(RegistryError::Conflict(_) | RegistryError::PartyConflict { .. }))
}

/// Changes a key in a way that may grant: opens the vault and seals what changed, if what was there can be trusted.
///
/// # Errors
/// As [`change_one`], the vault's, and [`crate::crypto::rows::Tampered`].
pub fn grant_one(
    selector: &str,
    dry_run: bool,
    session: &mut Session<'_, '_>,
    change: impl FnOnce(&mut Key, &Unlocked) -> Result<Outcome>,
) -> Result<Exit> {
    let mut unlocked = session.unlocked()?;
    let found = session.select(&unlocked.registry, selector)?;
    let mut after = found.key.clone();
    let outcome = change(&mut after, &unlocked)?;
    if outcome.changed {
        let Unlocked { registry, keys, .. } = &mut unlocked;
        reseal(&keys.row, &found.key, &mut after)?;
        set_back::refuse_key(&found.key, outcome.action, registry, keys)?;
        make(registry, (&found.key, &after), (outcome.action, Some(&keys.audit)), (dry_run, session))?;
    }
    answer(&Changed { found, after, outcome, dry_run }, &unlocked.brand, session)
}

/// What is wanted of a field that may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field<T> {
    /// It stays as it is.
    Keep,
    /// Nothing is in it any more.
    Clear,
    /// This is in it.
    Set(T),
}

impl<T: Clone> Field<T> {
    /// What two flags that exclude each other say.
    #[must_use]
    pub fn of(set: Option<T>, clear: bool) -> Self {
        match set {
            Some(value) => Self::Set(value),
            None if clear => Self::Clear,
            None => Self::Keep,
        }
    }

    /// The field after it.
    #[must_use]
    pub fn after(&self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value.clone()),
        }
    }
}

/// Refuses a key that is over: nothing is given to it, and nothing revives it.
///
/// # Errors
/// [`KeyRefusal::Revoked`], or exit 6 for an expired key.
pub fn refuse_dead(key: &Key, now: Instant) -> Result<()> {
    if key.revoked.is_some() {
        return Err(KeyRefusal::Revoked.into());
    }
    if key.secrets.iter().any(|secret| secret.is_live(now)) {
        return Ok(());
    }
    let message = format!("`{}/{}` is expired, and an expired key is not revived", key.project, key.name);
    let failure = Failure::new(Exit::Conflict, "state_forbids", message);
    Err(failure.hint("create a new key with `apikey create`").into())
}

fn make(
    registry: &mut dyn Registry,
    (before, after): (&Key, &Key),
    (action, audit): (Action, Option<&crate::crypto::AuditKey>),
    (dry_run, session): (bool, &Session<'_, '_>),
) -> std::result::Result<(), RegistryError> {
    let event = Event::on_key(action, &session.actor(), Some(before), after, session.now);
    let change = Change {
        replace: std::slice::from_ref(after),
        events: vec![event],
        audit,
        now: Some(session.now),
        ..Change::default()
    };
    if dry_run { registry.check_names(&change) } else { registry.apply(&change) }
}

struct Changed {
    found: Found,
    after: Key,
    outcome: Outcome,
    dry_run: bool,
}

fn answer(changed: &Changed, brand: &Brand, session: &mut Session<'_, '_>) -> Result<Exit> {
    let suspended = changed.found.is_suspended();
    let now = session.now;
    if session.format() != Format::Table {
        let key = KeyView::of(&changed.after, suspended, brand, now);
        let view = ChangedView { key, changed: changed.outcome.changed, dry_run: changed.dry_run };
        write_changed(&[view], Count::One, session)?;
        return Ok(Exit::Done);
    }
    let name = format!("{}/{}", changed.after.project, changed.after.name);
    // A name may come from an edited file, where a line's end in it must not pass for the program's own.
    let (name, said) = (escape(&name), escape_block(&changed.outcome.said));
    let text = match (changed.outcome.changed, changed.dry_run) {
        (false, _) => format!("`{name}` is so already; nothing was changed"),
        (true, true) => format!("`{name}` would be {said}"),
        (true, false) => format!("`{name}` is {said}"),
    };
    session.say(&text)?;
    Ok(Exit::Done)
}

/// Whether one thing was asked for, which is an object in JSON, or several, which are an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// One.
    One,
    /// Any number.
    Several,
}

/// Writes keys as they are after a change, in any format but a table.
///
/// # Errors
/// Those of the stream.
pub fn write_changed(views: &[ChangedView<'_>], count: Count, session: &mut Session<'_, '_>) -> Result<()> {
    let mut out = session.out();
    if let ([view], Count::One, true) = (views, count, out.format.is_json()) {
        return Ok(out.object(view)?);
    }
    let mut list = ListWriter::begin(&mut out, KeyView::SHAPE);
    for view in views {
        list.row(view)?;
    }
    list.end()?;
    say_if_dry(views.iter().any(|view| view.dry_run), session)
}

/// Says of columns, which have none for it, that they show what would be.
///
/// # Errors
/// Those of the stream.
pub(super) fn say_if_dry(dry_run: bool, session: &mut Session<'_, '_>) -> Result<()> {
    if dry_run && !session.format().is_json() {
        session.say("a dry run: this is what would be, and nothing was changed")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key::KeyId;

    #[test]
    fn whoever_is_overtaken_tries_again_and_not_for_ever() {
        let conflict = || RegistryError::Conflict(KeyId::from_bare("0000000000ab").unwrap());
        let tried = |times: u32| {
            let mut tries = 0;
            let made = anew_if_overtaken(|| {
                tries += 1;
                if tries > times { Ok(()) } else { Err(conflict().into()) }
            });
            (made.is_ok(), tries)
        };
        assert_eq!(tried(0), (true, 1));
        assert_eq!(tried(TRIES - 1), (true, TRIES));
        assert_eq!(tried(TRIES), (false, TRIES));
        let mut asked = 0;
        let busy = anew_if_overtaken::<()>(|| {
            asked += 1;
            Err(RegistryError::Busy.into())
        });
        assert!(busy.is_err() && asked == 1, "not overtaken");
    }
}
