//! What every backend has to do, run by each of them.

mod changes;
mod ledger;
mod limits;
mod names;
mod reading;
mod stored;

use std::net::IpAddr;

use super::ledger::Ledger;
use super::memory::MemoryRegistry;
use super::sqlite::SqliteRegistry;
use super::{Change, EventFilter, Filter, Identity, PartyChange, RecordedEvent, RegistryError};
use crate::crypto::{AuditKey, MasterKey};
use crate::domain::decision::Decision;
use crate::domain::event::{Action, Actor, Event};
use crate::domain::key::{Key, KeyId};
use crate::domain::party::{Party, PartyKind};
use crate::domain::samples::{self, NOW};
use crate::domain::secret::{Brand, SecretId};
use crate::domain::time::Instant;
use crate::domain::usage::{Counted, Used};

/// Runs each function against an empty registry of each backend.
macro_rules! for_every_backend {
    ($($test:ident,)+) => {
        mod memory {
            $(#[test] fn $test() { super::$test(&mut super::super::memory()); })+
        }
        mod sqlite {
            $(#[test] fn $test() { let (_folder, mut registry) = super::super::sqlite(); super::$test(&mut registry); })+
        }
    };
}
use for_every_backend;

fn identity() -> Identity {
    Identity {
        id: "0000000000ID".into(),
        brand: Brand::default(),
        vault_kind: "keyfile".into(),
        check_value: [3; 32],
        created_at: at(0),
    }
}

fn default_parties() -> [Party; 2] {
    [PartyKind::Owner, PartyKind::Project].map(samples::party)
}

pub(crate) fn memory() -> MemoryRegistry {
    MemoryRegistry::create(&identity(), &Change { new_parties: &default_parties(), ..Change::default() })
        .unwrap()
}

fn sqlite() -> (tempfile::TempDir, SqliteRegistry) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let first = default_parties();
    SqliteRegistry::create(&path, &identity(), &Change { new_parties: &first, ..Change::default() }).unwrap();
    let registry = SqliteRegistry::open(&path).unwrap();
    (folder, registry)
}

fn at(offset: i64) -> Instant {
    Instant::from_seconds(NOW + offset)
}

fn audit() -> AuditKey {
    AuditKey::derive(&MasterKey::from_bytes([1; 32]))
}

fn event(key: &Key, action: Action, offset: i64) -> Event {
    let actor = Actor { user: "ada".into(), host: "here".into(), ci_run: Some("42".into()) };
    Event::on_key(action, &actor, None, key, at(offset))
}

/// Accepted requests of this key, the last of them at the beginning.
fn accepted(key: &Key, scopes: &str, requests: u64) -> Counted {
    Counted {
        key: key.id,
        place: None,
        decision: Decision::Accepted,
        scopes: scopes.into(),
        requests,
        last: Some(Used { secret: key.secrets[0].id, at: at(0), ip: None }),
    }
}

/// Counts an accepted request with this secret, which says whose it is.
fn use_secret(registry: &mut dyn Ledger, secret: SecretId, at: Instant, ip: Option<IpAddr>) {
    let counted = Counted { last: Some(Used { secret, at, ip }), ..accepted(&samples::key("any"), "", 1) };
    registry.add_usage(&[counted], at).unwrap();
}

fn insert(registry: &mut dyn Ledger, keys: &[Key]) -> Result<(), RegistryError> {
    let events = keys.iter().map(|key| event(key, Action::KeyCreated, 0)).collect();
    registry.apply(&Change { insert: keys, events, ..Change::default() })
}

fn replace(registry: &mut dyn Ledger, keys: &[Key]) -> Result<(), RegistryError> {
    let events = keys.iter().map(|key| event(key, Action::KeyChanged, 1)).collect();
    registry.apply(&Change { replace: keys, events, ..Change::default() })
}

/// Suspends an owner or project that is as it was read.
fn suspend(registry: &mut dyn Ledger, before: &Party, offset: i64) -> Result<Party, RegistryError> {
    let mut after = before.clone();
    after.suspend(at(offset));
    let replace_parties = vec![PartyChange { before: before.clone(), after: after.clone() }];
    registry.apply(&Change { replace_parties, ..Change::default() }).map(|()| after)
}

fn stored(registry: &dyn Ledger, id: KeyId) -> Key {
    registry.find_key(id).unwrap().unwrap().key
}

fn names(registry: &dyn Ledger, filter: &Filter) -> Vec<String> {
    let mut names = Vec::new();
    let mut visit = |listed: super::Listed| {
        names.push(listed.key.name.to_string());
        std::ops::ControlFlow::Continue(())
    };
    registry.list(filter, at(0), &mut visit).unwrap();
    names
}

fn events(registry: &dyn Ledger, filter: &EventFilter) -> Vec<RecordedEvent> {
    let mut found = Vec::new();
    let mut visit = |event| {
        found.push(event);
        std::ops::ControlFlow::Continue(())
    };
    registry.events(filter, &mut visit).unwrap();
    found
}

fn all_events(registry: &dyn Ledger) -> Vec<RecordedEvent> {
    events(registry, &EventFilter::default())
}

/// Everything, the hidden bytes included.
fn picture(key: &Key) -> String {
    let hidden: Vec<_> = key
        .secrets
        .iter()
        .map(|secret| match &secret.kept {
            crate::domain::key::Kept::No => format!("{:?} -", secret.digest.as_bytes()),
            crate::domain::key::Kept::Sealed(bytes) => format!("{:?} {bytes:?}", secret.digest.as_bytes()),
            crate::domain::key::Kept::Clear(text) => format!("{:?} {text}", secret.digest.as_bytes()),
        })
        .collect();
    format!("{key:?} {hidden:?}")
}
