//! Bringing the schema up to date, one transaction for each file. Several nodes may do it at once:
//! each file's row in the journal is written before the file runs, so that the others wait for it.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    again::pause,
    connect::Lane,
    failure::{Failure, Result},
    session::{Session, get, int},
};
use crate::{
    Plan, StoreError,
    hash::sha256,
    migrations::{self, Applied, Migration, migrations},
};

/// Every migration, in order.
pub(super) const MIGRATIONS: &[Migration] = migrations!("postgres");

/// For how long another node's work is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

const JOURNAL: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    oldest BIGINT NOT NULL DEFAULT 1
)";

/// A journal of before there was this column.
const ADD_OLDEST: &str =
    "ALTER TABLE migrations ADD COLUMN IF NOT EXISTS oldest BIGINT NOT NULL DEFAULT 1";

/// What is done where the schema is not there, or behind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Absent {
    /// It is made, or brought up to date.
    Make,
    /// It must be there, and is brought up to date.
    Upgrade,
    /// It must be there and up to date.
    Refuse,
}

/// Applies what is missing.
pub(super) async fn apply(
    lane: &Lane,
    known: &[Migration],
    absent: Absent,
    (database, connect_timeout): (&str, Duration),
) -> std::result::Result<(), StoreError> {
    let begun = Instant::now();
    let mut turn = 0;
    loop {
        let failure = match step(lane, known, absent, database).await {
            Ok(Step::Done) => return Ok(()),
            Ok(Step::Applied) => continue,
            Err(failure) => failure,
        };
        let patience = match failure {
            // Another node makes the same table, or adds the same row.
            Failure::Undone(_) | Failure::Duplicate => PATIENCE,
            // It may be starting up.
            Failure::Lost(_) => connect_timeout,
            Failure::Refused(_) | Failure::Unfit(_) | Failure::Database(_) => Duration::ZERO,
        };
        if begun.elapsed() >= patience {
            return Err(failure.into());
        }
        tokio::time::sleep(pause(turn)).await;
        turn += 1;
    }
}

enum Step {
    Done,
    Applied,
}

async fn step(lane: &Lane, known: &[Migration], absent: Absent, database: &str) -> Result<Step> {
    let mut session = lane.session().await?;
    let journal = match journal(&session, database).await? {
        None if absent == Absent::Make => {
            session.execute(JOURNAL, &[]).await?;
            Journal { has_oldest: true }
        }
        None => return Err(never_set_up(database).into()),
        Some(journal) => journal,
    };
    let applied = applied(&session, journal).await?;
    let Some(migration) = migrations::missing(&applied, known)?.first() else {
        return Ok(Step::Done);
    };
    if absent == Absent::Refuse {
        let (found, known) = (applied.len() as u32, known.len() as u32);
        return Err(StoreError::Older { found, known }.into());
    }
    if !journal.has_oldest {
        session.execute(ADD_OLDEST, &[]).await?;
    }
    session.begin(super::session::Sight::Now).await?;
    session.take_time().await?;
    session
        .execute(
            "INSERT INTO migrations (number, name, sha256, oldest) VALUES ($1, $2, $3, $4)",
            &[
                &int(applied.len() as u64 + 1),
                &migration.name,
                &sha256(migration.sql),
                &int(migration.oldest().into()),
            ],
        )
        .await?;
    session.script(migration.sql).await?;
    session.commit().await?;
    Ok(Step::Applied)
}

/// What is to be done.
pub(super) async fn plan(
    lane: &Lane,
    known: &[Migration],
    database: &str,
) -> std::result::Result<Plan, StoreError> {
    let session = lane.session().await?;
    match journal(&session, database).await? {
        Some(journal) => migrations::plan(&applied(&session, journal).await?, known),
        None => Err(never_set_up(database)),
    }
}

/// The table that says which migrations the database has.
#[derive(Clone, Copy, Debug)]
struct Journal {
    has_oldest: bool,
}

async fn applied(session: &Session, journal: Journal) -> Result<Vec<Applied>> {
    let oldest = if journal.has_oldest { "oldest" } else { "1::bigint" };
    let sql = format!("SELECT number, name, sha256, {oldest} FROM migrations ORDER BY number");
    let number = |row: &_, column| {
        Ok::<_, StoreError>(u32::try_from(get::<i64>(row, column)?).unwrap_or(u32::MAX))
    };
    let read = |row: &_| {
        Ok(Applied {
            number: number(row, 0)?,
            name: get(row, 1)?,
            sha256: get(row, 2)?,
            oldest: number(row, 3)?,
        })
    };
    session.all(&sql, &[], read).await
}

/// The journal, if the schema is ours. Refuses one that another program made.
async fn journal(session: &Session, database: &str) -> Result<Option<Journal>> {
    let sql = "SELECT count(*) FILTER (WHERE table_name = 'migrations' AND column_name = 'sha256'),
            count(*) FILTER (WHERE table_name = 'migrations' AND column_name = 'oldest'), count(*)
         FROM information_schema.columns WHERE table_schema = current_schema()";
    let read = |row: &_| Ok((get::<i64>(row, 0)?, get::<i64>(row, 1)?, get::<i64>(row, 2)?));
    match session.first(sql, &[], read).await?.unwrap_or_default() {
        (0, _, 0) => Ok(None),
        (0, ..) => Err(unusable(
            database,
            "it holds tables of another program; make a database for Hallpass alone",
        )
        .into()),
        (_, oldest, _) => Ok(Some(Journal { has_oldest: oldest > 0 })),
    }
}

fn never_set_up(database: &str) -> StoreError {
    let why = "Hallpass has never been set up in it: run `hallpass init`, or correct the URL";
    unusable(database, why)
}

fn unusable(database: &str, why: &str) -> StoreError {
    StoreError::Unusable { database: database.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_backends_have_the_same_migrations() {
        let sqlite: &[Migration] = migrations!("sqlite");
        let names = |all: &[Migration]| all.iter().map(|one| one.name).collect::<Vec<_>>();
        assert_eq!(names(MIGRATIONS), names(sqlite));
    }
}
