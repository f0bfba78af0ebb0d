//! Where to call and how: the flags, over what is remembered for the key; and what is remembered, sealed.
//!
//! A remembered target decides where a secret is sent, so it carries a seal of its own: a registry edited by somebody
//! else must not be able to send secrets to them.

use std::io::Read;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{Args, Exit, Failure, PathBuf, Registry, Result, Session, Target};
use crate::config_file;
use crate::crypto::RowKey;
use crate::domain::key::KeyId;
use crate::http::client::{Roots, Route};
use crate::http::expect::Expect;
use crate::http::failure::Failure as NoAnswer;
use crate::http::placement::Placement;
use crate::http::proxy;
use crate::http::target::{LARGEST_DATA, TargetError, TargetSpec, parse_header};
use crate::output::view::Hex;

/// What the command line says of the target.
#[derive(Debug, Args)]
pub(super) struct TargetArguments {
    /// The endpoint; needed unless one is remembered for the key
    #[arg(long, value_hint = clap::ValueHint::Url)]
    pub(super) url: Option<String>,
    /// Where the secret goes: bearer, header[:NAME], query[:NAME], basic or body[:FIELD] [default: bearer]
    #[arg(long = "in", value_name = "PLACE")]
    placement: Option<String>,
    /// GET, POST, … [default: GET, or POST with data]
    #[arg(short = 'X', long)]
    method: Option<String>,
    /// The body: text, or a file as @FILE
    #[arg(short, long, value_name = "TEXT|@FILE")]
    data: Option<String>,
    /// A further header. May be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Which statuses count as accepted, as 2xx or 200,204; every other one then counts as rejected [default: 2xx]
    #[arg(long, value_name = "STATUSES")]
    expect: Option<String>,
    /// For the whole call, as 10s or 500ms [default: 10s]
    #[arg(long, value_name = "SPAN")]
    timeout: Option<String>,
    /// Let the secret go over plain http to another machine, readable by everyone on the way
    #[arg(long)]
    allow_http: bool,
}

/// What the command line says of the way there.
#[derive(Debug, Args)]
pub(super) struct RouteArguments {
    /// Trust only the authorities in this PEM file
    #[arg(long, value_name = "PEM", value_hint = clap::ValueHint::FilePath)]
    ca_file: Option<PathBuf>,
    /// Trust the authorities that the operating system trusts
    #[arg(long, conflicts_with = "ca_file")]
    system_ca: bool,
}

impl RouteArguments {
    /// What certificates are held against, for another program.
    pub(super) fn ca_file(&self) -> Option<String> {
        self.ca_file.as_ref().map(|path| path.display().to_string())
    }
}

/// The target: what is remembered, with what the flags say over it.
pub(super) fn read(arguments: &TargetArguments, remembered: Option<TargetSpec>) -> Result<Target> {
    let mut spec = match (&arguments.url, remembered) {
        (Some(url), _) => TargetSpec::get(url),
        (None, Some(spec)) => spec,
        (None, None) => {
            return Err(Failure::usage("no endpoint was named, and none is remembered for this key")
                .hint("name it with `--url URL`; `--save` remembers it")
                .into());
        }
    };
    if let Some(text) = &arguments.placement {
        spec.placement = text.parse().map_err(|error| explain(&TargetError::HeaderName(error)))?;
    }
    if let Some(text) = &arguments.data {
        spec.data = Some(data(text)?);
    }
    let carries_body = spec.data.is_some() || matches!(spec.placement, Placement::Body(_));
    match &arguments.method {
        Some(method) => spec.method.clone_from(method),
        None if carries_body && spec.method == "GET" => "POST".clone_into(&mut spec.method),
        None => {}
    }
    if !arguments.headers.is_empty() {
        spec.headers = arguments
            .headers
            .iter()
            .map(|text| parse_header(text).map_err(|error| explain(&error)))
            .collect::<Result<_, _>>()?;
    }
    if let Some(text) = &arguments.expect {
        spec.expect = Some(text.parse::<Expect>().map_err(|error| {
            Failure::usage(error.to_string()).hint("expect a status or a class, as `--expect 2xx`")
        })?);
    }
    if let Some(text) = &arguments.timeout {
        spec.timeout = timeout(text)?;
    }
    spec.allow_http |= arguments.allow_http;
    Ok(Target::new(spec).map_err(|error| explain(&error))?)
}

fn explain(error: &TargetError) -> Failure {
    let failure = Failure::usage(error.to_string());
    match error {
        TargetError::PlainHttp(_) => {
            failure.hint("use https; `--allow-http` sends it all the same, for a network that is yours alone")
        }
        TargetError::HeaderName(_) => {
            failure.hint("the secret goes `--in` bearer, header[:NAME], query[:NAME], basic or body[:FIELD]")
        }
        _ => failure.hint("see `apikey test-call --help`"),
    }
}

fn data(text: &str) -> Result<Vec<u8>> {
    let Some(path) = text.strip_prefix('@') else { return Ok(text.as_bytes().to_vec()) };
    let wrong = |error: std::io::Error| {
        Failure::usage(format!("the data cannot be read from {path}: {error}"))
            .hint("`--data TEXT` sends the text itself, `--data @FILE` what is in the file")
    };
    let mut bytes = Vec::new();
    // One byte more than allowed, so that the target can refuse it.
    let most = u64::try_from(LARGEST_DATA).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(path).map_err(wrong)?.take(most).read_to_end(&mut bytes).map_err(wrong)?;
    Ok(bytes)
}

fn timeout(text: &str) -> Result<Duration, Failure> {
    let wrong = || Failure::usage(format!("`{text}` is no timeout")).hint("it is written 10s, 500ms or 1m");
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let each = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_millis(number.saturating_mul(each)))
}

/// The way there, or why there is none: a proxy that cannot be used is no verdict and never gone around.
///
/// The outer error is a wrong command line.
pub(super) fn route(
    arguments: &RouteArguments,
    target: &Target,
    session: &Session<'_, '_>,
) -> Result<Result<Route, NoAnswer>> {
    let roots = match &arguments.ca_file {
        Some(path) => {
            let wrong = |why: String| {
                Failure::usage(format!("{} cannot be used: {why}", path.display()))
                    .hint("`--ca-file` names a file of certificates in PEM")
            };
            let pem = config_file::read(path).map_err(|error| wrong(error.to_string()))?;
            Roots::from_pem(pem.as_bytes()).map_err(|error| wrong(error.to_string()))?
        }
        None if arguments.system_ca => Roots::Platform,
        None => Roots::Bundled,
    };
    let environment = session.host.environment;
    // curl takes an empty variable for one that is not set, as `os` does.
    // What is no text names no proxy that could be used, and is not gone around.
    let lookup = |name: &str| environment.os(name).map(|value| value.to_string_lossy().into_owned());
    let proxy = proxy::for_url(target.url(), &lookup);
    Ok(proxy.map(|proxy| Route { roots, proxy }).map_err(NoAnswer::from))
}

/// The stored form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remembered {
    target: TargetSpec,
    seal: String,
}

/// The target as it is stored with the key, sealed.
pub(super) fn sealed(target: &Target, key: KeyId, row: &RowKey) -> Result<String> {
    refuse_private(target)?;
    let remembered = Remembered { target: target.spec().clone(), seal: seal(target.spec(), key, row)? };
    Ok(serde_json::to_string(&remembered)?)
}

/// What may be private is not stored in the clear.
pub(super) fn refuse_private(target: &Target) -> Result<()> {
    if let Some(part) = target.private_parts().first() {
        return Err(Failure::usage(format!(
            "the {part} may be private, and what is remembered is readable, so this target is not"
        ))
        .hint("leave it or `--save` out")
        .into());
    }
    Ok(())
}

/// What is remembered for the key, its seal checked: fit to send a secret to.
pub(super) fn remembered(registry: &dyn Registry, row: &RowKey, key: KeyId) -> Result<Option<TargetSpec>> {
    let Some(found) = parse(registry, key)? else { return Ok(None) };
    let expected = seal(&found.target, key, row)?;
    if !bool::from(expected.as_bytes().ct_eq(found.seal.as_bytes())) {
        return Err(altered().into());
    }
    Ok(Some(found.target))
}

/// What is remembered for the key, as it stands there: fit to be shown.
pub(super) fn unchecked(registry: &dyn Registry, key: KeyId) -> Result<Option<TargetSpec>> {
    Ok(parse(registry, key)?.map(|found| found.target))
}

fn parse(registry: &dyn Registry, key: KeyId) -> Result<Option<Remembered>> {
    let text = registry.target(key)?;
    Ok(text.map(|text| serde_json::from_str(&text).map_err(|_| altered())).transpose()?)
}

fn altered() -> Failure {
    Failure::new(Exit::Conflict, "tampered", "the remembered target was altered outside apikey")
        .hint("name it again with `--url URL --save`, and see `apikey doctor` for what else was altered")
}

fn seal(spec: &TargetSpec, key: KeyId, row: &RowKey) -> Result<String> {
    // No row's canonical bytes begin so: theirs begin with a length.
    let text = format!("apikey/target/v1\0{key}\0{}", serde_json::to_string(spec)?);
    Ok(Hex(&row.tag(text.as_bytes())).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_needs_its_unit() {
        assert_eq!(timeout("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(timeout("10s").unwrap(), Duration::from_secs(10));
        assert_eq!(timeout("1m").unwrap(), Duration::from_secs(60));
        for text in ["", "10", "s", "-1s", "1h", "1.5s", "10 s"] {
            assert!(timeout(text).is_err(), "{text:?}");
        }
    }
}
