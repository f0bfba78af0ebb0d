//! The answer of `create`: the secret, once, and what a person should know about it.

use anyhow::Result;

use crate::domain::key::{Kept, Key};
use crate::domain::lifetime::Lifetime;
use crate::domain::secret::{Brand, Kind, Secret};
use crate::handover::{Handover, READERS};
use crate::issuance::Issued;
use crate::output::ListWriter;
use crate::output::Record;
use crate::output::view::{ExposedSecret, IssuedView, KeyView, consumer_key};
use crate::session::Session;

/// Hands the secrets of new keys over and flushes: from here on somebody has them.
pub(super) fn hand_over(
    issued: &[Issued],
    is_batch: bool,
    place: &mut Handover,
    (brand, session): (&Brand, &mut Session<'_, '_>),
) -> Result<()> {
    let secrets: Vec<&Secret> = issued.iter().map(|one| &one.secret).collect();
    let headline = || headline("Created", &issued[0].key, issued.len());
    let shown = Shown { is_batch, dry_run: false };
    let masked = || issued.iter().map(|one| (&one.key, None));
    match place {
        Handover::File(file) => {
            file.write(&secrets)?;
            if session.format().is_json() {
                json(masked(), shown, (brand, session))?;
            } else {
                let path = file.path().display().to_string();
                session.say(&format!("{}\nThe secret is in {path}, {READERS}.", headline()))?;
            }
        }
        Handover::Quiet => bare(&secrets, session)?,
        Handover::Json => {
            let whole = issued.iter().map(|one| (&one.key, Some(&one.secret)));
            json(whole, shown, (brand, session))?;
        }
        Handover::Person => {
            session.say(&headline())?;
            if let [one] = issued {
                session.say(&details(&one.key, brand))?;
            }
            bare(&secrets, session)?;
            session.say(&after(&issued[0].key))?;
        }
    }
    Ok(session.host.stdout.flush()?)
}

/// What would be issued: the same answer without a secret. `said` is what is said of the keys: "Would create".
pub(super) fn preview(
    said: &str,
    keys: &[Key],
    is_batch: bool,
    (brand, session): (&Brand, &mut Session<'_, '_>),
) -> Result<()> {
    if session.format().is_json() {
        return json(keys.iter().map(|key| (key, None)), Shown { is_batch, dry_run: true }, (brand, session));
    }
    session.say(&headline(said, &keys[0], keys.len()))?;
    if let [key] = keys {
        session.say(&details(key, brand))?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Shown {
    is_batch: bool,
    dry_run: bool,
}

fn json<'a>(
    mut issued: impl Iterator<Item = (&'a Key, Option<&'a Secret>)>,
    Shown { is_batch, dry_run }: Shown,
    (brand, session): (&Brand, &mut Session<'_, '_>),
) -> Result<()> {
    let now = session.now;
    let view = |(key, secret): (&'a Key, Option<&'a Secret>)| IssuedView {
        key: KeyView::of(key, false, brand, now),
        secret: secret.map(|secret| ExposedSecret::new(secret.expose())),
        dry_run,
        rotation: None,
    };
    let mut out = session.out();
    if !is_batch {
        return issued.next().map_or(Ok(()), |one| Ok(out.object(&view(one))?));
    }
    let mut list = ListWriter::begin(&mut out, KeyView::SHAPE);
    for one in issued {
        list.row(&view(one))?;
    }
    list.end()?;
    Ok(())
}

fn bare(secrets: &[&Secret], session: &mut Session<'_, '_>) -> Result<()> {
    for secret in secrets {
        session.host.stdout.write_all(secret.expose().as_bytes())?;
        session.host.stdout.write_all(b"\n")?;
    }
    // The secret stands between what is said before and after it, also on a terminal that shows both streams.
    Ok(session.host.stdout.flush()?)
}

fn headline(said: &str, first: &Key, count: usize) -> String {
    match count {
        1 => format!("{said} `{}` ({}), {}", first.name, first.id, until(first)),
        several => format!("{said} {several} keys, {}", until(first)),
    }
}

fn until(key: &Key) -> String {
    let from =
        key.not_before.map_or_else(|| "accepted ".to_owned(), |start| format!("accepted from {start} "));
    match (key.expires_at(), key.lifetime) {
        (None, _) => format!("{from}without end"),
        (Some(end), Lifetime::Span(span)) => format!("{from}until {end} ({span})"),
        (Some(end), _) => format!("{from}until {end}"),
    }
}

fn details(key: &Key, brand: &Brand) -> String {
    let mut lines = Vec::new();
    let mut line = |label: &str, value: String| lines.push(format!("  {label:<9}{value}"));
    line("env", format!("{} · {}", key.env.code(), kind_name(key.kind)));
    line("owner", key.owner.to_string());
    line("project", key.project.to_string());
    let scopes =
        if key.scopes.is_empty() { "none: it only identifies".to_owned() } else { key.scopes.joined() };
    line("scopes", scopes);
    let joined = |items: Vec<String>| items.join(" ");
    if !key.networks.is_any() {
        line("from", joined(key.networks.named().iter().map(ToString::to_string).collect()));
    }
    if !key.origins.is_any() {
        line("origins", joined(key.origins.named().iter().map(ToString::to_string).collect()));
    }
    if key.kind == Kind::Pair {
        line(
            "consumer",
            format!(
                "{}   (the consumer key; the secret below is its other half)",
                consumer_key(key, brand).unwrap_or_default()
            ),
        );
    }
    lines.join("\n")
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Private => "private, for servers",
        Kind::Publishable => "publishable, for browsers and apps",
        Kind::Pair => "a consumer key and its secret",
    }
}

fn after(key: &Key) -> String {
    let name = &key.name;
    let again = match key.newest_secret().map(|secret| &secret.kept) {
        Some(Kept::Sealed(_)) => format!(
            "Store it now. A sealed copy is kept: `apikey reveal {name}` shows it, `apikey forget {name}` erases it."
        ),
        Some(Kept::Clear(_)) => {
            format!("A publishable key is no secret: `apikey show {name}` shows it at any time.")
        }
        _ => "Store it now: it is shown this once, and only its digest is kept.".to_owned(),
    };
    format!(
        "{again}\nnext: apikey verify --scope …   apikey test-call {name} --url https://…   apikey rotate {name} --grace 7d"
    )
}
