//! The questions of `create`, for somebody at a terminal who gave no name.

use anyhow::Result;

use super::wish::{WishArguments, lifetime, named, scopes};
use crate::domain::lifetime::Lifetime;
use crate::domain::secret::Env;
use crate::exit::Failure;
use crate::session::Session;
use crate::settings::Defaults;

const ENVS: [&str; 2] = ["live", "test"];

/// Asks for what a first key needs; everything asked can be given as an argument.
pub(super) fn ask(arguments: &mut WishArguments, session: &mut Session<'_, '_>) -> Result<()> {
    if !session.may_ask() {
        let failure = Failure::usage("the key needs a name, and nobody is there to be asked");
        return Err(failure.hint("apikey create NAME --scope RESOURCE:ACTION").into());
    }
    if arguments.name.is_none() {
        arguments.name = Some(ask_until(("Name of the key", None), session, |text| named("the name", text))?);
    }
    if arguments.scopes.is_empty() && arguments.access.is_none() {
        session
            .say("A scope is RESOURCE:ACTION, such as orders:read; without one the key only identifies.")?;
        let answer = ask_until(("Scopes", None), session, |text| scopes(&words(text), None))?;
        arguments.scopes = words(&answer);
    }
    let Defaults { env, expires, .. } = session.settings.defaults.clone();
    if arguments.env.is_none() {
        let usual = ENVS.iter().position(|word| env.map(Env::code) == Some(*word)).unwrap_or(0);
        let chosen = session.host.prompts.choice("Environment", &ENVS, usual)?;
        arguments.env = Some(ENVS[chosen].to_owned());
    }
    if arguments.expires.is_none() {
        let usual = expires.unwrap_or(Lifetime::DEFAULT).to_string();
        let question = ("Expires (90d, 2027-01-31, never)", Some(usual.as_str()));
        arguments.expires = Some(ask_until(question, session, lifetime)?);
    }
    Ok(())
}

/// Asks for a line until it can be read.
fn ask_until<T>(
    (question, usual): (&str, Option<&str>),
    session: &mut Session<'_, '_>,
    read: impl Fn(&str) -> Result<T>,
) -> Result<String> {
    loop {
        let answer = session.host.prompts.line(question, usual)?;
        match read(&answer) {
            Ok(_) => return Ok(answer),
            Err(error) => session.say(&error.to_string())?,
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
