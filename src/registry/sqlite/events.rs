//! The log: each event is chained to all before it inside the transaction that it tells of.

use std::ops::ControlFlow;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::failure::Attempt;
use super::rows::{bytes_32, damaged, optional_text, text};
use crate::crypto::AuditKey;
use crate::domain::event::{Action, Actor, Event, FieldChange, chain};
use crate::domain::key::KeyId;
use crate::domain::seal::SEALED;
use crate::domain::time::Instant;
use crate::registry::{EventFilter, RecordedEvent, Visit};

/// The algorithm name beside every chain hash.
const SHA256: &str = "sha256";

const COLUMNS: &str = "number, at, action, user, host, ci_run, key, subject, changes, hash, seal";

type StoredChange = (String, Option<String>, Option<String>);

/// Adds events behind the last one; the caller holds the write lock.
pub(super) fn append(connection: &Connection, events: &[Event], audit: Option<&AuditKey>) -> Attempt<()> {
    if events.is_empty() {
        return Ok(());
    }
    let last = connection
        .prepare_cached("SELECT number, hash FROM event ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (mut number, mut hash): (i64, [u8; 32]) = last.unwrap_or((0, [0; 32]));
    for event in events {
        number += 1;
        hash = chain(&hash, event);
        insert(connection, number, event, (&hash, audit.map(|audit| audit.tag(&hash))))?;
    }
    Ok(())
}

fn insert(
    connection: &Connection,
    number: i64,
    event: &Event,
    (hash, seal): (&[u8; 32], Option<[u8; 32]>),
) -> Attempt<()> {
    let changes: Vec<(&str, Option<&str>, Option<&str>)> = event
        .changes
        .iter()
        .map(|change| (change.field.as_str(), change.before.as_deref(), change.after.as_deref()))
        .collect();
    let changes = serde_json::to_string(&changes).map_err(|_| damaged("an event"))?;
    connection
        .prepare_cached(
            "INSERT INTO event (number, at, action, user, host, ci_run, key, subject, changes, \
             hash_algorithm, hash, seal_algorithm, seal) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            number,
            event.at.seconds(),
            event.action.code(),
            event.actor.user,
            event.actor.host,
            event.actor.ci_run,
            event.key.as_ref().map(KeyId::bare),
            event.subject,
            changes,
            SHA256,
            hash,
            seal.map(|_| SEALED),
            seal
        ])?;
    Ok(())
}

/// Events, oldest first.
pub(super) fn list(
    connection: &Connection,
    filter: &EventFilter,
    visit: &mut Visit<'_, RecordedEvent>,
) -> Attempt<()> {
    let (sql, values) = statement(filter);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        if let ControlFlow::Break(()) = visit(event_row(row)?) {
            break;
        }
    }
    Ok(())
}

fn statement(filter: &EventFilter) -> (String, Vec<Value>) {
    let mut conditions = vec!["1"];
    let mut values = Vec::new();
    for (condition, value) in [
        ("key = ?", filter.key.map(|key| Value::from(key.bare().to_owned()))),
        ("action = ?", filter.action.map(|action| Value::from(action.code().to_owned()))),
        ("user = ?", filter.user.clone().map(Value::from)),
        ("at >= ?", filter.since.map(|since| Value::from(since.seconds()))),
        ("at < ?", filter.until.map(|until| Value::from(until.seconds()))),
    ] {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value);
        }
    }
    let conditions = conditions.join(" AND ");
    let sql = match filter.last {
        None => format!("SELECT {COLUMNS} FROM event WHERE {conditions} ORDER BY number"),
        Some(last) => {
            values.push(Value::from(i64::try_from(last).unwrap_or(i64::MAX)));
            format!(
                "SELECT * FROM (SELECT {COLUMNS} FROM event WHERE {conditions} ORDER BY number DESC LIMIT ?) \
                 ORDER BY number"
            )
        }
    };
    (sql, values)
}

fn event_row(row: &Row<'_>) -> Attempt<RecordedEvent> {
    let changes: Vec<StoredChange> =
        serde_json::from_str(text(row, 8)?).map_err(|_| damaged("the changes of an event"))?;
    let key = match optional_text(row, 6)? {
        None => None,
        Some(id) => Some(KeyId::from_bare(id).ok_or_else(|| damaged("the key of an event"))?),
    };
    let event = Event {
        at: Instant::from_seconds(row.get(1)?),
        action: Action::from_code(text(row, 2)?).ok_or_else(|| damaged("the action of an event"))?,
        actor: Actor { user: row.get(3)?, host: row.get(4)?, ci_run: row.get(5)? },
        key,
        subject: row.get(7)?,
        changes: changes
            .into_iter()
            .map(|(field, before, after)| FieldChange { field, before, after })
            .collect(),
    };
    Ok(RecordedEvent {
        number: row.get::<_, i64>(0)?.unsigned_abs(),
        event,
        hash: bytes_32(row, 9)?,
        seal: row.get(10)?,
    })
}
