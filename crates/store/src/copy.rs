//! Copying a whole installation from one database into an empty one, whichever kinds they are: row
//! by row as the rows are stored, so that no digest, document or hash becomes another. What was
//! written is read again and compared before it is kept. It must never add to a database that
//! holds anything, and never change the one that it reads.

mod sum;
mod tables;
#[cfg(test)]
pub(crate) mod tests;

use async_trait::async_trait;
use tokio::sync::mpsc;

pub use self::sum::Counted;
pub(crate) use self::{
    sum::{Sum, Sums, compare},
    tables::{Kind, TABLES, Table},
};
use crate::{Store, StoreError, loading};

/// A batch is passed on at so many rows, or so many bytes of text.
const ROWS_AT_MOST: usize = 512;
const BYTES_AT_MOST: usize = 1 << 20;

/// So many batches wait at most for whoever writes them.
const BATCHES: usize = 4;

/// What a column holds, in the order in which databases sort.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Value {
    /// Nothing.
    Null,
    /// A number, or 0 and 1 for false and true.
    Number(i64),
    /// A text.
    Text(String),
}

impl Value {
    fn len(&self) -> usize {
        if let Self::Text(text) = self { text.len() } else { 0 }
    }
}

/// The columns of a row, in the order of its table's description.
pub(crate) type Row = Vec<Value>;

/// What a source passes on, table by table.
#[derive(Debug)]
pub enum Part {
    /// Rows of one table, in the order of its key.
    Rows(&'static Table, Vec<Row>),
    /// There are no more, and the copy may be kept.
    End,
}

/// Where rows are gathered into parts.
pub(crate) struct Packer {
    table: &'static Table,
    rows: Vec<Row>,
    bytes: usize,
}

impl Packer {
    pub(crate) fn new(table: &'static Table) -> Self {
        Self { table, rows: Vec::new(), bytes: 0 }
    }

    /// Takes a row, and hands the part over that is complete with it.
    pub(crate) fn push(&mut self, row: Row) -> Option<Part> {
        self.bytes += row.iter().map(Value::len).sum::<usize>();
        self.rows.push(row);
        let is_full = self.rows.len() >= ROWS_AT_MOST || self.bytes >= BYTES_AT_MOST;
        is_full.then(|| self.part())
    }

    /// What has been gathered since.
    pub(crate) fn part(&mut self) -> Part {
        self.bytes = 0;
        Part::Rows(self.table, std::mem::take(&mut self.rows))
    }
}

/// A database that can be read as a whole, and filled as a whole while it is empty.
#[async_trait]
pub trait Whole: Store {
    /// Passes every row on, as of one moment, and returns the number of the last change then.
    async fn read_whole(&self, out: &mpsc::Sender<Part>) -> Result<u64, StoreError>;

    /// Writes every row into a database that must be empty, reads them again and compares, in one
    /// transaction that is on disk when this returns. `deaths_skipped` as in [`How`].
    ///
    /// Fails with [`StoreError::Filled`] and [`StoreError::Miscopied`], and having written nothing
    /// if the parts end without their end.
    async fn fill(
        &self,
        parts: mpsc::Receiver<Part>,
        deaths_skipped: u64,
    ) -> Result<Vec<Counted>, StoreError>;
}

/// How a copy is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct How {
    /// Whether a source may be written to meanwhile. What is written then is not in the copy.
    pub source_may_move: bool,
    /// So many numbers of the revocation feed are never given, so that every reader notices.
    pub deaths_skipped: u64,
}

/// What was copied.
#[derive(Clone, Debug)]
pub struct Copied {
    /// The number of the last change in the copy.
    pub seq: u64,
    /// How much each table holds, at the source and in the copy.
    pub tables: Vec<Counted>,
}

impl Copied {
    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// Copies everything but what nodes say of themselves. Either all of it is in `to` when this
/// returns, and was compared, or `to` is as empty as it was.
///
/// Fails with [`StoreError::Filled`] unless `to` is empty, with [`StoreError::Moved`] if somebody
/// writes to `from` meanwhile and may not, and with [`StoreError::Miscopied`].
pub async fn copy(from: &dyn Whole, to: &dyn Whole, how: How) -> Result<Copied, StoreError> {
    let (out, parts) = mpsc::channel(BATCHES);
    let (read, filled) = tokio::join!(read(from, out, how), to.fill(parts, how.deaths_skipped));
    match (read, filled) {
        // Of two who fail, one only knows that the other has gone away.
        (Err(why), _) if why != loading::gone(()) => Err(why),
        (seq, tables) => tables.and_then(|tables| Ok(Copied { seq: seq?, tables })),
    }
}

async fn read(from: &dyn Whole, out: mpsc::Sender<Part>, how: How) -> Result<u64, StoreError> {
    let seq = from.read_whole(&out).await?;
    let now = from.last_seq().await?;
    if now != seq && !how.source_may_move {
        return Err(StoreError::Moved { from: seq, to: now });
    }
    out.send(Part::End).await.map_err(loading::gone)?;
    Ok(seq)
}
