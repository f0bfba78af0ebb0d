//! `--explain`: what the registry decides on the same secret, beside what the endpoint said.

use super::presented::Presented;
use super::{CallView, Result, Session, Unlocked};
use crate::commands::verify;
use crate::domain::decision::Request;
use crate::domain::limit::Spending;
use crate::output::view::CallRegistry;
use crate::verification::{self, Lookup};

/// Decides, without recording a use.
pub(super) fn ask(
    presented: &Presented,
    call: &CallView,
    (unlocked, session): (&Unlocked, &Session<'_, '_>),
) -> Result<CallRegistry> {
    let request = Request::default();
    let text = presented.credential.expose().as_bytes();
    let now = session.host.clock.now();
    let (lookup, decision) =
        verification::verify(&unlocked.registry, &unlocked.keys, Some(text), &request, now)?;
    let matched = match &lookup {
        Lookup::Match(matching) => Some(matching.matched()),
        _ => None,
    };
    let sentence = verify::message(decision, matched.as_ref(), (&request, &Spending::default()));
    let message = match (call.verdict, decision.is_accepted()) {
        (Some("rejected"), true) => format!(
            "{sentence}; the endpoint disagrees: it may want another scope, use another registry, or place its keys elsewhere"
        ),
        (Some("accepted"), false) => format!(
            "{sentence}; the endpoint disagrees: it may not check this key, use another registry, or remember an older answer"
        ),
        _ => sentence,
    };
    Ok(CallRegistry { accepted: decision.is_accepted(), code: decision.code(), message })
}
