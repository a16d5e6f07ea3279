//! Doing it again: how often, and after which pause. Only what is known not to have happened may
//! be done again.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::Ordering,
    time::Duration,
};

use super::failure::{Failure, Result};
use crate::{StoreError, counters::Counters};

/// How often a transaction is tried that others get in the way of.
const TRIES: u32 = 8;

const SHORTEST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_secs(1);

/// The pause before the `turn`th new try: twice as long each time, and somewhere between half of
/// that and the whole, so that those who met once do not meet again.
pub(super) fn pause(turn: u32) -> Duration {
    let whole = SHORTEST.saturating_mul(1 << turn.min(16)).min(LONGEST);
    // Not a secret, so the hasher's own keys are random enough.
    let random = RandomState::new().hash_one(turn) % 1024;
    whole / 2 + whole.mul_f64(random as f64 / 2048.0)
}

/// Does a transaction again while the database undoes it for the sake of others.
pub(super) async fn again<T, F>(
    counters: &Counters,
    once: impl Fn() -> F,
) -> std::result::Result<T, StoreError>
where
    F: Future<Output = Result<T>>,
{
    let mut turn = 0;
    loop {
        match once().await {
            Err(Failure::Undone(_)) if turn < TRIES => {
                counters.retries.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(pause(turn)).await;
            }
            done => return Ok(done?),
        }
        turn += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_second() {
        for (turn, longest_ms) in [(0, 5), (1, 10), (4, 80), (8, 1000), (60, 1000)] {
            let pause = pause(turn).as_millis();
            assert!((longest_ms / 2..=longest_ms).contains(&pause), "{turn}: {pause}");
        }
    }
}
