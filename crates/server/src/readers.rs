//! Who follows the revocation feed from this node, and how far each has been told. It is what the
//! node has sent: what a verifier has made of it, only the verifier can say.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use hallpass_core::Timestamp;

/// One open stream.
#[derive(Debug)]
pub struct Reader {
    /// From where, if known.
    pub address: Option<IpAddr>,
    /// By what: see [`hallpass_core::usage::product`].
    pub library: Box<str>,
    /// Since when.
    pub since: Timestamp,
    sent: AtomicU64,
}

impl Reader {
    /// The number up to which the feed has been sent to it.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

/// The open streams of this node.
#[derive(Debug, Default)]
pub struct Readers(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    open: BTreeMap<u64, Arc<Reader>>,
}

impl Readers {
    /// Notes one for as long as the guard lives, `sent` being where it says that it stands.
    pub fn join(
        self: &Arc<Self>,
        from: (Option<IpAddr>, &str),
        since: Timestamp,
        sent: u64,
    ) -> Reading {
        let (address, library) = (from.0, from.1.into());
        let reader = Arc::new(Reader { address, library, since, sent: AtomicU64::new(sent) });
        let mut inner = self.lock();
        let number = inner.next;
        inner.next += 1;
        inner.open.insert(number, reader.clone());
        Reading { all: self.clone(), number, reader }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lock().open.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// At most so many, those that have been told least first, then those that came first.
    pub fn slowest(&self, at_most: usize) -> Vec<Arc<Reader>> {
        let mut all: Vec<_> = self.lock().open.values().cloned().collect();
        // The order stays among equals, and they are in the order of their coming.
        all.sort_by_key(|reader| reader.sent());
        all.truncate(at_most);
        all
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of an open stream among [`Readers`]. Dropping it gives the place up.
#[derive(Debug)]
pub struct Reading {
    all: Arc<Readers>,
    number: u64,
    reader: Arc<Reader>,
}

impl Reading {
    /// It has been sent everything up to this number.
    pub fn has(&self, sent: u64) {
        self.reader.sent.store(sent, Ordering::Relaxed);
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.all.lock().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_know_least_come_first_and_whoever_leaves_is_gone() {
        let readers = Arc::new(Readers::default());
        let now = Timestamp::from_secs(1_764_000_000);
        let join = |name: &str, sent| readers.join((None, name), now, sent);
        let [first, second, third] = [("a", 7), ("b", 3), ("c", 7)].map(|(n, s)| join(n, s));
        let names = |at_most| -> Vec<String> {
            readers.slowest(at_most).iter().map(|one| one.library.to_string()).collect()
        };
        assert_eq!(names(9), ["b", "a", "c"]);
        assert_eq!(names(1), ["b"]);
        second.has(8);
        assert_eq!(names(9), ["a", "c", "b"]);
        drop(first);
        assert_eq!((names(9), readers.len()), (vec!["c".to_owned(), "b".to_owned()], 2));
        drop((second, third));
        assert!(readers.is_empty());
    }
}
