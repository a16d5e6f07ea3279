//! Reading the whole database, and filling an empty one.

use async_trait::async_trait;
use rusqlite::{
    params_from_iter,
    types::{ToSqlOutput, ValueRef},
};
use tokio::sync::mpsc;

use super::{SqliteStore, log, session::Session};
use crate::{
    StoreError,
    copy::{Counted, Packer, Part, Row, Sum, Sums, TABLES, Table, Value, Whole, compare},
    loading,
};

/// The columns of `told`: the number of the last delivery is where AUTOINCREMENT keeps it.
const TOLD: &str =
    "id, seq, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'deliveries'), 0)";

#[async_trait]
impl Whole for SqliteStore {
    async fn read_whole(&self, out: &mpsc::Sender<Part>) -> Result<u64, StoreError> {
        let out = out.clone();
        let send = move |part| out.blocking_send(part).map_err(loading::gone);
        let read = move |session: &Session| {
            session.at_one_moment(|session| {
                for table in &TABLES {
                    let mut packer = Packer::new(table);
                    each(session, table, |row| packer.push(row).map_or(Ok(()), &send))?;
                    send(packer.part())?;
                }
                log::last_seq(session)
            })
        };
        self.readers.run(read).await
    }

    async fn fill(
        &self,
        mut parts: mpsc::Receiver<Part>,
        deaths_skipped: u64,
    ) -> Result<Vec<Counted>, StoreError> {
        let fill = move |session: &Session| {
            refuse_filled(session)?;
            let mut written = Sums::new();
            loop {
                match parts.blocking_recv() {
                    Some(Part::Rows(table, rows)) => {
                        for row in &rows {
                            written.add(table, row);
                            put(session, table, row)?;
                        }
                    }
                    Some(Part::End) => break,
                    // An error, so that what was written is undone.
                    None => return Err(loading::gone(())),
                }
            }
            let tables = compare(written.end(), &count(session)?)?;
            log::skip_deaths(session, deaths_skipped)?;
            Ok(tables)
        };
        self.writer.run(fill).await
    }
}

/// What every table holds.
fn count(session: &Session) -> Result<Vec<Counted>, StoreError> {
    let count = |table: &Table| {
        let mut sum = Sum::new();
        each(session, table, |row| {
            sum.add(&row);
            Ok(())
        })?;
        Ok(sum.end(table.name))
    };
    TABLES.iter().map(count).collect()
}

/// Hands over the rows of a table in the order of its key.
fn each(
    session: &Session,
    table: &Table,
    mut take: impl FnMut(Row) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let names = if table.name == "told" { TOLD.to_owned() } else { table.names() };
    let key = table.ordered(|name, _| name.to_owned());
    let sql = format!("SELECT {names} FROM {} ORDER BY {key}", table.name);
    session.each(&sql, [], |row| take(values(row, table.columns.len(), table.name)?))
}

/// The first so many columns of a row.
pub(super) fn values(
    row: &rusqlite::Row<'_>,
    columns: usize,
    table: &str,
) -> Result<Row, StoreError> {
    let damaged =
        |why: &dyn std::fmt::Display| StoreError::damaged(format!("a row of {table}"), why);
    let value = |column| match row.get_ref(column)? {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Number(number)),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(why) => Err(damaged(&why)),
        },
        other => Err(damaged(&format_args!("a column holds {}", other.data_type()))),
    };
    (0..columns).map(value).collect()
}

fn put(session: &Session, table: &Table, row: &[Value]) -> Result<(), StoreError> {
    if table.name == "told" {
        return put_told(session, row);
    }
    let places: Vec<_> = (1..=table.columns.len()).map(|place| format!("?{place}")).collect();
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({}){}",
        table.name,
        table.names(),
        places.join(", "),
        table.replacing()
    );
    session.execute(&sql, params_from_iter(row)).map(drop)
}

/// The place up to which has been told, and the number of the last delivery.
fn put_told(session: &Session, row: &[Value]) -> Result<(), StoreError> {
    let [_, seq, number] = row else {
        return Err(StoreError::damaged("the table told", "it has other columns"));
    };
    session.execute("UPDATE told SET seq = ?1", [seq])?;
    session.execute("DELETE FROM sqlite_sequence WHERE name = 'deliveries'", [])?;
    let sql = "INSERT INTO sqlite_sequence (name, seq) VALUES ('deliveries', ?1)";
    session.execute(sql, [number]).map(drop)
}

fn refuse_filled(session: &Session) -> Result<(), StoreError> {
    for table in &TABLES {
        let sql = match table.name {
            "installation" => {
                "SELECT 1 FROM installation WHERE seq > 0 OR vault IS NOT NULL".to_owned()
            }
            _ if table.is_one_row => continue,
            name => format!("SELECT 1 FROM {name} LIMIT 1"),
        };
        if session.first(&sql, [], |_| Ok(()))?.is_some() {
            return Err(StoreError::Filled { table: table.name.to_owned() });
        }
    }
    Ok(())
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}
