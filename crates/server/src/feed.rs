//! The revocation feed of this node: what is dead, what died last, and who listens. It speaks
//! only of what the change log has brought; handlers in `feed_http` give it its HTTP shape.

mod events;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use bytes::Bytes;
use hallpass_core::{Timestamp, change::Death};
use hallpass_store::Feed as Stored;
use hallpass_token::{
    feed::{Entry, Event, Snapshot},
    revocation::{Presented, RevocationSet},
};
use tokio::sync::broadcast;

pub use self::events::Events;
use crate::{entropy, readers::Readers};

/// Events kept for readers that were away; a reader that missed more gets a `reset`.
const RECENT_AT_MOST: usize = 65_536;

/// Events that a slow reader may lag behind on its open stream, until it gets a `reset`.
const LAG_AT_MOST: usize = 4096;

/// One event of the stream, written once for all readers.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The event's own number; `None` for a heartbeat.
    pub seq: Option<u64>,
    /// As server-sent event.
    pub bytes: Bytes,
    /// Whether the stream ends with it: after a reset, numbers begin anew.
    pub last: bool,
}

/// A gap in what the change log brought: a defect, or a log that was tampered with.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the feed is at {at} and was handed {got}: a death is missing in the change log")]
pub struct Gap {
    /// The last number applied.
    pub at: u64,
    /// The number handed in.
    pub got: u64,
}

#[derive(Default)]
struct Inner {
    seq: u64,
    /// The live set in the order of its numbers, and the number of each identity.
    live: BTreeMap<u64, Entry>,
    numbers: HashMap<String, u64>,
    recent: VecDeque<(u64, Bytes)>,
    set: RevocationSet,
    pruned: u64,
}

/// The feed.
pub struct Feed {
    inner: RwLock<Inner>,
    frames: broadcast::Sender<Frame>,
    readers: Arc<Readers>,
    written: Mutex<Written>,
    /// Part of the snapshot's version: another node, or this one after a backup was restored, may
    /// have reached the same number by other deaths.
    epoch: u32,
}

/// The snapshot as it was last written, for everybody who asks within the same second.
#[derive(Default)]
struct Written {
    version: (u64, u64),
    as_of_s: u64,
    json: Bytes,
}

impl Default for Feed {
    fn default() -> Self {
        let (frames, _) = broadcast::channel(LAG_AT_MOST);
        Self {
            inner: RwLock::default(),
            frames,
            readers: Arc::default(),
            written: Mutex::default(),
            epoch: u32::from_le_bytes(entropy::bytes()),
        }
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("seq", &self.seq()).finish_non_exhaustive()
    }
}

impl Feed {
    /// Starts over from what the store holds. Open streams are told to start over too.
    pub fn replace(&self, stored: &Stored) {
        let mut inner = Inner { seq: stored.feed_seq, ..Inner::default() };
        for death in &stored.deaths {
            inner.remember(death);
        }
        *self.write() = inner;
        // Also those who joined an empty feed: for them numbers would be missing.
        self.send(None, &Event::Reset { seq: stored.feed_seq });
    }

    /// Takes over the next death and tells every reader. One that is known already is ignored.
    pub fn apply(&self, death: &Death) -> Result<(), Gap> {
        let mut inner = self.write();
        if death.feed_seq <= inner.seq {
            return Ok(());
        }
        if death.feed_seq != inner.seq + 1 {
            return Err(Gap { at: inner.seq, got: death.feed_seq });
        }
        inner.seq = death.feed_seq;
        inner.remember(death);
        let event = Event::Revocation { seq: death.feed_seq, entry: death.entry.clone() };
        let bytes = Bytes::from(event.to_sse());
        if inner.recent.len() == RECENT_AT_MOST {
            inner.recent.pop_front();
        }
        inner.recent.push_back((death.feed_seq, bytes.clone()));
        // Sent under the lock, so that readers get events in the order of their numbers.
        let _ = self.frames.send(Frame { seq: Some(death.feed_seq), bytes, last: false });
        Ok(())
    }

    /// Lets go of entries whose last token has expired.
    pub fn prune(&self, now: Timestamp) {
        let mut inner = self.write();
        let now_s = now.as_secs();
        let before = inner.live.len();
        inner.live.retain(|_, entry| entry.until_s > now_s);
        inner.pruned += (before - inner.live.len()) as u64;
        let Inner { live, numbers, .. } = &mut *inner;
        numbers.retain(|_, seq| live.contains_key(seq));
        inner.set.prune(now_s);
    }

    /// Tells every reader up to when this node knows everything.
    pub fn beat(&self, as_of: Timestamp) {
        self.send(None, &self.heartbeat(as_of));
    }

    /// A heartbeat as of now, for a reader that has just come.
    pub fn heartbeat(&self, as_of: Timestamp) -> Event {
        Event::Heartbeat { seq: self.seq(), as_of: as_of.as_secs() }
    }

    /// The number of the last death.
    pub fn seq(&self) -> u64 {
        self.read().seq
    }

    /// Entries in the live set.
    pub fn len(&self) -> usize {
        self.read().live.len()
    }

    /// Whether nothing is dead.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything that is dead, as JSON, and a text that changes with it. Written once a second at most
    /// while nothing dies, however many ask.
    pub fn snapshot(&self, as_of: Timestamp) -> (String, Bytes) {
        let as_of_s = as_of.as_secs();
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = self.read();
        let version = (inner.seq, inner.pruned);
        if written.json.is_empty() || (written.version, written.as_of_s) != (version, as_of_s) {
            let entries = inner.live.values().cloned().collect();
            let snapshot = Snapshot { seq: inner.seq, as_of: as_of_s, entries };
            // Numbers and hashes always serialize.
            let json = serde_json::to_vec(&snapshot).unwrap_or_default().into();
            *written = Written { version, as_of_s, json };
        }
        let (seq, pruned) = version;
        (format!("{:08x}-{seq}-{pruned}", self.epoch), written.json.clone())
    }

    /// The number under which the feed says that something is dead, and what it says. `key` is the
    /// entry's [`Entry::key`].
    pub fn find(&self, key: &str) -> Option<(u64, Entry)> {
        let inner = self.read();
        let seq = inner.numbers.get(key)?;
        Some((*seq, inner.live.get(seq)?.clone()))
    }

    /// Whether a token is dead.
    pub fn is_dead(&self, token: &Presented<'_>, now: Timestamp) -> bool {
        self.read().set.verdict(token, now.as_secs()).is_some()
    }

    /// Joins the stream after `seq`: what was missed, and what is to come. `None` if too much was
    /// missed, or `seq` is from the future of another database.
    pub fn follow(&self, seq: u64) -> (Option<Vec<Frame>>, broadcast::Receiver<Frame>) {
        let inner = self.read();
        let receiver = self.frames.subscribe();
        if seq == inner.seq {
            return (Some(Vec::new()), receiver);
        }
        let reachable = |seq| inner.recent.front().is_some_and(|(first, _)| *first <= seq + 1);
        if seq > inner.seq || !reachable(seq) {
            return (None, receiver);
        }
        let missed = inner.recent.iter().filter(|(number, _)| *number > seq);
        let missed = missed.map(|(number, bytes)| Frame {
            seq: Some(*number),
            bytes: bytes.clone(),
            last: false,
        });
        (Some(missed.collect()), receiver)
    }

    /// Open streams.
    pub fn readers(&self) -> &Arc<Readers> {
        &self.readers
    }

    /// Events that the slowest open stream has not taken yet.
    pub fn lag(&self) -> usize {
        self.frames.len()
    }

    fn send(&self, seq: Option<u64>, event: &Event) {
        // An error only means that nobody listens.
        let _ = self.frames.send(Frame {
            seq,
            bytes: Bytes::from(event.to_sse()),
            last: matches!(event, Event::Reset { .. }),
        });
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn remember(&mut self, death: &Death) {
        if let Some(old) = self.numbers.insert(death.entry.key(), death.feed_seq) {
            self.live.remove(&old);
        }
        self.live.insert(death.feed_seq, death.entry.clone());
        self.set.apply(&death.entry);
    }
}

#[cfg(test)]
mod tests {
    use hallpass_token::{feed::Subject, revocation::Handle};

    use super::*;

    fn death(feed_seq: u64, name: &str, until_s: u64) -> Death {
        let handle = Handle::of(name);
        let subject = Subject::Credential { handle, generations: None };
        Death { feed_seq, entry: Entry { subject, until_s } }
    }

    #[test]
    fn a_later_entry_replaces_the_earlier_one_of_the_same_identity() {
        let feed = Feed::default();
        for death in [death(1, "a", 10), death(2, "b", 10), death(3, "a", 20)] {
            feed.apply(&death).unwrap();
        }
        let read = |at| {
            let (version, json) = feed.snapshot(Timestamp::from_secs(at));
            (version, Snapshot::from_json(&json).unwrap().snapshot)
        };
        assert_eq!(feed.find(&death(0, "a", 0).entry.key()).unwrap().0, 3);
        assert_eq!(feed.find(&death(0, "c", 0).entry.key()), None);
        let (_, snapshot) = read(5);
        assert_eq!((snapshot.seq, snapshot.as_of, snapshot.entries.len()), (3, 5, 2));
        assert_eq!(snapshot.entries[1].until_s, 20);
        assert_eq!(read(6).1.as_of, 6);
        feed.prune(Timestamp::from_secs(10));
        let (version, snapshot) = read(6);
        assert!(version.ends_with("-3-1"), "{version}");
        assert_eq!(snapshot.entries.len(), 1);
    }

    #[test]
    fn numbers_have_no_gaps_and_known_ones_are_ignored() {
        let feed = Feed::default();
        feed.apply(&death(1, "a", 10)).unwrap();
        feed.apply(&death(1, "a", 10)).unwrap();
        assert_eq!(feed.apply(&death(3, "c", 10)), Err(Gap { at: 1, got: 3 }));
        assert_eq!(feed.seq(), 1);
    }

    #[test]
    fn the_lag_is_that_of_the_slowest_reader() {
        let feed = Feed::default();
        let (mut quick, slow) = (feed.follow(0).1, feed.follow(0).1);
        for number in 1..=3 {
            feed.apply(&death(number, "a", 10)).unwrap();
            quick.try_recv().unwrap();
        }
        assert_eq!(feed.lag(), 3);
        drop(slow);
        assert_eq!(feed.lag(), 0);
    }

    #[test]
    fn whoever_listens_is_told_to_start_over_when_everything_is_read_anew() {
        for before in [vec![], vec![death(1, "a", 10)]] {
            let feed = Feed::default();
            before.iter().for_each(|death| feed.apply(death).unwrap());
            let (_, mut frames) = feed.follow(feed.seq());
            feed.replace(&Stored { feed_seq: 2, deaths: vec![death(2, "b", 10)] });
            assert!(frames.try_recv().unwrap().last, "{before:?}");
        }
    }

    #[test]
    fn a_reader_gets_what_it_missed_or_is_told_to_start_over() {
        let feed = Feed::default();
        feed.replace(&Stored { feed_seq: 5, deaths: vec![death(5, "e", 10)] });
        feed.apply(&death(6, "f", 10)).unwrap();
        feed.apply(&death(7, "g", 10)).unwrap();
        for (after, missed) in [
            (7, Some(0)),
            (6, Some(1)),
            (5, Some(2)),
            (4, None),
            (0, None),
            (8, None),
            (u64::MAX, None),
        ] {
            assert_eq!(feed.follow(after).0.map(|frames| frames.len()), missed, "{after}");
        }
    }
}
