//! Bringing the schema up to date. Migrations only add; one that was released is never edited,
//! which is checked by its SHA-256, kept per applied file.

use std::path::Path;

use aws_lc_rs::digest;
use rusqlite::params;

use super::session::Session;
use crate::StoreError;

/// One numbered file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Migration {
    /// The file's name without its ending. It begins with the number.
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

/// Every migration, in order. The number of one is its place, counted from 1.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_first", sql: include_str!("../migrations/0001_first.sqlite.sql") },
    Migration { name: "0002_people", sql: include_str!("../migrations/0002_people.sqlite.sql") },
    Migration {
        name: "0003_sightings",
        sql: include_str!("../migrations/0003_sightings.sqlite.sql"),
    },
    Migration {
        name: "0004_receipts",
        sql: include_str!("../migrations/0004_receipts.sqlite.sql"),
    },
    Migration { name: "0005_notices", sql: include_str!("../migrations/0005_notices.sqlite.sql") },
];

const JOURNAL: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL
) STRICT";

/// Refuses a database that another program made.
pub(super) fn refuse_foreign(session: &Session, path: &Path) -> Result<(), StoreError> {
    let tables =
        session.first("SELECT count(*) FROM sqlite_schema", [], |row| Ok(row.get::<_, i64>(0)?))?;
    if tables.unwrap_or(0) > 0 && !is_begun(session)? {
        return Err(StoreError::Place {
            path: path.to_owned(),
            why: "it is the SQLite database of another program; choose another path".to_owned(),
        });
    }
    Ok(())
}

/// Applies what is missing, all of it or nothing.
pub(super) fn apply(session: &Session, known: &[Migration]) -> Result<(), StoreError> {
    if missing(session, known)?.is_empty() {
        return Ok(());
    }
    session.execute("BEGIN IMMEDIATE", [])?;
    let done = (|| {
        session.execute(JOURNAL, [])?;
        // Another process may have done the work while this one waited for its turn.
        let missing = missing(session, known)?;
        let first = known.len() - missing.len() + 1;
        for (number, migration) in (first..).zip(missing) {
            session.script(migration.sql)?;
            session.execute(
                "INSERT INTO migrations (number, name, sha256) VALUES (?1, ?2, ?3)",
                params![number as i64, migration.name, sha256(migration.sql)],
            )?;
        }
        session.execute("COMMIT", [])
    })();
    if done.is_err() {
        session.rollback()?;
    }
    done.map(|_| ())
}

/// The migrations that have not been applied yet.
fn missing<'a>(session: &Session, known: &'a [Migration]) -> Result<&'a [Migration], StoreError> {
    if !is_begun(session)? {
        return Ok(known);
    }
    let sql = "SELECT number, name, sha256 FROM migrations ORDER BY number";
    let applied = session.all(sql, [], |row| {
        Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    if let Some((found, ..)) = applied.get(known.len()) {
        let found = applied.last().map_or(*found, |(last, ..)| *last);
        return Err(StoreError::Newer { found, known: known.len() as u32 });
    }
    for ((_, name, hash), ours) in applied.iter().zip(known) {
        if *hash != sha256(ours.sql) {
            return Err(StoreError::EditedMigration { name: name.clone() });
        }
    }
    Ok(&known[applied.len()..])
}

fn is_begun(session: &Session) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'";
    Ok(session.first(sql, [], |_| Ok(()))?.is_some())
}

fn sha256(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
