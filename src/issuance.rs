//! Issuing: how a key and its secrets come to be, in which order things are written, and what undoes a half-done one.
//!
//! The order is always: draw and seal in memory; commit the change with its audit event, durably; hand the secret
//! over. If handing over fails, what was committed is taken back by a second change, and the caller gets the error
//! of the hand-over: a secret nobody received does not stay valid.

mod asked;
mod hand_over;

use std::collections::BTreeSet;

use rand::CryptoRng;

use crate::crypto::rows::{Tampered, reseal, seal_new, seal_new_party};
use crate::crypto::{SealKey, SealedBytes, SealingError, Subkeys};
use crate::domain::key::{Allowed, Kept, Key, KeyId, KeySecret};
use crate::domain::lifetime::{Lifetime, LifetimeError};
use crate::domain::limit::Limits;
use crate::domain::name::{Name, Note, Tag};
use crate::domain::network::Network;
use crate::domain::origin::Origin;
use crate::domain::party::{Party, PartyKind};
use crate::domain::rotation::{Plan, RotationRefusal};
use crate::domain::scope::Scopes;
use crate::domain::seal::Seal;
use crate::domain::secret::{Brand, Env, Kind, Secret, SecretId};
use crate::domain::time::{Instant, Span};

pub use hand_over::{commit_then_hand_over, undo_insert};

/// What a key shall be.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Its name.
    pub name: Name,
    /// What it is made of.
    pub kind: Kind,
    /// Where it is valid.
    pub env: Env,
    /// Who it belongs to.
    pub owner: Name,
    /// What it is for.
    pub project: Name,
    /// What it may do.
    pub scopes: Scopes,
    /// From where.
    pub networks: Allowed<Network>,
    /// From which sites and apps.
    pub origins: Allowed<Origin>,
    /// How much it may use up.
    pub limits: Limits,
    /// How long each secret lives.
    pub lifetime: Lifetime,
    /// From when on.
    pub not_before: Option<Instant>,
    /// The schedule of rotation.
    pub rotate_every: Option<Span>,
    /// Words to find it by.
    pub tags: BTreeSet<Tag>,
    /// Free text.
    pub note: Option<Note>,
    /// Whether a sealed copy of each secret is kept.
    pub keep: bool,
}

/// A key together with the secret that was just drawn for it.
#[derive(Debug)]
pub struct Issued {
    /// The key as it is, or will be, recorded.
    pub key: Key,
    /// Its newest secret, to be handed over once.
    pub secret: Secret,
}

/// Why nothing was issued.
#[derive(Debug, thiserror::Error)]
pub enum IssuanceError {
    /// The lifetime gives no end in the future.
    #[error(transparent)]
    Lifetime(#[from] LifetimeError),
    /// It would end before it begins.
    #[error("the key would end at {end}, before it begins at {start}")]
    EndsBeforeItBegins {
        /// `--not-before`.
        start: Instant,
        /// The resolved end.
        end: Instant,
    },
    /// A publishable key may only read.
    #[error("a publishable key may hold only read scopes, and `{0}` is none")]
    PublishableWrites(String),
    /// A publishable key needs origins or apps.
    #[error("a publishable key must name the origins or apps it is for")]
    PublishableAnywhere,
    /// The key cannot be rotated now.
    #[error(transparent)]
    Rotation(#[from] RotationRefusal),
    /// The recorded row cannot be trusted.
    #[error(transparent)]
    Tampered(#[from] Tampered),
}

/// Whether a publishable key with these scopes and origins is bound as it must be; other kinds always are.
///
/// # Errors
/// [`IssuanceError::PublishableWrites`] or [`IssuanceError::PublishableAnywhere`].
pub fn check_publishable(
    kind: Kind,
    scopes: &Scopes,
    origins: &Allowed<Origin>,
) -> Result<(), IssuanceError> {
    if kind != Kind::Publishable {
        return Ok(());
    }
    if let Some(scope) = scopes.iter().find(|scope| !scope.only_reads()) {
        return Err(IssuanceError::PublishableWrites(scope.to_string()));
    }
    if origins.is_any() { Err(IssuanceError::PublishableAnywhere) } else { Ok(()) }
}

impl Wish {
    /// Whether it can be; when its first secret would end.
    ///
    /// # Errors
    /// [`IssuanceError`].
    pub fn check(&self, now: Instant) -> Result<Option<Instant>, IssuanceError> {
        check_publishable(self.kind, &self.scopes, &self.origins)?;
        let end = self.lifetime.end_from(now)?;
        match (self.not_before, end) {
            (Some(start), Some(end)) if end <= start => Err(IssuanceError::EndsBeforeItBegins { start, end }),
            _ => Ok(end),
        }
    }
}

/// Draws a key with its first secret, sealed, not yet recorded.
///
/// # Errors
/// [`IssuanceError`] before anything is drawn.
pub fn draft(
    wish: Wish,
    brand: &Brand,
    keys: &Subkeys,
    rng: &mut dyn CryptoRng,
    now: Instant,
) -> Result<Issued, IssuanceError> {
    let end = wish.check(now)?;
    let keep = wish.keep;
    let mut key = Key {
        id: KeyId::generate(rng),
        name: wish.name,
        kind: wish.kind,
        env: wish.env,
        owner: wish.owner,
        project: wish.project,
        scopes: wish.scopes,
        networks: wish.networks,
        origins: wish.origins,
        limits: wish.limits,
        lifetime: wish.lifetime,
        not_before: wish.not_before,
        rotate_every: wish.rotate_every,
        tags: wish.tags,
        note: wish.note,
        created_at: now,
        disabled_at: None,
        revoked: None,
        secrets: Vec::with_capacity(1),
        revision: 1,
        seal: Seal::Missing,
    };
    let (secret, row) = draw_secret(&key, brand, keys, rng, &Terms { end, keep, now });
    key.secrets.push(row);
    seal_new(&keys.row, &mut key);
    Ok(Issued { key, secret })
}

struct Terms {
    end: Option<Instant>,
    keep: bool,
    now: Instant,
}

fn draw_secret(
    key: &Key,
    brand: &Brand,
    keys: &Subkeys,
    rng: &mut dyn CryptoRng,
    terms: &Terms,
) -> (Secret, KeySecret) {
    let id = SecretId::generate(rng);
    let secret = Secret::generate(brand, key.kind, key.env, id, rng);
    let kept = match (key.kind, terms.keep) {
        (Kind::Publishable, _) => Kept::Clear(secret.expose().to_owned()),
        (_, true) => {
            Kept::Sealed(keys.seal.seal(secret.expose().as_bytes(), &place(id), rng).as_bytes().to_vec())
        }
        (_, false) => Kept::No,
    };
    let row = KeySecret {
        id,
        number: 0,
        digest: keys.digest.digest(secret.expose().as_bytes()),
        created_at: terms.now,
        expires_at: terms.end,
        retires_at: None,
        retires_at_before: None,
        pending_grace: None,
        revoked_at: None,
        last_use: None,
        kept,
        seal: Seal::Missing,
    };
    (secret, row)
}

/// The associated data of a kept copy: which secret, which column.
fn place(id: SecretId) -> Vec<u8> {
    format!("apikey/v1/secret/{id}/kept").into_bytes()
}

/// The kept copy of a secret, if there is one.
///
/// # Errors
/// [`SealingError`] when the copy was altered or moved from another row.
pub fn kept_copy(seal: &SealKey, secret: &KeySecret) -> Result<Option<Secret>, SealingError> {
    let text = match &secret.kept {
        Kept::No => return Ok(None),
        Kept::Clear(text) => zeroize::Zeroizing::new(text.as_bytes().to_vec()),
        Kept::Sealed(bytes) => seal.open(&SealedBytes::from_bytes(bytes.clone()), &place(secret.id))?,
    };
    let secret = std::str::from_utf8(&text).ok().and_then(|text| Secret::parse(text).ok());
    secret.map(Some).ok_or(SealingError)
}

/// How a rotation is done.
#[derive(Debug, Clone, Copy)]
pub struct RotationTerms {
    /// The grace.
    pub plan: Plan,
    /// Another lifetime from now on, or the key's own.
    pub lifetime: Option<Lifetime>,
    /// Another schedule from now on, or the key's own.
    pub every: Option<Span>,
    /// Whether a sealed copy is kept.
    pub keep: bool,
}

/// Draws the next secret of `before`, not yet recorded.
///
/// # Errors
/// [`IssuanceError`] before anything is drawn.
pub fn draft_rotation(
    before: &Key,
    terms: RotationTerms,
    (brand, keys): (&Brand, &Subkeys),
    rng: &mut dyn CryptoRng,
    now: Instant,
) -> Result<Issued, IssuanceError> {
    before.may_rotate(terms.plan, now)?;
    let mut key = before.clone();
    key.lifetime = terms.lifetime.unwrap_or(key.lifetime);
    key.rotate_every = terms.every.or(key.rotate_every);
    let end = key.lifetime.end_from(now)?;
    let (secret, row) = draw_secret(&key, brand, keys, rng, &Terms { end, keep: terms.keep, now });
    key.rotate(row, terms.plan, now)?;
    reseal(&keys.row, before, &mut key)?;
    Ok(Issued { key, secret })
}

/// The owners and projects that `keys` name, as new sealed rows; the registry keeps those it has.
#[must_use]
pub fn parties_of(issued: &[Key], keys: &Subkeys, now: Instant) -> Vec<Party> {
    let named: BTreeSet<(&str, bool, Name)> = issued
        .iter()
        .flat_map(|key| [("owner", true, key.owner.clone()), ("project", false, key.project.clone())])
        .collect();
    named
        .into_iter()
        .map(|(_, is_owner, name)| {
            let kind = if is_owner { PartyKind::Owner } else { PartyKind::Project };
            let mut party = Party::new(kind, name, now);
            seal_new_party(&keys.row, &mut party);
            party
        })
        .collect()
}
