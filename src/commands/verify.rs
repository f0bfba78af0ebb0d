//! `apikey verify`: decide on a presented secret.

mod explain;

use std::io::{BufRead, BufReader, Read};
use std::net::IpAddr;

use anyhow::Result;
use clap::Args;
use zeroize::Zeroizing;

use crate::domain::decision::{Decision, Request};
use crate::domain::limit::Spending;
use crate::domain::secret::{Brand, Env};
use crate::domain::time::Instant;
use crate::exit::{Exit, Failure};
use crate::output::view::{DecisionView, KeyView};
use crate::output::{Format, Layout, escape, write_object};
use crate::secret_input::SecretInput;
use crate::session::{Session, Unlocked};
use crate::verification::{self, Charge, Lookup};

use super::create::{origin, scope};

pub use explain::{checks, hint, message};

/// Decide whether a secret is accepted, and if not, exactly why
///
/// Reads the secret from standard input. Exit 0 when accepted, 7 when denied.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    input: SecretInput,
    /// What the request wants to do; the key must be allowed to. May be repeated
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', add = crate::completion::scopes())]
    scopes: Vec<String>,
    /// Where the request comes from
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// The site or app that sends it, as `https://shop.example.com` or `app:ID`
    #[arg(long)]
    origin: Option<String>,
    /// The environment the request is for
    #[arg(long, value_parser = ["live", "test"])]
    env: Option<String>,
    /// How much of the limits the request takes; 0 only asks
    #[arg(long, default_value_t = 1, value_name = "N")]
    cost: u32,
    /// Only ask: take nothing from the limits, record no use, start no grace
    #[arg(long)]
    no_consume: bool,
    /// Show each check in order, with the values compared
    #[arg(long)]
    explain: bool,
    /// Read many secrets, one a line, and answer in order as JSON lines; exit 0 only if all are accepted
    #[arg(long, conflicts_with = "explain")]
    batch: bool,
}

/// Runs it.
///
/// # Errors
/// When no decision could be made; a denial is none.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let request = request(arguments)?;
    arguments.input.check_stdin(session)?;
    if arguments.batch {
        return batch(arguments, &request, session);
    }
    let text = arguments.input.read(session)?;
    let unlocked = &mut session.unlocked()?;
    let now = session.host.clock.now();
    let verdict = decide(&text, &request, (arguments, now), (unlocked, session))?;
    let words = Words::of(&verdict, &request);
    let decision = verdict.decision;
    let mut view = words.view(&verdict, &unlocked.brand, now);
    if arguments.explain {
        view.checks = Some(checks(&verdict.lookup, &request, &verdict.spending, now));
    }
    session.out().decision(&view)?;
    if session.format() == Format::Table && !decision.is_accepted() {
        let hint = words.hint.as_deref().map(|hint| format!("\n hint: {}", escape(hint))).unwrap_or_default();
        session.say(&format!("{}{hint}", escape(&words.message)))?;
    }
    Ok(if decision.is_accepted() { Exit::Done } else { Exit::SaidNo })
}

fn request(arguments: &Arguments) -> Result<Request> {
    Ok(Request {
        scopes: arguments.scopes.iter().map(|text| scope(text)).collect::<Result<_>>()?,
        ip: arguments.ip,
        origin: arguments.origin.as_deref().map(origin).transpose()?,
        env: arguments.env.as_deref().and_then(Env::from_code),
        is_unrouted: false,
    })
}

/// What was found and decided.
struct Verdict {
    lookup: Lookup,
    decision: Decision,
    spending: Spending,
}

fn decide(
    text: &[u8],
    request: &Request,
    (arguments, now): (&Arguments, Instant),
    (unlocked, session): (&mut Unlocked, &Session<'_, '_>),
) -> Result<Verdict> {
    let Unlocked { registry, keys, .. } = unlocked;
    let (lookup, decision) = verification::verify(registry, keys, Some(text), request, now)?;
    let Lookup::Match(matching) = &lookup else {
        return Ok(Verdict { lookup, decision, spending: Spending::default() });
    };
    let actor = session.actor();
    let cost = if arguments.no_consume { 0 } else { arguments.cost };
    let clock = || session.host.clock.now();
    let charge = Charge { cost, actor: &actor, clock: &clock };
    let (decision, spending) =
        verification::settle(registry, keys, (matching, decision), (request, charge), now)?;
    Ok(Verdict { lookup, decision, spending })
}

/// What is said of a decision.
struct Words {
    message: String,
    hint: Option<String>,
}

impl Words {
    fn of(Verdict { lookup, decision, spending }: &Verdict, request: &Request) -> Self {
        let decision = *decision;
        let matching = match lookup {
            Lookup::Match(matching) => Some(matching.matched()),
            _ => None,
        };
        let asked = (request, spending);
        let hint = hint(decision, matching.as_ref(), asked);
        Self { message: message(decision, matching.as_ref(), asked), hint }
    }

    fn view<'a>(
        &'a self,
        Verdict { lookup, decision, spending }: &'a Verdict,
        brand: &Brand,
        now: Instant,
    ) -> DecisionView<'a> {
        let key = match lookup {
            Lookup::Match(matching) => {
                let found = &matching.found;
                let suspended = found.is_suspended();
                Some(KeyView::of(&found.key, suspended, brand, now))
            }
            _ => None,
        };
        DecisionView {
            accepted: decision.is_accepted(),
            code: decision.code(),
            message: &self.message,
            hint: self.hint.as_deref(),
            key,
            remaining: spending.remaining(),
            retry_after_seconds: spending.retry_after_seconds,
            checks: None,
        }
    }
}

/// Longer lines are no secrets; what is over is read and dropped.
const LONGEST_LINE: u64 = 4_096;

fn batch(arguments: &Arguments, request: &Request, session: &mut Session<'_, '_>) -> Result<Exit> {
    if matches!(session.format, Some(Format::Table | Format::Tsv)) {
        return Err(Failure::usage("`--batch` answers in JSON lines and in no other format")
            .hint("leave `--format` out, or take `--format jsonl`")
            .into());
    }
    let mut everything: Box<dyn Read> = match arguments.input.file()? {
        Some(file) => Box::new(file),
        None if session.host.terminal.stdin => {
            return Err(Failure::usage("`--batch` reads secrets from a pipe or a file")
                .hint("apikey verify --batch < secrets.txt")
                .into());
        }
        None => {
            // The session needs its own for nothing else.
            Box::new(std::mem::replace(&mut session.host.stdin, Box::leak(Box::new(std::io::empty()))))
        }
    };
    let unlocked = &mut session.unlocked()?;
    let mut lines = BufReader::new(&mut everything);
    let mut all_accepted = true;
    while let Some(line) = next_line(&mut lines)? {
        let now = session.host.clock.now();
        let verdict = decide(&line, request, (arguments, now), (unlocked, session))?;
        all_accepted &= verdict.decision.is_accepted();
        let words = Words::of(&verdict, request);
        let view = words.view(&verdict, &unlocked.brand, now);
        write_object(session.host.stdout, &view, Layout::Compact)?;
        if lines.buffer().is_empty() {
            // Whoever asks one at a time waits for its answer.
            session.host.stdout.flush()?;
        }
    }
    Ok(if all_accepted { Exit::Done } else { Exit::SaidNo })
}

fn next_line(lines: &mut impl BufRead) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(128));
    let read = lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    } else if line.len() as u64 == LONGEST_LINE {
        lines.skip_until(b'\n')?;
    }
    Ok(Some(line))
}
