//! Reading the whole database, and filling an empty one. Both take as long as they need, each in
//! one transaction.

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio_postgres::Row as Answered;

use super::{
    PostgresStore,
    failure::{Failure, Result},
    log,
    session::{Session, Sight, Value as Parameter, get},
};
use crate::{
    StoreError,
    copy::{Counted, Kind, Packer, Part, Row, Sum, Sums, TABLES, Table, Value, Whole, compare},
    loading,
};

/// Stands in `changes.token` of a copy: no transaction has it.
const NO_TOKEN: &str = "''";

#[async_trait]
impl Whole for PostgresStore {
    async fn read_whole(&self, out: &mpsc::Sender<Part>) -> std::result::Result<u64, StoreError> {
        let mut session = self.session().await?;
        session.begin(Sight::OneMoment).await?;
        session.take_time().await?;
        let seq = log::last_seq(&session).await?;
        for table in &TABLES {
            let mut packer = Packer::new(table);
            let mut rows = session.stream(&select(table)).await?;
            while let Some(answered) = session.next(&mut rows).await? {
                if let Some(part) = packer.push(row(&answered, table)?) {
                    out.send(part).await.map_err(loading::gone)?;
                }
            }
            out.send(packer.part()).await.map_err(loading::gone)?;
        }
        session.rollback().await?;
        Ok(seq)
    }

    async fn fill(
        &self,
        mut parts: mpsc::Receiver<Part>,
        deaths_skipped: u64,
    ) -> std::result::Result<Vec<Counted>, StoreError> {
        // If this returns early, the connection is closed with its transaction, which undoes all.
        let mut session = self.session().await?;
        session.begin(Sight::Now).await?;
        session.take_time().await?;
        // Whoever reads the source may need a while for a large table.
        session.script("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
        refuse_filled(&session).await?;
        let mut written = Sums::new();
        loop {
            match parts.recv().await {
                Some(Part::Rows(table, rows)) => {
                    rows.iter().for_each(|row| written.add(table, row));
                    put(&session, table, rows).await?;
                }
                Some(Part::End) => break,
                None => return Err(loading::gone(())),
            }
        }
        let tables = compare(written.end(), &count(&session).await?)?;
        log::skip_deaths(&session, deaths_skipped).await?;
        session.commit().await?;
        Ok(tables)
    }
}

/// What every table holds.
async fn count(session: &Session) -> Result<Vec<Counted>> {
    let mut counted = Vec::new();
    for table in &TABLES {
        let mut sum = Sum::new();
        let mut rows = session.stream(&select(table)).await?;
        while let Some(answered) = session.next(&mut rows).await? {
            sum.add(&row(&answered, table)?);
        }
        counted.push(sum.end(table.name));
    }
    Ok(counted)
}

/// Reads a table in the order of its key: that of bytes, as in SQLite.
fn select(table: &Table) -> String {
    let key = table.ordered(|name, kind| match kind {
        Kind::Text => format!("{name} COLLATE \"C\""),
        Kind::Number | Kind::Flag => name.to_owned(),
    });
    format!("SELECT {} FROM {} ORDER BY {key}", table.names(), table.name)
}

fn row(answered: &Answered, table: &Table) -> std::result::Result<Row, StoreError> {
    let columns = table.columns.iter().enumerate();
    columns.map(|(place, (_, kind))| value(answered, place, *kind)).collect()
}

fn value(answered: &Answered, place: usize, kind: Kind) -> std::result::Result<Value, StoreError> {
    Ok(match kind {
        Kind::Text => get::<Option<String>>(answered, place)?.map_or(Value::Null, Value::Text),
        Kind::Number => get::<Option<i64>>(answered, place)?.map_or(Value::Null, Value::Number),
        Kind::Flag => {
            let flag = get::<Option<bool>>(answered, place)?;
            flag.map_or(Value::Null, |is_set| Value::Number(is_set.into()))
        }
    })
}

/// Writes rows of a table in one statement.
async fn put(session: &Session, table: &Table, rows: Vec<Row>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut columns: Vec<Vec<Value>> =
        table.columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    let columns = columns.into_iter().zip(table.columns);
    let values = columns.map(|(values, (_, kind))| parameter(values, *kind, table));
    let values = values.collect::<std::result::Result<Vec<_>, _>>()?;
    let arrays = table.columns.iter().zip(1..).map(|((_, kind), place)| match kind {
        Kind::Text => format!("${place}::text[]"),
        Kind::Number => format!("${place}::bigint[]"),
        Kind::Flag => format!("${place}::boolean[]"),
    });
    let arrays = arrays.collect::<Vec<_>>().join(", ");
    let (token, no_token) = match table.name {
        "changes" => (", token", format!(", {NO_TOKEN}")),
        _ => ("", String::new()),
    };
    let names = table.names();
    let sql = format!(
        "INSERT INTO {} ({names}{token})
         SELECT {names}{no_token} FROM unnest({arrays}) AS new ({names}){}",
        table.name,
        table.replacing()
    );
    let values: Vec<_> = values.iter().map(|value| &**value as _).collect();
    session.execute(&sql, &values).await.map(drop)
}

/// The values of one column.
fn parameter(
    values: Vec<Value>,
    kind: Kind,
    table: &Table,
) -> std::result::Result<Parameter, StoreError> {
    let number = |value| match value {
        Value::Number(number) => Some(number),
        Value::Null | Value::Text(_) => None,
    };
    let text = |value| match value {
        Value::Text(text) if text.contains('\0') => Err(StoreError::damaged(
            format!("a row of {}", table.name),
            "it has a NUL in a text, which PostgreSQL cannot hold",
        )),
        Value::Text(text) => Ok(Some(text)),
        Value::Null | Value::Number(_) => Ok(None),
    };
    Ok(match kind {
        Kind::Text => {
            Box::new(values.into_iter().map(text).collect::<std::result::Result<Vec<_>, _>>()?)
        }
        Kind::Number => Box::new(values.into_iter().map(number).collect::<Vec<_>>()),
        Kind::Flag => {
            let flags = values.into_iter().map(|value| number(value).map(|number| number != 0));
            Box::new(flags.collect::<Vec<_>>())
        }
    })
}

/// Takes the counter row, so that nobody sets the database up meanwhile, and looks whether
/// anything is there.
async fn refuse_filled(session: &Session) -> Result<()> {
    let refused = |table: &str| Failure::from(StoreError::Filled { table: table.to_owned() });
    let sql = "SELECT seq, vault FROM installation WHERE id = 1 FOR UPDATE";
    let read = |row: &_| Ok(get::<i64>(row, 0)? == 0 && get::<Option<&str>>(row, 1)?.is_none());
    if session.first(sql, &[], read).await? != Some(true) {
        return Err(refused("installation"));
    }
    for table in TABLES.iter().filter(|table| !table.is_one_row) {
        let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
        if !session.rows(&sql, &[]).await?.is_empty() {
            return Err(refused(table.name));
        }
    }
    Ok(())
}
