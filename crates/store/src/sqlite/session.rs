//! One connection: its settings, its counting of statements, and what SQLite's errors mean. It
//! must never hand out an SQLite error: callers above know [`StoreError`] alone.

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, Params, Row, ffi};

pub(super) use crate::columns::int;
use crate::{StoreError, counters::Counters};

/// Beyond this a finished write-ahead log is cut back, so that one burst does not hold the disk.
const WAL_BYTES_AT_MOST: u32 = 64 << 20;

/// What a connection is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    Write,
    Read,
    /// Asks whether anything has changed. Its statements count for nothing.
    Poll,
}

/// One connection.
pub(super) struct Session {
    connection: Connection,
    counters: Option<Arc<Counters>>,
}

impl Session {
    /// Connects to a database that exists. `busy` is how long to wait for other writers.
    pub(super) fn connect(
        path: &Path,
        purpose: Purpose,
        busy: Duration,
        counters: &Arc<Counters>,
    ) -> Result<Self, StoreError> {
        let access = match purpose {
            Purpose::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Purpose::Read | Purpose::Poll => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        // A connection is used by one thread at a time, so SQLite need not lock it again.
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(busy)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;")?;
        if purpose == Purpose::Write {
            connection.execute_batch(&format!(
                "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = {WAL_BYTES_AT_MOST};"
            ))?;
        }
        let counters = (purpose != Purpose::Poll).then(|| counters.clone());
        Ok(Self { connection, counters })
    }

    /// Lets go of what was kept in memory of the database: two megabytes after everything was
    /// read, of which nothing will be asked again soon.
    pub(super) fn forget_pages(&self) {
        // Pages that stay are no harm.
        let _ = self.connection.execute_batch("PRAGMA shrink_memory");
    }

    /// Runs one statement, and returns the number of rows that it changed.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        Ok(self.try_execute(sql, params)?)
    }

    /// Runs one statement. The one place where SQLite's own error is of interest is its caller:
    /// see [`is_unique_violation`].
    pub(super) fn try_execute(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.count();
        self.connection.prepare_cached(sql)?.execute(params)
    }

    /// The first row of an answer, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.count();
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(read).transpose()
    }

    /// Hands over every row of an answer as it is read.
    pub(super) fn each(
        &self,
        sql: &str,
        params: impl Params,
        mut take: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.count();
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            take(row)?;
        }
        Ok(())
    }

    /// Every row of an answer.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        self.each(sql, params, |row| {
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Runs several statements that have no parameters.
    pub(super) fn script(&self, sql: &str) -> Result<(), StoreError> {
        self.count();
        Ok(self.connection.execute_batch(sql)?)
    }

    /// Reads in one transaction: all statements see the same moment.
    pub(super) fn at_one_moment<T>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.execute("BEGIN", [])?;
        let answer = read(self);
        // A read leaves nothing to keep; the end only lets go of the snapshot.
        let end = self.rollback();
        answer.and_then(|answer| end.map(|()| answer))
    }

    /// Ends a transaction without keeping anything, if one is still open.
    pub(super) fn rollback(&self) -> Result<(), StoreError> {
        if self.is_in_transaction() { self.execute("ROLLBACK", []).map(|_| ()) } else { Ok(()) }
    }

    /// Whether a transaction is open. SQLite ends one by itself after some errors.
    pub(super) fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    fn count(&self) {
        if let Some(counters) = &self.counters {
            counters.statements.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A number that is never negative.
pub(super) fn uint(row: &Row<'_>, column: usize) -> Result<u64, StoreError> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// Whether a statement failed because a value that must be unique is taken.
pub(super) fn is_unique_violation(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_extended_error_code(),
        Some(ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
    )
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        // What SQLite reports when it cannot enlarge its shared index file for lack of space.
        if error.sqlite_extended_error_code() == Some(ffi::SQLITE_IOERR_SHMSIZE) {
            return Self::Full;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::unavailable("another process is writing to it and does not finish")
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::damaged("the file", error)
            }
            Some(_) => Self::unavailable(error),
            // Not SQLite's error, but of reading a column: it is of another type than written.
            None => Self::damaged("a row", error),
        }
    }
}
