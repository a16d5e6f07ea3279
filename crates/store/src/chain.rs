//! Checking the audit log's chain of hashes, event by event. Events are never removed, so every
//! number from 1 on must be there.

use hallpass_core::audit::{CHAIN_START, Event};

use crate::{Chain, StoreError};

/// How far the chain has been followed.
pub(crate) struct Follower {
    seq: u64,
    hash: String,
    broken: Option<u64>,
}

impl Follower {
    pub(crate) fn new() -> Self {
        Self { seq: 0, hash: CHAIN_START.to_owned(), broken: None }
    }

    /// Whether there is no need to go on.
    pub(crate) fn is_done(&self) -> bool {
        self.broken.is_some()
    }

    /// Takes the next event, as it was read.
    pub(crate) fn follow(&mut self, event: Result<Event, StoreError>) -> Result<(), StoreError> {
        let next = self.seq + 1;
        match event {
            Ok(event) if event.seq == next && event.link(&self.hash) == event.hash => {
                (self.seq, self.hash) = (next, event.hash);
            }
            // A row that does not parse was edited, too.
            Ok(_) | Err(StoreError::Damaged { .. }) => self.broken = Some(next),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The verdict. The counter row knows the end, so a tail that was cut off is missed.
    pub(crate) fn end(self, seq: u64, hash: &str) -> Chain {
        match self.broken {
            Some(seq) => Chain::Broken { seq },
            None if self.seq == seq && self.hash == hash => Chain::Whole { events: seq },
            None => Chain::Broken { seq: (self.seq + 1).min(seq.max(1)) },
        }
    }
}
