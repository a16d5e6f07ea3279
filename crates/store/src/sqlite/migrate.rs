//! Bringing the schema up to date, in one transaction.

use std::path::Path;

use rusqlite::params;

use super::session::Session;
use crate::{
    StoreError,
    migrations::{self, Applied, Migration, migrations, sha256},
};

/// Every migration, in order.
pub(super) const MIGRATIONS: &[Migration] = migrations!("sqlite");

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
        Ok(Applied { number: row.get(0)?, name: row.get(1)?, sha256: row.get(2)? })
    })?;
    migrations::missing(&applied, known)
}

fn is_begun(session: &Session) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'";
    Ok(session.first(sql, [], |_| Ok(()))?.is_some())
}
