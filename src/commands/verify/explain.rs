//! What a decision means: a sentence, what would mend it, and each check with the values compared.

use crate::domain::decision::{CHECKS, Decision, Denial, Matched, Request, denies};
use crate::domain::limit::{Measure, Spending};
use crate::domain::text::shell_word;
use crate::domain::time::{Instant, Span};
use crate::output::view::{CheckOutcome, CheckView};
use crate::verification::Lookup;

/// The sentence.
#[must_use]
pub fn message(
    decision: Decision,
    matched: Option<&Matched<'_>>,
    (request, spending): (&Request, &Spending),
) -> String {
    let (Decision::Denied(denial), matched) = (decision, matched) else {
        return "the secret is accepted".to_owned();
    };
    let Some(matched) = matched else {
        return match denial {
            Denial::Missing => "no secret was presented",
            Denial::Malformed => "this is not the shape of a secret",
            _ => "no such secret is known",
        }
        .to_owned();
    };
    let (key, secret) = (matched.key, matched.secret);
    let since = |at: Option<Instant>| at.map(|at| format!(" since {at}")).unwrap_or_default();
    match denial {
        Denial::Missing | Denial::Malformed | Denial::NotFound => "no such secret is known".to_owned(),
        Denial::QuotaExceeded => limited("a quota is used up", spending),
        Denial::RateLimited => limited("more requests than a rate lets pass", spending),
        Denial::NoRoute => "no route of a server says what the request needs".to_owned(),
        Denial::Tampered => "the registry's row of this key was altered outside apikey".to_owned(),
        Denial::Revoked => {
            format!("revoked{}", since(key.revoked.map(|revocation| revocation.at).or(secret.revoked_at)))
        }
        Denial::Disabled => format!("the key is disabled{}", since(key.disabled_at)),
        Denial::Retired => {
            format!("this secret was replaced, and its grace is over{}", since(secret.retires_at))
        }
        Denial::Expired => format!("expired{}", since(secret.ends_at())),
        Denial::NotYetValid => format!("not valid before {}", shown(key.not_before)),
        Denial::OwnerSuspended => {
            format!("the owner `{}` is suspended{}", key.owner, since(matched.owner.suspended_at))
        }
        Denial::ProjectSuspended => {
            format!("the project `{}` is suspended{}", key.project, since(matched.project.suspended_at))
        }
        Denial::WrongEnvironment => format!("this is a {} key", key.env.code()),
        Denial::IpNotAllowed => match request.ip {
            Some(ip) => format!("the address {ip} is not among the allowed ones"),
            None => "the key is bound to addresses, and the request's was not told".to_owned(),
        },
        Denial::OriginNotAllowed => match &request.origin {
            Some(origin) => format!("the origin {origin} is not among the allowed ones"),
            None => "the key is bound to origins, and the request's was not told".to_owned(),
        },
        Denial::InsufficientScope => {
            let missing: Vec<&str> = request
                .scopes
                .iter()
                .filter(|wanted| !key.scopes.cover(wanted))
                .map(crate::domain::scope::Scope::as_str)
                .collect();
            format!("the key may not do {}", missing.join(", "))
        }
    }
}

/// For how long it is so; or that waiting does not help.
fn limited(said: &str, spending: &Spending) -> String {
    match spending.retry_after_seconds {
        None => "this costs more at once than a limit ever lets pass".to_owned(),
        Some(seconds) => match i64::try_from(seconds).ok().and_then(Span::from_seconds) {
            Some(span) => format!("{said}; it may pass in {span}"),
            None => said.to_owned(),
        },
    }
}

fn shown(at: Option<Instant>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| at.to_string())
}

/// What would mend it.
#[must_use]
pub fn hint(
    decision: Decision,
    matched: Option<&Matched<'_>>,
    (request, spending): (&Request, &Spending),
) -> Option<String> {
    let Decision::Denied(denial) = decision else { return None };
    let Some(matched) = matched else {
        return Some(
            match denial {
                Denial::Missing => "send the secret with the request",
                Denial::Malformed => "send the whole secret as it was issued, without spaces or quotes",
                _ => "check that it was copied whole and belongs to this registry",
            }
            .to_owned(),
        );
    };
    let key = matched.key;
    let id = key.id;
    Some(match denial {
        Denial::Missing | Denial::Malformed | Denial::NotFound | Denial::NoRoute => return None,
        Denial::QuotaExceeded | Denial::RateLimited if spending.retry_after_seconds.is_none() => {
            format!("ask for less at a time, or raise the limit: `apikey limit {id}` shows what there is")
        }
        Denial::QuotaExceeded | Denial::RateLimited => {
            format!("wait, or raise the limit: `apikey limit {id}` shows what is left")
        }
        Denial::Tampered => {
            "see `apikey doctor`; revoke the key or restore the registry from a backup".to_owned()
        }
        Denial::Revoked if key.revoked.is_some() => {
            "revocation is for good: `apikey create` makes a new key".to_owned()
        }
        Denial::Revoked | Denial::Retired => "use the key's newest secret".to_owned(),
        Denial::Disabled => format!("apikey enable {id}"),
        Denial::Expired => "use a newer secret, or `apikey create` a new key".to_owned(),
        Denial::NotYetValid => format!("wait, or let it begin now: apikey restrict {id} --no-not-before"),
        Denial::OwnerSuspended => format!("apikey owner resume {}", shell_word(key.owner.as_str())),
        Denial::ProjectSuspended => format!("apikey project resume {}", shell_word(key.project.as_str())),
        Denial::WrongEnvironment => "use a key of the other environment".to_owned(),
        Denial::IpNotAllowed => {
            format!(
                "apikey restrict {id} --allow-ip {}",
                request.ip.map_or_else(|| "CIDR".to_owned(), |ip| ip.to_canonical().to_string())
            )
        }
        Denial::OriginNotAllowed => {
            format!(
                "apikey restrict {id} --allow-origin {}",
                request.origin.as_ref().map_or("ORIGIN", |origin| origin.as_str())
            )
        }
        Denial::InsufficientScope => {
            let missing: Vec<&str> = request
                .scopes
                .iter()
                .filter(|wanted| !key.scopes.cover(wanted))
                .map(crate::domain::scope::Scope::as_str)
                .collect();
            format!("apikey scope add {id} {}", missing.join(" "))
        }
    })
}

/// Each check in order, with its outcome and the values compared.
#[must_use]
pub fn checks(
    lookup: &Lookup,
    request: &Request,
    spending: &Spending,
    now: Instant,
) -> Vec<CheckView<'static>> {
    let mut views = checks_before_limits(lookup, request, now);
    let mut stopped = views.iter().any(|view| view.outcome == CheckOutcome::Denied);
    for (code, measure) in [(Denial::QuotaExceeded, Measure::Quota), (Denial::RateLimited, Measure::Rate)] {
        let denied = spending.denial == Some(code);
        let outcome = match (stopped, denied) {
            (true, _) => CheckOutcome::NotReached,
            (false, true) => CheckOutcome::Denied,
            (false, false) => CheckOutcome::Passed,
        };
        stopped |= denied;
        let left: Vec<String> = spending
            .allowances
            .iter()
            .filter(|allowance| allowance.measure == measure)
            .map(|allowance| format!("{} {} of {} left", allowance.of, allowance.remaining, allowance.limit))
            .collect();
        let compared = if left.is_empty() { "no limit".to_owned() } else { left.join("; ") };
        views.push(CheckView { code: code.code(), outcome, compared });
    }
    views
}

fn checks_before_limits(lookup: &Lookup, request: &Request, now: Instant) -> Vec<CheckView<'static>> {
    let view = |code: Denial, outcome, compared: String| CheckView { code: code.code(), outcome, compared };
    let reached = match lookup {
        Lookup::Nothing => Denial::Missing,
        Lookup::Malformed => Denial::Malformed,
        Lookup::Unknown | Lookup::Match(_) => Denial::NotFound,
    };
    let before = [
        (Denial::Missing, "presented text"),
        (Denial::Malformed, "shape of a secret"),
        (Denial::NotFound, "id and digest"),
    ];
    let Lookup::Match(matching) = lookup else {
        let mut stopped = false;
        return before
            .into_iter()
            .map(|(code, what)| (code, what.to_owned()))
            .chain(CHECKS.into_iter().map(|code| (code, String::new())))
            .map(|(code, what)| {
                let outcome = if stopped {
                    CheckOutcome::NotReached
                } else if code == reached {
                    CheckOutcome::Denied
                } else {
                    CheckOutcome::Passed
                };
                stopped |= code == reached;
                view(code, outcome, what)
            })
            .collect();
    };
    let matched = matching.matched();
    let mut stopped = false;
    let mut views: Vec<CheckView<'static>> =
        before.into_iter().map(|(code, what)| view(code, CheckOutcome::Passed, what.to_owned())).collect();
    for check in CHECKS {
        let denied = denies(check, &matched.facts(), request, now);
        let outcome = if stopped {
            CheckOutcome::NotReached
        } else if denied {
            CheckOutcome::Denied
        } else {
            CheckOutcome::Passed
        };
        stopped |= denied;
        views.push(view(check, outcome, compared(check, &matched, request, now)));
    }
    views
}

fn compared(check: Denial, matched: &Matched<'_>, request: &Request, now: Instant) -> String {
    let (key, secret) = (matched.key, matched.secret);
    let or = |text: Option<String>, none: &str| text.unwrap_or_else(|| none.to_owned());
    let listed = |items: Vec<String>| if items.is_empty() { "any".to_owned() } else { items.join(" ") };
    match check {
        Denial::Missing
        | Denial::Malformed
        | Denial::NotFound
        | Denial::NoRoute
        | Denial::QuotaExceeded
        | Denial::RateLimited => String::new(),
        Denial::Tampered => {
            (if matched.intact { "all four seals hold" } else { "a seal does not hold" }).to_owned()
        }
        Denial::Revoked => format!(
            "key revoked: {}; secret revoked: {}",
            or(key.revoked.map(|revocation| revocation.at.to_string()), "no"),
            or(secret.revoked_at.map(|at| at.to_string()), "no")
        ),
        Denial::Disabled => format!("disabled: {}", or(key.disabled_at.map(|at| at.to_string()), "no")),
        Denial::Retired => {
            format!("now {now} < end of grace {}", or(secret.retires_at.map(|at| at.to_string()), "none"))
        }
        Denial::Expired => {
            format!("now {now} < end {}", or(secret.ends_at().map(|at| at.to_string()), "never"))
        }
        Denial::NotYetValid => {
            format!("now {now} ≥ start {}", or(key.not_before.map(|at| at.to_string()), "none"))
        }
        Denial::OwnerSuspended => format!(
            "owner `{}` suspended: {}",
            key.owner,
            or(matched.owner.suspended_at.map(|at| at.to_string()), "no")
        ),
        Denial::ProjectSuspended => format!(
            "project `{}` suspended: {}",
            key.project,
            or(matched.project.suspended_at.map(|at| at.to_string()), "no")
        ),
        Denial::WrongEnvironment => {
            format!("request {} / key {}", request.env.map_or("any", |env| env.code()), key.env.code())
        }
        Denial::IpNotAllowed => format!(
            "request {} / key {}",
            or(request.ip.map(|ip| ip.to_string()), "not told"),
            listed(key.networks.named().iter().map(ToString::to_string).collect())
        ),
        Denial::OriginNotAllowed => format!(
            "request {} / key {}",
            or(request.origin.as_ref().map(ToString::to_string), "not told"),
            listed(key.origins.named().iter().map(ToString::to_string).collect())
        ),
        Denial::InsufficientScope => {
            let wanted: Vec<&str> = request.scopes.iter().map(crate::domain::scope::Scope::as_str).collect();
            let held = if key.scopes.is_empty() { "none".to_owned() } else { key.scopes.joined() };
            format!(
                "wanted {} / held {held}",
                if wanted.is_empty() { "none".to_owned() } else { wanted.join(" ") }
            )
        }
    }
}
