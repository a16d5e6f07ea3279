//! The clocks of the simulated machines. They go with the paused time of tokio, each a little
//! wrong in its own way.

use std::time::Duration;

use hallpass_core::Timestamp;
use tokio::time::Instant;

/// When every simulation begins, in Unix seconds.
const BEGIN_S: u64 = 1_764_000_000;

/// How far a clock may be off, in milliseconds: NTP does better, and the verifier asks for a
/// second or two.
pub(crate) const SKEW_MOST_MS: u64 = 1000;

/// The clock of one machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    begun: Instant,
    offset_ms: u64,
}

impl Clock {
    /// A clock that is `ahead_ms - SKEW_MOST_MS` ahead of the true time, which began at `begun`.
    pub(crate) fn new(begun: Instant, ahead_ms: u64) -> Self {
        Self { begun, offset_ms: BEGIN_S * 1000 - SKEW_MOST_MS + ahead_ms }
    }

    /// What it shows.
    pub(crate) fn timestamp(&self) -> Timestamp {
        Timestamp::from_millis(self.offset_ms + self.begun.elapsed().as_millis() as u64)
    }
}

impl hallpass_server::clock::Clock for Clock {
    fn now(&self) -> Timestamp {
        self.timestamp()
    }
}

impl hallpass_verifier::Clock for Clock {
    fn unix_s(&self) -> u64 {
        self.timestamp().as_secs()
    }

    fn monotonic(&self) -> Duration {
        self.begun.elapsed()
    }
}
