//! Counts who was given tokens, in memory; a task writes the sums now and then. Losing a batch
//! loses a count, so nothing here ever makes a token request wait or fail.

use std::{
    hash::BuildHasher,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hallpass_core::{
    Api, ClientId, Timestamp,
    usage::{Ending, Sighting, Slot, Usage},
};
use hashbrown::{DefaultHashBuilder, HashSet, HashTable};
use tokio::sync::Notify;

const SHARDS: usize = 16;

/// Slots counted between two writes; more are dropped, which the metrics show.
const SLOTS_AT_MOST_PER_SHARD: usize = 65_536;

/// Addresses and libraries noted between two writes; more are not.
const SIGHTINGS_AT_MOST_PER_SHARD: usize = 16_384;

/// Credentials whose first use is noticed, in all the time that the node runs.
const KNOWN_AT_MOST_PER_SHARD: usize = 65_536;

struct Count {
    count: u64,
    last_at: Timestamp,
    last_address: Option<IpAddr>,
}

/// What is counted apart.
struct Kind {
    client_id: ClientId,
    secret: u16,
    api: Option<Arc<Api>>,
    ending: Ending,
    hour: u64,
}

/// What is noted apart, beside the counts: where from, and by what.
struct Place {
    client_id: ClientId,
    address: Option<IpAddr>,
    library: Box<str>,
}

struct Visits {
    count: u64,
    first_at: Timestamp,
    last_at: Timestamp,
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

    fn is(&self, kind: &Kind) -> bool {
        self.client_id == kind.client_id.as_str()
            && self.secret == kind.secret
            && self.is_for(kind.api.as_ref())
            && self.ending == kind.ending
            && self.hour() == kind.hour
    }

    fn is_at(&self, place: &Place) -> bool {
        self.client_id == place.client_id.as_str()
            && self.address == place.address
            && *self.library == *place.library
    }
}

#[derive(Default)]
struct Shard {
    slots: HashTable<(u64, Kind, Count)>,
    places: HashTable<(u64, Place, Visits)>,
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
        // All slots of a credential share a hash: there are few, and the comparison is exact.
        let hash = self.hasher.hash_one(used.client_id);
        let at = (hash >> 32) as usize % SHARDS;
        let place_hash = self.hasher.hash_one((used.client_id, used.address, used.library));
        let mut shard = lock(&self.shards[at]);
        shard.note(place_hash, used);
        if let Some((_, _, count)) = shard.slots.find_mut(hash, |(_, kind, _)| used.is(kind)) {
            count.count += 1;
            count.last_at = count.last_at.max(used.at);
            count.last_address = used.address.or(count.last_address);
            return true;
        }
        if shard.slots.len() >= SLOTS_AT_MOST_PER_SHARD {
            return false;
        }
        // Whoever was authenticated has an id that parses.
        let Ok(client_id) = used.client_id.parse() else { return false };
        if shard.known.len() < KNOWN_AT_MOST_PER_SHARD && shard.known.insert(hash) {
            self.first_use.notify_one();
        }
        let kind = Kind {
            client_id,
            secret: used.secret,
            api: used.api.cloned(),
            ending: used.ending,
            hour: used.hour(),
        };
        let count = Count { count: 1, last_at: used.at, last_address: used.address };
        shard.slots.insert_unique(hash, (hash, kind, count), |(hash, ..)| *hash);
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
            let mut shard = lock(shard);
            let slots = std::mem::take(&mut shard.slots);
            let places = std::mem::take(&mut shard.places);
            drop(shard);
            batch.usage.extend(slots.into_iter().map(|(_, kind, count)| {
                let Kind { client_id, secret, api, ending, hour } = kind;
                let api_id = api.map(|api| api.id.clone());
                Usage {
                    slot: Slot { client_id, secret, api_id, ending, hour },
                    count: count.count,
                    last_at: count.last_at,
                    last_address: count.last_address,
                }
            }));
            batch.sightings.extend(places.into_iter().map(|(_, place, visits)| {
                let Visits { count, first_at, last_at } = visits;
                let Place { client_id, address, library } = place;
                Sighting { client_id, address, library, count, first_at, last_at }
            }));
        }
        batch
    }
}

impl Shard {
    fn note(&mut self, hash: u64, used: Use<'_>) {
        if let Some((.., visits)) = self.places.find_mut(hash, |(_, place, _)| used.is_at(place)) {
            visits.count += 1;
            visits.last_at = visits.last_at.max(used.at);
            return;
        }
        if self.places.len() >= SIGHTINGS_AT_MOST_PER_SHARD {
            return;
        }
        let Ok(client_id) = used.client_id.parse() else { return };
        let place = Place { client_id, address: used.address, library: used.library.into() };
        let visits = Visits { count: 1, first_at: used.at, last_at: used.at };
        self.places.insert_unique(hash, (hash, place, visits), |(hash, ..)| *hash);
    }
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
