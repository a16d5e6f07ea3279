//! Backups: a database file that says what it must hold, so that one that was cut off, or of which
//! a single bit has changed, is refused as a whole. It must never be served from: then it would
//! hold something else.

#[cfg(test)]
mod tests;

use std::{fs, path::Path, sync::Arc, time::Duration};

use hallpass_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Options, SqliteStore,
    copy::values,
    session::{Purpose, Session},
};
use crate::{
    StoreError,
    copy::{Counted, Sum, Value},
    counters::Counters,
    document, hash,
};

/// Nobody else has the file open.
const BUSY: Duration = Duration::from_secs(1);

const TABLE: &str = "CREATE TABLE backup (document TEXT NOT NULL, sha256 TEXT NOT NULL) STRICT";

/// What a backup says of itself.
#[derive(Debug, Deserialize, Serialize)]
struct Contents {
    made_at: Timestamp,
    tables: Vec<Counted>,
}

/// Makes a backup of a database file that nobody has open. It is on disk when this returns.
pub fn make_backup(path: &Path, made_at: Timestamp) -> Result<(), StoreError> {
    let session = connect(path)?;
    // One file, with nothing beside it, wherever it is carried.
    session.first("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    let contents = Contents { made_at, tables: tables(&session)? };
    let document = document::write(&contents, "a backup")?;
    let sha256 = hash::sha256(&document);
    session.execute("BEGIN IMMEDIATE", [])?;
    session.execute(TABLE, [])?;
    let sql = "INSERT INTO backup (document, sha256) VALUES (?1, ?2)";
    session.execute(sql, [document, sha256])?;
    session.execute("COMMIT", [])?;
    drop(session);
    let synced = fs::File::open(path).and_then(|file| file.sync_all());
    synced.map_err(StoreError::unavailable)
}

/// Makes a database of a backup again, and opens it; says when the backup was made. The file is
/// changed by it, so it should be a copy.
///
/// Fails with [`StoreError::BadBackup`] if it is none, or is not as it was made.
pub fn open_backup(path: &Path) -> Result<(SqliteStore, Timestamp), StoreError> {
    let bad = |why: StoreError| StoreError::BadBackup(format!("it is damaged: {why}"));
    let made_at = check(path).map_err(|why| match why {
        StoreError::BadBackup(_) | StoreError::Full => why,
        why => bad(why),
    })?;
    SqliteStore::upgrade(path, Options::default())?;
    Ok((SqliteStore::open_existing(path, Options::default())?, made_at))
}

fn check(path: &Path) -> Result<Timestamp, StoreError> {
    let session = connect(path)?;
    if !is_one(&session)? {
        let why = "it is a database, and no backup: only what `hallpass backup` made can be \
                   checked; copy it with `hallpass copy --from`";
        return Err(StoreError::BadBackup(why.to_owned()));
    }
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let said = session.all("SELECT document, sha256 FROM backup", [], read)?;
    let [(document, sha256)] = &*said else {
        return Err(StoreError::damaged("its table of contents", "it has not one row"));
    };
    if hash::sha256(document) != *sha256 {
        return Err(StoreError::damaged("its table of contents", "it is not as it was written"));
    }
    let contents: Contents = document::read(document, || "its table of contents".to_owned())?;
    let there = tables(&session)?;
    let names = |all: &[Counted]| all.iter().map(|one| one.table.clone()).collect::<Vec<_>>();
    if names(&there) != names(&contents.tables) {
        return Err(StoreError::damaged("its schema", "it has other tables than it was made with"));
    }
    if let Some((is, _)) = there.iter().zip(&contents.tables).find(|(is, was)| is != was) {
        return Err(StoreError::damaged(
            format!("its table {}", is.table),
            "it does not hold what it was made with",
        ));
    }
    session.execute("DROP TABLE backup", [])?;
    Ok(contents.made_at)
}

/// Whether a database is a backup.
pub(super) fn is_one(session: &Session) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'backup'";
    Ok(session.first(sql, [], |_| Ok(()))?.is_some())
}

fn connect(path: &Path) -> Result<Session, StoreError> {
    Session::connect(path, Purpose::Write, BUSY, &Arc::new(Counters::default()))
}

/// What every table holds, as its own schema describes it: a backup may be older than this binary.
fn tables(session: &Session) -> Result<Vec<Counted>, StoreError> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'backup'
         ORDER BY name";
    let names = session.all(sql, [], |row| Ok(row.get::<_, String>(0)?))?;
    names.iter().map(|name| table(session, name)).collect()
}

fn table(session: &Session, name: &str) -> Result<Counted, StoreError> {
    let sql = "SELECT name, pk FROM pragma_table_info(?1) ORDER BY cid";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
    let columns = session.all(sql, [name], read)?;
    let mut key: Vec<_> = columns.iter().filter(|(_, place)| *place > 0).collect();
    key.sort_by_key(|(_, place)| *place);
    let key: Vec<_> = key.into_iter().map(|(column, _)| quoted(column)).collect();
    let key = if key.is_empty() { "rowid".to_owned() } else { key.join(", ") };
    let all: Vec<_> = columns.iter().map(|(column, _)| quoted(column)).collect();
    let sql = format!("SELECT {} FROM {} ORDER BY {key}", all.join(", "), quoted(name));

    let mut sum = Sum::new();
    let names: Vec<_> = columns.into_iter().map(|(column, _)| Value::Text(column)).collect();
    sum.add(&names);
    session.each(&sql, [], |row| {
        sum.add(&values(row, names.len(), name)?);
        Ok(())
    })?;
    Ok(sum.end(name))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
