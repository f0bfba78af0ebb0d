//! The canonical bytes under a row seal: everything that grants, each field with its length before it.
//!
//! Two different rows never give the same bytes: the kind of row comes first, every text is preceded by its length,
//! every list by its count, and what is absent by a byte that says so. Tags, notes, kept copies and last uses grant
//! nothing and are left out.

use sha2::{Digest as _, Sha256};

use super::key::{Key, KeyId, KeySecret};
use super::lifetime::Lifetime;
use super::limit::Limits;
use super::party::Party;
use super::time::Instant;

struct Bytes(Vec<u8>);

impl Bytes {
    fn of(row: &str) -> Self {
        let mut bytes = Self(Vec::with_capacity(512));
        bytes.text("apikey/row/v1");
        bytes.text(row);
        bytes
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.raw(text.as_bytes());
    }

    /// As its text, which is not made for it.
    fn key_id(&mut self, id: KeyId) {
        self.count(KeyId::PREFIX.len() + id.bare().len());
        self.0.extend_from_slice(KeyId::PREFIX.as_bytes());
        self.0.extend_from_slice(id.bare().as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u64).to_be_bytes());
    }

    fn number(&mut self, number: Option<i64>) {
        match number {
            None => self.0.push(0),
            Some(number) => {
                self.0.push(1);
                self.0.extend_from_slice(&number.to_be_bytes());
            }
        }
    }

    fn instant(&mut self, instant: Option<Instant>) {
        self.number(instant.map(Instant::seconds));
    }

    /// Only what limits is written: a row without limits has the bytes it had before there were any.
    fn limits(&mut self, limits: &Limits) {
        if let Some(rate) = limits.rate {
            self.text("rate");
            for number in [i64::from(rate.count()), rate.per().seconds(), i64::from(rate.burst())] {
                self.number(Some(number));
            }
        }
        if let Some(quota) = limits.quota {
            self.text("quota");
            self.text(&quota.to_string());
        }
    }

    fn list<T: ToString>(&mut self, items: &[T]) {
        self.count(items.len());
        for item in items {
            self.text(&item.to_string());
        }
    }
}

/// The state of a key: SHA-256 of its own canonical bytes and of those of its secrets, but for their numbers, which seals
/// prove.
#[must_use]
pub fn state_of_key(key: &Key) -> [u8; 32] {
    let mut bytes = Bytes(Vec::with_capacity(1024));
    bytes.raw(&key_bytes(key));
    let unnumbered = |secret: &KeySecret| secret_bytes_without_number(key.id, secret);
    let mut secrets: Vec<Vec<u8>> = key.secrets.iter().map(unnumbered).collect();
    secrets.sort_unstable();
    for secret in &secrets {
        bytes.raw(secret);
    }
    Sha256::digest(&bytes.0).into()
}

/// The state of an owner or a project: SHA-256 of its canonical bytes.
#[must_use]
pub fn state_of_party(party: &Party) -> [u8; 32] {
    Sha256::digest(party_bytes(party)).into()
}

/// The bytes of fields by their names; one that is absent is left out.
#[must_use]
pub fn named_bytes<'a>(what: &str, fields: impl IntoIterator<Item = (&'a str, Option<String>)>) -> Vec<u8> {
    let mut bytes = Bytes(Vec::with_capacity(256));
    bytes.text(what);
    for (name, value) in fields {
        if let Some(value) = value {
            bytes.text(name);
            bytes.text(&value);
        }
    }
    bytes.0
}

/// The canonical bytes of a key's own row, without its secrets.
#[must_use]
pub fn key_bytes(key: &Key) -> Vec<u8> {
    let mut bytes = Bytes::of("key");
    bytes.key_id(key.id);
    for text in [key.name.as_str(), key.kind.code(), key.env.code(), key.owner.as_str(), key.project.as_str()]
    {
        bytes.text(text);
    }
    bytes.text(&key.scopes.joined());
    bytes.list(key.networks.named());
    bytes.list(key.origins.named());
    let (span, until) = match key.lifetime {
        Lifetime::Span(span) => (Some(span.seconds()), None),
        Lifetime::Until(end) => (None, Some(end)),
        Lifetime::Never => (None, None),
    };
    bytes.number(span);
    bytes.instant(until);
    bytes.instant(key.not_before);
    bytes.number(key.rotate_every.map(super::time::Span::seconds));
    bytes.instant(Some(key.created_at));
    bytes.instant(key.disabled_at);
    bytes.instant(key.revoked.map(|revocation| revocation.at));
    bytes.limits(&key.limits);
    bytes.0
}

/// The canonical bytes of one secret's row, which names its key.
#[must_use]
pub fn secret_bytes(key: KeyId, secret: &KeySecret) -> Vec<u8> {
    let mut bytes = Bytes(secret_bytes_without_number(key, secret));
    // That of the first is left out.
    if secret.number > 0 {
        bytes.text("number");
        bytes.number(Some(i64::from(secret.number)));
    }
    bytes.0
}

fn secret_bytes_without_number(key: KeyId, secret: &KeySecret) -> Vec<u8> {
    let mut bytes = Bytes::of("secret");
    bytes.key_id(key);
    bytes.text(secret.id.as_str());
    bytes.raw(secret.digest.as_bytes());
    bytes.instant(Some(secret.created_at));
    bytes.instant(secret.expires_at);
    bytes.instant(secret.retires_at);
    bytes.number(secret.pending_grace.map(super::time::Span::seconds));
    bytes.instant(secret.revoked_at);
    // Nearly no row has one, and those without have the bytes they had before there were any.
    if secret.retires_at_before.is_some() {
        bytes.text("retires_at_before");
        bytes.instant(secret.retires_at_before);
    }
    bytes.0
}

/// The canonical bytes of an owner's or a project's row.
#[must_use]
pub fn party_bytes(party: &Party) -> Vec<u8> {
    let mut bytes = Bytes::of(party.kind.code());
    bytes.text(party.name.as_str());
    bytes.instant(Some(party.created_at));
    bytes.instant(party.suspended_at);
    bytes.limits(&party.limits);
    bytes.0
}
