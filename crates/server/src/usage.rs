//! Counts who was given tokens, in memory; a task writes the sums now and then. Losing a batch
//! loses a count, so nothing here ever makes a token request wait or fail.

use std::{
    hash::BuildHasher,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use hallpass_core::{
    Api, ClientId, Timestamp,
    usage::{Ending, Slot, Usage},
};
use hashbrown::{DefaultHashBuilder, HashTable};

const SHARDS: usize = 16;

/// Slots counted between two writes; more are dropped, which the metrics show.
const SLOTS_AT_MOST_PER_SHARD: usize = 65_536;

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
}

type Shard = HashTable<(u64, Kind, Count)>;

/// The counters.
#[derive(Default)]
pub struct Counters {
    shards: [Mutex<Shard>; SHARDS],
    hasher: DefaultHashBuilder,
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
        let mut shard = self.shards[at].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, count)) = shard.find_mut(hash, |(_, kind, _)| used.is(kind)) {
            count.count += 1;
            count.last_at = count.last_at.max(used.at);
            count.last_address = used.address.or(count.last_address);
            return true;
        }
        if shard.len() >= SLOTS_AT_MOST_PER_SHARD {
            return false;
        }
        // Whoever was authenticated has an id that parses.
        let Ok(client_id) = used.client_id.parse() else { return false };
        let kind = Kind {
            client_id,
            secret: used.secret,
            api: used.api.cloned(),
            ending: used.ending,
            hour: used.hour(),
        };
        let count = Count { count: 1, last_at: used.at, last_address: used.address };
        shard.insert_unique(hash, (hash, kind, count), |(hash, ..)| *hash);
        true
    }

    /// Takes all counts out.
    pub fn drain(&self) -> Vec<Usage> {
        let mut rows = Vec::new();
        for shard in &self.shards {
            let counts = std::mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner));
            rows.extend(counts.into_iter().map(|(_, kind, count)| {
                let Kind { client_id, secret, api, ending, hour } = kind;
                let api_id = api.map(|api| api.id.clone());
                Usage {
                    slot: Slot { client_id, secret, api_id, ending, hour },
                    count: count.count,
                    last_at: count.last_at,
                    last_address: count.last_address,
                }
            }));
        }
        rows
    }
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
        };
        for (secret, secs) in [(0, 10), (0, 20), (0, 3600), (1, 10)] {
            assert!(counters.count(used(secret, secs)));
        }
        let mut rows = counters.drain();
        rows.sort_by_key(|row| (row.slot.secret, row.slot.hour));
        let counted: Vec<_> = rows
            .iter()
            .map(|row| (row.slot.secret, row.slot.hour, row.count, row.last_at.as_secs()))
            .collect();
        assert_eq!(counted, [(0, 0, 2, 20), (0, 1, 1, 3600), (1, 0, 1, 10)]);
        assert!(counters.drain().is_empty());
    }
}
