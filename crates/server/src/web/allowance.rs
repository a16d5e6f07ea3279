//! How often somebody may ask in a minute. Counted per node, in memory: it protects the node, and
//! a restart forgives.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hallpass_core::Timestamp;
use moka::sync::Cache;

use super::held;

const WINDOW_S: u64 = 60;

/// Counters held at once. The least used go first.
const COUNTERS_AT_MOST: u64 = 100_000;

/// Counters of requests, each for one minute.
#[derive(Debug)]
pub(crate) struct Allowance {
    counters: Cache<(Box<str>, u64), Arc<AtomicU32>>,
    at_most: u32,
}

/// What is left of a minute.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Left {
    /// Requests in a minute.
    pub(crate) at_most: u32,
    /// How many more; `None` once there was one too many.
    pub(crate) more: Option<u32>,
    /// Seconds until the next minute.
    pub(crate) resets_s: u64,
}

impl Allowance {
    /// At most `at_most` in a minute for each.
    pub(crate) fn new(at_most: u32) -> Self {
        let counters = Cache::builder()
            .max_capacity(COUNTERS_AT_MOST)
            .time_to_live(Duration::from_secs(2 * WINDOW_S))
            .build();
        Self { counters, at_most }
    }

    /// How many counters are held.
    pub(crate) fn held(&self) -> u64 {
        held(&self.counters)
    }

    /// Counts one request of `who`.
    pub(crate) fn count(&self, who: &str, now: Timestamp) -> Left {
        let window = now.as_secs() / WINDOW_S;
        let counter = self.counters.get_with((who.into(), window), Arc::default);
        let count = counter.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        Left {
            at_most: self.at_most,
            more: self.at_most.checked_sub(count),
            resets_s: WINDOW_S - now.as_secs() % WINDOW_S,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_so_many_in_a_minute() {
        let allowance = Allowance::new(2);
        for (who, secs, more, resets_s) in [
            ("a", 0, Some(1), 60),
            ("a", 59, Some(0), 1),
            ("b", 59, Some(1), 1),
            ("a", 59, None, 1),
            ("a", 60, Some(1), 60),
        ] {
            let left = allowance.count(who, Timestamp::from_secs(secs));
            assert_eq!((left.more, left.resets_s), (more, resets_s), "{who} {secs}");
        }
    }
}
