//! Single flight: many callers, one fetch. Must never make a caller wait for a task that nobody
//! drives any more: a lock that is held beyond all patience is replaced.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::OwnedMutexGuard;

type Lock = Arc<tokio::sync::Mutex<()>>;

/// Whoever holds it is fetching. Dropped with the future that fetches, however that one ends.
pub(crate) type Guard = OwnedMutexGuard<()>;

/// The right to fetch, which one task has at a time.
pub(crate) struct Flight {
    lock: Mutex<Lock>,
    patience: Duration,
}

impl Flight {
    /// `patience` must be longer than any fetch can take.
    pub(crate) fn new(patience: Duration) -> Self {
        Self { lock: Mutex::default(), patience }
    }

    /// The right to fetch, unless somebody has it.
    pub(crate) fn try_board(&self) -> Option<Guard> {
        self.current().try_lock_owned().ok()
    }

    /// Waits for the right to fetch. `None` means: look again whether it is still needed.
    pub(crate) async fn board(&self) -> Option<Guard> {
        let lock = self.current();
        let guard = tokio::time::timeout(self.patience, Arc::clone(&lock).lock_owned()).await;
        if guard.is_err() {
            // The holder is a future that is kept but no longer polled, say on a runtime that
            // stands still. It would block everyone for ever.
            let mut current = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&current, &lock) {
                *current = Lock::default();
            }
        }
        guard.ok()
    }

    fn current(&self) -> Lock {
        Arc::clone(&self.lock.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
