//! `apikey expire`: give a live key another end.

use anyhow::Result;
use clap::{ArgGroup, Args};

use super::change::{Outcome, grant_one, refuse_dead};
use super::create::{explain, lifetime};
use crate::domain::event::Action;
use crate::domain::key::Key;
use crate::domain::lifetime::{Lifetime, earlier};
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::issuance::IssuanceError;
use crate::session::Session;

/// Change when a key ends
///
/// The newest secret gets the new end; one that is being rotated out keeps its own unless the new end is earlier. A span
/// counts from now, and each rotation renews it; a date is an end that rotation keeps. What is over is not revived.
#[derive(Debug, Args)]
#[command(
    // clap puts the group before the key, which is not how they are read.
    override_usage = "apikey expire [OPTIONS] <KEY> <WHEN>",
    group = ArgGroup::new("end").required(true).args(["when", "at"]),
)]
pub struct Arguments {
    /// Id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    key: String,
    /// A span (`90d`), a date, an instant, or `never`
    when: Option<String>,
    /// The same as an option
    #[arg(long, value_name = "WHEN")]
    at: Option<String>,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 2 for an end that is not in the future, 6 for a key that is revoked or expired.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let text = arguments.when.as_deref().or(arguments.at.as_deref()).unwrap_or_default();
    let wanted = read(text)?;
    let now = session.now;
    grant_one(&arguments.key, arguments.dry_run, session, |key, _| {
        refuse_dead(key, now)?;
        let changed = set_end(key, wanted, now)?;
        let said = match (key.expires_at(), key.lifetime) {
            (None, _) => "accepted without end".to_owned(),
            (Some(end), Lifetime::Span(span)) => {
                format!("accepted until {end} ({span}, renewed by each rotation)")
            }
            (Some(end), _) => format!("accepted until {end}"),
        };
        Ok(Outcome { action: Action::KeyChanged, changed, said })
    })
}

fn read(text: &str) -> Result<Lifetime> {
    if text == "now" {
        return Err(Failure::usage("`now` is not an end to come")
            .hint("`apikey revoke KEY` ends it at once and for good, `apikey disable KEY` for now")
            .into());
    }
    lifetime(text)
}

/// Sets the lifetime and the ends of the secrets that live; says whether that changed anything.
fn set_end(key: &mut Key, wanted: Lifetime, now: Instant) -> Result<bool> {
    let end = wanted.end_from(now)?;
    if let (Some(start), Some(end)) = (key.not_before, end)
        && end <= start
    {
        return Err(explain(IssuanceError::EndsBeforeItBegins { start, end }));
    }
    let mut changed = key.lifetime != wanted;
    key.lifetime = wanted;
    let mut is_newest = true;
    for secret in key.secrets.iter_mut().rev().filter(|secret| secret.is_live(now)) {
        let new = if is_newest { end } else { earlier(secret.expires_at, end) };
        changed |= new != secret.expires_at;
        secret.expires_at = new;
        is_newest = false;
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples;
    use crate::domain::time::Span;

    fn at(seconds: i64) -> Instant {
        Instant::from_seconds(seconds)
    }

    #[test]
    fn a_secret_that_is_rotated_out_is_shortened_and_never_lengthened() {
        let now = Instant::from_seconds(1_000);
        for (new_end, old_after) in [(1_500, 1_500), (3_000, 2_000)] {
            let mut key = samples::key("ci");
            let mut old = key.secrets[0].clone();
            old.expires_at = Some(at(2_000));
            let new = crate::domain::key::KeySecret { expires_at: Some(at(2_500)), ..old.clone() };
            key.secrets = vec![old, new];
            key.not_before = None;
            assert!(set_end(&mut key, Lifetime::Until(Instant::from_seconds(new_end)), now).unwrap());
            assert_eq!(key.secrets[0].expires_at, Some(at(old_after)));
            assert_eq!(key.secrets[1].expires_at, Some(at(new_end)));
        }
    }

    #[test]
    fn a_secret_that_is_over_stays_over() {
        let now = Instant::from_seconds(1_000);
        let mut key = samples::key("ci");
        key.not_before = None;
        key.secrets[0].expires_at = Some(at(1_000));
        set_end(&mut key, Lifetime::Span(Span::days(90)), now).unwrap();
        assert_eq!(key.secrets[0].expires_at, Some(at(1_000)));
    }
}
