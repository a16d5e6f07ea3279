//! The one task that commits. It gathers what is waiting into one transaction, so that many
//! writers share one fsync and one turn at the counter row, and it must never answer before it
//! knows whether that transaction took place.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use hallpass_core::{Change, Mutation, Timestamp, audit::Actor};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::{
    again::pause,
    commit::{self, Book, Mark, Unclosed},
    connect::Lane,
    failure::Failure,
};
use crate::{
    Pool, StoreError,
    counters::Counters,
    trace::{System, traced},
};

/// How many mutations share a transaction at most: others wait for the counter row meanwhile.
const BATCH: usize = 64;

/// How many mutations wait at most before callers wait to hand in theirs.
const QUEUE: usize = 1024;

/// For how long a transaction is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

/// For how long is looked for the outcome of one whose COMMIT nobody answered.
const CURIOSITY: Duration = Duration::from_secs(30);

/// A hand on the task. After it is dropped the task finishes what waits.
pub(super) struct Writer {
    queue: mpsc::Sender<Job>,
    lane: Arc<Lane>,
}

struct Job {
    mutation: Mutation,
    actor: Actor,
    at: Timestamp,
    outcome: Option<std::result::Result<Change, StoreError>>,
    reply: oneshot::Sender<std::result::Result<Change, StoreError>>,
}

impl Writer {
    /// Starts the task.
    pub(super) fn start(lane: Lane, counters: Arc<Counters>) -> Self {
        let (queue, mut waiting) = mpsc::channel::<Job>(QUEUE);
        let lane = Arc::new(lane);
        let its = lane.clone();
        tokio::spawn(async move {
            let mut jobs = Vec::with_capacity(BATCH);
            while waiting.recv_many(&mut jobs, BATCH).await > 0 {
                let end = write(&its, &mut jobs).await;
                match end {
                    Ok(()) => counters.transactions.fetch_add(1, Ordering::Relaxed),
                    Err(StoreError::Uncertain(_)) => {
                        counters.uncertain.fetch_add(1, Ordering::Relaxed)
                    }
                    Err(_) => 0,
                };
                for job in jobs.drain(..) {
                    job.answer(end.clone());
                }
            }
        });
        Self { queue, lane }
    }

    /// Its connection.
    pub(super) fn pool(&self) -> Pool {
        self.lane.pool()
    }

    /// Commits a mutation, and returns once that is on disk.
    pub(super) async fn commit(
        &self,
        mutation: &Mutation,
        actor: &Actor,
        at: Timestamp,
    ) -> std::result::Result<Change, StoreError> {
        let stopped = || StoreError::unavailable("its writer has stopped");
        let (reply, answer) = oneshot::channel();
        let (mutation, actor) = (mutation.clone(), actor.clone());
        let job = Job { mutation, actor, at, outcome: None, reply };
        // The statements are those of many callers, so they stand in nobody's trace.
        let write = async {
            self.queue.send(job).await.map_err(|_| stopped())?;
            answer.await.map_err(|_| stopped())?
        };
        traced(System::Postgres, || "write", write).await
    }
}

impl Job {
    /// Tells the caller, once the shared transaction has ended so.
    fn answer(self, end: std::result::Result<(), StoreError>) {
        let unrun = || Err(StoreError::unavailable("it was not reached"));
        // A caller that has gone away does not want to know.
        let _ = self.reply.send(end.and_then(|()| self.outcome.unwrap_or_else(unrun)));
    }
}

/// Writes the jobs in one transaction, and again if it is certain that they were not written. An
/// error is that of the transaction; what a single job failed with stays with it.
async fn write(lane: &Lane, jobs: &mut [Job]) -> std::result::Result<(), StoreError> {
    let begun = Instant::now();
    let mut turn = 0;
    loop {
        match attempt(lane, jobs).await {
            Err(Attempt::Failed(failure)) if failure.may_pass() && begun.elapsed() < PATIENCE => {
                lane.counters.retries.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(pause(turn)).await;
            }
            Err(Attempt::Failed(failure)) => return Err(failure.into()),
            Err(Attempt::Unknown(error)) => return Err(error),
            Ok(()) => return Ok(()),
        }
        turn += 1;
    }
}

enum Attempt {
    /// Nothing was written.
    Failed(Failure),
    /// It may have been written.
    Unknown(StoreError),
}

impl From<Failure> for Attempt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

async fn attempt(lane: &Lane, jobs: &mut [Job]) -> std::result::Result<(), Attempt> {
    let session = lane.session().await?;
    let mut left: Vec<&mut Job> = jobs.iter_mut().collect();
    loop {
        let mut book = Book::open(&session, left.iter().map(|job| &job.mutation)).await?;
        let mut entered = Vec::with_capacity(left.len());
        for (place, job) in left.iter_mut().enumerate() {
            let change = book.enter(&job.mutation, &job.actor, job.at);
            if change.is_ok() {
                entered.push(place);
            }
            job.outcome = Some(change);
        }
        if book.is_empty() {
            return Ok(session.rollback().await?);
        }
        match book.close(&session).await {
            Ok(()) => return Ok(()),
            Err(Unclosed::Refused(entry, error)) => {
                // Rare, so the others simply start anew without it.
                left.remove(entered[entry]).outcome = Some(Err(error));
                session.rollback().await?;
            }
            Err(Unclosed::Unknown(failure)) => {
                // Whatever became of it, this connection is not asked.
                drop(session);
                return ask(lane, &book.mark(), failure).await;
            }
        }
    }
}

/// Looks whether a transaction took place that ended in a failure.
async fn ask(lane: &Lane, mark: &Mark, failure: Failure) -> std::result::Result<(), Attempt> {
    match find_out(lane, mark).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Attempt::Failed(match failure {
            // Where the lock on the counter row is but a hint, another node took the same number.
            Failure::Duplicate => Failure::Undone(failure.into()),
            failure => failure,
        })),
        Err(why) => Err(Attempt::Unknown(StoreError::Uncertain(why.to_string()))),
    }
}

async fn find_out(lane: &Lane, mark: &Mark) -> std::result::Result<bool, StoreError> {
    let begun = Instant::now();
    let mut turn = 0;
    loop {
        let look = async { commit::took_place(&lane.session().await?, mark).await };
        match look.await {
            Err(_) if begun.elapsed() < CURIOSITY => tokio::time::sleep(pause(turn)).await,
            found => return Ok(found?),
        }
        turn += 1;
    }
}
