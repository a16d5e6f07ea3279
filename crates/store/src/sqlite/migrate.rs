//! Bringing the schema up to date, in one transaction.

use std::path::Path;

use rusqlite::params;

use super::{backup, session::Session};
use crate::{
    Plan, StoreError,
    hash::sha256,
    migrations::{self, Applied, Migration, migrations},
};

/// Every migration, in order.
pub(super) const MIGRATIONS: &[Migration] = migrations!("sqlite");

const JOURNAL: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    oldest INTEGER NOT NULL DEFAULT 1
) STRICT";

/// A journal of before there was this column.
const ADD_OLDEST: &str = "ALTER TABLE migrations ADD COLUMN oldest INTEGER NOT NULL DEFAULT 1";

/// Whether a schema that is behind is brought up to date.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Behind {
    Upgrade,
    Refuse,
}

/// Refuses a database that another program made, and a backup.
pub(super) fn refuse_foreign(session: &Session, path: &Path) -> Result<(), StoreError> {
    let refused = |why: &str| StoreError::Place { path: path.to_owned(), why: why.to_owned() };
    let tables =
        session.first("SELECT count(*) FROM sqlite_schema", [], |row| Ok(row.get::<_, i64>(0)?))?;
    if tables.unwrap_or(0) > 0 && !is_begun(session)? {
        return Err(refused("it is the SQLite database of another program; choose another path"));
    }
    if backup::is_one(session)? {
        return Err(refused("it is a backup; `hallpass restore` makes a database of it"));
    }
    Ok(())
}

/// Applies what is missing, all of it or nothing.
pub(super) fn apply(
    session: &Session,
    known: &[Migration],
    behind: Behind,
) -> Result<(), StoreError> {
    let applied = applied(session)?;
    if migrations::missing(&applied, known)?.is_empty() {
        return Ok(());
    }
    if behind == Behind::Refuse {
        let (found, known) = (applied.len() as u32, known.len() as u32);
        return Err(StoreError::Older { found, known });
    }
    session.execute("BEGIN IMMEDIATE", [])?;
    let done = upgrade(session, known).and_then(|()| session.execute("COMMIT", []));
    if done.is_err() {
        session.rollback()?;
    }
    done.map(|_| ())
}

fn upgrade(session: &Session, known: &[Migration]) -> Result<(), StoreError> {
    session.execute(JOURNAL, [])?;
    if !has_oldest(session)? {
        session.execute(ADD_OLDEST, [])?;
    }
    // Another process may have done the work while this one waited for its turn.
    let missing = migrations::missing(&applied(session)?, known)?;
    let first = known.len() - missing.len() + 1;
    for (number, migration) in (first..).zip(missing) {
        session.script(migration.sql)?;
        session.execute(
            "INSERT INTO migrations (number, name, sha256, oldest) VALUES (?1, ?2, ?3, ?4)",
            params![number as i64, migration.name, sha256(migration.sql), migration.oldest()],
        )?;
    }
    Ok(())
}

/// What is to be done.
pub(super) fn plan(session: &Session, known: &[Migration]) -> Result<Plan, StoreError> {
    migrations::plan(&applied(session)?, known)
}

/// The migrations that the database has.
fn applied(session: &Session) -> Result<Vec<Applied>, StoreError> {
    if !is_begun(session)? {
        return Ok(Vec::new());
    }
    let oldest = if has_oldest(session)? { "oldest" } else { "1" };
    let sql = format!("SELECT number, name, sha256, {oldest} FROM migrations ORDER BY number");
    session.all(&sql, [], |row| {
        Ok(Applied {
            number: row.get(0)?,
            name: row.get(1)?,
            sha256: row.get(2)?,
            oldest: row.get(3)?,
        })
    })
}

fn has_oldest(session: &Session) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM pragma_table_info('migrations') WHERE name = 'oldest'";
    Ok(session.first(sql, [], |_| Ok(()))?.is_some())
}

fn is_begun(session: &Session) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'";
    Ok(session.first(sql, [], |_| Ok(()))?.is_some())
}
