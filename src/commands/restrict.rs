//! `apikey restrict`: from where and from when on a key is accepted.

use std::fmt::Display;

use anyhow::Result;
use clap::{ArgGroup, Args};

use super::change::{Field, Outcome, grant_one, refuse_dead};
use super::create::{explain, instant, networks, origin};
use crate::domain::event::Action;
use crate::domain::key::{Allowed, Key};
use crate::domain::network::Network;
use crate::domain::origin::Origin;
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::issuance::{IssuanceError, check_publishable};
use crate::session::Session;

/// Change from where, and from when on, a key is accepted
///
/// `--allow-…` adds to what is allowed; the first one restricts a key that was accepted from everywhere. A publishable
/// key always names the origins or apps it is for.
#[derive(Debug, Args)]
#[command(override_usage = "apikey restrict [OPTIONS] <KEY>", group = ArgGroup::new("what").required(true).multiple(true).args([
    "allow_ips", "remove_ips", "any_ip", "allow_origins", "allow_apps", "remove_origins", "any_origin", "not_before",
    "no_not_before",
]))]
pub struct Arguments {
    /// Id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    key: String,
    /// Accept it from this address or network too. May be repeated
    #[arg(long = "allow-ip", value_name = "CIDR", value_delimiter = ',')]
    allow_ips: Vec<String>,
    /// No longer accept it from this address or network. May be repeated
    #[arg(long = "remove-ip", value_name = "CIDR", value_delimiter = ',')]
    remove_ips: Vec<String>,
    /// Accept it from every address
    #[arg(long, conflicts_with_all = ["allow_ips", "remove_ips"])]
    any_ip: bool,
    /// Accept it from this site too, as `https://shop.example.com`. May be repeated
    #[arg(long = "allow-origin", value_name = "ORIGIN", value_delimiter = ',')]
    allow_origins: Vec<String>,
    /// Accept it from the app with this id too. May be repeated
    #[arg(long = "allow-app", value_name = "ID", value_delimiter = ',')]
    allow_apps: Vec<String>,
    /// No longer accept it from this site or app (`app:ID`). May be repeated
    #[arg(long = "remove-origin", value_name = "ORIGIN", value_delimiter = ',')]
    remove_origins: Vec<String>,
    /// Accept it from every site and app
    #[arg(long, conflicts_with_all = ["allow_origins", "allow_apps", "remove_origins"])]
    any_origin: bool,
    /// Not accepted before this date or instant
    #[arg(long, value_name = "DATE", conflicts_with = "no_not_before")]
    not_before: Option<String>,
    /// Accepted at once
    #[arg(long)]
    no_not_before: bool,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 2 for what is no address or origin, 6 for a key that is over, or a removal that would allow everything.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let wanted = Wanted::read(arguments)?;
    let now = session.now;
    grant_one(&arguments.key, arguments.dry_run, session, |key, _| {
        refuse_dead(key, now)?;
        let before = (key.networks.clone(), key.origins.clone(), key.not_before);
        key.networks = wanted.networks.applied_to(&key.networks, Network::covers)?;
        key.origins =
            wanted.origins.applied_to(&key.origins, |wide, narrow| wide == narrow || wide.covers(narrow))?;
        key.not_before = wanted.not_before.after(key.not_before);
        check(key)?;
        let changed = before != (key.networks.clone(), key.origins.clone(), key.not_before);
        Ok(Outcome { action: Action::KeyChanged, changed, said: summary(key) })
    })
}

struct Wanted {
    networks: Edit<Network>,
    origins: Edit<Origin>,
    not_before: Field<Instant>,
}

/// What to do with one list.
struct Edit<T> {
    any: bool,
    any_flag: &'static str,
    add: Vec<T>,
    remove: Vec<T>,
}

impl Wanted {
    fn read(arguments: &Arguments) -> Result<Self> {
        let parsed = |texts: &[String]| Ok::<_, anyhow::Error>(networks(texts)?.named().to_vec());
        let origins = |texts: &[String]| texts.iter().map(|text| origin(text)).collect::<Result<Vec<_>>>();
        let apps: Vec<String> = arguments.allow_apps.iter().map(|app| format!("app:{app}")).collect();
        let mut allowed = origins(&arguments.allow_origins)?;
        allowed.extend(origins(&apps)?);
        let not_before = arguments.not_before.as_deref().map(instant).transpose()?;
        Ok(Self {
            networks: Edit {
                any: arguments.any_ip,
                any_flag: "--any-ip",
                add: parsed(&arguments.allow_ips)?,
                remove: parsed(&arguments.remove_ips)?,
            },
            origins: Edit {
                any: arguments.any_origin,
                any_flag: "--any-origin",
                add: allowed,
                remove: origins(&arguments.remove_origins)?,
            },
            not_before: Field::of(not_before, arguments.no_not_before),
        })
    }
}

impl<T: Clone + Ord + Display> Edit<T> {
    /// The list after it. Taking the last one away is refused, since nothing named would mean everything; so is taking
    /// one away that another still covers.
    fn applied_to(&self, allowed: &Allowed<T>, covers: impl Fn(&T, &T) -> bool) -> Result<Allowed<T>> {
        if self.any {
            return Ok(Allowed::Any);
        }
        let all = allowed.named().iter().chain(&self.add);
        let left: Vec<T> = all.filter(|one| !self.remove.contains(one)).cloned().collect();
        for gone in &self.remove {
            if let Some(wider) = left.iter().find(|wider| covers(wider, gone)) {
                let message = format!("`{gone}` cannot be taken away alone: `{wider}` allows it too");
                let failure = Failure::new(Exit::Conflict, "still_covered", message);
                return Err(failure
                    .hint(format!("take `{wider}` away, and allow what remains of it"))
                    .into());
            }
        }
        if left.is_empty() && !allowed.is_any() {
            let failure = Failure::new(
                Exit::Conflict,
                "last_restriction",
                "this would take the last one away, and with it the restriction",
            );
            let hint =
                format!("to lift the restriction say `{}`; to shut it, `apikey disable KEY`", self.any_flag);
            return Err(failure.hint(hint).into());
        }
        Ok(Allowed::from_named(left))
    }
}

fn check(key: &Key) -> Result<()> {
    check_publishable(key.kind, &key.scopes, &key.origins).map_err(explain)?;
    match (key.not_before, key.expires_at()) {
        (Some(start), Some(end)) if end <= start => {
            Err(explain(IssuanceError::EndsBeforeItBegins { start, end }))
        }
        _ => Ok(()),
    }
}

fn summary(key: &Key) -> String {
    let from = |what: &str, items: Vec<String>| {
        if items.is_empty() { format!("every {what}") } else { items.join(" ") }
    };
    let addresses = from("address", key.networks.named().iter().map(ToString::to_string).collect());
    let origins = from("origin", key.origins.named().iter().map(ToString::to_string).collect());
    let start = key.not_before.map(|start| format!(", not before {start}")).unwrap_or_default();
    format!("accepted from {addresses} and {origins}{start}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(add: &[&str], remove: &[&str]) -> Edit<Network> {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Edit { any: false, any_flag: "--any-ip", add: parse(add), remove: parse(remove) }
    }

    fn allowed(texts: &[&str]) -> Allowed<Network> {
        Allowed::from_named(texts.iter().map(|text| text.parse().unwrap()))
    }

    #[test]
    fn taking_the_last_one_away_never_allows_everything() {
        assert!(edit(&[], &["10.0.0.1"]).applied_to(&allowed(&["10.0.0.1"]), Network::covers).is_err());
        let swapped = edit(&["10.0.0.2"], &["10.0.0.1"]).applied_to(&allowed(&["10.0.0.1"]), Network::covers);
        assert_eq!(swapped.unwrap(), allowed(&["10.0.0.2"]));
    }

    #[test]
    fn what_a_wider_network_still_allows_is_not_said_to_be_gone() {
        let held = allowed(&["10.0.0.0/8"]);
        assert!(edit(&[], &["10.0.0.1"]).applied_to(&held, Network::covers).is_err());
        assert_eq!(edit(&[], &["192.0.2.1"]).applied_to(&held, Network::covers).unwrap(), held);
    }

    #[test]
    fn an_unrestricted_list_stays_so_when_nothing_is_said_of_it() {
        assert_eq!(edit(&[], &[]).applied_to(&Allowed::Any, Network::covers).unwrap(), Allowed::Any);
    }
}
