//! Look-ups and listings. SQL narrows by plain equality; whatever is policy is judged by the domain's functions.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::rc::Rc;

use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::failure::Attempt;
use super::rows::{
    KEY_COLUMNS, KeyRow, PARTY_COLUMNS, SECRET_COLUMNS, bytes_32, damaged, key_row, party_row, secret_row,
    text,
};
use crate::domain::key::{Key, KeyId};
use crate::domain::name::Name;
use crate::domain::party::{Party, PartyKind};
use crate::domain::secret::{Env, Kind, SecretId};
use crate::domain::time::Instant;
use crate::registry::{
    DefinedScope, Filter, Found, Identity, Listed, PartySummary, RememberedRequest, Visit,
};

/// The single row that says what this registry is.
pub(super) fn identity(connection: &Connection) -> Attempt<Identity> {
    let mut statement =
        connection.prepare_cached("SELECT id, brand, vault_kind, check_value, created_at FROM registry")?;
    let mut rows = statement.query([])?;
    let row = rows.next()?.ok_or_else(|| damaged("what it says of itself"))?;
    Ok(Identity {
        id: text(row, 0)?.to_owned(),
        brand: text(row, 1)?.parse().map_err(|_| damaged("its brand"))?,
        vault_kind: text(row, 2)?.to_owned(),
        check_value: bytes_32(row, 3)?,
        created_at: Instant::from_seconds(row.get(4)?),
    })
}

/// The key with a secret of this id.
pub(super) fn find_secret(connection: &Connection, id: SecretId) -> Attempt<Option<Found>> {
    find(connection, "k.number = (SELECT key FROM secret WHERE id = ?1)", &id.as_str())
}

/// The key with this id.
pub(super) fn find_key(connection: &Connection, id: KeyId) -> Attempt<Option<Found>> {
    find(connection, "k.id = ?1", &id.bare())
}

fn find(connection: &Connection, condition: &str, value: &dyn ToSql) -> Attempt<Option<Found>> {
    let mut found = None;
    each_key(connection, condition, &[value], &mut |key, owner, project| {
        found = Some(Found { key, owner: owner.clone(), project: project.clone() });
        ControlFlow::Break(())
    })?;
    Ok(found)
}

/// Keys, newest first, one at a time.
pub(super) fn list(
    connection: &Connection,
    filter: &Filter,
    now: Instant,
    visit: &mut Visit<'_, Listed>,
) -> Attempt<()> {
    let mut left = filter.limit.unwrap_or(usize::MAX);
    if left == 0 {
        return Ok(());
    }
    let (condition, values) = condition(filter);
    let values: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
    each_key(connection, &condition, &values, &mut |key, owner, project| {
        let suspended = owner.suspended_at.is_some() || project.suspended_at.is_some();
        if !filter.admits(&key, suspended, now) {
            return ControlFlow::Continue(());
        }
        left -= 1;
        visit(Listed { key, suspended })?;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

/// What of a filter is plain equality.
fn condition(filter: &Filter) -> (String, Vec<&str>) {
    let mut conditions = vec!["1"];
    let mut values = Vec::new();
    let party = |kind: &str| format!("(SELECT number FROM party WHERE kind = '{kind}' AND name = ?)");
    let (owner, project) =
        (format!("k.owner = {}", party("owner")), format!("k.project = {}", party("project")));
    for (clause, value) in [
        ("k.name = ?", filter.name.as_ref().map(Name::as_str)),
        (owner.as_str(), filter.owner.as_ref().map(Name::as_str)),
        (project.as_str(), filter.project.as_ref().map(Name::as_str)),
        ("k.kind = ?", filter.kind.map(Kind::code)),
        ("k.env = ?", filter.env.map(Env::code)),
    ] {
        if let Some(value) = value {
            conditions.push(clause);
            values.push(value);
        }
    }
    (conditions.join(" AND "), values)
}

/// The statement behind every look-up and listing: both tables are read in their own order, so nothing is sorted, and
/// stopping early reads no further.
pub(super) fn keys_statement(condition: &str) -> String {
    format!(
        "SELECT {KEY_COLUMNS}, {SECRET_COLUMNS} FROM key AS k LEFT JOIN secret AS s ON s.key = k.number \
         WHERE {condition} ORDER BY k.number DESC, s.number"
    )
}

type VisitKey<'a> = dyn FnMut(Key, &Party, &Party) -> ControlFlow<()> + 'a;

fn each_key(
    connection: &Connection,
    condition: &str,
    values: &[&dyn ToSql],
    visit: &mut VisitKey<'_>,
) -> Attempt<()> {
    let mut statement = connection.prepare_cached(&keys_statement(condition))?;
    let mut rows = statement.query(values)?;
    let mut parties = Parties { connection, known: HashMap::new() };
    let mut current: Option<KeyRow> = None;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let mut read = match current.take() {
            Some(same) if same.number == number => same,
            previous => {
                if let Some(whole) = previous
                    && parties.hand_over(whole, visit)?.is_break()
                {
                    return Ok(());
                }
                key_row(row)?
            }
        };
        read.key.secrets.extend(secret_row(row)?);
        current = Some(read);
    }
    if let Some(whole) = current {
        // The last one: there is nothing left to stop.
        let _ = parties.hand_over(whole, visit)?;
    }
    Ok(())
}

/// Owners and projects by their numbers, each read once, within the snapshot of the statement that runs.
struct Parties<'c> {
    connection: &'c Connection,
    known: HashMap<i64, Rc<Party>>,
}

impl Parties<'_> {
    fn hand_over(&mut self, whole: KeyRow, visit: &mut VisitKey<'_>) -> Attempt<ControlFlow<()>> {
        let (owner, project) = (self.party(whole.owner)?, self.party(whole.project)?);
        let key = Key { owner: owner.name.clone(), project: project.name.clone(), ..whole.key };
        Ok(visit(key, &owner, &project))
    }

    fn party(&mut self, number: i64) -> Attempt<Rc<Party>> {
        if let Some(party) = self.known.get(&number) {
            return Ok(Rc::clone(party));
        }
        let mut statement = self
            .connection
            .prepare_cached(&format!("SELECT {PARTY_COLUMNS} FROM party WHERE number = ?1"))?;
        let mut rows = statement.query([number])?;
        let row = rows.next()?.ok_or_else(|| damaged("the owner or project of a key"))?;
        let party = Rc::new(party_row(row, 0)?);
        self.known.insert(number, Rc::clone(&party));
        Ok(party)
    }
}

/// An owner or project by its exact name.
pub(super) fn party(connection: &Connection, kind: PartyKind, name: &Name) -> Attempt<Option<Party>> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {PARTY_COLUMNS} FROM party WHERE kind = ?1 AND name = ?2"))?;
    let mut rows = statement.query(params![kind.code(), name.as_str()])?;
    rows.next()?.map(|row| party_row(row, 0)).transpose()
}

/// All owners or projects, by name, with how many of their keys are not revoked.
pub(super) fn parties(connection: &Connection, kind: PartyKind) -> Attempt<Vec<PartySummary>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT (SELECT count(*) FROM key WHERE key.{} = party.number AND revoked_at IS NULL), {PARTY_COLUMNS} \
         FROM party WHERE kind = ?1 ORDER BY name",
        kind.code()
    ))?;
    let mut rows = statement.query([kind.code()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(PartySummary { keys: row.get::<_, i64>(0)?.unsigned_abs(), party: party_row(row, 1)? });
    }
    Ok(all)
}

/// The catalogue, in order.
pub(super) fn defined_scopes(connection: &Connection) -> Attempt<Vec<DefinedScope>> {
    let mut statement = connection.prepare_cached("SELECT scope, description FROM scope ORDER BY scope")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let scope = text(row, 0)?.parse().map_err(|_| damaged("a scope of the catalogue"))?;
        all.push(DefinedScope { scope, description: row.get(1)? });
    }
    Ok(all)
}

/// What an earlier request did.
pub(super) fn request(connection: &Connection, id: &str) -> Attempt<Option<RememberedRequest>> {
    let mut statement =
        connection.prepare_cached("SELECT fingerprint, key, secret, at FROM request WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(RememberedRequest {
        id: id.to_owned(),
        fingerprint: bytes_32(row, 0)?,
        key: KeyId::from_bare(text(row, 1)?).ok_or_else(|| damaged("a remembered request"))?,
        secret: SecretId::parse(text(row, 2)?).ok_or_else(|| damaged("a remembered request"))?,
        at: Instant::from_seconds(row.get(3)?),
    }))
}

/// The remembered endpoint of a key.
pub(super) fn target(connection: &Connection, key: KeyId) -> Attempt<Option<String>> {
    let mut statement = connection
        .prepare_cached("SELECT json FROM target WHERE key = (SELECT number FROM key WHERE id = ?1)")?;
    Ok(statement.query_row([key.bare()], |row| row.get(0)).optional()?)
}

/// What SQLite finds wrong with its file, one line each.
pub(super) fn integrity(connection: &Connection) -> Attempt<Vec<String>> {
    let mut wrong: Vec<String> = connection
        .prepare("PRAGMA integrity_check")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    wrong.retain(|line| line != "ok");
    let mut statement = connection.prepare("SELECT \"table\", parent FROM pragma_foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        wrong.push(format!("a row of {} names a row of {} that is not there", text(row, 0)?, text(row, 1)?));
    }
    Ok(wrong)
}
