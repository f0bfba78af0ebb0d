//! The answer of `rotate`: the new secret, and the timeline of both.

use anyhow::Result;

use crate::domain::key::{Key, KeySecret};
use crate::domain::secret::Brand;
use crate::domain::text::shell_word;
use crate::domain::time::Instant;
use crate::handover::{Handover, READERS};
use crate::issuance::Issued;
use crate::output::view::{ExposedSecret, IssuedView, KeyView, RotationView, Shown as As};
use crate::registry::Found;
use crate::session::Session;

/// Hands the new secret over and flushes.
pub(super) fn hand_over(
    found: &Found,
    issued: &Issued,
    place: &mut Handover,
    (brand, session): (&Brand, &mut Session<'_, '_>),
) -> Result<()> {
    let is_json = session.format().is_json();
    let timeline = if is_newest(issued) { timeline(&issued.key, session.now) } else { replaced(issued) };
    match place {
        Handover::File(file) => {
            file.write(&[&issued.secret])?;
            if is_json {
                json(found, issued, &Shown { secret: false, dry_run: false }, (brand, session))?;
            } else {
                let path = file.path().display().to_string();
                session.say(&format!(
                    "{timeline}\nThe {} secret is in {path}, {READERS}.",
                    if is_newest(issued) { "new" } else { "requested" }
                ))?;
            }
        }
        Handover::Quiet => writeln!(session.host.stdout, "{}", issued.secret.expose())?,
        Handover::Json => json(found, issued, &Shown { secret: true, dry_run: false }, (brand, session))?,
        Handover::Person => {
            let key = &issued.key;
            session.say(&format!("Rotated `{}/{}` ({})\n{timeline}", key.project, key.name, key.id))?;
            writeln!(session.host.stdout, "{}", issued.secret.expose())?;
            session.host.stdout.flush()?;
            if is_newest(issued) {
                session.say(&next(key, session.now))?;
            }
        }
    }
    session.host.stdout.flush()?;
    place.keep();
    Ok(())
}

/// Whether nothing has replaced it since, as it may have when a request is repeated later.
fn is_newest(issued: &Issued) -> bool {
    issued.key.newest_secret().is_some_and(|newest| newest.id == issued.secret.parts().id)
}

/// What is said of a secret that this request made once, and that another rotation replaced since.
fn replaced(issued: &Issued) -> String {
    let id = issued.secret.parts().id;
    let end = issued.key.secrets.iter().find(|secret| secret.id == id).and_then(KeySecret::ends_at);
    let until = until(end);
    format!("  this request made {id}…, accepted {until}; another rotation has replaced it since")
}

/// What would be: the same answer without a secret.
pub(super) fn preview(
    found: &Found,
    issued: &Issued,
    (brand, session): (&Brand, &mut Session<'_, '_>),
) -> Result<()> {
    if session.format().is_json() {
        return json(found, issued, &Shown { secret: false, dry_run: true }, (brand, session));
    }
    session.say(&format!(
        "Would rotate `{}/{}`\n{}",
        issued.key.project,
        issued.key.name,
        timeline(&issued.key, session.now)
    ))
}

struct Shown {
    secret: bool,
    dry_run: bool,
}

fn json(
    found: &Found,
    issued: &Issued,
    shown: &Shown,
    (brand, session): (&Brand, &mut Session<'_, '_>),
) -> Result<()> {
    let suspended = found.is_suspended();
    let view = IssuedView {
        secret: shown.secret.then(|| ExposedSecret::new(issued.secret.expose())),
        dry_run: shown.dry_run,
        ..stage(&issued.key, suspended, brand, session.now)
    };
    // What the newest secret means says nothing of one that was replaced since.
    let view = IssuedView { rotation: view.rotation.filter(|_| is_newest(issued)), ..view };
    session.out().object(&view)?;
    Ok(())
}

/// Where a rotation of this key stands, as JSON; without a secret.
pub(super) fn stage<'a>(key: &'a Key, suspended: bool, brand: &Brand, now: Instant) -> IssuedView<'a> {
    let rotation = both(key).map(|(old, new)| RotationView {
        old_secret_id: old.id,
        old_accepted_until: old.ends_at().map(As),
        new_accepted_from: As(new.created_at),
        pending: new.pending_grace.is_some(),
    });
    IssuedView { key: KeyView::of(key, suspended, brand, now), secret: None, dry_run: false, rotation }
}

/// The newest secret and the one before it, of those that are not revoked.
fn both(key: &Key) -> Option<(&KeySecret, &KeySecret)> {
    let mut kept = key.secrets.iter().rev().filter(|secret| secret.revoked_at.is_none());
    let new = kept.next()?;
    kept.next().map(|old| (old, new))
}

fn until(end: Option<Instant>) -> String {
    end.map_or_else(|| "without end".to_owned(), |end| format!("until {end}"))
}

/// From when until when each of the two secrets is accepted.
pub(super) fn timeline(key: &Key, now: Instant) -> String {
    let Some(new) = key.newest_secret() else { return String::new() };
    let new_line =
        |label| format!("  {label}  {}…  accepted from {} {}", new.id, new.created_at, until(new.ends_at()));
    if key.secrets.last().is_some_and(|last| last.id != new.id) {
        // The rotation was called off: what is left is no new one.
        return new_line("now");
    }
    let mut lines = Vec::new();
    if let Some((old, _)) = both(key) {
        let span = match (new.pending_grace, old.is_live(now)) {
            (Some(grace), true) => {
                format!("accepted; its grace of {grace} starts when the new one is first used")
            }
            (_, true) => format!("accepted {}", until(old.ends_at())),
            (_, false) => "no longer accepted".to_owned(),
        };
        lines.push(format!("  old  {}…  {span}", old.id));
    }
    lines.push(new_line("new"));
    lines.join("\n")
}

fn next(key: &Key, now: Instant) -> String {
    let name = shell_word(key.name.as_str());
    if key.rotation(now).is_none() {
        return format!("next: hand the new secret out; see `apikey show {name}`");
    }
    format!(
        "next: hand the new secret out, then `apikey rotate {name} --finish`; too soon? `--extend 3d`; by mistake? `--cancel`"
    )
}
