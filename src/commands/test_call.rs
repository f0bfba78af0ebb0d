//! `apikey test-call`: call a real endpoint with a key, and say whether it accepts it.

mod all;
mod answer;
mod presented;
mod registry_side;
mod target;

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::domain::key::Key;
use crate::domain::secret::{Brand, Kind, SecretId, public_part};
use crate::exit::{Exit, Failure};
use crate::http::client::call;
use crate::http::curl::print_curl;
use crate::http::target::Target;
use crate::output::view::{CallView, consumer_key};
use crate::registry::Registry;
use crate::secret_input::SecretInput;
use crate::session::{Session, Unlocked};

use presented::Presented;

/// Call a real endpoint with a key, and say whether it accepts it
///
/// Sends the kept copy of the key's newest secret, or with `--stdin-secret` any secret. It goes to this one address, over
/// TLS or to this machine; redirects are shown and never followed. Exit 0 when accepted, 7 when rejected, 9 when the
/// network gave no verdict.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Arguments {
    /// Id, name, project/name, or a secret's public id
    #[arg(add = crate::completion::keys())]
    key: Option<String>,
    #[command(flatten)]
    target: target::TargetArguments,
    #[command(flatten)]
    route: target::RouteArguments,
    /// Present the secret from standard input; a key, if one is named, gives only its remembered target
    #[arg(long, conflicts_with_all = ["secret", "both", "all"])]
    stdin_secret: bool,
    #[command(flatten)]
    input: SecretInput,
    /// Present this secret of the key, by its public id
    #[arg(long, value_name = "ID", requires = "key", conflicts_with_all = ["both", "all", "SecretInput"])]
    secret: Option<String>,
    /// While a rotation is under way: present the old secret and the new one
    #[arg(long, requires = "key", conflicts_with_all = ["all", "SecretInput"])]
    both: bool,
    /// Call with every active key that has a remembered target
    #[arg(long, conflicts_with_all = ["key", "url", "save", "print_curl", "SecretInput"])]
    all: bool,
    /// With `--all`: at most this many calls at a time [default: 4]
    #[arg(long, value_name = "N", conflicts_with_all = ["key", "stdin_secret", "SecretInput"], value_parser = clap::value_parser!(u8).range(1..=32))]
    jobs: Option<u8>,
    /// Remember this target for the key; later calls need no `--url`
    #[arg(long, requires = "key")]
    save: bool,
    /// Also say what the registry decides on the same secret
    #[arg(long)]
    explain: bool,
    /// Print the call as a curl command, without the secret, and call nothing
    #[arg(long, conflicts_with_all = ["save", "explain", "dry_run"])]
    print_curl: bool,
    /// Say what would be called and saved, and do neither
    #[arg(long)]
    dry_run: bool,
}

/// Runs it.
///
/// # Errors
/// Exit 2 for a target that would show the key to others, 6 when no copy of the secret is kept. What the endpoint says
/// is no error.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    if arguments.all {
        return all::run(arguments, session);
    }
    if arguments.print_curl {
        return curl(arguments, session);
    }
    if arguments.dry_run {
        return preview(arguments, session);
    }
    if arguments.is_foreign() {
        return foreign(arguments, session);
    }
    let Some(selector) = &arguments.key else {
        return Err(Failure::usage("no key was named")
            .hint("name one, or give a secret on standard input with `--stdin-secret`")
            .into());
    };
    named(selector, arguments, session)
}

impl Arguments {
    #[cfg(unix)]
    fn is_foreign(&self) -> bool {
        self.stdin_secret || self.input.secret_file.is_some() || self.input.secret_fd.is_some()
    }

    #[cfg(not(unix))]
    fn is_foreign(&self) -> bool {
        self.stdin_secret || self.input.secret_file.is_some()
    }
}

/// Calls with the kept copy of a key's secrets; that it was used is recorded before it leaves.
fn named(selector: &str, arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let mut unlocked = session.unlocked()?;
    let found = session.select(&unlocked.registry, selector)?;
    let key = &found.key;
    let remembered = match &arguments.target.url {
        Some(_) => None,
        None => target::remembered(&unlocked.registry, &unlocked.keys.row, key.id)?,
    };
    let target = target::read(&arguments.target, remembered)?;
    let route = target::route(&arguments.route, &target, session)?;
    let ids = chosen(key, arguments, session)?;
    let now = session.now;
    let present = |id| presented::kept(key, id, &unlocked, now);
    let presented = ids.into_iter().map(present).collect::<Result<Vec<Presented>>>()?;
    let save = arguments.save.then_some(&target);
    presented::record(&[(key, presented.as_slice(), &target)], save, (&mut unlocked, session))?;
    let mut views = Vec::new();
    for one in &presented {
        let result = route.clone().and_then(|route| call(&target, &one.credential, &route));
        let mut view = answer::view(Some(key), one.public.clone(), &target, &result);
        if arguments.explain {
            view.registry = Some(registry_side::ask(one, &view, (&unlocked, session))?);
        }
        views.push(view);
    }
    answer::write(&views, arguments.both, session)
}

/// Which of the key's secrets to present: the one named, the two of a rotation, or the newest that lives.
fn chosen(key: &Key, arguments: &Arguments, session: &Session<'_, '_>) -> Result<Vec<SecretId>> {
    if let Some(text) = &arguments.secret {
        let id = SecretId::from_shown(text)
            .filter(|id| key.secrets.iter().any(|secret| secret.id == *id))
            .ok_or_else(|| {
                Failure::new(Exit::NotFound, "not_found", format!("`{}` has no such secret", key.name))
                    .hint(format!("see its secrets with `apikey show {}`", key.id))
            })?;
        return Ok(vec![id]);
    }
    if arguments.both {
        let under_way = key.rotation(session.now).filter(|_| key.revoked.is_none()).ok_or_else(|| {
            Failure::new(Exit::Conflict, "state_forbids", format!("`{}` is not being rotated", key.name))
                .hint(format!("leave `--both` out, or rotate it: `apikey rotate {}`", key.id))
        })?;
        return Ok([under_way.old, under_way.new].map(|place| key.secrets[place].id).into());
    }
    Ok(vec![presented::newest_live(key, session.now)?])
}

/// Calls with a secret from outside; the registry is opened only for a remembered target, `--save` or `--explain`.
fn foreign(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    arguments.input.check_stdin(session)?;
    let text = arguments.input.read(session)?;
    let needs_registry = arguments.key.is_some() || arguments.explain;
    let mut unlocked = if needs_registry { Some(session.unlocked()?) } else { None };
    let found = match (&arguments.key, &unlocked) {
        (Some(selector), Some(unlocked)) => Some(session.select(&unlocked.registry, selector)?),
        _ => None,
    };
    let key = found.as_ref().map(|found| &found.key);
    let remembered = match (key, &unlocked, &arguments.target.url) {
        (Some(key), Some(unlocked), None) => {
            target::remembered(&unlocked.registry, &unlocked.keys.row, key.id)?
        }
        _ => None,
    };
    let target = target::read(&arguments.target, remembered)?;
    let route = target::route(&arguments.route, &target, session)?;
    let username = match (key, &unlocked) {
        (Some(key), Some(unlocked)) => consumer_key(key, &unlocked.brand),
        _ => None,
    };
    let presented = presented::foreign(&text, username.as_deref())?;
    if let (Some(key), Some(unlocked), true) = (key, &mut unlocked, arguments.save) {
        presented::record(&[(key, &[], &target)], Some(&target), (unlocked, session))?;
    }
    let result = route.and_then(|route| call(&target, &presented.credential, &route));
    let mut view = answer::view(key, presented.public.clone(), &target, &result);
    if let (true, Some(unlocked)) = (arguments.explain, &unlocked) {
        view.registry = Some(registry_side::ask(&presented, &view, (unlocked, session))?);
    }
    answer::write(&[view], false, session)
}

/// The target as it would be called, without the vault: what is remembered is shown, and no secret goes there.
fn unopened(arguments: &Arguments, session: &Session<'_, '_>) -> Result<(Option<(Key, Brand)>, Target)> {
    let Some(selector) = &arguments.key else { return Ok((None, target::read(&arguments.target, None)?)) };
    let registry = session.registry()?;
    let key = session.select(&registry, selector)?.key;
    let remembered = match arguments.target.url {
        Some(_) => None,
        None => target::unchecked(&registry, key.id)?,
    };
    let target = target::read(&arguments.target, remembered)?;
    Ok((Some((key, registry.identity()?.brand)), target))
}

fn curl(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let (key, target) = unopened(arguments, session)?;
    let username = key.as_ref().and_then(|(key, brand)| consumer_key(key, brand));
    let text = print_curl(&target, username.as_deref(), arguments.route.ca_file().as_deref());
    if session.format().is_json() {
        session.out().object(&serde_json::json!({ "curl": text }))?;
    } else {
        session.host.stdout.write_all(text.as_bytes())?;
    }
    Ok(Exit::Done)
}

fn preview(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let (key, target) = unopened(arguments, session)?;
    let mut views: Vec<CallView> = match &key {
        Some((key, brand)) if !arguments.is_foreign() => chosen(key, arguments, session)?
            .into_iter()
            .map(|id| {
                let public = public_part(brand, key.kind, key.env, id);
                answer::planned(Some(key), Some(public), Some(&target))
            })
            .collect(),
        _ => vec![answer::planned(key.as_ref().map(|(key, _)| key), None, Some(&target))],
    };
    if arguments.save {
        target::refuse_private(&target)?;
        for view in &mut views {
            let reason = "nothing was called, and the target, which would be remembered, was not";
            reason.clone_into(&mut view.reason);
        }
    }
    answer::write(&views, arguments.both, session)
}

/// What `--in basic` presents as the user: the consumer key of a pair.
fn username(key: &Key, unlocked: &Unlocked) -> Option<String> {
    (key.kind == Kind::Pair).then(|| consumer_key(key, &unlocked.brand)).flatten()
}
