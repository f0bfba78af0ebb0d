//! What `serve.toml` says, and what proxies are to be told.

use std::path::Path;

use anyhow::Result;

use super::Arguments;
use crate::config_file;
use crate::domain::text::shell_word;
use crate::exit::{Exit, Failure};
use crate::serve::Gate;
use crate::serve::config::Rules;
use crate::serve::journal::{Level, Value};
use crate::serve::listen::Listen;
use crate::serve::print_config::{Places, Proxy, config};
use crate::session::Session;

/// `--print-config`.
pub(super) fn print(proxy: Proxy, arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let text = config(proxy, &places(arguments)?);
    session.host.stdout.write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

fn places(arguments: &Arguments) -> Result<Places> {
    let [Listen::Tcp(ask)] = arguments.listen[..] else {
        let failure = Failure::usage("a printed configuration needs one address to ask at");
        return Err(failure.hint("apikey serve --print-config nginx --listen 127.0.0.1:8719").into());
    };
    let places = Places { ask, listen: arguments.proxy_listen, upstream: arguments.upstream };
    for (flag, place, usual) in [
        ("listen", places.ask, 8719),
        ("proxy-listen", places.listen, 8000),
        ("upstream", places.upstream, 8080),
    ] {
        if place.port() == 0 {
            let failure =
                Failure::usage(format!("{place} of `--{flag}` is no place that a proxy could be told"));
            return Err(failure.hint(format!("name its port, as `--{flag} 127.0.0.1:{usual}`")).into());
        }
    }
    Ok(places)
}

/// What nobody may have meant, and how to say that it is.
const SILENT: &str = "nothing in it says what a request needs, so that any valid key passes everything; \
    `scopes = [\"orders:read\"]` asks for something, and `scopes = []` says that this is meant";

/// What to warn of in a configuration that is right.
fn warning(rules: &Rules) -> Option<&'static str> {
    rules.is_silent.then_some(SILENT)
}

/// `--check` of a file that could be read.
pub(super) fn is_right(config: &Path, rules: &Rules, session: &mut Session<'_, '_>) -> Result<Exit> {
    let warning = warning(rules);
    if session.format().is_json() {
        let config = config.to_string_lossy();
        let found = serde_json::json!({ "config": config, "valid": true, "warning": warning });
        session.out().object(&found)?;
        return Ok(Exit::Done);
    }
    session.say("the configuration is right")?;
    if let Some(warning) = warning {
        session.say(&format!("warning: {warning}"))?;
    }
    Ok(Exit::Done)
}

/// Says in the log what `--check` warns of.
pub(super) fn warn(config: &Path, gate: &Gate) {
    if let Some(warning) = warning(&gate.rules()) {
        let config = config.to_string_lossy();
        let fields = [("config", Value::Text(&config)), ("warning", Value::Text(warning))];
        gate.journal.say(Level::Warn, "nothing_needed", &fields);
    }
}

/// What the file says.
pub(super) fn read(path: &Path) -> Result<Rules, Failure> {
    let text = config_file::read(path).map_err(|error| {
        Failure::usage(format!("{} cannot be read: {error}", path.display()))
            .hint("name the file with `--config`")
    })?;
    Rules::parse(&text).map_err(|error| {
        let message = format!("{}: {error}", path.display());
        let file = shell_word(&path.to_string_lossy()).into_owned();
        Failure::usage(message)
            .hint(format!("see the chapter SERVE.TOML of `man apikey-serve`; `apikey serve --check --config {file}` tries it"))
    })
}

/// As [`read`], of a file that is being written perhaps: one that was emptied or cut off must not open what is closed.
pub(super) fn read_anew(path: &Path, gate: &Gate) -> Result<Rules, Failure> {
    let refused = |why: &str| Failure::usage(format!("{}: {why}", path.display()));
    if std::fs::metadata(path).is_ok_and(|file| !file.is_file()) {
        return Err(refused("it is no file that could be read again"));
    }
    let rules = read(path)?;
    match rules.lost(&gate.rules()) {
        None => Ok(rules),
        Some(lost) => Err(refused(&format!("it has no `{lost}` any more; to serve like that, start again"))),
    }
}
