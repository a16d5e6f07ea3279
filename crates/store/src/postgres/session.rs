//! One connection while somebody has it: its statements, its transactions, its time limit. One
//! that broke, or whose transaction nobody ended, is closed and never handed on.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use deadpool_postgres::Client;
use futures_util::TryStreamExt;
use hallpass_core::Conflict;
use tokio_postgres::{
    Error, Row, RowStream,
    types::{FromSql, ToSql},
};

use super::failure::{Failure, Result};
pub(super) use crate::columns::int;
use crate::{
    StoreError,
    counters::Counters,
    trace::{System, traced},
};

/// The database ends a statement that takes too long. If even that is not heard of, this much
/// later, then the network swallows what we say.
const GRACE: Duration = Duration::from_secs(2);

/// What a transaction sees.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sight {
    /// Each statement what is committed when it begins. What it locks, it sees as it is then.
    Now,
    /// All statements one moment, and they write nothing.
    OneMoment,
}

impl Sight {
    /// The statement that begins such a transaction.
    pub(super) fn begin(self) -> &'static str {
        match self {
            Self::Now => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
            Self::OneMoment => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }
}

/// One connection.
pub(super) struct Session {
    client: Option<Client>,
    limit: Duration,
    counters: Option<Arc<Counters>>,
    is_broken: AtomicBool,
    is_open: AtomicBool,
}

/// A statement and its values, to be sent along with others.
pub(super) struct Step {
    pub(super) sql: &'static str,
    pub(super) values: Vec<Value>,
    /// What is taken if a value that must be unique is.
    pub(super) unique: Option<&'static str>,
}

/// What one step of a pipeline answered.
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
    /// How many rows it changed.
    pub(super) changed: u64,
}

/// A failure comes with the place of the step that failed first.
type Pipelined = std::result::Result<Vec<Answer>, (usize, Failure)>;

pub(super) type Rows = Pin<Box<RowStream>>;
pub(super) type Value = Box<dyn ToSql + Send + Sync>;
pub(super) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

impl Step {
    pub(super) fn new(sql: &'static str, values: Vec<Value>) -> Self {
        Self { sql, values, unique: None }
    }

    /// The same, which fails with a conflict if `what` is taken.
    pub(super) fn unique(self, what: &'static str) -> Self {
        Self { unique: Some(what), ..self }
    }
}

impl Session {
    /// `limit` is how long a statement may take. Without counters its statements count for nothing.
    pub(super) fn new(client: Client, limit: Duration, counters: Option<Arc<Counters>>) -> Self {
        Self {
            client: Some(client),
            limit,
            counters,
            is_broken: AtomicBool::new(false),
            is_open: AtomicBool::new(false),
        }
    }

    /// Runs one statement, and returns the number of rows that it changed.
    pub(super) async fn execute(&self, sql: &str, values: Values<'_>) -> Result<u64> {
        self.count();
        let run = async {
            let client = self.client()?;
            let statement = client.prepare_cached(sql).await?;
            Ok(client.execute(&statement, values).await?)
        };
        self.limited(|| sql, run).await
    }

    /// Every row of an answer.
    pub(super) async fn rows(&self, sql: &str, values: Values<'_>) -> Result<Vec<Row>> {
        self.count();
        let run = async {
            let client = self.client()?;
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query(&statement, values).await?)
        };
        self.limited(|| sql, run).await
    }

    /// The rows of an answer, of which only a few are in memory at once: see [`Self::next`].
    pub(super) async fn stream(&self, sql: &str) -> Result<Rows> {
        self.count();
        let run = async {
            let client = self.client()?;
            let statement = client.prepare_cached(sql).await?;
            let none: [&(dyn ToSql + Sync); 0] = [];
            Ok(Box::pin(client.query_raw(&statement, none).await?))
        };
        self.limited(|| sql, run).await
    }

    /// The next row of an answer, until there are no more.
    pub(super) async fn next(&self, rows: &mut Rows) -> Result<Option<Row>> {
        self.limited(|| "FETCH", async { Ok(rows.try_next().await?) }).await
    }

    /// Every row of an answer, read.
    pub(super) async fn all<T>(
        &self,
        sql: &str,
        values: Values<'_>,
        read: impl FnMut(&Row) -> std::result::Result<T, StoreError>,
    ) -> Result<Vec<T>> {
        let rows = self.rows(sql, values).await?;
        Ok(rows.iter().map(read).collect::<std::result::Result<_, _>>()?)
    }

    /// The first row of an answer, if there is one.
    pub(super) async fn first<T>(
        &self,
        sql: &str,
        values: Values<'_>,
        read: impl FnOnce(&Row) -> std::result::Result<T, StoreError>,
    ) -> Result<Option<T>> {
        Ok(self.rows(sql, values).await?.first().map(read).transpose()?)
    }

    /// Runs statements in this order, without waiting for one before the next is sent. What each
    /// answered; or which failed first, and why.
    pub(super) async fn pipeline(&self, steps: &[Step]) -> Pipelined {
        let mut first = 0;
        let run = async {
            let client = self.client()?;
            // All of them before the first is sent, since this waits.
            let mut prepared = Vec::with_capacity(steps.len());
            for step in steps {
                self.count();
                prepared.push(client.prepare_cached(step.sql).await?);
            }
            let calls = steps.iter().zip(&prepared).map(|(step, statement)| async move {
                let values: Vec<&(dyn ToSql + Sync)> =
                    step.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
                let mut stream = pin!(client.query_raw(statement, values).await?);
                let mut rows = Vec::new();
                while let Some(row) = stream.try_next().await? {
                    rows.push(row);
                }
                Ok::<_, Error>(Answer { changed: stream.rows_affected().unwrap_or(0), rows })
            });
            let mut answers = Vec::with_capacity(steps.len());
            for (place, answer) in in_order(calls).await.into_iter().enumerate() {
                first = place;
                answers.push(answer?);
            }
            Ok(answers)
        };
        let what = || steps.iter().map(|step| step.sql).collect::<Vec<_>>().join("; ");
        let done = self.limited(what, run).await;
        done.map_err(|failure| match (failure, steps.get(first).and_then(|step| step.unique)) {
            (Failure::Duplicate, Some(what)) => (first, Conflict::Taken(what).into()),
            (failure, _) => (first, failure),
        })
    }

    /// Begins a transaction.
    pub(super) async fn begin(&self, sight: Sight) -> Result<()> {
        self.is_open.store(true, Ordering::Relaxed);
        self.script(sight.begin()).await
    }

    /// Ends a transaction and keeps what it wrote.
    pub(super) async fn commit(&self) -> Result<()> {
        self.script("COMMIT").await?;
        self.is_open.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Ends a transaction without keeping anything.
    pub(super) async fn rollback(&self) -> Result<()> {
        self.script("ROLLBACK").await?;
        self.is_open.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Says that a transaction begins or has ended, by a statement in a pipeline.
    pub(super) fn set_in_transaction(&self, is_open: bool) {
        self.is_open.store(is_open, Ordering::Relaxed);
    }

    /// Reads in one transaction: all statements see the same moment.
    pub(super) async fn at_one_moment<T>(
        &self,
        read: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.begin(Sight::OneMoment).await?;
        let answer = read.await;
        // A read leaves nothing to keep; the end only lets go of the snapshot.
        let end = self.rollback().await;
        answer.and_then(|answer| end.map(|()| answer))
    }

    /// Writes in one transaction, all of it or nothing.
    pub(super) async fn transaction<T>(&self, write: impl Future<Output = Result<T>>) -> Result<T> {
        self.begin(Sight::Now).await?;
        match write.await {
            Ok(answer) => self.commit().await.map(|()| answer),
            Err(failure) => {
                // If this fails, too, the connection is closed, which has the same effect.
                let _ = self.rollback().await;
                Err(failure)
            }
        }
    }

    /// Runs several statements that have no values.
    pub(super) async fn script(&self, sql: &str) -> Result<()> {
        self.count();
        self.limited(|| sql, async { Ok(self.client()?.batch_execute(sql).await?) }).await
    }

    /// Lets statements take as long as they need, until the transaction ends.
    pub(super) async fn take_time(&mut self) -> Result<()> {
        self.limit = Duration::from_secs(24 * 3600);
        self.script("SET LOCAL statement_timeout = 0").await
    }

    async fn limited<T, W: AsRef<str>>(
        &self,
        what: impl FnOnce() -> W,
        run: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let silent = || Failure::Lost(StoreError::unavailable("the database does not answer"));
        // Boxed, or it would stand in this future once for each that is around it.
        let run = Box::pin(run);
        let in_time = async {
            let answer = tokio::time::timeout(self.limit + GRACE, run).await;
            answer.unwrap_or_else(|_| Err(silent()))
        };
        let answer = traced(System::Postgres, what, in_time).await;
        if matches!(answer, Err(Failure::Lost(_))) {
            self.is_broken.store(true, Ordering::Relaxed);
        }
        answer
    }

    fn client(&self) -> Result<&Client> {
        let closed = || Failure::Lost(StoreError::unavailable("the connection is closed"));
        self.client.as_ref().ok_or_else(closed)
    }

    fn count(&self) {
        if let Some(counters) = &self.counters {
            counters.statements.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.client.take()
            && (*self.is_broken.get_mut() || *self.is_open.get_mut())
        {
            // Its pool forgets it, and the server undoes what it left open.
            drop(Client::take(client));
        }
    }
}

/// Polls each once, in this order, and then waits for all. A request is sent when it is first
/// polled.
async fn in_order<F: Future>(calls: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut calls: Vec<_> = calls.map(Box::pin).collect();
    let begin = |context: &mut Context<'_>| {
        let first = calls.iter_mut().map(|call| call.as_mut().poll(context));
        Poll::Ready(first.collect::<Vec<_>>())
    };
    let begun = poll_fn(begin).await;
    let mut answers = Vec::with_capacity(begun.len());
    for (call, begun) in calls.into_iter().zip(begun) {
        answers.push(match begun {
            Poll::Ready(answer) => answer,
            Poll::Pending => call.await,
        });
    }
    answers
}

/// A column. Of another type than written, it was not we who made the table.
pub(super) fn get<'a, T: FromSql<'a>>(
    row: &'a Row,
    column: usize,
) -> std::result::Result<T, StoreError> {
    row.try_get(column).map_err(|error| StoreError::damaged("a row", error))
}

/// A number that is never negative.
pub(super) fn uint(row: &Row, column: usize) -> std::result::Result<u64, StoreError> {
    Ok(u64::try_from(get::<i64>(row, column)?).unwrap_or(0))
}
