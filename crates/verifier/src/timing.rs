//! How long the verifier waits for what, and how often it asks. These are limits of patience with
//! the network; how long a token or the feed is believed is never decided here.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

/// Limits of patience with the issuer. The defaults suit a data centre and the open Internet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Timing {
    /// The whole answer of metadata and keys, and the head of the feed's answers: 10 s.
    pub request: Duration,
    /// The whole snapshot of the feed: 60 s.
    pub snapshot: Duration,
    /// A stream of the feed that brings nothing new for this long is given up: 5 s.
    pub stall: Duration,
    /// The first wait before another attempt, doubled with each failure: 0.1 s.
    pub retry_first: Duration,
    /// The longest wait before another attempt: 5 s.
    pub retry_most: Duration,
    /// How long [`check_async`](crate::Verifier::check_async) waits for fresh keys: 2 s.
    pub unknown_key_wait: Duration,
    /// Between two fetches of keys that unknown `kid`s cause, once the budget of three fetches
    /// is used up: 10 s, on the [`Clock`](crate::Clock).
    pub unknown_key_apart: Duration,
    /// How long starting waits for the first answers of the issuer: 5 s.
    pub start: Duration,
    /// A number from 0 to 1, different every time, that keeps verifiers from asking in step. Need
    /// not be unguessable.
    pub jitter: fn() -> f64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(10),
            snapshot: Duration::from_secs(60),
            stall: Duration::from_secs(5),
            retry_first: Duration::from_millis(100),
            retry_most: Duration::from_secs(5),
            unknown_key_wait: Duration::from_secs(2),
            unknown_key_apart: Duration::from_secs(10),
            start: Duration::from_secs(5),
            jitter: random_share,
        }
    }
}

impl Timing {
    /// How long to wait after `failures` failures in a row: exponential, between half and the
    /// whole of the step, so that a thousand verifiers do not come back in the same moment.
    pub(crate) fn retry(&self, failures: u32) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.jittered(self.retry_first.saturating_mul(doubled).min(self.retry_most))
    }

    /// Between half of `whole` and the whole.
    pub(crate) fn jittered(&self, whole: Duration) -> Duration {
        whole.mul_f64(0.5 + (self.jitter)().clamp(0.0, 1.0) / 2.0)
    }
}

fn random_share() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    (random >> 32) as f64 / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_grow_apart_up_to_a_limit_and_never_in_step() {
        let timing = Timing::default();
        for (failures, most_ms) in [(0, 100), (1, 100), (2, 200), (5, 1600), (7, 5000), (99, 5000)]
        {
            let most = Duration::from_millis(most_ms);
            for _ in 0..50 {
                let wait = timing.retry(failures);
                assert!(wait >= most / 2 && wait <= most, "{failures}: {wait:?}");
            }
        }
        let waits: std::collections::HashSet<_> = (0..50).map(|_| timing.retry(9)).collect();
        assert!(waits.len() > 40, "{}", waits.len());
    }
}
