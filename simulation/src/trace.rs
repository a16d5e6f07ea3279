//! What happened, in order: for the reader of a failure, and as a hash for the proof that the
//! same seed gives the same run.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// The lines of one run.
#[derive(Debug)]
pub(crate) struct Trace {
    begun: Instant,
    lines: Mutex<Vec<String>>,
}

impl Trace {
    /// An empty trace that begins now.
    pub(crate) fn new(begun: Instant) -> Self {
        Self { begun, lines: Mutex::default() }
    }

    /// Adds a line, with the time.
    pub(crate) fn say(&self, what: impl std::fmt::Display) {
        let line = format!("{:>8.3} {what}", self.begun.elapsed().as_secs_f64());
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// All lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// FNV-1a over all lines.
    pub(crate) fn hash(&self) -> u64 {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = lines.iter().flat_map(|line| line.bytes().chain([b'\n']));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}
