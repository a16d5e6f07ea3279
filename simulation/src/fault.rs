//! Faults that are put into the world on purpose, to see whether the oracle finds them. None of
//! them is anything that a network or a disk may do to a correct Hallpass.

/// What is broken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// A node that reads the change log is handed one change less.
    DroppedChange,
    /// An entry of the stream arrives under its number, but names something else.
    SkippedEntry,
    /// A node that is cut off from the store is told that nothing has changed.
    ClaimedFreshness,
    /// A commit is acknowledged, and then not made.
    AcknowledgedBeforeCommit,
    /// The store answers reads with what it held a while ago.
    StaleReads,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::DroppedChange,
        Self::SkippedEntry,
        Self::ClaimedFreshness,
        Self::AcknowledgedBeforeCommit,
        Self::StaleReads,
    ];
}
