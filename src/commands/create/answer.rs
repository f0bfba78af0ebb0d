//! The answer of `create`: the secret, once, and what a person should know about it.

use anyhow::Result;

use crate::domain::key::{Kept, Key};
use crate::domain::lifetime::Lifetime;
use crate::domain::secret::{Brand, Kind, Secret};
use crate::domain::text::shell_word;
use crate::handover::{Handover, READERS};
use crate::issuance::Issued;
use crate::output::ListWriter;
use crate::output::Record;
use crate::output::view::{ExposedSecret, IssuedView, KeyView, consumer_key};
use crate::session::Session;

/// How new keys are answered for.
pub(super) struct Answer<'a> {
    /// What is said of them: "Created", "Would create".
    pub(super) said: &'static str,
    pub(super) brand: &'a Brand,
    /// Whether their owner or project is suspended, which denies them.
    pub(super) suspended: bool,
    /// Whether several were asked for, be it one: a list then.
    pub(super) is_batch: bool,
}

impl Answer<'_> {
    /// Hands the secrets of new keys over and flushes: from here on somebody has them.
    pub(super) fn hand_over(
        &self,
        issued: &[Issued],
        place: &mut Handover,
        session: &mut Session<'_, '_>,
    ) -> Result<()> {
        let secrets: Vec<&Secret> = issued.iter().map(|one| &one.secret).collect();
        let first = &issued[0].key;
        let headline = || headline(self.said, first, issued.len());
        match place {
            Handover::File(file) => {
                file.write(&secrets)?;
                if session.format().is_json() {
                    self.json(issued.iter().map(|one| (&one.key, None)), false, session)?;
                } else {
                    let path = file.path().display().to_string();
                    let what = if issued.len() == 1 {
                        "The secret is"
                    } else {
                        "The secrets are, one a line in the order of the names,"
                    };
                    let text = format!("{}\n{what} in {path}, {READERS}.", headline());
                    session.say(&self.warned(text, first))?;
                }
            }
            Handover::Quiet => {
                bare(&secrets, session)?;
                if self.suspended {
                    session.say(&self.warned(String::new(), first))?;
                }
            }
            Handover::Json => {
                self.json(issued.iter().map(|one| (&one.key, Some(&one.secret))), false, session)?;
            }
            Handover::Person => {
                session.say(&headline())?;
                if let [one] = issued {
                    session.say(&details(&one.key, self.brand))?;
                }
                bare(&secrets, session)?;
                session.say(&self.warned(after(first, issued.len()), first))?;
            }
        }
        session.host.stdout.flush()?;
        place.keep();
        Ok(())
    }

    /// What would be issued: the same answer without a secret.
    pub(super) fn preview(&self, keys: &[Key], session: &mut Session<'_, '_>) -> Result<()> {
        if session.format().is_json() {
            return self.json(keys.iter().map(|key| (key, None)), true, session);
        }
        session.say(&headline(self.said, &keys[0], keys.len()))?;
        if let [key] = keys {
            session.say(&self.warned(details(key, self.brand), key))?;
        }
        Ok(())
    }

    /// With a line that says so if nothing of it will be accepted.
    fn warned(&self, text: String, key: &Key) -> String {
        if !self.suspended {
            return text;
        }
        let warning = format!(
            "It is denied for now: the owner `{}` or the project `{}` is suspended; `apikey owner resume` and `apikey project resume` end that.",
            key.owner, key.project
        );
        if text.is_empty() { warning } else { format!("{text}\n{warning}") }
    }

    fn json<'a>(
        &self,
        mut issued: impl Iterator<Item = (&'a Key, Option<&'a Secret>)>,
        dry_run: bool,
        session: &mut Session<'_, '_>,
    ) -> Result<()> {
        let now = session.now;
        let view = |(key, secret): (&'a Key, Option<&'a Secret>)| IssuedView {
            key: KeyView::of(key, self.suspended, self.brand, now),
            secret: secret.map(|secret| ExposedSecret::new(secret.expose())),
            dry_run,
            rotation: None,
        };
        let mut out = session.out();
        if !self.is_batch {
            return issued.next().map_or(Ok(()), |one| Ok(out.object(&view(one))?));
        }
        let mut list = ListWriter::begin(&mut out, KeyView::SHAPE);
        for one in issued {
            list.row(&view(one))?;
        }
        list.end()?;
        Ok(())
    }
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
    let limits =
        [key.limits.rate.map(|rate| rate.to_string()), key.limits.quota.map(|quota| quota.to_string())];
    if limits.iter().any(Option::is_some) {
        line("limits", joined(limits.into_iter().flatten().collect()));
    }
    key.rotate_every.iter().for_each(|span| line("rotate", format!("every {span}")));
    if !key.tags.is_empty() {
        line("tags", key.tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    }
    key.note.iter().for_each(|note| line("note", note.as_str().to_owned()));
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

fn after(key: &Key, count: usize) -> String {
    if count > 1 {
        return "Store them now, one a line in the order of the names; `--json` has each with its key."
            .to_owned();
    }
    let word = shell_word(key.name.as_str());
    let again = match key.newest_secret().map(|secret| &secret.kept) {
        Some(Kept::Sealed(_)) => format!(
            "Store it now. A sealed copy is kept: `apikey reveal {word}` shows it, `apikey forget {word}` erases it."
        ),
        Some(Kept::Clear(_)) => {
            format!("A publishable key is no secret: `apikey show {word}` shows it at any time.")
        }
        _ => "Store it now: it is shown this once, and only its digest is kept.".to_owned(),
    };
    let mut next = vec![match key.scopes.iter().next() {
        Some(scope) => format!("apikey verify --scope {}", shell_word(scope.as_str())),
        None => "apikey verify".to_owned(),
    }];
    if key.newest_secret().is_some_and(|secret| secret.kept != Kept::No) {
        next.push(format!("apikey test-call {word} --url https://…"));
    }
    next.push(format!("apikey rotate {word} --grace 7d"));
    format!("{again}\nnext: {}", next.join("   "))
}
