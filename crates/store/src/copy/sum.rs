//! How much a table holds, and a digest of it: by these a copy is compared with its source. The
//! same rows have the same digest in every backend.

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::{TABLES, Table, Value};
use crate::{StoreError, hash::hex};

/// What a table holds.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Counted {
    /// The table's name.
    pub table: String,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 over its rows in the order of its key, in hexadecimal.
    pub sha256: String,
}

/// Adds the rows of one table up.
pub(crate) struct Sum {
    context: Context,
    rows: u64,
}

impl Sum {
    pub(crate) fn new() -> Self {
        Self { context: Context::new(&SHA256), rows: 0 }
    }

    /// Takes the next row, in the order of the key.
    pub(crate) fn add(&mut self, row: &[Value]) {
        for value in row {
            // No two rows look alike: each value says first what it is and how long.
            match value {
                Value::Null => self.context.update(b"0"),
                Value::Number(number) => {
                    self.context.update(b"n");
                    self.context.update(&number.to_be_bytes());
                }
                Value::Text(text) => {
                    self.context.update(b"t");
                    self.context.update(&(text.len() as u64).to_be_bytes());
                    self.context.update(text.as_bytes());
                }
            }
        }
        self.context.update(b".");
        self.rows += 1;
    }

    pub(crate) fn end(self, table: &str) -> Counted {
        let sha256 = hex(self.context.finish());
        Counted { table: table.to_owned(), rows: self.rows, sha256 }
    }
}

/// One sum for each table of the description.
pub(crate) struct Sums(Vec<Sum>);

impl Sums {
    pub(crate) fn new() -> Self {
        Self(TABLES.iter().map(|_| Sum::new()).collect())
    }

    /// Takes the next row of one of these tables.
    pub(crate) fn add(&mut self, table: &Table, row: &[Value]) {
        let mut sums = TABLES.iter().zip(&mut self.0);
        if let Some((_, sum)) = sums.find(|(one, _)| one.name == table.name) {
            sum.add(row);
        }
    }

    pub(crate) fn end(self) -> Vec<Counted> {
        TABLES.iter().zip(self.0).map(|(table, sum)| sum.end(table.name)).collect()
    }
}

/// Refuses what was read again if it is not what was written.
pub(crate) fn compare(written: Vec<Counted>, read: &[Counted]) -> Result<Vec<Counted>, StoreError> {
    match written.iter().zip(read).find(|(written, read)| written != read) {
        Some((written, read)) => Err(StoreError::Miscopied {
            table: written.table.clone(),
            wanted: written.rows,
            got: read.rows,
        }),
        None => Ok(written),
    }
}
