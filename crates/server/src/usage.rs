//! Counts who was given tokens, in memory; a task writes the sums now and then. Losing a batch
//! loses a count, so nothing here ever makes a token request wait or fail.

use std::{
    hash::BuildHasher,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hallpass_core::{
    Api, ClientId, Timestamp,
    usage::{Ending, SIGHTINGS_AT_MOST, Sighting, Slot, Usage},
};
use hashbrown::{DefaultHashBuilder, HashSet, HashTable, hash_table::Entry};
use smallvec::SmallVec;
use tokio::sync::Notify;

const SHARDS: usize = 16;

/// Counts held between two writes; more are dropped, which the metrics show.
const COUNTS_AT_MOST_PER_SHARD: usize = 65_536;

/// Addresses and libraries noted between two writes; more are not.
const VISITS_AT_MOST_PER_SHARD: usize = 16_384;

/// Credentials whose first use is noticed, in all the time that the node runs.
const KNOWN_AT_MOST_PER_SHARD: usize = 65_536;

/// What one credential did. All of it lies in one place: mostly a credential has one of each, and
/// every further place in memory would cost a token request more than the counting does.
struct Tally {
    hash: u64,
    client_id: ClientId,
    counts: SmallVec<[Count; 1]>,
    visits: SmallVec<[Visits; 1]>,
}

/// How often, of each kind that is counted apart.
struct Count {
    api: Option<Arc<Api>>,
    hour: u64,
    secret: u16,
    ending: Ending,
    last_address: Option<IpAddr>,
    last_at: Timestamp,
    count: u64,
}

/// From where, and by what.
struct Visits {
    address: Option<IpAddr>,
    library: Arc<str>,
    first_at: Timestamp,
    last_at: Timestamp,
    count: u64,
}

/// One request to be counted.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// The credential.
    pub client_id: &'a str,
    /// The secret's place in [`hallpass_core::Credential::secrets`].
    pub secret: u16,
    /// The API, if it came to that.
    pub api: Option<&'a Arc<Api>>,
    /// How it ended.
    pub ending: Ending,
    /// When.
    pub at: Timestamp,
    /// From where.
    pub address: Option<IpAddr>,
    /// By what: see [`hallpass_core::usage::product`].
    pub library: &'a str,
}

impl Use<'_> {
    fn hour(&self) -> u64 {
        self.at.as_secs() / 3600
    }

    /// An API that was changed is another one in memory, but not in the counts.
    fn is_for(&self, api: Option<&Arc<Api>>) -> bool {
        match (self.api, api) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other) || own.id == other.id,
            (own, other) => own.is_none() && other.is_none(),
        }
    }

    fn is_of(&self, count: &Count) -> bool {
        self.secret == count.secret
            && self.is_for(count.api.as_ref())
            && self.ending == count.ending
            && self.hour() == count.hour
    }

    fn is_from(&self, visits: &Visits) -> bool {
        self.address == visits.address && *self.library == *visits.library
    }
}

#[derive(Default)]
struct Shard {
    tallies: HashTable<Tally>,
    counts: usize,
    visits: usize,
    /// Each name once: they are few, and compared at every request.
    libraries: HashSet<Arc<str>>,
    /// Hashes of the credentials that were used since the node began. Two may share one: then the
    /// second one's first use waits for the next write.
    known: HashSet<u64>,
}

/// What was counted since the last time.
#[derive(Debug, Default)]
pub struct Batch {
    /// How often.
    pub usage: Vec<Usage>,
    /// From where, and by what.
    pub sightings: Vec<Sighting>,
}

/// The counters.
#[derive(Default)]
pub struct Counters {
    shards: [Mutex<Shard>; SHARDS],
    hasher: DefaultHashBuilder,
    first_use: Notify,
}

impl std::fmt::Debug for Counters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counters(..)")
    }
}

impl Counters {
    /// Counts one. Returns whether there was room for it.
    pub fn count(&self, used: Use<'_>) -> bool {
        let hash = self.hasher.hash_one(used.client_id);
        let mut shard = lock(&self.shards[(hash >> 32) as usize % SHARDS]);
        let shard = &mut *shard;
        let is_own = |tally: &Tally| used.client_id == tally.client_id.as_str();
        let tally = match shard.tallies.entry(hash, is_own, |tally| tally.hash) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(free) => {
                // Whoever was authenticated has an id that parses.
                let Ok(client_id) = used.client_id.parse() else { return false };
                if shard.counts >= COUNTS_AT_MOST_PER_SHARD {
                    return false;
                }
                let (counts, visits) = Default::default();
                if shard.known.len() < KNOWN_AT_MOST_PER_SHARD && shard.known.insert(hash) {
                    self.first_use.notify_one();
                }
                free.insert(Tally { hash, client_id, counts, visits }).into_mut()
            }
        };
        if let Some(visits) = tally.visits.iter_mut().find(|visits| used.is_from(visits)) {
            visits.count += 1;
            visits.last_at = visits.last_at.max(used.at);
        } else if shard.visits < VISITS_AT_MOST_PER_SHARD && tally.visits.len() < SIGHTINGS_AT_MOST
        {
            shard.visits += 1;
            let library = interned(&mut shard.libraries, used.library);
            let (address, first_at, last_at) = (used.address, used.at, used.at);
            tally.visits.push(Visits { address, library, first_at, last_at, count: 1 });
        }
        if let Some(count) = tally.counts.iter_mut().find(|count| used.is_of(count)) {
            count.count += 1;
            count.last_at = count.last_at.max(used.at);
            count.last_address = used.address.or(count.last_address);
            return true;
        }
        if shard.counts >= COUNTS_AT_MOST_PER_SHARD {
            return false;
        }
        shard.counts += 1;
        tally.counts.push(Count {
            api: used.api.cloned(),
            hour: used.hour(),
            secret: used.secret,
            ending: used.ending,
            last_address: used.address,
            last_at: used.at,
            count: 1,
        });
        true
    }

    /// Waits until a credential is used that this node has not seen used: its maker may be
    /// looking at a page that waits for this.
    pub async fn first_use(&self) {
        self.first_use.notified().await;
    }

    /// Takes all counts out.
    pub fn drain(&self) -> Batch {
        let mut batch = Batch::default();
        for shard in &self.shards {
            let tallies = lock(shard).take();
            for tally in tallies {
                tally.add_to(&mut batch);
            }
        }
        batch
    }
}

impl Shard {
    fn take(&mut self) -> HashTable<Tally> {
        (self.counts, self.visits) = (0, 0);
        self.libraries.clear();
        std::mem::take(&mut self.tallies)
    }
}

impl Tally {
    fn add_to(self, batch: &mut Batch) {
        let id = self.client_id;
        batch.usage.extend(self.counts.into_iter().map(|count| {
            let Count { api, hour, secret, ending, last_address, last_at, count } = count;
            let api_id = api.map(|api| api.id.clone());
            let slot = Slot { client_id: id.clone(), secret, api_id, ending, hour };
            Usage { slot, count, last_at, last_address }
        }));
        batch.sightings.extend(self.visits.into_iter().map(|visits| {
            let Visits { address, library, first_at, last_at, count } = visits;
            let (client_id, library) = (id.clone(), Box::from(&*library));
            Sighting { client_id, address, library, count, first_at, last_at }
        }));
    }
}

fn interned(known: &mut HashSet<Arc<str>>, name: &str) -> Arc<str> {
    if let Some(one) = known.get(name) {
        return one.clone();
    }
    let one = Arc::<str>::from(name);
    known.insert(one.clone());
    one
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_per_slot_and_hour() {
        let counters = Counters::default();
        let id = ClientId::from_entropy([1; 16]);
        let used = |secret, secs| Use {
            client_id: id.as_str(),
            secret,
            api: None,
            ending: Ending::Issued,
            at: Timestamp::from_secs(secs),
            address: Some([127, 0, 0, 1].into()),
            library: "curl/8",
        };
        for (secret, secs) in [(0, 10), (0, 20), (0, 3600), (1, 10)] {
            assert!(counters.count(used(secret, secs)));
        }
        let Batch { usage: mut rows, sightings } = counters.drain();
        rows.sort_by_key(|row| (row.slot.secret, row.slot.hour));
        let counted: Vec<_> = rows
            .iter()
            .map(|row| (row.slot.secret, row.slot.hour, row.count, row.last_at.as_secs()))
            .collect();
        assert_eq!(counted, [(0, 0, 2, 20), (0, 1, 1, 3600), (1, 0, 1, 10)]);
        let seen: Vec<_> = sightings
            .iter()
            .map(|seen| {
                (&*seen.library, seen.count, seen.first_at.as_secs(), seen.last_at.as_secs())
            })
            .collect();
        assert_eq!(seen, [("curl/8", 4, 10, 3600)]);
        let empty = counters.drain();
        assert!(empty.usage.is_empty() && empty.sightings.is_empty());
    }

    #[test]
    fn addresses_without_number_are_counted_but_not_noted() {
        let counters = Counters::default();
        let id = ClientId::from_entropy([1; 16]);
        for address in 0..1000 {
            assert!(counters.count(Use {
                client_id: id.as_str(),
                secret: 0,
                api: None,
                ending: Ending::Issued,
                at: Timestamp::from_secs(10),
                address: Some(std::net::Ipv4Addr::from_bits(address).into()),
                library: "curl/8",
            }));
        }
        let Batch { usage, sightings } = counters.drain();
        assert_eq!((usage[0].count, sightings.len()), (1000, SIGHTINGS_AT_MOST));
    }

    #[tokio::test]
    async fn the_first_use_of_a_credential_is_told_once() {
        let counters = Counters::default();
        let heard = || futures_util::FutureExt::now_or_never(counters.first_use()).is_some();
        for (number, hour, first) in [(1, 0, true), (1, 0, false), (1, 1, false), (2, 1, true)] {
            let id = ClientId::from_entropy([number; 16]);
            counters.count(Use {
                client_id: id.as_str(),
                secret: 0,
                api: None,
                ending: Ending::Issued,
                at: Timestamp::from_secs(hour * 3600),
                address: None,
                library: "",
            });
            assert_eq!(heard(), first, "{number} in hour {hour}");
            counters.drain();
        }
    }
}
