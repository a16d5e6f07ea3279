//! Counts who was given tokens, in memory; a task writes the sums now and then. Losing a batch
//! loses a count, so nothing here ever makes a token request wait or fail.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use hallpass_core::{
    ApiId, ClientId, Timestamp,
    usage::{Ending, Slot, Usage},
};

const SHARDS: usize = 16;

/// Slots counted between two writes; more are dropped, which the metrics show.
const SLOTS_AT_MOST_PER_SHARD: usize = 65_536;

struct Count {
    count: u64,
    last_at: Timestamp,
    last_address: Option<IpAddr>,
}

/// What is counted apart, without the hour: a flush is never longer ago than that.
#[derive(Eq, Hash, PartialEq)]
struct Kind {
    client_id: Box<str>,
    secret: u16,
    api_id: Option<ApiId>,
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
    pub api_id: Option<&'a ApiId>,
    /// How it ended.
    pub ending: Ending,
    /// When.
    pub at: Timestamp,
    /// From where.
    pub address: Option<IpAddr>,
}

/// The counters.
#[derive(Default)]
pub struct Counters {
    shards: [Mutex<HashMap<Kind, Count>>; SHARDS],
    hasher: RandomState,
}

impl std::fmt::Debug for Counters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counters(..)")
    }
}

impl Counters {
    /// Counts one. Returns whether there was room for it.
    pub fn count(&self, used: Use<'_>) -> bool {
        let kind = Kind {
            client_id: used.client_id.into(),
            secret: used.secret,
            api_id: used.api_id.cloned(),
            ending: used.ending,
            hour: used.at.as_secs() / 3600,
        };
        let at = self.hasher.hash_one(used.client_id) as usize % SHARDS;
        let mut shard = self.shards[at].lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= SLOTS_AT_MOST_PER_SHARD && !shard.contains_key(&kind) {
            return false;
        }
        let none = Count { count: 0, last_at: used.at, last_address: None };
        let count = shard.entry(kind).or_insert(none);
        count.count += 1;
        count.last_at = count.last_at.max(used.at);
        count.last_address = used.address.or(count.last_address);
        true
    }

    /// Takes all counts out.
    pub fn drain(&self) -> Vec<Usage> {
        let mut rows = Vec::new();
        for shard in &self.shards {
            let counts = std::mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner));
            rows.extend(counts.into_iter().filter_map(|(kind, count)| {
                // Whoever was authenticated has an id that parses.
                let client_id: ClientId = kind.client_id.parse().ok()?;
                let Kind { secret, api_id, ending, hour, .. } = kind;
                Some(Usage {
                    slot: Slot { client_id, secret, api_id, ending, hour },
                    count: count.count,
                    last_at: count.last_at,
                    last_address: count.last_address,
                })
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
            api_id: None,
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
