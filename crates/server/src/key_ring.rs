//! The signing keys in memory: opened once, chosen by the clock. The private halves never leave
//! this module.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use hallpass_core::{
    Api, Timestamp,
    ring::{KeyRecord, Ring},
    vault::{OpenVault, VaultError},
};
use hallpass_token::jose::{Algorithm, Jwk, KeyError, KeySet, SigningKey};

/// Why a ring could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// The vault does not open the key.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What the vault gave is no key.
    #[error("signing key {kid} is damaged: {why}")]
    Key {
        /// Which.
        kid: String,
        /// What the key parser says.
        why: KeyError,
    },
}

struct OpenRing {
    ring: Ring,
    keys: HashMap<String, Arc<SigningKey>>,
}

/// All rings, opened.
pub struct KeyRing {
    vault: OpenVault,
    rings: ArcSwap<HashMap<Algorithm, Arc<OpenRing>>>,
    verifying: ArcSwap<KeySet>,
    longest_lifetime_s: AtomicU64,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyRing(..)")
    }
}

impl KeyRing {
    /// No rings yet.
    pub fn new(vault: OpenVault) -> Self {
        Self {
            vault,
            rings: ArcSwap::default(),
            verifying: ArcSwap::default(),
            longest_lifetime_s: AtomicU64::new(0),
        }
    }

    /// Takes over the state of a ring. Keys that are open already are not opened again.
    pub fn put(&self, ring: &Ring) -> Result<(), RingError> {
        let old = self.rings.load();
        let old = old.get(&ring.algorithm);
        let mut keys = HashMap::new();
        for record in ring.keys.iter().filter(|key| key.killed_at.is_none()) {
            let known = old.and_then(|old| old.keys.get(&record.kid)).cloned();
            let key = match known {
                Some(key) => key,
                None => Arc::new(self.open(ring.algorithm, record)?),
            };
            keys.insert(record.kid.clone(), key);
        }
        let open = Arc::new(OpenRing { ring: ring.clone(), keys });
        self.rings.rcu(|rings| {
            let mut rings = HashMap::clone(rings);
            rings.insert(ring.algorithm, open.clone());
            rings
        });
        let rings = self.rings.load();
        let all = rings.values().flat_map(|open| &open.ring.keys);
        let alive = all.filter(|key| key.killed_at.is_none()).map(|key| key.public.clone());
        let verifying = KeySet::from_keys(alive)
            .map_err(|why| RingError::Key { kid: "of the ring".to_owned(), why })?;
        self.verifying.store(Arc::new(verifying));
        Ok(())
    }

    fn open(&self, algorithm: Algorithm, record: &KeyRecord) -> Result<SigningKey, RingError> {
        let der = self.vault.open_key(&record.kid, &record.sealed)?;
        SigningKey::from_pkcs8(algorithm, &der)
            .map_err(|why| RingError::Key { kid: record.kid.clone(), why })
    }

    /// Hears of an API, whose tokens decide how long a retired key stays published.
    pub fn hear_of(&self, api: &Api) {
        self.raise_longest_lifetime(api.token_lifetime_s);
    }

    /// Hears of the longest lifetime that any token may have, in seconds.
    pub fn raise_longest_lifetime(&self, secs: u64) {
        self.longest_lifetime_s.fetch_max(secs, Ordering::AcqRel);
    }

    /// The longest lifetime that any token may have, in seconds.
    pub fn longest_lifetime_s(&self) -> u64 {
        self.longest_lifetime_s.load(Ordering::Acquire)
    }

    /// The key that signs for an algorithm at `now`.
    pub fn signing(&self, algorithm: Algorithm, now: Timestamp) -> Option<Arc<SigningKey>> {
        let rings = self.rings.load();
        let open = rings.get(&algorithm)?;
        open.keys.get(&open.ring.signing(now)?.kid).cloned()
    }

    /// The public keys that verifiers need at `now`.
    pub fn published(&self, now: Timestamp) -> Vec<Jwk> {
        let longest = self.longest_lifetime_s();
        let rings = self.rings.load();
        let mut algorithms: Vec<_> = rings.values().collect();
        algorithms.sort_by_key(|open| open.ring.algorithm.to_string());
        let keys = algorithms.iter().flat_map(|open| open.ring.published(now, longest));
        keys.map(|key| key.public.clone()).collect()
    }

    /// All keys whose tokens may be alive, ready to verify with.
    pub fn verifying(&self) -> Arc<KeySet> {
        self.verifying.load_full()
    }

    /// The algorithms that something can be signed with.
    pub fn algorithms(&self) -> Vec<Algorithm> {
        self.rings.load().keys().copied().collect()
    }

    /// The rings as stored.
    pub fn rings(&self) -> Vec<Ring> {
        self.rings.load().values().map(|open| open.ring.clone()).collect()
    }

    /// The vault under which new keys are sealed.
    pub fn vault(&self) -> &OpenVault {
        &self.vault
    }
}
