//! `apikey demo`: the whole life of a key, on a throw-away registry.

mod endpoint;
mod stage;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;

use crate::domain::secret::Secret;
use crate::exit::Exit;
use crate::session::Session;

use endpoint::Endpoint;
use stage::{Ran, Stage};

/// Show the whole life of a key on a throw-away registry
///
/// Makes a registry in a temporary folder and a small endpoint on this machine, runs apikey's own commands against them,
/// shows what they print, and leaves nothing behind. Touches neither your registry nor your keyring.
#[derive(Debug, Args)]
pub struct Arguments {}

/// One step as `--json` reports it.
#[derive(Debug, Serialize)]
struct Step {
    number: usize,
    title: &'static str,
    command: String,
    exit_code: u8,
    as_expected: bool,
}

/// Runs it.
///
/// # Errors
/// When the folder or the endpoint cannot be made. A step that does not behave is exit 1.
pub fn run(_: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let folder = tempfile::Builder::new()
        .prefix("apikey-demo-")
        .tempdir()
        .context("no temporary folder can be made")?;
    let endpoint = Endpoint::start(folder.path(), session.now).context("no endpoint can be started")?;
    let mut show = Show {
        stage: Stage::new(folder.path(), session),
        tells: !session.format().is_json(),
        steps: Vec::new(),
    };
    show.tell(
        "A throw-away registry, and an endpoint of a shop on this machine. Both vanish at the end.",
        session,
    )?;
    show.tell("The endpoint asks for orders:read at /orders and for invoices:read at /invoices.", session)?;
    life(&mut show, &endpoint.url(), session)?;
    let went_well = show.steps.iter().all(|step| step.as_expected);
    // The endpoint holds the registry; the folder goes after it.
    drop(endpoint);
    folder.close().context("the temporary folder cannot be removed")?;
    let last = if went_well {
        "\nThat was the whole life of a key. Begin your own: apikey create NAME --scope RESOURCE:ACTION"
    } else {
        "\nNot every step did what it should. Please report this."
    };
    show.tell(last, session)?;
    if !show.tells {
        session.out().object(&show.steps)?;
    }
    Ok(if went_well { Exit::Done } else { Exit::Internal })
}

/// The steps, in order.
fn life(show: &mut Show, url: &str, session: &mut Session<'_, '_>) -> Result<()> {
    let (orders, invoices) = (format!("{url}/orders"), format!("{url}/invoices"));
    let (orders, invoices) = (orders.as_str(), invoices.as_str());
    let key = "shop-backend";

    show.step("Issue a key that may read orders, and nothing else.", session)?;
    show.run(&["create", key, "--scope", "orders:read"], Exit::Done, session)?;

    show.step("Call the endpoint with it: it is accepted.", session)?;
    show.run(&["test-call", key, "--url", orders, "--save"], Exit::Done, session)?;

    show.step("Ask for invoices: the endpoint knows the key, and refuses. A scope is missing.", session)?;
    show.run(&["test-call", key, "--url", invoices], Exit::SaidNo, session)?;

    show.step("Give it the scope. The secret stays the same.", session)?;
    show.run(&["scope", "add", key, "invoices:read"], Exit::Done, session)?;
    show.run(&["test-call", key, "--url", invoices], Exit::Done, session)?;

    show.step("Rotate it: a new secret, while the old one is accepted for seven more days.", session)?;
    let rotated = show.run(&["rotate", key, "--grace", "7d"], Exit::Done, session)?;

    show.step("Both secrets are accepted, so clients can change over one by one.", session)?;
    show.run(&["test-call", key, "--both"], Exit::Done, session)?;

    show.step("The key leaked. Revoke it.", session)?;
    show.run(&["revoke", key, "--reason", "leaked", "--yes"], Exit::Done, session)?;

    show.step("Whoever still has the secret is refused at once, the grace notwithstanding.", session)?;
    let secret = secret_in(&rotated);
    show.run_with(&["test-call", "--stdin-secret", "--url", orders], secret.as_ref(), Exit::SaidNo, session)?;

    show.step("All of it is in the log.", session)?;
    show.run(&["log"], Exit::Done, session)?;
    Ok(())
}

/// What is shown, and what came of it.
struct Show {
    stage: Stage,
    tells: bool,
    steps: Vec<Step>,
}

impl Show {
    fn tell(&self, text: &str, session: &mut Session<'_, '_>) -> Result<()> {
        if self.tells { Ok(writeln!(session.host.stdout, "{text}")?) } else { Ok(()) }
    }

    fn step(&mut self, title: &'static str, session: &mut Session<'_, '_>) -> Result<()> {
        let number = self.steps.last().map_or(1, |step| step.number + 1);
        self.stage.step = (number, title);
        self.tell(&format!("\n{number}. {title}"), session)
    }

    fn run(&mut self, words: &[&str], expected: Exit, session: &mut Session<'_, '_>) -> Result<Ran> {
        let command = format!("apikey {}", shell_words::join(words));
        self.play(words, (&command, ""), expected, session)
    }

    fn run_with(
        &mut self,
        words: &[&str],
        secret: Option<&Secret>,
        expected: Exit,
        session: &mut Session<'_, '_>,
    ) -> Result<()> {
        let command = format!("printf %s \"$SECRET\" | apikey {}", shell_words::join(words));
        let stdin = secret.map(Secret::expose).unwrap_or_default();
        self.play(words, (&command, stdin), expected, session)?;
        Ok(())
    }

    fn play(
        &mut self,
        words: &[&str],
        (command, stdin): (&str, &str),
        expected: Exit,
        session: &mut Session<'_, '_>,
    ) -> Result<Ran> {
        self.tell(&format!("\n   $ {command}"), session)?;
        let ran = self.stage.run(words, stdin, session);
        for line in ran.screen.lines() {
            let indent = if line.is_empty() { "" } else { "   " };
            self.tell(&format!("{indent}{line}"), session)?;
        }
        let as_expected = ran.exit == expected;
        if !as_expected {
            let (found, expected) = (ran.exit as u8, expected as u8);
            self.tell(
                &format!("   This should have ended with exit code {expected}, not {found}."),
                session,
            )?;
        }
        session.host.stdout.flush()?;
        let (number, title) = self.stage.step;
        let command = command.to_owned();
        self.steps.push(Step { number, title, command, exit_code: ran.exit as u8, as_expected });
        Ok(ran)
    }
}

/// The secret that a command printed.
fn secret_in(ran: &Ran) -> Option<Secret> {
    ran.screen.split_whitespace().find_map(|word| Secret::parse(word).ok())
}
