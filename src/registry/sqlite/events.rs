//! The log: appended inside the transaction of the change it speaks of, each event chained to the one before.

use std::fmt::Write as _;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::{Result, damaged};
use crate::crypto::AuditKey;
use crate::domain::digest::HMAC_SHA256;
use crate::domain::event::{Action, Actor, Event, FieldChange, chain};
use crate::domain::key::KeyId;
use crate::domain::time::Instant;
use crate::registry::{EventFilter, LastState, RecordedEvent, Visit};

pub(super) fn append(connection: &Connection, events: &[Event], audit: Option<&AuditKey>) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut newest =
        connection.prepare_cached("SELECT number, hash FROM event ORDER BY number DESC LIMIT 1")?;
    let newest: Option<(i64, [u8; 32])> =
        newest.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (mut number, mut hash) = newest.unwrap_or((0, [0; 32]));
    let mut statement = connection.prepare_cached(
        "INSERT INTO event (number, at, action, user, host, ci_run, key, subject, changes, hash, seal_algorithm, seal, state) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    for event in events {
        number = number.checked_add(1).ok_or_else(|| damaged("the newest event's number"))?;
        hash = chain(&hash, event);
        let seal = audit.map(|key| key.tag(&hash));
        statement.execute(params![
            number,
            event.at.seconds(),
            event.action.code(),
            event.actor.user,
            event.actor.host,
            event.actor.ci_run,
            event.key.map(|id| id.to_string()),
            event.subject,
            changes_text(&event.changes)?,
            hash,
            seal.map(|_| HMAC_SHA256),
            seal,
            event.state
        ])?;
    }
    Ok(())
}

/// What the events on a key say of it, the newest first, as far as they count.
pub(super) fn last_state(connection: &Connection, key: KeyId, audit: Option<&AuditKey>) -> Result<LastState> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM event WHERE key = ?1 ORDER BY number DESC"))?;
    let mut rows = statement.query([key.to_string()])?;
    let mut last = LastState::default();
    while let Some(row) = rows.next()? {
        let recorded = event(row)?;
        let is_sealed = recorded.is_sealed(audit) && is_chained(connection, &recorded)?;
        if last.note(&recorded.event, is_sealed).is_break() {
            break;
        }
    }
    Ok(last)
}

/// Without this a seal of one event would do for another.
fn is_chained(connection: &Connection, recorded: &RecordedEvent) -> Result<bool> {
    let before = i64::try_from(recorded.number).unwrap_or(0) - 1;
    let mut statement = connection.prepare_cached("SELECT hash FROM event WHERE number = ?1")?;
    let previous: Option<[u8; 32]> = statement.query_row([before], |row| row.get(0)).optional()?;
    Ok(recorded.is_chained(&previous.unwrap_or_default()))
}

type Triple = (String, Option<String>, Option<String>);

fn changes_text(changes: &[FieldChange]) -> Result<String> {
    let triples: Vec<(&str, Option<&str>, Option<&str>)> = changes
        .iter()
        .map(|change| (change.field.as_str(), change.before.as_deref(), change.after.as_deref()))
        .collect();
    serde_json::to_string(&triples).map_err(|_| damaged("a change"))
}

pub(super) fn list(
    connection: &Connection,
    filter: &EventFilter,
    visit: &mut Visit<'_, RecordedEvent>,
) -> Result<()> {
    let (sql, values) = query(filter);
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        if visit(event(row)?).is_break() {
            break;
        }
    }
    Ok(())
}

fn query(filter: &EventFilter) -> (String, Vec<Value>) {
    let mut wanted = String::from("SELECT * FROM event WHERE true");
    let mut values = Vec::new();
    let mut and = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            // Writing into a string cannot fail.
            let _ = write!(wanted, " AND {condition} ?{}", values.len());
        }
    };
    and("key =", filter.key.map(|id| id.to_string().into()));
    and("action =", filter.action.map(|action| action.code().to_owned().into()));
    and("user =", filter.user.clone().map(Into::into));
    and("at >=", filter.since.map(|at| at.seconds().into()));
    and("at <", filter.until.map(|at| at.seconds().into()));
    let sql = match filter.last {
        None => format!("SELECT {COLUMNS} FROM ({wanted}) ORDER BY number"),
        Some(last) => {
            format!("SELECT {COLUMNS} FROM ({wanted} ORDER BY number DESC LIMIT {last}) ORDER BY number")
        }
    };
    (sql, values)
}

/// The columns [`event`] reads, in its order.
const COLUMNS: &str = "number, at, action, user, host, ci_run, key, subject, changes, hash, seal, state";

fn event(row: &Row<'_>) -> Result<RecordedEvent> {
    let action: String = row.get(2)?;
    let key: Option<String> = row.get(6)?;
    let changes: Vec<Triple> =
        serde_json::from_str(&row.get::<_, String>(8)?).map_err(|_| damaged("an event"))?;
    Ok(RecordedEvent {
        number: u64::try_from(row.get::<_, i64>(0)?).map_err(|_| damaged("an event's number"))?,
        event: Event {
            at: Instant::from_seconds(row.get(1)?),
            action: Action::from_code(&action).ok_or_else(|| damaged("an event's action"))?,
            actor: Actor { user: row.get(3)?, host: row.get(4)?, ci_run: row.get(5)? },
            key: key.map(|id| id.parse()).transpose().map_err(|()| damaged("an event's key"))?,
            subject: row.get(7)?,
            changes: changes
                .into_iter()
                .map(|(field, before, after)| FieldChange { field, before, after })
                .collect(),
            state: row.get(11)?,
        },
        hash: row.get(9)?,
        seal: row.get(10)?,
    })
}
