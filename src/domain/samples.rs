//! Values for tests: a plain live key that grants one scope.

use std::collections::BTreeSet;

use super::digest::Digest;
use super::key::{Allowed, Kept, Key, KeyId, KeySecret};
use super::lifetime::Lifetime;
use super::limit::Limits;
use super::party::{Party, PartyKind};
use super::scope::Scopes;
use super::seal::Seal;
use super::secret::{Env, Kind, SecretId};
use super::time::{Instant, Span};

/// A generator for tests: what is drawn never matters, only that two draws differ.
#[expect(clippy::disallowed_methods, reason = "a test needs no generator handed down")]
pub(crate) fn rng() -> rand::rngs::ThreadRng {
    rand::rng()
}

/// 2026-11-23T12:00:00Z, where the tests' clock stands.
pub(crate) const NOW: i64 = 1_795_435_200;

/// A live private key of the default owner and project with one secret that lives 90 days from [`NOW`].
pub(crate) fn key(name: &str) -> Key {
    let now = Instant::from_seconds(NOW);
    Key {
        id: KeyId::generate(&mut rng()),
        name: name.parse().unwrap(),
        kind: Kind::Private,
        env: Env::Live,
        owner: "default".parse().unwrap(),
        project: "default".parse().unwrap(),
        scopes: Scopes::new(["orders:read".parse().unwrap()]).unwrap(),
        networks: Allowed::Any,
        origins: Allowed::Any,
        limits: Limits::default(),
        lifetime: Lifetime::DEFAULT,
        not_before: None,
        rotate_every: None,
        tags: BTreeSet::new(),
        note: None,
        created_at: now,
        disabled_at: None,
        revoked: None,
        secrets: vec![secret()],
        revision: 1,
        seal: Seal::Missing,
    }
}

/// A secret that lives 90 days from [`NOW`].
pub(crate) fn secret() -> KeySecret {
    let now = Instant::from_seconds(NOW);
    KeySecret {
        number: 0,
        id: SecretId::generate(&mut rng()),
        digest: Digest::from_bytes([7; 32]),
        created_at: now,
        expires_at: now.checked_add(Span::days(90)),
        retires_at: None,
        retires_at_before: None,
        pending_grace: None,
        revoked_at: None,
        last_use: None,
        kept: Kept::No,
        seal: Seal::Missing,
    }
}

/// The default owner or project.
pub(crate) fn party(kind: PartyKind) -> Party {
    Party::new(kind, "default".parse().unwrap(), Instant::from_seconds(NOW))
}
