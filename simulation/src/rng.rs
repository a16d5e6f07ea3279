//! Numbers that only look random: the seed decides them all.

use std::{cell::RefCell, time::Duration};

/// SplitMix64. Every part of the world has one of its own, so that what one part draws does not
/// depend on how often another has drawn.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The numbers of this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Another one, for a part of the world.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// One of the places of a list that is not empty.
    pub(crate) fn place(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// True once in `times` times.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A time between two, in milliseconds.
    pub(crate) fn ms(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from + 1))
    }

    /// Entropy for ids and secrets.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.fill_with(|| self.next() as u8);
        bytes
    }
}

thread_local! {
    static JITTER: RefCell<Rng> = const { RefCell::new(Rng(0)) };
}

/// Begins the jitter of the verifiers on this thread anew.
pub(crate) fn seed_jitter(seed: u64) {
    JITTER.set(Rng::new(seed));
}

/// For [`hallpass_verifier::Timing::jitter`].
pub(crate) fn jitter() -> f64 {
    JITTER.with_borrow_mut(|rng| rng.below(1001) as f64 / 1000.0)
}
