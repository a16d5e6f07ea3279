//! What both backends know of migrations: numbered files that only add, and say so where they do
//! not. One that was released is never edited, which is checked by its SHA-256, kept per applied
//! file.

#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::{StoreError, hash::sha256};

/// One numbered file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// The file's name without its ending. It begins with the number.
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// With this a line of a file begins that takes something away. Behind it stands the number of the
/// first schema whose binaries do without.
const CONTRACTS: &str = "-- Contracts: ";

impl Migration {
    /// What it is for: what its file begins with.
    pub(crate) fn purpose(&self) -> String {
        let lines = self.sql.lines().filter(|line| !line.starts_with(CONTRACTS));
        let lines = lines.map_while(|line| line.strip_prefix("-- "));
        lines.collect::<Vec<_>>().join(" ")
    }

    /// The oldest schema whose binaries go on working once it is applied. One that only adds
    /// leaves all of them.
    pub(crate) fn oldest(&self) -> u32 {
        let line = self.sql.lines().find_map(|line| line.strip_prefix(CONTRACTS));
        line.map_or(1, |number| number.trim().parse().unwrap_or(u32::MAX))
    }
}

/// What a database has, and what this binary would do to its schema.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Plan {
    /// The number of the last migration that the database has.
    pub schema: u32,
    /// The number of the last one that this binary knows.
    pub known: u32,
    /// What is missing, in order.
    pub steps: Vec<Step>,
}

/// One migration that would be applied.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Step {
    /// Its number.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Binaries that know no newer schema than this one's predecessor must have ended; `None` if
    /// it only adds, and every older binary goes on working.
    pub contracts: Option<u32>,
}

/// What is to be done to a database that has `applied`.
pub(crate) fn plan(applied: &[Applied], known: &[Migration]) -> Result<Plan, StoreError> {
    let missing = missing(applied, known)?;
    let step = |(number, one): (usize, &Migration)| Step {
        number: number as u32,
        name: one.name.to_owned(),
        purpose: one.purpose(),
        contracts: (one.oldest() > 1).then(|| one.oldest()),
    };
    let first = known.len() - missing.len() + 1;
    Ok(Plan {
        schema: applied.len() as u32,
        known: known.len() as u32,
        steps: (first..).zip(missing).map(step).collect(),
    })
}

/// Every migration, in order, from the files of one backend. The number of one is its place,
/// counted from 1; both backends have the same.
macro_rules! migrations {
    ($backend:literal) => {
        migrations!($backend, "0001_first", "0002_people", "0003_sightings", "0004_receipts",
            "0005_notices", "0006_nodes")
    };
    ($backend:literal, $($name:literal),*) => {
        &[$(crate::migrations::Migration {
            name: $name,
            sql: include_str!(concat!("../migrations/", $name, ".", $backend, ".sql")),
        }),*]
    };
}
pub(crate) use migrations;

/// A migration that a database says it has.
pub(crate) struct Applied {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) sha256: String,
    /// The oldest schema whose binaries go on working.
    pub(crate) oldest: u32,
}

/// The migrations that have not been applied yet. `applied` is in the order of its numbers. None,
/// if a newer binary has applied more, and said that this one goes on working.
pub(crate) fn missing<'a>(
    applied: &[Applied],
    known: &'a [Migration],
) -> Result<&'a [Migration], StoreError> {
    for (one, ours) in applied.iter().zip(known) {
        if one.sha256 != sha256(ours.sql) {
            return Err(StoreError::EditedMigration { name: one.name.clone() });
        }
    }
    let newer = applied.get(known.len()..).unwrap_or_default();
    let oldest = newer.iter().map(|one| one.oldest).max().unwrap_or(0);
    if oldest as usize > known.len() {
        let found = newer.last().map_or(0, |last| last.number);
        return Err(StoreError::Newer { found, oldest, known: known.len() as u32 });
    }
    Ok(known.get(applied.len()..).unwrap_or_default())
}
