//! What came of a call, as a shape, and as a card for people.

use super::{CallView, Exit, Key, Result, Session, Target};
use crate::http::answer::Answer;
use crate::http::failure::Failure;
use crate::http::verdict::{Doubt, Rejection, Verdict, judge};
use crate::output::view::{CallHeader, CallTimings, CalledKey};
use crate::output::{Format, ListWriter, Out, Record, Tone, escape};

/// Characters of the body that are shown.
const EXCERPT: usize = 1_000;

/// What came of one call.
pub(super) fn view(
    key: Option<&Key>,
    public: Option<String>,
    target: &Target,
    result: &Result<Answer, Failure>,
) -> CallView {
    let verdict = judge(target.spec().expect.as_ref(), result);
    let (word, code, reason) = words(&verdict);
    let view =
        CallView { verdict: Some(word), code, reason, dry_run: false, ..planned(key, public, Some(target)) };
    let Ok(answer) = result else { return view };
    CallView {
        status: Some(answer.status),
        timings_ms: Some(timings(answer)),
        rate_limit: answer
            .rate_limit
            .iter()
            .map(|line| CallHeader { name: line.name.clone(), value: line.value.clone() })
            .collect(),
        body_excerpt: excerpt(&answer.body),
        proxy: answer.proxy.clone(),
        redirected_to: answer.redirected_to.clone(),
        ..view
    }
}

/// What would be called; nothing in particular without a target.
pub(super) fn planned(key: Option<&Key>, public: Option<String>, target: Option<&Target>) -> CallView {
    CallView {
        key: key.map(|key| CalledKey {
            id: key.id.to_string(),
            name: key.name.to_string(),
            project: key.project.to_string(),
        }),
        secret_public: public,
        url: target.map(|target| target.url().to_string()).unwrap_or_default(),
        method: target.map(|target| target.spec().method.clone()).unwrap_or_default(),
        status: None,
        verdict: None,
        code: "not_called",
        reason: "nothing was called".to_owned(),
        timings_ms: None,
        rate_limit: Vec::new(),
        body_excerpt: None,
        proxy: None,
        redirected_to: None,
        registry: None,
        dry_run: true,
    }
}

fn words(verdict: &Verdict) -> (&'static str, &'static str, String) {
    match verdict {
        Verdict::Accepted => ("accepted", "accepted", "the endpoint accepts the key".to_owned()),
        Verdict::Rejected(rejection) => {
            let code = match rejection {
                Rejection::Unauthorized => "unauthorized",
                Rejection::Forbidden => "forbidden",
                Rejection::Unexpected { .. } => "unexpected_status",
            };
            ("rejected", code, rejection.to_string())
        }
        Verdict::NoVerdict(doubt) => {
            let code = match doubt {
                Doubt::Failed(failure) => failure.code(),
                Doubt::Redirected { .. } => "redirected",
                Doubt::ProxyAuthentication => "proxy_authentication",
                Doubt::RateLimited => "rate_limited",
                Doubt::RequestRefused { .. } => "request_refused",
                Doubt::ServerFailed { .. } => "server_failed",
            };
            ("no_verdict", code, doubt.to_string())
        }
    }
}

fn timings(answer: &Answer) -> CallTimings {
    let milliseconds = |span: std::time::Duration| (span.as_secs_f64() * 10_000.0).round() / 10.0;
    CallTimings {
        connect: milliseconds(answer.timings.connect),
        tls: answer.timings.tls.map(milliseconds),
        first_byte: milliseconds(answer.timings.first_byte),
        total: milliseconds(answer.timings.total),
    }
}

fn excerpt(body: &str) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    match body.char_indices().nth(EXCERPT) {
        Some((end, _)) => Some(format!("{}…", &body[..end])),
        None => Some(body.to_owned()),
    }
}

/// Writes one call as an object or a card, or several as a list; says no where any said no.
pub(super) fn write(views: &[CallView], is_list: bool, session: &mut Session<'_, '_>) -> Result<Exit> {
    let mut out = session.out();
    match (views, out.format) {
        ([view], Format::Json | Format::Jsonl) if !is_list => out.object(view)?,
        ([view], Format::Table) if !is_list => card(view, &mut out)?,
        _ => {
            let mut list = ListWriter::begin(&mut out, CallView::SHAPE);
            for view in views {
                list.row(view)?;
            }
            list.end()?;
        }
    }
    Ok(exit(views))
}

fn exit(views: &[CallView]) -> Exit {
    let any = |verdict| views.iter().any(|view| view.verdict == Some(verdict));
    if any("rejected") {
        Exit::SaidNo
    } else if any("no_verdict") {
        Exit::NoVerdict
    } else {
        Exit::Done
    }
}

fn card(view: &CallView, out: &mut Out<'_>) -> Result<()> {
    let verdict = match view.verdict {
        Some(verdict) => verdict.replace('_', " "),
        None => "would be called".to_owned(),
    };
    let status = view.status.map(|status| format!(" ({status})")).unwrap_or_default();
    let verdict = out.palette.paint(view.tone(), &escape(&verdict)).into_owned();
    writeln!(out.stream, "{verdict}{status}: {}", escape(&view.reason))?;
    writeln!(out.stream)?;
    let mut fields = vec![("call", format!("{} {}", view.method, view.url))];
    let key = view.key.as_ref().map(|key| format!("{}/{} ({})", key.project, key.name, key.id));
    let secret = view.secret_public.as_ref().map(|public| format!("{public}…"));
    let optional = [("key", key), ("secret", secret), ("time", view.timings_ms.map(time))];
    fields.extend(optional.into_iter().filter_map(|(label, value)| Some((label, value?))));
    fields.extend(view.redirected_to.iter().map(|to| ("redirects to", to.clone())));
    fields.extend(view.proxy.iter().map(|proxy| ("proxy", proxy.clone())));
    fields.extend(view.rate_limit.iter().map(|line| ("rate", format!("{}: {}", line.name, line.value))));
    if let Some(registry) = &view.registry {
        let word = if registry.accepted { "accepted" } else { "denied" };
        fields.push(("registry", format!("{word}: {}", registry.message)));
    }
    for (label, value) in fields {
        let label = out.palette.paint(Tone::Faint, &format!("{label:12}")).into_owned();
        writeln!(out.stream, "{label}  {}", escape(&value))?;
    }
    if let Some(body) = &view.body_excerpt {
        writeln!(out.stream)?;
        for line in body.lines() {
            writeln!(out.stream, "  {}", escape(line))?;
        }
    }
    Ok(())
}

fn time(timings: CallTimings) -> String {
    let tls = timings.tls.map(|tls| format!("TLS {tls} ms, ")).unwrap_or_default();
    format!("{} ms: connect {} ms, {tls}first byte {} ms", timings.total, timings.connect, timings.first_byte)
}
