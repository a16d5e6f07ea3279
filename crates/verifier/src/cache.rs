//! Claims of tokens whose signature was checked before, by the whole text of the token. It holds
//! what was verified and never a verdict: audience, dates, scope and revocation are for its user
//! to check on every use. It is bounded, and only tokens with a good signature get in.

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::caller::Caller;

/// Readers of different tokens seldom meet at the same lock.
const SHARDS: usize = 16;

/// What a hash is made of: the last bytes of the token, which are its signature and differ
/// wherever tokens differ. The comparison that decides is always of the whole text.
const HASHED: usize = 64;

/// A bounded map with second chance: what was not used since the hand came by, goes first.
pub(crate) struct Cache {
    /// Keyed at random, so that nobody can choose tokens that meet in one place.
    hash: RandomState,
    shards: Vec<RwLock<Shard>>,
    room: usize,
}

#[derive(Default)]
struct Shard {
    places: HashMap<u64, usize, BuildHasherDefault<AlreadyHashed>>,
    slots: Vec<Slot>,
    hand: usize,
}

struct Slot {
    hash: u64,
    token: Box<str>,
    caller: Caller,
    /// The set of keys that vouched for it.
    epoch: u64,
    used: AtomicBool,
}

impl Cache {
    /// Room for at most `tokens`; for none, nothing is ever kept.
    pub(crate) fn new(tokens: usize) -> Self {
        let shards = SHARDS.min(tokens);
        Self {
            hash: RandomState::new(),
            shards: (0..shards).map(|_| RwLock::default()).collect(),
            room: tokens.checked_div(shards).unwrap_or(0),
        }
    }

    /// The claims of this very token, if a key of the set `epoch` vouched for them.
    pub(crate) fn find(&self, token: &str, epoch: u64) -> Option<Caller> {
        let hash = self.hash(token);
        let shard = self.shard(hash)?.read().unwrap_or_else(PoisonError::into_inner);
        let slot = shard.places.get(&hash).map(|place| &shard.slots[*place])?;
        if slot.epoch != epoch || *slot.token != *token {
            return None;
        }
        if !slot.used.load(Ordering::Relaxed) {
            slot.used.store(true, Ordering::Relaxed);
        }
        Some(slot.caller.clone())
    }

    /// Keeps claims that were verified with the keys of the set `epoch`.
    pub(crate) fn keep(&self, token: &str, caller: Caller, epoch: u64, now_s: u64) {
        let hash = self.hash(token);
        let Some(shard) = self.shard(hash) else { return };
        let used = AtomicBool::new(false);
        let slot = Slot { hash, token: token.into(), caller, epoch, used };
        shard.write().unwrap_or_else(PoisonError::into_inner).keep(slot, self.room, now_s);
    }

    /// How many tokens are held.
    pub(crate) fn len(&self) -> usize {
        let len = |shard: &RwLock<Shard>| {
            shard.read().unwrap_or_else(PoisonError::into_inner).slots.len()
        };
        self.shards.iter().map(len).sum()
    }

    fn hash(&self, token: &str) -> u64 {
        let bytes = token.as_bytes();
        self.hash.hash_one(&bytes[bytes.len().saturating_sub(HASHED)..])
    }

    fn shard(&self, hash: u64) -> Option<&RwLock<Shard>> {
        // The map inside uses the other bits.
        self.shards.get(((hash >> 32) as usize).checked_rem(self.shards.len())?)
    }
}

impl Shard {
    fn keep(&mut self, slot: Slot, room: usize, now_s: u64) {
        if let Some(place) = self.places.get(&slot.hash) {
            // The same token under newer keys, or a collision of 64 bits: the newer one stays.
            self.slots[*place] = slot;
        } else if self.slots.len() < room {
            self.places.insert(slot.hash, self.slots.len());
            self.slots.push(slot);
        } else {
            let place = self.victim(now_s);
            self.places.remove(&self.slots[place].hash);
            self.places.insert(slot.hash, place);
            self.slots[place] = slot;
        }
    }

    /// The next slot that is past its time, or was not used since the hand passed. Terminates in
    /// the second round at the latest, since the first takes every chance away.
    fn victim(&mut self, now_s: u64) -> usize {
        loop {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.slots.len();
            let slot = &mut self.slots[place];
            let expired = slot.caller.claims().exp < now_s;
            if !std::mem::replace(slot.used.get_mut(), false) || expired {
                return place;
            }
        }
    }
}

/// Passes a hash on.
#[derive(Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use hallpass_token::{claims::Claims, verify::Verified};

    use super::*;

    const NOW_S: u64 = 1_000;

    fn caller(name: &str, exp: u64) -> Caller {
        let claims = format!(
            r#"{{"iss":"i","aud":"a","sub":"s","client_id":"c","jti":"{name}","iat":1,"exp":{exp}}}"#
        );
        let claims = Claims::parse(claims.as_bytes()).unwrap();
        Caller::new(Verified { kid: "k".to_owned(), claims })
    }

    fn keep(cache: &Cache, token: &str, exp: u64) {
        cache.keep(token, caller(token, exp), 0, NOW_S);
    }

    fn found(cache: &Cache, token: &str, epoch: u64) -> Option<String> {
        cache.find(token, epoch).map(|caller| caller.token_id().to_owned())
    }

    #[test]
    fn only_the_whole_token_under_the_same_keys_is_found() {
        let cache = Cache::new(100);
        let tail = "x".repeat(HASHED);
        let (a, b) = (format!("a.{tail}"), format!("b.{tail}"));
        keep(&cache, &a, 2_000);
        assert_eq!(found(&cache, &a, 0), Some(a.clone()));
        assert_eq!(found(&cache, &a, 1), None, "the keys have changed");
        assert_eq!(found(&cache, &b, 0), None, "the same hash, another text");
        assert_eq!(found(&cache, &a[1..], 0), None);
        assert_eq!(found(&cache, "", 0), None);
        keep(&cache, &b, 2_000);
        assert_eq!(found(&cache, &b, 0), Some(b));
        assert_eq!(found(&cache, &a, 0), None, "one hash, one place");
        assert_eq!(cache.len(), 1);
    }

    #[test]
    fn it_never_holds_more_than_it_has_room_for() {
        for room in [0, 1, 7, 16, 160] {
            let cache = Cache::new(room);
            for n in 0..1_000 {
                keep(&cache, &format!("token {n}"), 2_000);
            }
            assert!(cache.len() <= room, "{} in {room}", cache.len());
            assert!(cache.len() >= room / SHARDS, "{} in {room}", cache.len());
        }
    }

    #[test]
    fn the_unused_and_the_expired_go_first() {
        for (exp, used, stays) in
            [(2_000, true, true), (2_000, false, false), (NOW_S - 1, true, false)]
        {
            let mut shard = Shard::default();
            let slot = |token: &str, hash, exp| Slot {
                hash,
                token: token.into(),
                caller: caller(token, exp),
                epoch: 0,
                used: AtomicBool::new(false),
            };
            shard.keep(slot("first", 1, exp), 2, NOW_S);
            shard.keep(slot("second", 2, 2_000), 2, NOW_S);
            shard.slots[0].used.store(used, Ordering::Relaxed);
            shard.keep(slot("third", 3, 2_000), 2, NOW_S);
            assert_eq!(shard.places.contains_key(&1), stays, "{exp} {used}");
            assert!(shard.places.contains_key(&3));
            assert_eq!((shard.slots.len(), shard.places.len()), (2, 2));
        }
    }
}
