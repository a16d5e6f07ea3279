//! What time it is. Only [`SystemClock`] reads it; everything that judges takes a [`Clock`], so
//! that a test can live through a day at once. Nothing here ever waits.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

/// Tells the time on two scales.
pub trait Clock: Send + Sync + 'static {
    /// Seconds since 1970, as the dates in tokens and in the feed. May jump.
    fn unix_s(&self) -> u64;
    /// Time since an arbitrary start, which never jumps.
    fn monotonic(&self) -> Duration;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the edge where the clock is read")]
    fn unix_s(&self) -> u64 {
        // A clock before 1970 is as good as none: every token is then from the future.
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn monotonic(&self) -> Duration {
        START.elapsed()
    }
}

/// A clock for tests: it stands still until it is told to move. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock {
    start_s: u64,
    passed_ms: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that stands at `unix_s` seconds since 1970.
    pub fn at(unix_s: u64) -> Self {
        Self { start_s: unix_s, passed_ms: Arc::default() }
    }

    /// Moves the clock forward; precise to the millisecond.
    pub fn advance(&self, by: Duration) {
        let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.passed_ms.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn unix_s(&self) -> u64 {
        self.start_s + self.monotonic().as_secs()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.passed_ms.load(Ordering::SeqCst))
    }
}
