//! One whole change inside one transaction; the caller begins it with the write lock and commits it.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::events;
use super::failure::{Attempt, is_constraint};
use super::secrets;
use crate::crypto::sealing::XCHACHA20_POLY1305;
use crate::domain::key::{Key, KeyId};
use crate::domain::lifetime::Lifetime;
use crate::domain::name::{Name, Note};
use crate::domain::party::{Party, PartyKind};
use crate::domain::time::{Instant, Span};
use crate::registry::{Change, RegistryError, RememberedRequest};

/// The algorithm name beside a request's fingerprint.
const SHA256: &str = "sha256";

/// Writes all of `change`. What frees names comes before what takes them.
pub(super) fn apply(connection: &Connection, change: &Change<'_>) -> Attempt<()> {
    let mut writer = Writer { connection, numbers: HashMap::new() };
    change.new_parties.iter().try_for_each(|party| writer.add_party(party))?;
    change.replace_parties.iter().try_for_each(|party| writer.replace_party(party))?;
    change.remove.iter().try_for_each(|(key, revision)| writer.remove(*key, *revision))?;
    change.replace.iter().try_for_each(|key| writer.replace(key))?;
    change.insert.iter().try_for_each(|key| writer.insert(key))?;
    writer.catalogue(change)?;
    change.remember.iter().try_for_each(|request| writer.remember(request))?;
    change.targets.iter().try_for_each(|(key, json)| writer.target(*key, json))?;
    events::append(connection, &change.events, change.audit)?;
    change.now.map_or(Ok(()), |now| writer.sweep(now))
}

struct Writer<'c> {
    connection: &'c Connection,
    /// The numbers of owners and projects that were asked for.
    numbers: HashMap<(PartyKind, Name), i64>,
}

impl Writer<'_> {
    fn add_party(&self, party: &Party) -> Attempt<()> {
        let skeleton = party.name.skeleton();
        let there: Option<String> = self
            .connection
            .prepare_cached("SELECT name FROM party WHERE kind = ?1 AND skeleton = ?2")?
            .query_row(params![party.kind.code(), skeleton], |row| row.get(0))
            .optional()?;
        match there {
            Some(name) if name == party.name.as_str() => return Ok(()),
            Some(name) => {
                return Err(RegistryError::PartyLooksAlike {
                    kind: party.kind.code(),
                    wanted: party.name.clone(),
                    taken: Name::from_stored(name),
                }
                .into());
            }
            None => {}
        }
        let (algorithm, seal) = party.seal.columns();
        self.connection
            .prepare_cached(
                "INSERT INTO party (kind, name, skeleton, created_at, suspended_at, seal_algorithm, seal) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                party.kind.code(),
                party.name.as_str(),
                skeleton,
                party.created_at.seconds(),
                party.suspended_at.map(Instant::seconds),
                algorithm,
                seal
            ])?;
        Ok(())
    }

    fn replace_party(&self, party: &Party) -> Attempt<()> {
        let (algorithm, seal) = party.seal.columns();
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE party SET suspended_at = ?3, seal_algorithm = ?4, seal = ?5 WHERE kind = ?1 AND name = ?2",
            )?
            .execute(params![
                party.kind.code(),
                party.name.as_str(),
                party.suspended_at.map(Instant::seconds),
                algorithm,
                seal
            ])?;
        if changed == 0 { Err(RegistryError::no_party(party.kind, &party.name).into()) } else { Ok(()) }
    }

    fn number(&mut self, kind: PartyKind, name: &Name) -> Attempt<i64> {
        let asked = (kind, name.clone());
        if let Some(number) = self.numbers.get(&asked) {
            return Ok(*number);
        }
        let number = self
            .connection
            .prepare_cached("SELECT number FROM party WHERE kind = ?1 AND name = ?2")?
            .query_row(params![kind.code(), name.as_str()], |row| row.get(0))
            .optional()?
            .ok_or_else(|| RegistryError::no_party(kind, name))?;
        self.numbers.insert(asked, number);
        Ok(number)
    }

    fn remove(&self, key: KeyId, revision: u64) -> Attempt<()> {
        let removed = self
            .connection
            .prepare_cached("DELETE FROM key WHERE id = ?1 AND revision = ?2")?
            .execute(params![key.bare(), stored(revision)])?;
        if removed == 0 { Err(RegistryError::Conflict(key).into()) } else { Ok(()) }
    }

    fn insert(&mut self, key: &Key) -> Attempt<()> {
        self.write_row(
            "INSERT INTO key (id, kind, created_at, name, skeleton, env, owner, project, scopes, networks, origins, \
             lifetime_seconds, lifetime_until, not_before, rotate_every_seconds, tags, note, disabled_at, revoked_at, \
             revoke_reason, seal_algorithm, seal, revision) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, \
             ?22, ?23)",
            key,
        )?;
        secrets::insert_all(self.connection, self.connection.last_insert_rowid(), &key.secrets)
    }

    fn replace(&mut self, key: &Key) -> Attempt<()> {
        let changed = self.write_row(
            "UPDATE key SET name = ?4, skeleton = ?5, env = ?6, owner = ?7, project = ?8, scopes = ?9, networks = ?10, \
             origins = ?11, lifetime_seconds = ?12, lifetime_until = ?13, not_before = ?14, \
             rotate_every_seconds = ?15, tags = ?16, note = ?17, disabled_at = ?18, revoked_at = ?19, \
             revoke_reason = ?20, seal_algorithm = ?21, seal = ?22, revision = revision + 1 \
             WHERE id = ?1 AND revision = ?23",
            key,
        )?;
        if changed == 0 {
            return Err(RegistryError::Conflict(key.id).into());
        }
        secrets::replace_all(self.connection, key)
    }

    /// Runs `sql` with a key's own columns as its parameters, in the order of [`Writer::insert`].
    fn write_row(&mut self, sql: &str, key: &Key) -> Attempt<usize> {
        let owner = self.number(PartyKind::Owner, &key.owner)?;
        let project = self.number(PartyKind::Project, &key.project)?;
        let (lifetime_seconds, lifetime_until) = match key.lifetime {
            Lifetime::Span(span) => (Some(span.seconds()), None),
            Lifetime::Until(end) => (None, Some(end.seconds())),
            Lifetime::Never => (None, None),
        };
        let skeleton = key.name.skeleton();
        let (algorithm, seal) = key.seal.columns();
        let written = self.connection.prepare_cached(sql)?.execute(params![
            key.id.bare(),
            key.kind.code(),
            key.created_at.seconds(),
            key.name.as_str(),
            skeleton,
            key.env.code(),
            owner,
            project,
            key.scopes.joined(),
            joined(key.networks.named(), " "),
            joined(key.origins.named(), " "),
            lifetime_seconds,
            lifetime_until,
            key.not_before.map(Instant::seconds),
            key.rotate_every.map(Span::seconds),
            joined(&key.tags, ","),
            key.note.as_ref().map(Note::as_str),
            key.disabled_at.map(Instant::seconds),
            key.revoked.map(|revocation| revocation.at.seconds()),
            key.revoked.map(|revocation| revocation.reason.code()),
            algorithm,
            seal,
            stored(key.revision)
        ]);
        match written {
            Err(error) if is_constraint(&error) => match self.name_in_use(key, project, &skeleton)? {
                Some(taken) => Err(taken.into()),
                None if self.was_given(key.id)? => Err(RegistryError::IdTaken.into()),
                None => Err(error.into()),
            },
            written => Ok(written?),
        }
    }

    fn name_in_use(&self, key: &Key, project: i64, skeleton: &str) -> Attempt<Option<RegistryError>> {
        let taken: Option<String> = self
            .connection
            .prepare_cached(
                "SELECT name FROM key WHERE project = ?1 AND skeleton = ?2 AND revoked_at IS NULL AND id <> ?3",
            )?
            .query_row(params![project, skeleton, key.id.bare()], |row| row.get(0))
            .optional()?;
        Ok(taken.filter(|_| key.revoked.is_none()).map(|taken| RegistryError::NameTaken {
            project: key.project.clone(),
            wanted: key.name.clone(),
            taken: Name::from_stored(taken),
        }))
    }

    fn was_given(&self, id: KeyId) -> Attempt<bool> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM key WHERE id = ?1) OR EXISTS (SELECT 1 FROM spent WHERE id = ?1)",
            )?
            .query_row([id.bare()], |row| row.get(0))?)
    }

    fn catalogue(&self, change: &Change<'_>) -> Attempt<()> {
        for scope in &change.undefine_scopes {
            self.connection
                .prepare_cached("DELETE FROM scope WHERE scope = ?1")?
                .execute([scope.as_str()])?;
        }
        for defined in &change.define_scopes {
            self.connection
                .prepare_cached(
                    "INSERT INTO scope (scope, description) VALUES (?1, ?2) \
                     ON CONFLICT (scope) DO UPDATE SET description = excluded.description",
                )?
                .execute(params![defined.scope.as_str(), defined.description])?;
        }
        Ok(())
    }

    fn remember(&self, request: &RememberedRequest) -> Attempt<()> {
        let added = self
            .connection
            .prepare_cached(
                "INSERT INTO request (id, fingerprint_algorithm, fingerprint, key, secret, at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![
                request.id,
                SHA256,
                request.fingerprint,
                request.key.bare(),
                request.secret.as_str(),
                request.at.seconds()
            ])?;
        if added == 0 { Err(RegistryError::RequestTaken(request.id.clone()).into()) } else { Ok(()) }
    }

    fn target(&self, key: KeyId, json: &str) -> Attempt<()> {
        let written = self
            .connection
            .prepare_cached(
                "INSERT INTO target (key, json) SELECT number, ?2 FROM key WHERE id = ?1 \
                 ON CONFLICT (key) DO UPDATE SET json = excluded.json",
            )?
            .execute(params![key.bare(), json])?;
        // The key was removed meanwhile.
        if written == 0 { Err(RegistryError::Conflict(key).into()) } else { Ok(()) }
    }

    /// Erases sealed copies of secrets that ended; the condition is the one under the index `secret_kept`.
    fn sweep(&self, now: Instant) -> Attempt<()> {
        self.connection
            .prepare_cached(
                "UPDATE secret SET kept_algorithm = NULL, kept = NULL \
                 WHERE kept_algorithm = 'xchacha20-poly1305' \
                 AND min(ifnull(expires_at, 9999999999999), ifnull(retires_at, 9999999999999)) <= ?1",
            )?
            .execute([now.seconds()])?;
        debug_assert_eq!(XCHACHA20_POLY1305, "xchacha20-poly1305", "the name is written into an index");
        Ok(())
    }
}

/// `None`, which is a null column, for nothing.
fn joined<T: ToString>(items: impl IntoIterator<Item = T>, separator: &str) -> Option<String> {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    (!items.is_empty()).then(|| items.join(separator))
}

/// A revision as SQLite's integers hold it; one beyond them matches no row.
fn stored(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(-1)
}
