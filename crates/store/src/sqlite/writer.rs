//! The one thread that writes. It gathers what is waiting into one transaction, so that many
//! writers share one fsync, and it must never answer before that transaction is on disk.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    thread::JoinHandle,
};

use tokio::sync::{mpsc, oneshot};

use super::session::Session;
use crate::{
    StoreError,
    counters::Counters,
    trace::{System, traced},
};

/// How many jobs share a transaction at most.
const BATCH: usize = 256;

/// How many jobs wait at most before callers wait to hand in theirs.
const QUEUE: usize = 1024;

/// A hand on the writing thread. Dropping it lets the thread finish what waits, and joins it.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(session: Session, counters: Arc<Counters>) -> Result<Self, StoreError> {
        let (queue, mut waiting) = mpsc::channel::<Box<dyn Job>>(QUEUE);
        let work = move || {
            let mut jobs = Vec::with_capacity(BATCH);
            while waiting.blocking_recv_many(&mut jobs, BATCH) > 0 {
                let end = write(&session, &mut jobs);
                if end.is_ok() {
                    counters.transactions.fetch_add(1, Ordering::Relaxed);
                }
                for job in jobs.drain(..) {
                    job.answer(end.clone());
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(work)
            .map_err(StoreError::unavailable)?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Does `work` on the writing thread, and returns what it returned once that is on disk. If
    /// it fails, what it wrote is undone, and nothing else is.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Session) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let stopped = || StoreError::unavailable("its writer has stopped");
        let (reply, answer) = oneshot::channel();
        let task = Task { work: Some(work), outcome: None, reply };
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        let write = async {
            queue.send(Box::new(task)).await.map_err(|_| stopped())?;
            answer.await.map_err(|_| stopped())?
        };
        traced(System::Sqlite, || "write", write).await
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // The thread catches the panics of its jobs; there is nobody left to tell of another.
            let _ = thread.join();
        }
    }
}

/// Something to be written along with others.
trait Job: Send {
    /// Writes, inside a savepoint of the shared transaction.
    fn run(&mut self, session: &Session) -> Result<(), StoreError>;

    /// Tells the caller, once the shared transaction has ended so.
    fn answer(self: Box<Self>, end: Result<(), StoreError>);
}

struct Task<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Session) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, session: &Session) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        // One job that panics must not end writing for all; its savepoint is rolled back.
        let outcome = catch_unwind(AssertUnwindSafe(|| work(session))).unwrap_or_else(|_| {
            Err(StoreError::unavailable("a write panicked, which is a bug in Hallpass"))
        });
        let end = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        self.outcome = Some(outcome);
        end
    }

    fn answer(self: Box<Self>, end: Result<(), StoreError>) {
        let Self { outcome, reply, .. } = *self;
        let unrun = || Err(StoreError::unavailable("it was not reached"));
        // A caller that has gone away does not want to know.
        let _ = reply.send(end.and_then(|()| outcome.unwrap_or_else(unrun)));
    }
}

/// Runs the jobs in one transaction. An error is that of the transaction: nothing of any job was
/// kept. What a single job failed with stays with it.
fn write(session: &Session, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let done = transact(session, jobs);
    if done.is_err() {
        // If even this fails, the next BEGIN does too, and says so to whoever then waits.
        let _ = session.rollback();
    }
    done
}

fn transact(session: &Session, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    session.rollback()?;
    session.execute("BEGIN IMMEDIATE", [])?;
    for job in jobs {
        session.execute("SAVEPOINT job", [])?;
        if let Err(error) = job.run(session) {
            if !session.is_in_transaction() {
                // SQLite gave the whole transaction up, and with it the jobs before.
                return Err(error);
            }
            session.execute("ROLLBACK TO job", [])?;
        }
        session.execute("RELEASE job", [])?;
    }
    session.execute("COMMIT", []).map(|_| ())
}
