//! Where keys are recorded: one trait for whole changes with compare-and-set, and the backends that pass its suite.
//!
//! A [`Change`] is one transaction: rows, revision checks and audit events together, or nothing. No backend decides
//! policy, reads a clock or knows what a secret is.

#[cfg(test)]
pub(crate) mod conformance;
mod error;
mod filter;
mod last_state;
pub mod ledger;
#[cfg(test)]
pub mod memory;
pub mod sqlite;

pub use error::RegistryError;
pub use last_state::{LastState, PartyStates};

use subtle::ConstantTimeEq as _;

use crate::crypto::AuditKey;
use crate::domain::event::{Action, Event, chain};
use crate::domain::key::{Key, KeyId, KeyStatus};
use crate::domain::name::{Name, Tag};
use crate::domain::party::{Party, PartyKind};
use crate::domain::scope::Scope;
use crate::domain::secret::{Brand, Env, Kind, SecretId};
use crate::domain::time::{Instant, Span};

/// What a registry is, written once when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Names it in the OS keyring: 12 base62 characters.
    pub id: String,
    /// The first part of all its secrets.
    pub brand: Brand,
    /// Where its master key lives: `keyring`, `file` or `keyfile`.
    pub vault_kind: String,
    /// Tells the right master key from any other.
    pub check_value: [u8; 32],
    /// When it was made.
    pub created_at: Instant,
}

/// As many keys as one [`Change`] of a large work is about: whoever else writes waits for less than a second, and not
/// for all of it. In smaller parts the same pages are written more often.
pub const PART: usize = 5_000;

/// One whole change: all of it, or nothing.
#[derive(Debug, Default)]
pub struct Change<'a> {
    /// New keys.
    pub insert: &'a [Key],
    /// Keys as they shall be; [`Key::revision`] is the one they were read with, and is counted up. Secrets that are
    /// not among the key's any more are removed.
    pub replace: &'a [Key],
    /// Keys to remove for good, with the revision they were read with.
    pub remove: Vec<(KeyId, u64)>,
    /// Owners and projects to add if they are not there yet.
    pub new_parties: &'a [Party],
    /// Owners and projects to change.
    pub replace_parties: Vec<PartyChange>,
    /// Scopes to add to the catalogue, or whose description to replace.
    pub define_scopes: Vec<DefinedScope>,
    /// Scopes to remove from the catalogue.
    pub undefine_scopes: Vec<Scope>,
    /// Answers to repeatable requests.
    pub remember: Vec<RememberedRequest>,
    /// Requests whose answers were taken back, by their ids.
    pub forget_requests: Vec<String>,
    /// Endpoints of test calls, as JSON without a secret.
    pub targets: Vec<(KeyId, String)>,
    /// What is said of all this in the log.
    pub events: Vec<Event>,
    /// Seals the log's chain when the vault is open.
    pub audit: Option<&'a AuditKey>,
    /// Kept copies of secrets that ended by this instant are erased along with any change.
    pub now: Option<Instant>,
}

/// An owner or a project as it was read, and as it shall be. One that is no longer as it was read is a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyChange {
    /// As it was read.
    pub before: Party,
    /// As it shall be; kind, name and creation stay what they were.
    pub after: Party,
}

/// A scope of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinedScope {
    /// The scope.
    pub scope: Scope,
    /// What it is for.
    pub description: Option<String>,
}

/// What a repeatable request (`--request-id`) did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RememberedRequest {
    /// The caller's id.
    pub id: String,
    /// A hash of what was asked, so that the same id with other wishes is a conflict.
    pub fingerprint: [u8; 32],
    /// The key it made or rotated.
    pub key: KeyId,
    /// The secret it issued.
    pub secret: SecretId,
    /// When.
    pub at: Instant,
    /// Proves that the row is as it was left, secret and all.
    pub seal: Option<[u8; 32]>,
}

/// A key with what verification needs beside it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The key with its secrets.
    pub key: Key,
    /// Its owner.
    pub owner: Party,
    /// Its project.
    pub project: Party,
}

impl Found {
    /// Whether its owner or its project is suspended, which denies it.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        self.owner.suspended_at.is_some() || self.project.suspended_at.is_some()
    }
}

/// Which keys to list; everything given must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Any of these statuses, at the given instant.
    pub statuses: Vec<KeyStatus>,
    /// Of this owner.
    pub owner: Option<Name>,
    /// Of this project.
    pub project: Option<Name>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Of this environment.
    pub env: Option<Env>,
    /// Allowed to do this.
    pub scope: Option<Scope>,
    /// With this tag.
    pub tag: Option<Tag>,
    /// With this exact name.
    pub name: Option<Name>,
    /// With a name that begins so.
    pub name_begins: Option<String>,
    /// With an id, of its own or of a secret, that begins so; without `key_`.
    pub id_begins: Option<String>,
    /// With a remembered endpoint.
    pub has_target: bool,
    /// Live, and over within this span.
    pub expiring_within: Option<Span>,
    /// Live, created longer ago than this span, and not used within it.
    pub unused_for: Option<Span>,
    /// Live, and its schedule asks for a new secret.
    pub due: bool,
    /// At most this many, newest first.
    pub limit: Option<usize>,
}

/// A key of a listing, and whether its owner or project is suspended.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The key.
    pub key: Key,
    /// Whether its owner or project is suspended.
    pub suspended: bool,
}

/// What a listing does with each key: go on, or stop.
pub type Visit<'a, T> = dyn FnMut(T) -> std::ops::ControlFlow<()> + 'a;

/// An owner or project with how many keys it has.
#[derive(Debug, Clone)]
pub struct PartySummary {
    /// The owner or project.
    pub party: Party,
    /// Its keys that are not revoked.
    pub keys: u64,
}

/// An event as it is recorded.
#[derive(Debug, Clone)]
pub struct RecordedEvent {
    /// 1 for the first, without gaps.
    pub number: u64,
    /// What was recorded.
    pub event: Event,
    /// [`crate::domain::event::chain`] over it and all before it.
    pub hash: [u8; 32],
    /// The hash under the audit subkey, when the vault was open.
    pub seal: Option<[u8; 32]>,
}

impl RecordedEvent {
    /// Whether it has a seal, of this audit key if there is one to check it by. That the seal is over this event the chain
    /// says: see `is_chained`.
    #[must_use]
    pub fn is_sealed(&self, audit: Option<&AuditKey>) -> bool {
        self.seal.is_some_and(|seal| audit.is_none_or(|audit| audit.tag(&self.hash).ct_eq(&seal).into()))
    }

    /// Whether its hash is of it and of what was before it, which is told by the hash of the event before.
    #[must_use]
    pub fn is_chained(&self, previous: &[u8; 32]) -> bool {
        chain(previous, &self.event) == self.hash
    }
}

/// Which events to list, oldest first.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// On this key.
    pub key: Option<KeyId>,
    /// Of this sort.
    pub action: Option<Action>,
    /// By this user.
    pub user: Option<String>,
    /// At or after this.
    pub since: Option<Instant>,
    /// Before this.
    pub until: Option<Instant>,
    /// Only the newest so many, still oldest first.
    pub last: Option<usize>,
}

type Result<T> = std::result::Result<T, RegistryError>;

/// A registry, open.
#[expect(
    clippy::missing_errors_doc,
    reason = "every method fails as `RegistryError` says, and in no way of its own"
)]
pub trait Registry {
    /// What it is.
    ///
    /// # Errors
    /// Every method: [`RegistryError`].
    fn identity(&self) -> Result<Identity>;

    /// Makes one whole change, durable when this returns.
    fn apply(&mut self, change: &Change<'_>) -> Result<()>;

    /// Refuses names that [`Self::apply`] would refuse, of keys, owners and projects. Only reads: for a dry run.
    fn check_names(&self, change: &Change<'_>) -> Result<()>;

    /// The key whose secret has this id.
    fn find_secret(&self, id: SecretId) -> Result<Option<Found>>;

    /// The key with this id.
    fn find_key(&self, id: KeyId) -> Result<Option<Found>>;

    /// Keys, newest first, in one pass that holds one key at a time. `now` is what statuses are judged by.
    fn list(&self, filter: &Filter, now: Instant, visit: &mut Visit<'_, Listed>) -> Result<()>;

    /// An owner or project by its exact name.
    fn party(&self, kind: PartyKind, name: &Name) -> Result<Option<Party>>;

    /// The same, with how many keys it has.
    fn party_summary(&self, kind: PartyKind, name: &Name) -> Result<Option<PartySummary>>;

    /// All owners or projects, by name.
    fn parties(&self, kind: PartyKind) -> Result<Vec<PartySummary>>;

    /// The scope catalogue, in order; empty when any scope may be given.
    fn defined_scopes(&self) -> Result<Vec<DefinedScope>>;

    /// What an earlier request with this id did.
    fn request(&self, id: &str) -> Result<Option<RememberedRequest>>;

    /// The remembered endpoint of a key.
    fn target(&self, key: KeyId) -> Result<Option<String>>;

    /// Events, oldest first.
    fn events(&self, filter: &EventFilter, visit: &mut Visit<'_, RecordedEvent>) -> Result<()>;

    /// What the log last says of a key. Without the audit key seals are not checked.
    fn last_state(&self, key: KeyId, audit: Option<&AuditKey>) -> Result<LastState>;

    /// What the storage itself finds wrong with its file: nothing, or one line each.
    fn integrity(&self) -> Result<Vec<String>>;
}
