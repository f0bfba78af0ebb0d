//! `apikey doctor`: is everything well? Looks at all of it, changes nothing.

mod history;
mod keys;
mod machine;
mod named;
mod past;
mod seals;

use std::ops::ControlFlow;

use anyhow::Result;
use clap::Args;

use self::keys::Counts;
use self::past::Past;
use self::seals::Seals;
use crate::exit::{Exit, Failure};
use crate::output::view::{FindingStatus, FindingView};
use crate::output::{Format, ListWriter, Record, escape};
use crate::registry::sqlite::SqliteRegistry;
use crate::registry::{Filter, Registry};
use crate::session::Session;

/// Look at the registry, the vault, the log and the keys, and say what is not well
///
/// Writes, reads and deletes an entry of its own in the vault, where it writes at all; changes nothing else. Exit 7
/// when there is a problem; warnings alone are exit 0.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Show only what is not well
    #[arg(long)]
    problems: bool,
}

/// Runs it.
///
/// # Errors
/// Those of the stream; whatever is wrong with registry or vault is a finding.
pub fn run(arguments: &Arguments, session: &mut Session<'_, '_>) -> Result<Exit> {
    let mut findings = Vec::new();
    match session.registry() {
        Ok(registry) => examine(&registry, &mut findings, session),
        Err(error) => findings.push(failed("registry", &error)),
    }
    let exit = if findings.iter().any(|finding| finding.status == FindingStatus::Problem) {
        Exit::SaidNo
    } else {
        Exit::Done
    };
    if arguments.problems {
        findings.retain(|finding| finding.status != FindingStatus::Ok);
    }
    write(&findings, session)?;
    Ok(exit)
}

fn examine(registry: &SqliteRegistry, findings: &mut Vec<FindingView>, session: &mut Session<'_, '_>) {
    findings.push(ok("registry", session.settings.registry.display().to_string()));
    findings.push(schema(registry));
    findings.extend(machine::permissions(&session.settings.registry));
    findings.push(machine::integrity(registry));
    findings.push(machine::usage(registry, &session.settings.registry));
    let keys = match registry.identity() {
        Ok(identity) => machine::vault(&identity, findings, session),
        Err(error) => {
            findings.push(failed("registry", &error.into()));
            None
        }
    };
    // One state of the file, whatever others change meanwhile.
    let _reading = registry.reading().map_err(|error| findings.push(failed("registry", &error.into())));
    let mut seals = keys.as_ref().map(|keys| Seals::new(&keys.row));
    let audit = keys.as_ref().map(|keys| &keys.audit);
    let (mut past, mut counts) = (Past::default(), Counts::new(session.now));
    let read = registry.list(&Filter::default(), session.now, &mut |listed| {
        if let Some(seals) = &mut seals {
            seals.look_at(&listed.key);
        }
        past.look_at(&listed.key, registry, audit);
        counts.look_at(&listed);
        ControlFlow::Continue(())
    });
    match (seals, &read) {
        (Some(seals), Ok(())) => findings.push(seals.finding(registry)),
        (None, _) => findings.push(warning(
            "seals",
            "not checked: the vault is closed",
            "mend the vault first, then run `apikey doctor` again",
        )),
        (_, Err(_)) => {}
    }
    let (history, states) = history::check(registry, audit, session.now);
    if read.is_ok() {
        findings.push(past.finding(registry, states.as_ref()));
    }
    findings.extend(history);
    match read {
        Ok(()) => findings.extend(counts.findings()),
        Err(error) => findings.push(failed("keys", &error.into())),
    }
}

fn schema(registry: &SqliteRegistry) -> FindingView {
    match registry.check_triggers().and_then(|()| registry.schema()) {
        // Opening refuses a newer one and brings an older one up to date.
        Ok(version) => ok("schema", format!("version {version}, which this program knows")),
        Err(error) => failed("schema", &error.into()),
    }
}

fn ok(check: &'static str, message: impl Into<String>) -> FindingView {
    FindingView { check, status: FindingStatus::Ok, message: message.into(), hint: None }
}

fn warning(check: &'static str, message: impl Into<String>, hint: &str) -> FindingView {
    let hint = Some(hint.to_owned());
    FindingView { check, status: FindingStatus::Warning, message: message.into(), hint }
}

fn problem(check: &'static str, message: impl Into<String>, hint: &str) -> FindingView {
    let hint = Some(hint.to_owned());
    FindingView { check, status: FindingStatus::Problem, message: message.into(), hint }
}

/// An error as a finding.
fn failed(check: &'static str, error: &anyhow::Error) -> FindingView {
    let Failure { message, hint, .. } = Failure::of(error);
    FindingView { check, status: FindingStatus::Problem, message, hint }
}

fn write(findings: &[FindingView], session: &mut Session<'_, '_>) -> Result<()> {
    let is_table = session.format() == Format::Table;
    let mut out = session.out();
    let mut list = ListWriter::begin(&mut out, FindingView::SHAPE);
    for finding in findings {
        list.row(finding)?;
    }
    list.end()?;
    if !is_table {
        return Ok(());
    }
    for finding in findings {
        if let Some(hint) = &finding.hint {
            session.say(&format!("hint ({}): {}", finding.check, escape(hint)))?;
        }
    }
    let count = |status| findings.iter().filter(|finding| finding.status == status).count();
    let text = match (count(FindingStatus::Problem), count(FindingStatus::Warning)) {
        (0, 0) => "all is well".to_owned(),
        (0, warnings) => format!("no problem; warnings: {warnings}"),
        (problems, warnings) => format!("problems: {problems}; warnings: {warnings}"),
    };
    session.say(&text)
}
