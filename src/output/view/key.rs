//! A key and its secrets as they leave the program.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::Serialize;

use super::{Each, QuotaView, RateView, Shown};
use crate::domain::key::{Allowed, Kept, Key, KeyId, KeySecret, KeyStatus, SecretStatus};
use crate::domain::lifetime::Lifetime;
use crate::domain::name::{Note, Tag};
use crate::domain::network::Network;
use crate::domain::origin::Origin;
use crate::domain::scope::Scope;
use crate::domain::secret::{Brand, Kind, SecretId, public_part};
use crate::domain::time::{Instant, Span};

/// A key. Borrows from the domain's; serialising it allocates nothing.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the fields are the contract's, DESIGN.md §7")]
pub struct KeyView<'a> {
    pub id: Shown<KeyId>,
    pub name: &'a str,
    pub kind: &'static str,
    pub env: &'static str,
    #[serde(serialize_with = "status_code")]
    pub status: KeyStatus,
    pub owner: &'a str,
    pub project: &'a str,
    pub scopes: Each<'a, [Scope]>,
    pub allow_ips: Option<Each<'a, [Network]>>,
    pub allow_origins: Option<Each<'a, [Origin]>>,
    pub rate: Option<RateView>,
    pub quota: Option<QuotaView>,
    pub lifetime_seconds: Option<i64>,
    pub created_at: Shown<Instant>,
    pub not_before: Option<Shown<Instant>>,
    pub expires_at: Option<Shown<Instant>>,
    pub last_used_at: Option<Shown<Instant>>,
    pub last_used_ip: Option<Shown<IpAddr>>,
    pub tags: Each<'a, BTreeSet<Tag>>,
    pub note: Option<&'a str>,
    pub consumer_key: Option<String>,
    pub rotate_every_seconds: Option<i64>,
    pub due_at: Option<Shown<Instant>>,
    pub disabled_at: Option<Shown<Instant>>,
    pub revoked_at: Option<Shown<Instant>>,
    pub revoke_reason: Option<&'static str>,
    pub secrets: Vec<SecretView>,
}

/// One secret of a key: what is public of it.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the fields are the contract's, DESIGN.md §7")]
pub struct SecretView {
    #[serde(serialize_with = "secret_id")]
    pub id: SecretId,
    pub public: String,
    #[serde(serialize_with = "secret_status_code")]
    pub status: SecretStatus,
    pub created_at: Shown<Instant>,
    pub expires_at: Option<Shown<Instant>>,
    pub last_used_at: Option<Shown<Instant>>,
    pub last_used_ip: Option<Shown<IpAddr>>,
    pub kept: bool,
}

impl<'a> KeyView<'a> {
    /// The key as it is at `now`; `suspended` says so of its owner or project.
    #[must_use]
    pub fn of(key: &'a Key, suspended: bool, brand: &Brand, now: Instant) -> Self {
        Self {
            id: Shown(key.id),
            name: key.name.as_str(),
            kind: key.kind.code(),
            env: key.env.code(),
            status: key.status(suspended, now),
            owner: key.owner.as_str(),
            project: key.project.as_str(),
            scopes: Each(key.scopes.iter().as_slice()),
            allow_ips: restriction(&key.networks),
            allow_origins: restriction(&key.origins),
            rate: key.limits.rate.map(RateView::of),
            quota: key.limits.quota.map(QuotaView::of),
            lifetime_seconds: match key.lifetime {
                Lifetime::Span(span) => Some(span.seconds()),
                Lifetime::Until(_) | Lifetime::Never => None,
            },
            created_at: Shown(key.created_at),
            not_before: key.not_before.map(Shown),
            expires_at: key.expires_at().map(Shown),
            last_used_at: key.last_use().map(|last| Shown(last.at)),
            last_used_ip: key.last_use().and_then(|last| last.ip).map(Shown),
            tags: Each(&key.tags),
            note: key.note.as_ref().map(Note::as_str),
            consumer_key: consumer_key(key, brand),
            rotate_every_seconds: key.rotate_every.map(Span::seconds),
            due_at: key.due_at().map(Shown),
            disabled_at: key.disabled_at.map(Shown),
            revoked_at: key.revoked.map(|revocation| Shown(revocation.at)),
            revoke_reason: key.revoked.map(|revocation| revocation.reason.code()),
            secrets: key.secrets.iter().map(|secret| SecretView::of(key, secret, brand, now)).collect(),
        }
    }
}

impl SecretView {
    /// A secret of `key` as it is at `now`.
    #[must_use]
    pub fn of(key: &Key, secret: &KeySecret, brand: &Brand, now: Instant) -> Self {
        Self {
            id: secret.id,
            public: public_part(brand, key.kind, key.env, secret.id),
            status: key.secret_status(secret, now),
            created_at: Shown(secret.created_at),
            expires_at: secret.ends_at().map(Shown),
            last_used_at: secret.last_use.map(|last| Shown(last.at)),
            last_used_ip: secret.last_use.and_then(|last| last.ip).map(Shown),
            // The sealed copy of what is over is erased by whatever change comes next.
            kept: match secret.kept {
                Kept::No => false,
                Kept::Sealed(_) => key.revoked.is_none() && secret.is_live(now),
                Kept::Clear(_) => true,
            },
        }
    }
}

fn restriction<T>(allowed: &Allowed<T>) -> Option<Each<'_, [T]>> {
    match allowed {
        Allowed::Any => None,
        Allowed::Only(items) => Some(Each(items.as_slice())),
    }
}

/// The public half of a pair: `<brand>_ck_<env>_<id>`; none for other kinds.
#[must_use]
pub fn consumer_key(key: &Key, brand: &Brand) -> Option<String> {
    (key.kind == Kind::Pair).then(|| format!("{}_ck_{}_{}", brand.as_str(), key.env.code(), key.id.bare()))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn status_code<S: serde::Serializer>(status: &KeyStatus, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.code())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn secret_status_code<S: serde::Serializer>(status: &SecretStatus, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.code())
}

fn secret_id<S: serde::Serializer>(id: &SecretId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(id.as_str())
}
