//! What PostgreSQL's errors mean. It must never hand one on: their details quote rows, and callers
//! above know [`StoreError`] alone.

use std::error::Error as _;

use hallpass_core::Conflict;
use tokio_postgres::error::{Error, SqlState};

use crate::StoreError;

/// Why something was not done, as far as it matters for trying again.
#[derive(Debug)]
pub(super) enum Failure {
    /// It was we who refused; the transaction is intact.
    Refused(StoreError),
    /// A value that must be unique is taken.
    Duplicate,
    /// The database cannot take one of the values: too long for an index, for example.
    Unfit(StoreError),
    /// The database refused; the transaction cannot go on.
    Database(StoreError),
    /// The database undid the transaction for the sake of others. Doing it again may work.
    Undone(StoreError),
    /// The connection is of no use any more. What the last statement did is not known.
    Lost(StoreError),
}

pub(super) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// Whether it may work if it is done again, on a new connection.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Undone(_) | Self::Lost(_))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl From<(usize, Self)> for Failure {
    fn from((_, failure): (usize, Self)) -> Self {
        failure
    }
}

impl From<Conflict> for Failure {
    fn from(conflict: Conflict) -> Self {
        Self::Refused(conflict.into())
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(error)
            | Failure::Unfit(error)
            | Failure::Database(error)
            | Failure::Undone(error)
            | Failure::Lost(error) => error,
            Failure::Duplicate => Self::unavailable("a value that must be unique is taken"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let why = StoreError::unavailable(words(&error));
        let Some(code) = error.code() else { return Self::Lost(why) };
        match *code {
            SqlState::T_R_SERIALIZATION_FAILURE
            | SqlState::T_R_DEADLOCK_DETECTED
            // Another node makes the same schema: IF NOT EXISTS looks before, and not again.
            | SqlState::DUPLICATE_TABLE
            | SqlState::DUPLICATE_OBJECT => Self::Undone(why),
            SqlState::UNIQUE_VIOLATION => Self::Duplicate,
            SqlState::DISK_FULL => Self::Database(StoreError::Full),
            // Says a distributed database that cannot tell whether it committed.
            SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
            // This node was a primary and is a standby now; another connection finds the new one.
            | SqlState::READ_ONLY_SQL_TRANSACTION
            | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Self::Lost(why),
            _ => match code.code().get(..2) {
                Some("22" | "23" | "54") => Self::Unfit(why),
                // Broken connections, and a server that shuts down, starts up or ends us.
                Some("08") => Self::Lost(why),
                Some("57") if *code != SqlState::QUERY_CANCELED => Self::Lost(why),
                _ => Self::Database(why),
            },
        }
    }
}

/// Why no connection could be made.
pub(super) fn of_connecting(error: &Error, database: &str) -> StoreError {
    let settings = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
        SqlState::INSUFFICIENT_PRIVILEGE,
    ];
    let why = words(error);
    if error.code().is_some_and(|code| settings.contains(code)) {
        return StoreError::Unusable { database: database.to_owned(), why };
    }
    StoreError::Unavailable(format!("{database}: {why}"))
}

/// An error in words: never the details, which quote rows.
fn words(error: &Error) -> String {
    match error.as_db_error() {
        Some(db) if *db.code() == SqlState::QUERY_CANCELED => {
            "a statement took longer than it may, or was cancelled".to_owned()
        }
        Some(db) => format!("{} ({})", db.message(), db.code().code()),
        None => {
            let mut words = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                words = format!("{words}: {cause}");
                source = cause.source();
            }
            words
        }
    }
}
