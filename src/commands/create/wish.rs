//! What `create` was asked for: the arguments, the questions, and reading both into a [`Wish`].

use std::collections::BTreeSet;

use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::domain::key::Allowed;
use crate::domain::lifetime::Lifetime;
use crate::domain::limit::Limits;
use crate::domain::name::{Name, Note, Tag};
use crate::domain::network::{Network, NetworkError};
use crate::domain::origin::{Origin, OriginError};
use crate::domain::scope::{Scope, ScopeError, Scopes};
use crate::domain::secret::{Env, Kind};
use crate::domain::time::{Instant, Span, TimeError};
use crate::exit::{A_NAME, Exit, Failure};
use crate::issuance::{IssuanceError, Wish};
use crate::registry::Registry;
use crate::session::Session;

use super::limits::{quota, rate};

/// The arguments.
#[derive(Debug, Args)]
pub(super) struct WishArguments {
    /// The key's name, unique among its project's live keys
    pub name: Option<String>,
    /// sk: private, for servers; pk: publishable, for browsers and apps; pair: consumer key and consumer secret
    #[arg(long, default_value = "sk", value_parser = kinds())]
    pub kind: String,
    /// live or test [default: live]
    #[arg(long, value_parser = ["live", "test"])]
    pub env: Option<String>,
    /// Who it belongs to [default: default]
    #[arg(long, add = crate::completion::owners())]
    pub owner: Option<String>,
    /// What it is for [default: default]
    #[arg(long, add = crate::completion::projects())]
    pub project: Option<String>,
    /// What it may do, as RESOURCE:ACTION; `*` stands for every resource or action. May be repeated
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', add = crate::completion::scopes())]
    pub scopes: Vec<String>,
    /// read is `*:read`, full is `*:*`
    #[arg(long, value_parser = ["read", "full"], conflicts_with = "scopes")]
    pub access: Option<String>,
    /// When each of its secrets ends: a span (`90d`, renewed by each rotation), a date, or `never` [default: 90d]
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<String>,
    /// Not accepted before this date or instant
    #[arg(long, value_name = "DATE")]
    pub not_before: Option<String>,
    /// Accept it only from this address or network. May be repeated
    #[arg(long = "allow-ip", value_name = "CIDR", value_delimiter = ',')]
    pub allow_ips: Vec<String>,
    /// Accept it only from this site, as `https://shop.example.com`. May be repeated
    #[arg(long = "allow-origin", value_name = "ORIGIN", value_delimiter = ',')]
    pub allow_origins: Vec<String>,
    /// Accept it only from the app with this id. May be repeated
    #[arg(long = "allow-app", value_name = "ID", value_delimiter = ',')]
    pub allow_apps: Vec<String>,
    /// A word to find it by. May be repeated
    #[arg(long = "tag", value_name = "TAG", value_delimiter = ',')]
    pub tags: Vec<String>,
    /// Free text
    #[arg(long)]
    pub note: Option<String>,
    /// How many requests may pass in a span, as 100/1m
    #[arg(long, value_name = "N/SPAN")]
    pub rate: Option<String>,
    /// How many of them may come at once; without it, all
    #[arg(long, value_name = "N", requires = "rate")]
    pub burst: Option<u32>,
    /// How many requests may pass in a calendar window (UTC), as 10000/day or 500000/month
    #[arg(long, value_name = "N/WINDOW")]
    pub quota: Option<String>,
    /// Rotate it this often; `list --due` and `rotate --due` go by it
    #[arg(long, value_name = "SPAN")]
    pub every: Option<String>,
    /// Keep only the digest: `test-call`, `reveal` and `run` will not work by name
    #[arg(long)]
    pub no_keep: bool,
}

/// Reads the arguments, with the configuration's defaults where they are silent.
pub(super) fn read(arguments: &WishArguments, session: &Session<'_, '_>) -> Result<Wish> {
    let defaults = &session.settings.defaults;
    let name = arguments.name.as_deref().unwrap_or_default();
    let apps = arguments.allow_apps.iter().map(|app| format!("app:{app}"));
    let origins = arguments.allow_origins.iter().cloned().chain(apps);
    Ok(Wish {
        name: named("the name", name)?,
        kind: kind(&arguments.kind),
        env: arguments.env.as_deref().and_then(Env::from_code).or(defaults.env).unwrap_or(Env::Live),
        owner: party(("the owner", arguments.owner.as_deref()), defaults.owner.as_ref())?,
        project: party(("the project", arguments.project.as_deref()), defaults.project.as_ref())?,
        scopes: scopes(&arguments.scopes, arguments.access.as_deref())?,
        networks: networks(&arguments.allow_ips)?,
        origins: Allowed::from_named(origins.map(|text| origin(&text)).collect::<Result<Vec<_>>>()?),
        limits: Limits {
            rate: arguments.rate.as_deref().map(|text| rate(text, arguments.burst)).transpose()?,
            quota: arguments.quota.as_deref().map(quota).transpose()?,
        },
        lifetime: match arguments.expires.as_deref() {
            Some(text) => lifetime(text)?,
            None => defaults.expires.unwrap_or(Lifetime::DEFAULT),
        },
        not_before: arguments.not_before.as_deref().map(instant).transpose()?,
        rotate_every: arguments.every.as_deref().map(span).transpose()?,
        tags: few_tags(arguments.tags.iter().map(|tag| named("a tag", tag)).collect::<Result<_>>()?)?,
        note: arguments.note.as_deref().map(note).transpose()?,
        keep: !arguments.no_keep && defaults.keep.unwrap_or(true),
    })
}

/// An owner or a project: as given, or as configured, or the one that everybody has.
fn party((what, given): (&str, Option<&str>), configured: Option<&Name>) -> Result<Name> {
    match (given, configured) {
        (None, Some(name)) => Ok(name.clone()),
        _ => named(what, given.unwrap_or("default")),
    }
}

fn kind(word: &str) -> Kind {
    if word == "pair" { Kind::Pair } else { Kind::from_code(word).unwrap_or(Kind::Private) }
}

/// A name, with what it is the name of in the error.
pub(crate) fn named(what: &str, text: &str) -> Result<Name> {
    text.parse().map_err(|error| Failure::usage(format!("{what}: {error}")).hint(A_NAME).into())
}

/// A note.
pub(crate) fn note(text: &str) -> Result<Note> {
    let hint = "a note is one line of visible text, of at most 1,000 bytes";
    text.parse().map_err(|error| Failure::usage(format!("the note: {error}")).hint(hint).into())
}

/// A span of time.
pub(crate) fn span(text: &str) -> Result<Span> {
    text.parse().map_err(|error| explain_time(&error))
}

/// A date or instant.
pub(crate) fn instant(text: &str) -> Result<Instant> {
    Instant::parse(text).map_err(|error| explain_time(&error))
}

/// A lifetime.
pub(crate) fn lifetime(text: &str) -> Result<Lifetime> {
    text.parse().map_err(|error| explain_time(&error))
}

pub(crate) fn explain_time(error: &TimeError) -> anyhow::Error {
    Failure::usage(error.to_string()).hint(error.hint()).into()
}

/// The words for kinds; `cs`, which is how the secret of a pair begins and what answers say, is understood too.
pub(crate) fn kinds() -> PossibleValuesParser {
    [PossibleValue::new("sk"), PossibleValue::new("pk"), PossibleValue::new("pair").alias("cs")].into()
}

/// One scope.
pub(crate) fn scope(text: &str) -> Result<Scope> {
    text.parse().map_err(|error| explain_scope(&error))
}

fn explain_scope(error: &ScopeError) -> anyhow::Error {
    let hint = match error {
        ScopeError::Shape(_) => {
            "a scope is RESOURCE:ACTION, such as orders:read, orders:* or *:read; a-z, 0-9, `.`, `_` and `-`"
        }
        ScopeError::TooMany => "a wildcard such as orders:* stands for many",
    };
    Failure::usage(error.to_string()).hint(hint).into()
}

/// Scopes, or what `--access` stands for.
pub(crate) fn scopes(texts: &[String], access: Option<&str>) -> Result<Scopes> {
    let access = match access {
        Some("read") => Some("*:read"),
        Some("full") => Some("*:*"),
        _ => None,
    };
    let scopes = texts.iter().map(String::as_str).chain(access).map(scope).collect::<Result<Vec<_>>>()?;
    Scopes::new(scopes).map_err(|error| explain_scope(&error))
}

/// More tags than these tell nothing apart any more.
const MOST_TAGS: usize = 100;

/// The tags, if there are not too many.
pub(crate) fn few_tags(tags: BTreeSet<Tag>) -> Result<BTreeSet<Tag>> {
    if tags.len() <= MOST_TAGS {
        return Ok(tags);
    }
    let failure =
        Failure::usage(format!("a key holds at most {MOST_TAGS} tags, and these are {}", tags.len()));
    Err(failure.hint("say more in its note").into())
}

/// Allowed networks.
pub(crate) fn networks(texts: &[String]) -> Result<Allowed<Network>> {
    let parse = |text: &String| {
        text.parse().map_err(|error: NetworkError| {
            anyhow::Error::from(Failure::usage(error.to_string()).hint(error.hint()))
        })
    };
    Ok(Allowed::from_named(texts.iter().map(parse).collect::<Result<Vec<_>>>()?))
}

/// One allowed origin.
pub(crate) fn origin(text: &str) -> Result<Origin> {
    text.parse().map_err(|error: OriginError| Failure::usage(error.to_string()).hint(error.hint()).into())
}

/// Refuses a scope that the catalogue does not know, once there is one. A wildcard is known if it covers one that is.
pub(crate) fn check_scopes(scopes: &Scopes, registry: &dyn Registry) -> Result<()> {
    let defined = registry.defined_scopes()?;
    if defined.is_empty() {
        return Ok(());
    }
    for scope in scopes {
        if defined.iter().any(|known| scope.covers(&known.scope)) {
            continue;
        }
        let near = defined.iter().map(|known| known.scope.as_str()).max_by(|one, other| {
            strsim::jaro_winkler(scope.as_str(), one).total_cmp(&strsim::jaro_winkler(scope.as_str(), other))
        });
        let hint = match near.filter(|near| strsim::jaro_winkler(scope.as_str(), near) > 0.8) {
            Some(near) => format!("did you mean `{near}`? `apikey scope defined` lists all"),
            None if scope.is_wildcard() => {
                "`apikey scope defined` lists all; a wildcard is known once it covers one of them".to_owned()
            }
            None => format!("`apikey scope defined` lists all; add it with `apikey scope define {scope}`"),
        };
        return Err(Failure::usage(format!("`{scope}` is not in the scope catalogue")).hint(hint).into());
    }
    Ok(())
}

/// A refusal with what would mend it.
pub(crate) fn explain(error: IssuanceError) -> anyhow::Error {
    let message = error.to_string();
    match error {
        IssuanceError::Lifetime(error) => error.into(),
        IssuanceError::Rotation(error) => error.into(),
        IssuanceError::Tampered(error) => error.into(),
        IssuanceError::EndsBeforeItBegins { .. } => {
            Failure::usage(message).hint("give a later end (`--expires`; `apikey expire` for a key that is there), or an earlier `--not-before`").into()
        }
        IssuanceError::PublishableWrites(_) => {
            Failure::new(Exit::Usage, "publishable_writes", message).hint("everybody can read a publishable key: give it RESOURCE:read scopes only; a server gets a private key (`apikey create --kind sk`)").into()
        }
        IssuanceError::PublishableAnywhere => Failure::new(Exit::Usage, "publishable_anywhere", message)
            .hint("name them with `--allow-origin https://shop.example.com` or `--allow-app com.example.shop`")
            .into(),
    }
}
