//! Connections for reading. Reads run on blocking threads, a few at a time, and must never hold
//! up the async ones; the poll alone is quick enough to run where it is asked.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use tokio::sync::Semaphore;

use super::{
    log,
    session::{Purpose, Session},
};
use crate::{
    StoreError,
    counters::Counters,
    trace::{System, traced},
};

/// How many reads run at once. Each keeps a connection, and a connection three open files.
const READERS: usize = 8;

/// In write-ahead mode nobody blocks a reader, but for the moments of opening and recovering.
const POLL_BUSY: Duration = Duration::from_millis(50);

/// A small pool of connections.
pub(super) struct Readers {
    path: PathBuf,
    busy: Duration,
    counters: Arc<Counters>,
    idle: Arc<Mutex<Vec<Session>>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, busy: Duration, counters: Arc<Counters>) -> Self {
        let turns = Arc::new(Semaphore::new(READERS));
        Self { path, busy, counters, idle: Arc::default(), turns }
    }

    /// Runs `work` on a blocking thread.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Session) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = self.turns.clone().acquire_owned().await.map_err(StoreError::unavailable)?;
        let (path, busy, counters) = (self.path.clone(), self.busy, self.counters.clone());
        let idle = self.idle.clone();
        let read = move || {
            // Held here, not by the caller, who may go away while the work goes on.
            let _turn = turn;
            let kept = lock(&idle).pop();
            let session = match kept {
                Some(session) => session,
                None => Session::connect(&path, Purpose::Read, busy, &counters)?,
            };
            let answer = work(&session);
            if !session.is_in_transaction() {
                lock(&idle).push(session);
            }
            answer
        };
        let read = async {
            tokio::task::spawn_blocking(read).await.map_err(|_| {
                StoreError::unavailable("a read was cut off by a shutdown, or panicked")
            })?
        };
        traced(System::Sqlite, || "read", read).await
    }
}

/// Knows the last change without reading it each time.
pub(super) struct Poll {
    known: Mutex<Known>,
    counters: Arc<Counters>,
}

struct Known {
    session: Session,
    version: Option<i64>,
    seq: u64,
}

impl Poll {
    pub(super) fn new(path: &std::path::Path, counters: Arc<Counters>) -> Result<Self, StoreError> {
        let session = Session::connect(path, Purpose::Poll, POLL_BUSY, &counters)?;
        Ok(Self { known: Mutex::new(Known { session, version: None, seq: 0 }), counters })
    }

    /// The number of the last change. SQLite's data version differs from the one seen before when
    /// another connection, of whichever process, has committed since.
    pub(super) fn last_seq(&self) -> Result<u64, StoreError> {
        self.counters.polls.fetch_add(1, Ordering::Relaxed);
        let mut known = lock(&self.known);
        let version = known.session.first("PRAGMA data_version", [], |row| Ok(row.get(0)?))?;
        if version.is_none() || version != known.version {
            // Read after the version: a commit in between is seen twice rather than never.
            known.seq = log::last_seq(&known.session)?;
            known.version = version;
        }
        Ok(known.seq)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
