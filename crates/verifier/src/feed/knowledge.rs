//! What the verifier knows to be dead, and how fresh that is. It never claims more freshness than
//! the feed has shown: both the issuer's `as_of` and our own time since it last moved count.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use hallpass_token::{
    Rejection,
    feed::{Entry, ReadSnapshot, Snapshot},
    revocation::{Presented, RevocationSet},
};
use tokio::sync::watch;
use tracing::{error, warn};

use crate::{
    builder::{Revocations, WhenStale},
    clock::Clock,
};

/// From this staleness on, in seconds, the verifier is blind: heartbeats come every 2 s.
pub(crate) const BLIND_S: u64 = 5;

/// An `as_of` further ahead of our clock, in seconds, is a mistake of somebody.
const AHEAD_MOST_S: u64 = 300;

/// A lower sequence number is believed from an issuer that has been there this much longer, in
/// seconds, than our last entry: then it was set back, and is not just a node that is behind.
const SET_BACK_AFTER_S: u64 = 10;

/// Below this many entries the log is not worth tidying.
const COMPACT_FROM: usize = 1024;

/// What the operator of the API has chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    pub(crate) revocations: Revocations,
    pub(crate) when_stale: WhenStale,
    pub(crate) max_staleness_s: u64,
}

/// Whether the issuer has a feed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Offer {
    Unknown,
    None,
    At(String),
}

/// How far the feed is known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Freshness {
    pub(crate) as_of_s: Option<u64>,
    pub(crate) staleness_s: Option<u64>,
    pub(crate) blind: bool,
    pub(crate) stale: bool,
}

/// The live part of the feed, read by every request and written by one task.
pub(crate) struct Knowledge {
    clock: Arc<dyn Clock>,
    choice: Choice,
    set: RwLock<RevocationSet>,
    writer: Mutex<Writer>,
    /// 0 for never.
    as_of_s: AtomicU64,
    as_of_seen_ms: AtomicU64,
    not_understood: AtomicU64,
    offered: AtomicBool,
    offer: watch::Sender<Offer>,
    applied: watch::Sender<Option<u64>>,
    /// Told whenever freshness grows.
    as_of: watch::Sender<()>,
}

/// Whoever holds this may change the set; readers wait only for the moment of a swap.
#[derive(Default)]
struct Writer {
    applied_at_s: u64,
    /// What a restart needs: a snapshot and all that came after, when state is saved at all.
    log: Option<Vec<Entry>>,
    compact_at: usize,
}

/// A snapshot, ready to take over.
pub(crate) struct Prepared {
    set: RevocationSet,
    read: ReadSnapshot,
}

impl Prepared {
    /// Takes time in proportion to the length of the snapshot.
    pub(crate) fn new(read: ReadSnapshot) -> Self {
        let mut set = RevocationSet::default();
        set.replace(&read.snapshot);
        Self { set, read }
    }

    pub(crate) fn seq(&self) -> u64 {
        self.read.snapshot.seq
    }

    pub(crate) fn is_understood(&self) -> bool {
        self.read.not_understood.is_empty()
    }
}

/// A snapshot older than what is known: a node of the issuer that is behind.
#[derive(Debug, thiserror::Error)]
#[error("the snapshot is of {got}, older than the {at} that is applied")]
pub(crate) struct Lagging {
    at: u64,
    got: u64,
}

impl Knowledge {
    pub(crate) fn new(clock: Arc<dyn Clock>, choice: Choice, keeps_log: bool) -> Self {
        let log = keeps_log.then(Vec::new);
        Self {
            clock,
            choice,
            set: RwLock::default(),
            writer: Mutex::new(Writer { log, ..Writer::default() }),
            as_of_s: AtomicU64::new(0),
            as_of_seen_ms: AtomicU64::new(0),
            not_understood: AtomicU64::new(0),
            offered: AtomicBool::new(false),
            offer: watch::Sender::new(Offer::Unknown),
            applied: watch::Sender::new(None),
            as_of: watch::Sender::new(()),
        }
    }

    /// Whether tokens would pass that are not dead.
    pub(crate) fn is_ready(&self) -> bool {
        let offered = self.offered.load(Ordering::Acquire);
        match (self.choice.revocations, self.choice.when_stale) {
            (Revocations::Off, _) => true,
            (Revocations::Required, _) if !offered => false,
            (_, WhenStale::FailOpen) => true,
            (_, WhenStale::FailClosed) => !self.freshness_now().stale,
        }
    }

    /// Waits until it is so.
    pub(crate) async fn ready(&self) {
        let (mut offer, mut as_of) = (self.offer.subscribe(), self.as_of.subscribe());
        while !self.is_ready() {
            // Both senders live in `self`, so neither wait can fail.
            tokio::select! {
                _ = offer.changed() => {}
                _ = as_of.changed() => {}
            }
        }
    }

    /// Whether the feed lets a token pass. What is known to be dead is dead, however stale.
    pub(crate) fn judge(&self, presented: &Presented<'_>, now_s: u64) -> Result<(), Rejection> {
        let offered = self.offered.load(Ordering::Acquire);
        match self.choice.revocations {
            Revocations::Off => return Ok(()),
            Revocations::IfOffered if !offered => return Ok(()),
            Revocations::Required if !offered => {
                return Err(Rejection::Unavailable("the issuer offers no revocation feed"));
            }
            Revocations::Required | Revocations::IfOffered => {}
        }
        let set = self.set.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(death) = set.verdict(presented, now_s) {
            return Err(Rejection::Revoked(death));
        }
        drop(set);
        if self.choice.when_stale == WhenStale::FailClosed && self.freshness(now_s).stale {
            return Err(Rejection::Unavailable("revocations are not known freshly enough"));
        }
        Ok(())
    }

    /// [`freshness`](Self::freshness) at this moment.
    pub(crate) fn freshness_now(&self) -> Freshness {
        self.freshness(self.clock.unix_s())
    }

    /// How fresh the knowledge is at `now_s`. All calm when no feed is offered or wanted.
    fn freshness(&self, now_s: u64) -> Freshness {
        if self.choice.revocations == Revocations::Off || !self.offered.load(Ordering::Acquire) {
            return Freshness::default();
        }
        let as_of_s = self.as_of_s.load(Ordering::Acquire);
        if as_of_s == 0 {
            return Freshness { blind: true, stale: true, ..Freshness::default() };
        }
        let seen_ms = self.as_of_seen_ms.load(Ordering::Acquire);
        let unmoved_ms = self.monotonic_ms().saturating_sub(seen_ms);
        let staleness_s = now_s.saturating_sub(as_of_s).max(unmoved_ms / 1000);
        Freshness {
            as_of_s: Some(as_of_s),
            staleness_s: Some(staleness_s),
            blind: staleness_s >= BLIND_S || self.not_understood() > 0,
            stale: staleness_s > self.choice.max_staleness_s,
        }
    }

    /// Learns one entry, the next in the sequence.
    pub(crate) fn apply(&self, seq: u64, entry: Entry) {
        let mut writer = self.writer();
        self.set.write().unwrap_or_else(PoisonError::into_inner).apply(&entry);
        writer.note(entry, self.clock.unix_s());
        self.applied.send_replace(Some(seq));
    }

    /// Moves over an entry that nobody here understands. From now on nothing is fresh, until a
    /// whole snapshot has been understood.
    pub(crate) fn step_over(&self, seq: u64) {
        self.not_understood.fetch_add(1, Ordering::AcqRel);
        self.writer().applied_at_s = self.clock.unix_s();
        self.applied.send_replace(Some(seq));
    }

    /// Learns that everything up to `as_of_s` is known. Returns whether that was news.
    pub(crate) fn fresh(&self, as_of_s: u64) -> bool {
        self.not_understood() == 0 && self.move_as_of(as_of_s)
    }

    /// Replaces everything.
    ///
    /// # Errors
    /// [`Lagging`] when that would forget deaths.
    pub(crate) fn adopt(&self, prepared: Prepared) -> Result<(), Lagging> {
        let Prepared { set, read: ReadSnapshot { snapshot, not_understood } } = prepared;
        let Snapshot { seq, as_of, entries } = snapshot;
        let mut writer = self.writer();
        if let Some(at) = *self.applied.borrow()
            && seq < at
        {
            let known_until_s = writer.applied_at_s.max(self.as_of_s.load(Ordering::Acquire));
            let is_later = as_of > known_until_s.saturating_add(SET_BACK_AFTER_S);
            // A node with a wrong clock must not make us forget deaths.
            if !is_later || self.is_ahead(as_of) {
                return Err(Lagging { at, got: seq });
            }
            warn!(feed.seq = seq, feed.seq_before = at, "The issuer's feed was set back");
        }
        for bad in not_understood.iter().take(3) {
            error!(feed.seq = seq, "The feed has an entry that this version cannot read: {bad}");
        }
        let old = {
            let mut current = self.set.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, set)
        };
        drop(old);
        writer.replace(entries, self.clock.unix_s());
        self.not_understood.store(not_understood.len() as u64, Ordering::Release);
        // What is understood of the first snapshot starts the count; later ones do not renew it.
        if not_understood.is_empty() || self.as_of_s.load(Ordering::Acquire) == 0 {
            self.move_as_of(as_of);
        }
        self.applied.send_replace(Some(seq));
        Ok(())
    }

    /// Drops what no longer kills anything. Readers are held up only for the swap.
    pub(crate) fn prune(&self) {
        // Without the writer's lock an entry that comes meanwhile would be lost.
        let _writer = self.writer();
        let mut pruned = self.set.read().unwrap_or_else(PoisonError::into_inner).clone();
        pruned.prune(self.clock.unix_s());
        let mut current = self.set.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *current, pruned);
        drop(current);
        drop(old);
    }

    /// What a restart needs, if it is kept: applying the entries in order gives the set.
    pub(crate) fn to_save(&self) -> Option<Snapshot> {
        let writer = self.writer();
        let entries = writer.log.clone()?;
        let as_of = self.as_of_s.load(Ordering::Acquire);
        // Nothing that claims to be whole is saved while something is not understood.
        let seq = (*self.applied.borrow()).filter(|_| as_of != 0 && self.not_understood() == 0)?;
        Some(Snapshot { seq, as_of, entries })
    }

    /// Learns whether the issuer has a feed. One that it had once is not given up for a document
    /// without it, since that would quietly bring the dead back.
    pub(crate) fn offered(&self, uri: Option<&str>) {
        self.offer.send_if_modified(|offer| {
            let new = match (uri, &*offer) {
                (Some(uri), _) => Offer::At(uri.to_owned()),
                (None, Offer::At(_)) => {
                    warn!("The issuer's metadata no longer names its revocation feed: kept");
                    return false;
                }
                (None, _) => Offer::None,
            };
            if new == *offer {
                return false;
            }
            if new == Offer::None && self.choice.revocations != Revocations::Off {
                warn!("The issuer offers no revocation feed: tokens live until they expire");
            }
            self.offered.store(new != Offer::None, Ordering::Release);
            *offer = new;
            true
        });
    }

    pub(crate) fn offer(&self) -> watch::Receiver<Offer> {
        self.offer.subscribe()
    }

    pub(crate) fn applied(&self) -> watch::Receiver<Option<u64>> {
        self.applied.subscribe()
    }

    pub(crate) fn not_understood(&self) -> u64 {
        self.not_understood.load(Ordering::Acquire)
    }

    pub(crate) fn len(&self) -> usize {
        self.set.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(crate) fn choice(&self) -> Choice {
        self.choice
    }

    fn move_as_of(&self, as_of_s: u64) -> bool {
        if self.is_ahead(as_of_s) {
            warn!(feed.as_of = as_of_s, "The feed is from the future: not believed");
            return false;
        }
        if as_of_s <= self.as_of_s.load(Ordering::Acquire) {
            return false;
        }
        self.as_of_seen_ms.store(self.monotonic_ms(), Ordering::Release);
        self.as_of_s.store(as_of_s, Ordering::Release);
        self.as_of.send_replace(());
        true
    }

    fn is_ahead(&self, as_of_s: u64) -> bool {
        as_of_s > self.clock.unix_s().saturating_add(AHEAD_MOST_S)
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    fn note(&mut self, entry: Entry, now_s: u64) {
        self.applied_at_s = now_s;
        let Some(log) = &mut self.log else { return };
        log.push(entry);
        if log.len() > self.compact_at {
            compact(log, now_s);
            self.compact_at = (log.len() * 2).max(COMPACT_FROM);
        }
    }

    fn replace(&mut self, entries: Vec<Entry>, now_s: u64) {
        self.applied_at_s = now_s;
        if let Some(log) = &mut self.log {
            *log = entries;
            self.compact_at = (log.len() * 2).max(COMPACT_FROM);
        }
    }
}

/// Keeps the last entry of each identity, as long as it kills anything.
fn compact(log: &mut Vec<Entry>, now_s: u64) {
    let mut seen = HashSet::new();
    let mut kept: Vec<_> = log.drain(..).rev().filter(|entry| seen.insert(entry.key())).collect();
    kept.reverse();
    kept.retain(|entry| now_s < entry.until_s);
    *log = kept;
}

#[cfg(test)]
mod tests;
