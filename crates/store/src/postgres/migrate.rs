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
    StoreError,
    migrations::{self, Applied, Migration, migrations, sha256},
};

/// Every migration, in order.
pub(super) const MIGRATIONS: &[Migration] = migrations!("postgres");

/// For how long another node's work is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

const JOURNAL: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL
)";

/// Whether a database without our schema gets it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Absent {
    Make,
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
    if !is_begun(&session, database).await? {
        if absent == Absent::Refuse {
            let why =
                "Hallpass has never been set up in it: run `hallpass init`, or correct the URL";
            return Err(unusable(database, why).into());
        }
        session.execute(JOURNAL, &[]).await?;
    }
    let sql = "SELECT number, name, sha256 FROM migrations ORDER BY number";
    let applied = session
        .all(sql, &[], |row| {
            let number = u32::try_from(get::<i64>(row, 0)?).unwrap_or(u32::MAX);
            Ok(Applied { number, name: get(row, 1)?, sha256: get(row, 2)? })
        })
        .await?;
    let Some(migration) = migrations::missing(&applied, known)?.first() else {
        return Ok(Step::Done);
    };
    session.begin(super::session::Sight::Now).await?;
    session.take_time().await?;
    session
        .execute(
            "INSERT INTO migrations (number, name, sha256) VALUES ($1, $2, $3)",
            &[&int(applied.len() as u64 + 1), &migration.name, &sha256(migration.sql)],
        )
        .await?;
    session.script(migration.sql).await?;
    session.commit().await?;
    Ok(Step::Applied)
}

/// Whether the schema is ours. Refuses one that another program made.
async fn is_begun(session: &Session, database: &str) -> Result<bool> {
    let sql = "SELECT count(*) FILTER (WHERE table_name = 'migrations' AND column_name = 'sha256'),
            count(*) FROM information_schema.columns WHERE table_schema = current_schema()";
    let found = session.first(sql, &[], |row| Ok((get::<i64>(row, 0)?, get::<i64>(row, 1)?)));
    match found.await?.unwrap_or_default() {
        (0, 0) => Ok(false),
        (0, _) => Err(unusable(
            database,
            "it holds tables of another program; make a database for Hallpass alone",
        )
        .into()),
        _ => Ok(true),
    }
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
