//! Listing keys in one pass, newest first, holding one key at a time.
//!
//! SQL narrows by what is equal; statuses, ends, schedules and covering scopes are judged by the domain.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::{Result, read};
use crate::domain::time::Instant;
use crate::registry::{Filter, Listed, Visit};

pub(super) fn list(
    connection: &Connection,
    filter: &Filter,
    now: Instant,
    visit: &mut Visit<'_, Listed>,
) -> Result<()> {
    let suspended = suspended(connection)?;
    let (sql, values) = query(filter);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut left = filter.limit.unwrap_or(usize::MAX);
    if left == 0 {
        return Ok(());
    }
    read::keys(&mut rows, |_, key| {
        let is_suspended = !suspended.is_empty()
            && (suspended.contains(&("owner".to_owned(), key.owner.to_string()))
                || suspended.contains(&("project".to_owned(), key.project.to_string())));
        let listed = Listed { key, suspended: is_suspended };
        if !filter.matches(&listed, now) {
            return ControlFlow::Continue(());
        }
        left -= 1;
        let went = visit(listed);
        if left == 0 { ControlFlow::Break(()) } else { went }
    })
}

fn query(filter: &Filter) -> (String, Vec<Value>) {
    let mut sql = format!(
        "SELECT {}, {}, k.place FROM key AS k LEFT JOIN secret AS s ON s.key_place = k.place WHERE true",
        read::KEY_COLUMNS,
        read::SECRET_COLUMNS
    );
    let mut values: Vec<Value> = Vec::new();
    let mut and = |condition: &str, value: Option<String>| {
        if let Some(value) = value {
            values.push(value.into());
            // Writing into a string cannot fail.
            let _ = write!(sql, " AND {}", condition.replace('?', &format!("?{}", values.len())));
        }
    };
    // A name or an id leads to fewer keys than any owner or project: `+` keeps SQLite from going by those.
    let is_narrow = filter.name.is_some() || filter.name_begins.is_some() || filter.id_begins.is_some();
    let any = |narrow, wide| if is_narrow { narrow } else { wide };
    and(any("+k.owner = ?", "k.owner = ?"), filter.owner.as_ref().map(ToString::to_string));
    and(any("+k.project = ?", "k.project = ?"), filter.project.as_ref().map(ToString::to_string));
    and("k.name = ?", filter.name.as_ref().map(ToString::to_string));
    and("k.kind = ?", filter.kind.map(|kind| kind.code().to_owned()));
    and("k.env = ?", filter.env.map(|env| env.code().to_owned()));
    // By bytes, as SQLite compares; no byte of UTF-8 is as large as the one behind the beginning.
    and("k.name >= ? AND k.name < CAST(CAST(? AS BLOB) || x'FF' AS TEXT)", filter.name_begins.clone());
    and(
        "k.place IN (SELECT key_place FROM secret WHERE id >= ? AND id < ? || '~' \
         UNION SELECT place FROM key WHERE id >= 'key_' || ? AND id < 'key_' || ? || '~')",
        filter.id_begins.clone(),
    );
    if filter.has_target {
        sql.push_str(" AND k.place IN (SELECT key_place FROM target)");
    }
    sql.push_str(" ORDER BY k.place DESC, s.number");
    (sql, values)
}

fn suspended(connection: &Connection) -> Result<HashSet<(String, String)>> {
    let mut statement =
        connection.prepare_cached("SELECT kind, name FROM party WHERE suspended_at IS NOT NULL")?;
    let mut rows = statement.query([])?;
    let mut suspended = HashSet::new();
    while let Some(row) = rows.next()? {
        suspended.insert((read::text(row, 0)?.into_owned(), read::text(row, 1)?.into_owned()));
    }
    Ok(suspended)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::secret::{Env, Kind};

    fn plan(filter: &Filter) -> String {
        let connection = Connection::open_in_memory().unwrap();
        for migration in crate::registry::sqlite::open::MIGRATIONS {
            connection.execute_batch(migration).unwrap();
        }
        let (sql, values) = query(filter);
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
        steps.collect::<rusqlite::Result<Vec<_>>>().unwrap().join("; ")
    }

    #[test]
    fn no_listing_sorts_what_it_reads() {
        let name = || Some("a".parse().unwrap());
        for (filter, begins) in [
            (Filter::default(), "SCAN k;"),
            (Filter { owner: name(), ..Filter::default() }, "SEARCH k USING INDEX key_owner"),
            (Filter { project: name(), ..Filter::default() }, "SEARCH k USING INDEX key_project"),
            (Filter { name: name(), ..Filter::default() }, "SEARCH k USING INDEX key_name"),
            (
                Filter { name: name(), project: name(), owner: name(), ..Filter::default() },
                "SEARCH k USING INDEX key_name",
            ),
            (Filter { kind: Some(Kind::Pair), env: Some(Env::Test), ..Filter::default() }, "SCAN k;"),
        ] {
            let plan = plan(&filter);
            assert!(plan.starts_with(begins) && !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }

    #[test]
    fn what_begins_so_is_found_without_reading_what_does_not() {
        let begins = || Some("a".to_owned());
        for filter in [
            Filter { name_begins: begins(), project: Some("a".parse().unwrap()), ..Filter::default() },
            Filter { id_begins: begins(), ..Filter::default() },
            Filter { has_target: true, ..Filter::default() },
        ] {
            let plan = plan(&filter);
            assert!(!plan.contains("SCAN k") && !plan.contains("SCAN secret"), "{plan}");
        }
    }
}
