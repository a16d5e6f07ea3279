//! The database that all nodes share, in memory: rows, counters and logs, written one mutation at
//! a time by the rules of core and the ledger of the store.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hallpass_core::{
    Change, Conflict, Image, Mutation, Timestamp,
    audit::Actor,
    change::{Death, Effect, Key},
};
use hallpass_store::{
    Feed, Snapshot, StoreError,
    ledger::{self, Counter},
};
use tokio::time::Instant;

/// One mutation that was committed.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// What was asked.
    pub(crate) mutation: Mutation,
    /// What became of it.
    pub(crate) change: Change,
    /// How many deaths there were after it.
    pub(crate) feed_seq: u64,
    /// When, in true time.
    pub(crate) at: Instant,
}

#[derive(Default)]
struct Inner {
    counter: Counter,
    rows: Vec<(Key, Image)>,
    deaths: Vec<Death>,
    /// Everything ever written, in order: the change of number n stands at n - 1.
    written: Vec<Written>,
    /// So many of the first changes can no longer be read.
    pruned: u64,
}

/// The database.
#[derive(Default)]
pub(crate) struct Database(Mutex<Inner>);

impl Database {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a mutation, or with `pretend` only says what would have been written.
    pub(crate) fn commit(
        &self,
        mutation: &Mutation,
        actor: &Actor,
        at: Timestamp,
        pretend: bool,
    ) -> Result<Change, StoreError> {
        let mut inner = self.inner();
        for key in mutation.requires() {
            if inner.row(&key).is_none() {
                return Err(Conflict::NotFound(ledger::kind(&key)).into());
            }
        }
        let current = inner.row(&mutation.key()).cloned();
        let mut counter = inner.counter.clone();
        let change = counter.enter(mutation, current, actor, at)?.change;
        if pretend {
            return Ok(change);
        }
        inner.counter = counter;
        inner.put(&change);
        let feed_seq = inner.counter.feed_seq;
        inner.written.push(Written {
            mutation: mutation.clone(),
            change: change.clone(),
            feed_seq,
            at: Instant::now(),
        });
        Ok(change)
    }

    /// One row.
    pub(crate) fn image(&self, key: &Key) -> Option<Image> {
        self.inner().row(key).cloned()
    }

    /// Every row, in the order of [`hallpass_store::Store::load`].
    pub(crate) fn rows(&self) -> (Vec<Image>, Snapshot) {
        let inner = self.inner();
        let mut rows: Vec<Image> = inner.rows.iter().map(|(_, image)| image.clone()).collect();
        rows.sort_by_key(|image| match image {
            Image::Vault(_) => 0,
            Image::Ring(_) => 1,
            Image::Organization(_) => 2,
            Image::Api(_) => 3,
            Image::Credential(_) | Image::Person(_) | Image::Session(_) => 4,
        });
        let snapshot = Snapshot {
            seq: inner.counter.seq,
            installation: inner.counter.installation.clone(),
            feed: inner.feed(),
        };
        (rows, snapshot)
    }

    /// The live set of the feed.
    pub(crate) fn feed(&self) -> Feed {
        self.inner().feed()
    }

    /// As [`hallpass_store::Store::changes_after`].
    pub(crate) fn changes_after(&self, seq: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        let inner = self.inner();
        let newest = inner.counter.seq;
        if seq < inner.pruned || seq > newest {
            let oldest = inner.pruned + 1;
            return Err(StoreError::ChangesGone { after: seq, oldest, newest });
        }
        let after = inner.written.iter().skip(seq as usize).take(limit);
        Ok(after.map(|written| written.change.clone()).collect())
    }

    /// Forgets all changes but the last `keep`.
    pub(crate) fn prune(&self, keep: u64) {
        let mut inner = self.inner();
        inner.pruned = inner.pruned.max(inner.counter.seq.saturating_sub(keep));
    }

    /// The number of the last change.
    pub(crate) fn last_seq(&self) -> u64 {
        self.inner().counter.seq
    }

    /// How many deaths there were after the change of this number.
    pub(crate) fn feed_seq_at(&self, seq: u64) -> u64 {
        let inner = self.inner();
        seq.checked_sub(1).and_then(|at| inner.written.get(at as usize)).map_or(0, |w| w.feed_seq)
    }

    /// The change of this number.
    pub(crate) fn written(&self, seq: u64) -> Option<Written> {
        self.inner().written.get(seq.checked_sub(1)? as usize).cloned()
    }

    /// The last number that was about this row.
    pub(crate) fn last_about(&self, key: &Key) -> Option<(u64, Instant)> {
        let inner = self.inner();
        let about = inner.written.iter().rev().find(|written| written.mutation.key() == *key);
        about.map(|written| (written.change.seq, written.at))
    }

    /// Looks at everything that was ever written, in order.
    pub(crate) fn each(&self, look: impl FnMut(&Written)) {
        self.inner().written.iter().for_each(look);
    }
}

impl Inner {
    fn row(&self, key: &Key) -> Option<&Image> {
        self.rows.iter().find(|(other, _)| other == key).map(|(_, image)| image)
    }

    fn put(&mut self, change: &Change) {
        match &change.effect {
            Effect::Put(image) => {
                let key = image.key();
                match self.rows.iter_mut().find(|(other, _)| *other == key) {
                    Some((_, row)) => *row = image.clone(),
                    None => self.rows.push((key, image.clone())),
                }
            }
            Effect::Removed(key) => self.rows.retain(|(other, _)| other != key),
            Effect::None => {}
        }
        if let Some(death) = &change.death {
            let key = death.entry.key();
            self.deaths.retain(|old| old.entry.key() != key);
            self.deaths.push(death.clone());
        }
    }

    fn feed(&self) -> Feed {
        Feed { feed_seq: self.counter.feed_seq, deaths: self.deaths.clone() }
    }
}
