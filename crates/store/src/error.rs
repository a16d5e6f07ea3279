//! Why the store did not do as told. One enum for all backends; it must never carry a secret, a
//! digest or a document.

use std::path::PathBuf;

use hallpass_core::Conflict;

/// Why the store did not do as told.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// The state is not what the mutation's maker thought.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// No space left for the database.
    #[error(
        "the database's disk is full and nothing was written; free some space there, then try again"
    )]
    Full,
    /// Locked by somebody else, or the machine has trouble. Trying again may help.
    #[error("the database is not available ({0}); try again in a moment")]
    Unavailable(String),
    /// The connection broke while a write was under way, and its outcome could not be found out.
    #[error(
        "the database went away while something was written ({0}); look whether it is there \
         before you do it again"
    )]
    Uncertain(String),
    /// What was read makes no sense.
    #[error(
        "{row} in the database is damaged ({why}); restore a backup, or repair that row by hand"
    )]
    Damaged {
        /// Which row, or the whole file.
        row: String,
        /// What is wrong with it.
        why: String,
    },
    /// The change log does not continue where its reader stands.
    #[error(
        "the change log holds {oldest} to {newest} and does not continue after {after}: pruned, \
         or an older backup was restored; load everything anew"
    )]
    ChangesGone {
        /// The last change that the reader has seen.
        after: u64,
        /// The oldest change that is still there; 0 when there is none.
        oldest: u64,
        /// The last change ever made.
        newest: u64,
    },
    /// A later release of Hallpass has upgraded the database beyond what this one works with.
    #[error(
        "the database has schema {found}, which needs a binary that knows schema {oldest}, and \
         this one knows schemas up to {known}: run the newer Hallpass that upgraded it, or restore \
         a backup from before the upgrade"
    )]
    Newer {
        /// Number of its last migration.
        found: u32,
        /// The oldest schema whose binaries work with it.
        oldest: u32,
        /// Number of the last migration that this binary has.
        known: u32,
    },
    /// The database has not been upgraded yet, and this is not the one to do it.
    #[error(
        "the database has schema {found}, and this binary needs schema {known}: `hallpass migrate \
         --plan` says what is to be done, `hallpass migrate` does it, and so does a start of this \
         server"
    )]
    Older {
        /// Number of its last migration.
        found: u32,
        /// Number of the last migration that this binary has.
        known: u32,
    },
    /// The database was made by a migration of the same number and another text.
    #[error(
        "migration {name} differs from the one that made this database: it was edited, or comes \
         from an unreleased build; run the build that made the database, or start with a new one"
    )]
    EditedMigration {
        /// Of the file, without its ending.
        name: String,
    },
    /// There is no database at that place, and none can be.
    #[error("{} cannot be used as the database's file: {why}", path.display())]
    Place {
        /// The place.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The database server refuses us, or what it has is not ours. Trying again does not help.
    #[error("{database} cannot be used: {why}")]
    Unusable {
        /// The database, without user and password.
        database: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// What is to be restored is no backup, or not as it was made.
    #[error("it cannot be restored, and nothing of it was: {0}")]
    BadBackup(String),
    /// A copy goes into an empty database alone.
    #[error(
        "it is not empty: there are rows in its table {table}; name a new database, in which \
         `hallpass init` was not run either"
    )]
    Filled {
        /// The first table that has rows.
        table: String,
    },
    /// Somebody writes to the database that is being copied.
    #[error(
        "somebody wrote to it while it was copied (change {from} became {to}): stop every server \
         and command on it, then copy again; nothing was kept"
    )]
    Moved {
        /// The last change that was read.
        from: u64,
        /// The last change there is now.
        to: u64,
    },
    /// What was written to a copy is not what was read from it again.
    #[error(
        "the copy of table {table} differs from its source ({got} rows there, {wanted} written): \
         nothing was kept; have the machine's memory and disk looked at, then copy again"
    )]
    Miscopied {
        /// The first table that differs.
        table: String,
        /// How many rows were written.
        wanted: u64,
        /// How many were read.
        got: u64,
    },
}

impl StoreError {
    pub(crate) fn damaged(row: impl ToString, why: impl ToString) -> Self {
        Self::Damaged { row: row.to_string(), why: why.to_string() }
    }

    pub(crate) fn unavailable(why: impl ToString) -> Self {
        Self::Unavailable(why.to_string())
    }
}
