//! Owners and projects, read from their rows.

use rusqlite::{Connection, Row, params};

use super::{Result, limits, read};
use crate::domain::name::Name;
use crate::domain::party::{Party, PartyKind};
use crate::domain::time::Instant;
use crate::registry::PartySummary;

const PARTY: &str = "SELECT name, created_at, suspended_at, seal_algorithm, seal, rate_count, rate_seconds, rate_burst, \
     quota_count, quota_period FROM party";

pub(super) fn one(connection: &Connection, kind: PartyKind, name: &str) -> Result<Option<Party>> {
    let mut statement = connection.prepare_cached(&format!("{PARTY} WHERE kind = ?1 AND name = ?2"))?;
    let mut rows = statement.query(params![kind.code(), name])?;
    rows.next()?.map(|row| party_of(row, kind)).transpose()
}

fn party_of(row: &Row<'_>, kind: PartyKind) -> Result<Party> {
    Ok(Party {
        kind,
        name: Name::from_stored(read::text(row, 0)?.into_owned()),
        created_at: Instant::from_seconds(row.get(1)?),
        suspended_at: read::instant(row, 2)?,
        limits: limits::limits(row, 5)?,
        seal: read::seal(row, 3)?,
    })
}

pub(super) fn all(connection: &Connection, kind: PartyKind) -> Result<Vec<Party>> {
    let mut statement = connection.prepare_cached(&format!("{PARTY} WHERE kind = ?1 ORDER BY name"))?;
    let mut rows = statement.query([kind.code()])?;
    let mut parties = Vec::new();
    while let Some(row) = rows.next()? {
        parties.push(party_of(row, kind)?);
    }
    Ok(parties)
}

/// All of a kind, or the one of this name.
pub(super) fn summaries(
    connection: &Connection,
    kind: PartyKind,
    name: Option<&Name>,
) -> Result<Vec<PartySummary>> {
    let column = kind.code();
    let mut statement = connection.prepare(&format!(
        "SELECT p.name, p.created_at, p.suspended_at, p.seal_algorithm, p.seal, \
         p.rate_count, p.rate_seconds, p.rate_burst, p.quota_count, p.quota_period, \
         (SELECT count(*) FROM key WHERE key.{column} = p.name AND revoked_at IS NULL) \
         FROM party AS p WHERE p.kind = ?1 AND (?2 IS NULL OR p.name = ?2) ORDER BY p.name"
    ))?;
    let mut rows = statement.query(params![column, name.map(Name::as_str)])?;
    let mut parties = Vec::new();
    while let Some(row) = rows.next()? {
        parties.push(PartySummary {
            party: party_of(row, kind)?,
            keys: u64::try_from(row.get::<_, i64>(10)?).unwrap_or(0),
        });
    }
    Ok(parties)
}
