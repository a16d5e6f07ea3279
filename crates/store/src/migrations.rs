//! What both backends know of migrations: numbered files that only add. One that was released is
//! never edited, which is checked by its SHA-256, kept per applied file.

use aws_lc_rs::digest;

use crate::StoreError;

/// One numbered file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// The file's name without its ending. It begins with the number.
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
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
}

/// The migrations that have not been applied yet. `applied` is in the order of its numbers.
pub(crate) fn missing<'a>(
    applied: &[Applied],
    known: &'a [Migration],
) -> Result<&'a [Migration], StoreError> {
    if applied.len() > known.len() {
        let found = applied.last().map_or(0, |last| last.number);
        return Err(StoreError::Newer { found, known: known.len() as u32 });
    }
    for (one, ours) in applied.iter().zip(known) {
        if one.sha256 != sha256(ours.sql) {
            return Err(StoreError::EditedMigration { name: one.name.clone() });
        }
    }
    Ok(&known[applied.len()..])
}

/// What is kept of a file.
pub(crate) fn sha256(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
