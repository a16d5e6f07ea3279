//! Counting what a store does, for its tests and metrics. Nothing may depend on the numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Counts;

/// What all connections of a store have done.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) statements: AtomicU64,
    pub(crate) polls: AtomicU64,
    pub(crate) transactions: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) uncertain: AtomicU64,
    pub(crate) connects: AtomicU64,
    pub(crate) waits: AtomicU64,
}

impl Counters {
    pub(crate) fn now(&self) -> Counts {
        Counts {
            statements: self.statements.load(Ordering::Relaxed),
            polls: self.polls.load(Ordering::Relaxed),
            transactions: self.transactions.load(Ordering::Relaxed),
            commits: self.commits.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            uncertain: self.uncertain.load(Ordering::Relaxed),
            connects: self.connects.load(Ordering::Relaxed),
            waits: self.waits.load(Ordering::Relaxed),
        }
    }
}
