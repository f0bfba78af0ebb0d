//! `apikey reveal`: show the kept copy of a secret again. Recorded before it is shown.

use anyhow::Result;
use clap::Args;

use super::kept;
use crate::crypto::AuditKey;
use crate::domain::event::{Action, Event, FieldChange};
use crate::domain::key::{Key, KeyRefusal, KeySecret};
use crate::domain::secret::{Secret, SecretId};
use crate::domain::text::shell_word;
use crate::exit::{Exit, Failure};
use crate::handover::{Handover, HandoverArguments, READERS};
use crate::output::escape;
use crate::output::view::{ExposedSecret, IssuedView, KeyView};
use crate::registry::{Change, Found, Registry};
use crate::session::{Session, Unlocked};

/// Show the kept copy of a secret
///
/// That it was shown is recorded in the log before it is shown. Copies of what is revoked, retired or expired are erased.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    key: String,
    /// This secret of the key, by its public id [default: the newest]
    #[arg(long, value_name = "ID")]
    secret: Option<String>,
    #[command(flatten)]
    handover: HandoverArguments,
}

/// Runs it.
///
/// # Errors
/// Exit 2 off a terminal unless told where the secret goes; exit 6 when no copy is kept.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let mut handover = arguments.handover.open(session)?;
    let mut unlocked = session.unlocked()?;
    let found = session.select(&unlocked.registry, &arguments.key)?;
    let row = chosen(arguments.secret.as_deref(), &found.key)?;
    let secret =
        kept::open(&found.key, row, &unlocked.keys, session.now)?.ok_or_else(|| not_kept(&found.key))?;
    unlocked.registry.apply(&shown(&found.key, row, (&unlocked.keys.audit, session)))?;
    hand_over(&found, &secret, &mut handover, (&unlocked, session))?;
    Ok(Exit::Done)
}

/// The secret that `--secret` names, or the newest.
pub(super) fn chosen<'k>(id: Option<&str>, key: &'k Key) -> Result<&'k KeySecret> {
    let Some(text) = id else {
        return key.newest_secret().or(key.secrets.last()).ok_or_else(|| not_kept(key).into());
    };
    let id = secret_id(text, key)?;
    key.secrets
        .iter()
        .find(|secret| secret.id == id)
        .ok_or_else(|| anyhow::Error::from(KeyRefusal::NoSuchSecret(id)))
}

/// A secret's public id, bare or as it is shown.
pub(super) fn secret_id(text: &str, key: &Key) -> Result<SecretId> {
    SecretId::from_shown(text).ok_or_else(|| {
        let failure = Failure::usage("this is no secret's public id");
        failure.hint(format!("see them with `apikey show {}`", key.id)).into()
    })
}

pub(super) fn not_kept(key: &Key) -> Failure {
    let name = format!("{}/{}", key.project, key.name);
    let failure =
        Failure::new(Exit::Conflict, "not_kept", format!("no copy of the secret of `{name}` is kept"));
    failure.hint(format!("a new secret has one: `apikey rotate {}`, without `--no-keep`", shell_word(&name)))
}

/// The change that says in the log that a secret is shown again.
pub(super) fn shown<'a>(
    key: &Key,
    row: &KeySecret,
    (audit, session): (&'a AuditKey, &Session<'_, '_>),
) -> Change<'a> {
    let mut event = Event::on_key(Action::SecretRevealed, &session.actor(), Some(key), key, session.now);
    let field = format!("secret {}", row.id);
    event.changes.push(FieldChange { field, before: None, after: Some("revealed".to_owned()) });
    Change { events: vec![event], audit: Some(audit), now: Some(session.now), ..Change::default() }
}

fn hand_over(
    found: &Found,
    secret: &Secret,
    place: &mut Handover,
    (unlocked, session): (&Unlocked, &mut Session<'_, '_>),
) -> Result<()> {
    let name = escape(&format!("{}/{}", found.key.project, found.key.name)).into_owned();
    match place {
        Handover::File(file) => {
            file.write(&[secret])?;
            if session.format().is_json() {
                json(found, None, (unlocked, session))?;
            } else {
                let path = file.path().display().to_string();
                session.say(&format!("The secret of `{name}` is in {}, {READERS}.", escape(&path)))?;
            }
        }
        Handover::Quiet => writeln!(session.host.stdout, "{}", secret.expose())?,
        Handover::Json => json(found, Some(ExposedSecret::new(secret.expose())), (unlocked, session))?,
        Handover::Person => {
            writeln!(session.host.stdout, "{}", secret.expose())?;
            session.host.stdout.flush()?;
            session.say(&format!(
                "That is the secret {} of `{name}`; the log says that it was shown.",
                secret.parts().id
            ))?;
        }
    }
    session.host.stdout.flush()?;
    place.keep();
    Ok(())
}

fn json(
    found: &Found,
    secret: Option<ExposedSecret<'_>>,
    (unlocked, session): (&Unlocked, &mut Session<'_, '_>),
) -> Result<()> {
    let suspended = found.is_suspended();
    let key = KeyView::of(&found.key, suspended, &unlocked.brand, session.now);
    Ok(session.out().object(&IssuedView { key, secret, dry_run: false, rotation: None })?)
}
