//! Where the time comes from. Only [`SystemClock`] reads it; everything else takes a [`Clock`], so
//! that a test can live through a day at once. Nothing here ever waits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Tells the time on a scale that never goes backwards.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Instant;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// A clock for tests: it stands still until it is told to move. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock {
    start: Instant,
    passed_ms: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that stands at an arbitrary moment.
    pub fn new() -> Self {
        Self { start: Instant::now(), passed_ms: Arc::default() }
    }

    /// Moves the clock forward; precise to the millisecond.
    pub fn advance(&self, by: Duration) {
        let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.passed_ms.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.passed_ms.load(Ordering::SeqCst))
    }
}
