//! What went wrong, when, and whether a fault of that moment excuses it. A fault excuses only what
//! its callers could expect of it, from its beginning until everything has recovered.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use anyhow::{Result, ensure};

/// How many of the mishaps that nothing excuses are kept in words.
const EXAMPLES: usize = 20;

/// What is done to the processes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Fault {
    /// One node of several is killed, and started again.
    NodeKilled,
    /// So are all of them.
    NodesKilled,
    /// One node is stopped for a moment, and goes on.
    NodeHeld,
    /// The database is killed, and it or another takes its place.
    DatabaseKilled,
    /// One node is cut off from the database for a moment.
    LineCut,
    /// The nodes are restarted one by one.
    Rolling,
    /// Signing keys change, or the master key.
    Rotation,
    /// A signing key is killed, with all that it signed.
    KeyKilled,
}

/// What a caller met.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Mishap {
    /// Somebody who asked for a token got an answer without one.
    TokenRefused,
    /// The same, and no answer, although every node was asked.
    TokenUnanswered,
    /// A change got 503: nothing was changed.
    ChangeUnavailable,
    /// A change got 409, `outcome-unknown`.
    ChangeUncertain,
    /// It was asked for again under its key, and the first time is still under way, or was cut off.
    ChangeUnderWay,
    /// The connection broke while a change was under way.
    ChangeBroken,
    /// No node took the change.
    ChangeUnanswered,
    /// A change got another answer than it should have.
    ChangeRefused,
    /// A verifier refused a token that is alive.
    LiveTokenRefused,
    /// A verifier took a token for alive long after its death was acknowledged.
    DeadTokenTaken,
}

impl Fault {
    /// Whether a caller may expect this meanwhile.
    pub(crate) fn excuses(self, mishap: Mishap) -> bool {
        use Mishap::{
            ChangeBroken, ChangeUnanswered, ChangeUnavailable, ChangeUncertain, ChangeUnderWay,
            DeadTokenTaken, LiveTokenRefused, TokenUnanswered,
        };
        let excused: &[Mishap] = match self {
            // Another node answers whoever may ask twice, and changes may not be.
            Self::NodeKilled => &[ChangeBroken, ChangeUnderWay],
            Self::NodesKilled => {
                &[ChangeBroken, ChangeUnderWay, ChangeUnanswered, TokenUnanswered, DeadTokenTaken]
            }
            Self::NodeHeld => &[DeadTokenTaken],
            // Tokens need no database.
            Self::DatabaseKilled | Self::LineCut => {
                &[ChangeUnavailable, ChangeUncertain, ChangeUnderWay, DeadTokenTaken]
            }
            Self::Rolling | Self::Rotation => &[],
            // The next key signs at once, and nobody could fetch it before.
            Self::KeyKilled => &[LiveTokenRefused],
        };
        excused.contains(&mishap)
    }
}

/// A fault that was begun. Whoever has it ends it.
#[derive(Debug)]
#[must_use]
pub(crate) struct Open(usize);

#[derive(Debug)]
struct Window {
    fault: Fault,
    to: Option<Instant>,
}

#[derive(Debug, Default)]
struct Inner {
    windows: Vec<Window>,
    counts: BTreeMap<(Mishap, Option<Fault>), u64>,
    examples: Vec<String>,
}

/// All that was done and met.
#[derive(Debug)]
pub(crate) struct Record {
    begun: Instant,
    inner: Mutex<Inner>,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), inner: Mutex::default() }
    }

    /// A fault begins now.
    pub(crate) fn begin(&self, fault: Fault) -> Open {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.windows.push(Window { fault, to: None });
        Open(inner.windows.len() - 1)
    }

    /// Everything has recovered from it.
    #[expect(clippy::needless_pass_by_value, reason = "nothing ends twice")]
    pub(crate) fn end(&self, open: Open) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.windows[open.0].to = Some(Instant::now());
    }

    /// Somebody who has been waiting since `from` met this now.
    pub(crate) fn note(&self, mishap: Mishap, from: Instant, words: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let overlaps = |window: &&Window| window.to.is_none_or(|to| to >= from);
        let mut meanwhile = inner.windows.iter().filter(overlaps).map(|window| window.fault);
        let excuse = meanwhile.find(|fault| fault.excuses(mishap));
        *inner.counts.entry((mishap, excuse)).or_default() += 1;
        if excuse.is_none() && inner.examples.len() < EXAMPLES {
            let at = self.begun.elapsed().as_secs_f64();
            inner.examples.push(format!("at {at:.2} s: {mishap:?}: {words}"));
        }
    }

    /// Whether everything so far was excused.
    pub(crate) fn is_clean(&self) -> bool {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).examples.is_empty()
    }

    /// The same, for whoever has no use for going on.
    ///
    /// # Errors
    /// What nothing excuses.
    pub(crate) fn must_be_clean(&self) -> Result<()> {
        ensure!(self.is_clean(), "{}", self.sum().1.join("\n  "));
        Ok(())
    }

    /// The counts by kind, and whether something happened that nothing excuses.
    pub(crate) fn sum(&self) -> (String, Vec<String>) {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut faults = BTreeMap::<Fault, u64>::new();
        for window in &inner.windows {
            *faults.entry(window.fault).or_default() += 1;
        }
        let mut text = String::new();
        // Writing into a string does not fail.
        for (fault, count) in faults {
            let _ = write!(text, "{count} × {fault:?}, ");
        }
        text.truncate(text.trim_end_matches(", ").len());
        for ((mishap, excuse), count) in &inner.counts {
            let why = excuse.map_or("NOTHING EXCUSES IT".to_owned(), |why| format!("{why:?}"));
            let _ = write!(text, "\n  {count} × {mishap:?} ({why})");
        }
        (text, inner.examples.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_excuses_what_overlaps_it_and_nothing_else() {
        let record = Record::new();
        let before = Instant::now();
        let open = record.begin(Fault::NodeKilled);
        record.note(Mishap::ChangeBroken, before, "sent before, broken while it lasted");
        record.note(Mishap::TokenUnanswered, before, "another node should have answered");
        record.end(open);
        record.note(Mishap::ChangeBroken, before, "still waiting since then");
        record.note(Mishap::ChangeBroken, Instant::now(), "long over");
        assert!(!record.is_clean());
        let (text, examples) = record.sum();
        assert!(text.contains("2 × ChangeBroken (NodeKilled)"), "{text}");
        let words: Vec<_> = examples.iter().filter_map(|line| line.rsplit(": ").next()).collect();
        assert_eq!(words, ["another node should have answered", "long over"]);
    }
}
