//! The decision: is this secret accepted for this request, now, and if not, exactly why.
//!
//! [`decide`] is pure. The order of its checks is the order of [`CHECKS`], which is also what `--explain` prints.

use std::net::IpAddr;

use super::key::{Allowed, Ends, Key, KeySecret};
use super::lifetime::has_ended;
use super::network::Network;
use super::origin::Origin;
use super::party::Party;
use super::scope::{Scope, Scopes};
use super::secret::Env;
use super::time::Instant;

/// Why a request is denied. The words are part of the contract and never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Denial {
    /// No secret was presented.
    Missing,
    /// What was presented is no secret.
    Malformed,
    /// No such secret; also a wrong body or check.
    NotFound,
    /// The recorded row is not as the program left it.
    Tampered,
    /// The key, or this secret of it, was revoked.
    Revoked,
    /// The key is switched off.
    Disabled,
    /// The secret was rotated out and its grace is over.
    Retired,
    /// The secret's life is over.
    Expired,
    /// The key's life has not begun.
    NotYetValid,
    /// All keys of this owner are denied.
    OwnerSuspended,
    /// All keys of this project are denied.
    ProjectSuspended,
    /// A test key where a live one is needed, or the reverse.
    WrongEnvironment,
    /// The request's address is not among the allowed ones, or was not told.
    IpNotAllowed,
    /// The request's origin is not among the allowed ones, or was not told.
    OriginNotAllowed,
    /// No scope of the key covers what is asked for.
    InsufficientScope,
    /// No route of a server's configuration says what the request needs.
    NoRoute,
    /// The quota of the key, its owner or its project is used up.
    QuotaExceeded,
    /// More requests than the rate of the key, its owner or its project lets pass.
    RateLimited,
}

impl Denial {
    /// The word in JSON.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::NotFound => "not_found",
            Self::Tampered => "tampered",
            Self::Revoked => "revoked",
            Self::Disabled => "disabled",
            Self::Retired => "retired",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::OwnerSuspended => "owner_suspended",
            Self::ProjectSuspended => "project_suspended",
            Self::WrongEnvironment => "wrong_environment",
            Self::IpNotAllowed => "ip_not_allowed",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::InsufficientScope => "insufficient_scope",
            Self::NoRoute => "no_route",
            Self::QuotaExceeded => "quota_exceeded",
            Self::RateLimited => "rate_limited",
        }
    }
}

impl std::fmt::Display for Denial {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "denied: {}", self.code())
    }
}

/// For callers to whom a denial is a failure of theirs; a verifier answers with it as with any decision.
impl std::error::Error for Denial {}

/// What is asked of a secret besides being good. What is not told cannot satisfy a restriction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// All of these must be covered.
    pub scopes: Vec<Scope>,
    /// Where the request comes from.
    pub ip: Option<IpAddr>,
    /// The site or app that sends it.
    pub origin: Option<Origin>,
    /// The environment it is for; not checked when absent.
    pub env: Option<Env>,
    /// What it needs besides cannot be said, so that no key may make it: a server has no route for it.
    pub is_unrouted: bool,
}

/// A secret that matched, with all that is recorded around it.
#[derive(Debug, Clone, Copy)]
pub struct Matched<'a> {
    /// The key.
    pub key: &'a Key,
    /// The secret of it that was presented.
    pub secret: &'a KeySecret,
    /// Its owner.
    pub owner: &'a Party,
    /// Its project.
    pub project: &'a Party,
    /// Whether the seals of all four rows hold.
    pub intact: bool,
}

/// What the checks look at, wherever it is kept: the values of a [`Matched`] that decide.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is the answer of one check, and no state of a machine"
)]
pub struct Facts<'a> {
    /// Whether the seals of all four rows hold.
    pub is_intact: bool,
    /// The key or the secret was revoked.
    pub is_revoked: bool,
    /// The key is switched off.
    pub is_disabled: bool,
    /// When the secret's life is over.
    pub ends: Ends,
    /// When the key's life begins.
    pub not_before: Option<Instant>,
    /// All keys of the owner are denied.
    pub is_owner_suspended: bool,
    /// All keys of the project are denied.
    pub is_project_suspended: bool,
    /// Where the key is valid.
    pub env: Env,
    /// Where requests may come from.
    pub networks: &'a Allowed<Network>,
    /// Which sites and apps may send it.
    pub origins: &'a Allowed<Origin>,
    /// What the key may do.
    pub scopes: &'a Scopes,
}

impl<'a> Matched<'a> {
    /// The values that decide.
    #[must_use]
    pub fn facts(&self) -> Facts<'a> {
        let Self { key, secret, owner, project, intact } = *self;
        Facts {
            is_intact: intact,
            is_revoked: key.revoked.is_some() || secret.revoked_at.is_some(),
            is_disabled: key.disabled_at.is_some(),
            ends: secret.ends(),
            not_before: key.not_before,
            is_owner_suspended: owner.suspended_at.is_some(),
            is_project_suspended: project.suspended_at.is_some(),
            env: key.env,
            networks: &key.networks,
            origins: &key.origins,
            scopes: &key.scopes,
        }
    }
}

/// What came of looking the presented text up.
#[derive(Debug, Clone, Copy)]
pub enum Presented<'a> {
    /// Nothing was presented.
    Nothing,
    /// It is no secret.
    Malformed,
    /// It is not known.
    Unknown,
    /// It is known, and its digest matches.
    Matched(Matched<'a>),
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Let it pass.
    Accepted,
    /// Do not.
    Denied(Denial),
}

impl Decision {
    /// The word in JSON: `accepted`, or the denial's.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Denied(denial) => denial.code(),
        }
    }

    /// Whether it is accepted.
    #[must_use]
    pub fn is_accepted(self) -> bool {
        self == Self::Accepted
    }
}

/// The checks of a matching secret, in order. What a server has no route for comes after all of these, and last the two
/// that consume: see [`super::limit::spend`].
pub const CHECKS: [Denial; 12] = [
    Denial::Tampered,
    Denial::Revoked,
    Denial::Disabled,
    Denial::Retired,
    Denial::Expired,
    Denial::NotYetValid,
    Denial::OwnerSuspended,
    Denial::ProjectSuspended,
    Denial::WrongEnvironment,
    Denial::IpNotAllowed,
    Denial::OriginNotAllowed,
    Denial::InsufficientScope,
];

/// Decides: the first check that denies is the answer.
#[must_use]
pub fn decide(presented: Presented<'_>, request: &Request, now: Instant) -> Decision {
    match presented {
        Presented::Nothing => Decision::Denied(Denial::Missing),
        Presented::Malformed => Decision::Denied(Denial::Malformed),
        Presented::Unknown => Decision::Denied(Denial::NotFound),
        Presented::Matched(matched) => judge(&matched.facts(), request, now),
    }
}

/// Decides on a secret that matched.
#[must_use]
pub fn judge(facts: &Facts<'_>, request: &Request, now: Instant) -> Decision {
    let is_it = |check: &Denial| denies(*check, facts, request, now);
    let denial = CHECKS.into_iter().find(is_it).or_else(|| Some(Denial::NoRoute).filter(is_it));
    denial.map_or(Decision::Accepted, Decision::Denied)
}

/// Whether one check denies.
#[must_use]
pub fn denies(check: Denial, facts: &Facts<'_>, request: &Request, now: Instant) -> bool {
    match check {
        // Before the match there is nothing to look at; what is left of limits is asked after all else.
        Denial::Missing
        | Denial::Malformed
        | Denial::NotFound
        | Denial::QuotaExceeded
        | Denial::RateLimited => false,
        Denial::Tampered => !facts.is_intact,
        Denial::Revoked => facts.is_revoked,
        Denial::Disabled => facts.is_disabled,
        Denial::Retired => facts.ends.is_retired(now),
        Denial::Expired => has_ended(facts.ends.first(), now),
        Denial::NotYetValid => facts.not_before.is_some_and(|start| now < start),
        Denial::OwnerSuspended => facts.is_owner_suspended,
        Denial::ProjectSuspended => facts.is_project_suspended,
        Denial::WrongEnvironment => request.env.is_some_and(|env| env != facts.env),
        Denial::IpNotAllowed => match facts.networks {
            Allowed::Any => false,
            Allowed::Only(networks) => {
                !request.ip.is_some_and(|ip| networks.iter().any(|network| network.contains(ip)))
            }
        },
        Denial::OriginNotAllowed => match facts.origins {
            Allowed::Any => false,
            Allowed::Only(origins) => !request
                .origin
                .as_ref()
                .is_some_and(|given| origins.iter().any(|origin| origin.covers(given))),
        },
        Denial::InsufficientScope => !request.scopes.iter().all(|wanted| facts.scopes.cover(wanted)),
        Denial::NoRoute => request.is_unrouted,
    }
}
