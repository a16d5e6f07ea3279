//! The directory: the in-memory image of what the token endpoint needs. Reads take no lock;
//! changes reach it only through [`Directory::apply`], from one writer at a time.

mod catalog;
mod entry;
mod owners;
#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    hash::BuildHasherDefault,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;
use hallpass_token::revocation::{Handle, HandleHasher};

use self::owners::Owners;
pub use self::{
    catalog::Catalog,
    entry::{Entry, EntryGrant, EntrySecret, EntryStatus, ForeignSecret, Limits, Mint},
};
use crate::{
    Credential, OrganizationId, Scopes,
    change::{Effect, Image, Key},
    secret::Pepper,
};

type ByHandle<V> = papaya::HashMap<Handle, V, BuildHasherDefault<HandleHasher>>;

/// Every credential, organization and API, as compact as the token decision allows.
pub struct Directory {
    /// Digests the secrets that are presented.
    pub pepper: Pepper,
    entries: ByHandle<Entry>,
    owners: Owners,
    /// How many entries have a secret that only a slow check can compare.
    foreign: AtomicUsize,
    catalog: ArcSwap<Catalog>,
    /// Scope sets, each once: most credentials share a few.
    scopes: Mutex<HashSet<Arc<Scopes>>>,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").field("credentials", &self.len()).finish_non_exhaustive()
    }
}

impl Directory {
    /// An empty directory.
    pub fn new(pepper: Pepper) -> Self {
        Self {
            pepper,
            entries: papaya::HashMap::with_hasher(BuildHasherDefault::default()),
            owners: Owners::default(),
            foreign: AtomicUsize::new(0),
            catalog: ArcSwap::default(),
            scopes: Mutex::default(),
        }
    }

    /// Number of credentials.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no credential.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of credentials with an imported secret that nobody has used yet.
    pub fn foreign(&self) -> usize {
        self.foreign.load(Ordering::Relaxed)
    }

    /// The APIs, as of now.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.load_full()
    }

    /// Lends the entry of a client id, whatever text was presented as one.
    pub fn look_up<R>(&self, client_id: &str, with: impl FnOnce(Option<&Entry>) -> R) -> R {
        with(self.entries.pin().get(&Handle::of(client_id)))
    }

    /// Whether the credentials of an organization are refused, all of them.
    pub fn is_suspended(&self, id: &OrganizationId) -> bool {
        self.owners.is_suspended(id)
    }

    /// Forgets every credential: before all are read anew.
    pub fn forget_credentials(&self) {
        self.entries.pin().retain(|_, entry| {
            self.count_foreign_gone(Some(entry));
            false
        });
    }

    /// Takes over what a change did. Idempotent.
    pub fn apply(&self, effect: &Effect) {
        match effect {
            Effect::Put(image) => self.put(image),
            Effect::Removed(Key::Credential(client_id)) => {
                let entries = self.entries.pin();
                self.count_foreign_gone(entries.remove(&Handle::of(client_id.as_str())));
            }
            Effect::Removed(_) | Effect::None => {}
        }
    }

    /// Takes over the state of one row: at load, and from a change.
    pub fn put(&self, image: &Image) {
        match image {
            Image::Organization(organization) => self.owners.put(organization),
            Image::Api(api) => {
                self.catalog.rcu(|catalog| Catalog::clone(catalog).with(api.clone()));
            }
            Image::Credential(credential) => self.put_credential(credential),
            // People are looked up when they come; there are too few to keep in memory.
            Image::Ring(_) | Image::Vault(_) | Image::Person(_) | Image::Session(_) => {}
        }
    }

    fn put_credential(&self, credential: &Credential) {
        self.owners.hear_of(&credential.organization_id);
        let grants = credential.settings.grants.iter().map(|grant| EntryGrant {
            api: self.slot(&grant.api_id),
            scopes: self.interned(&grant.scopes),
        });
        let introspects: Vec<u32> =
            credential.settings.introspects.iter().map(|id| self.slot(id)).collect();
        let entry = Entry::new(credential, grants.collect(), introspects);
        let has_foreign = !entry.foreign().is_empty();
        let entries = self.entries.pin();
        let before = entries.insert(Handle::of(credential.client_id.as_str()), entry);
        if has_foreign {
            self.foreign.fetch_add(1, Ordering::Relaxed);
        }
        self.count_foreign_gone(before);
    }

    fn count_foreign_gone(&self, before: Option<&Entry>) {
        if before.is_some_and(|entry| !entry.foreign().is_empty()) {
            self.foreign.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn slot(&self, id: &crate::ApiId) -> u32 {
        if let Some(slot) = self.catalog.load().slot(id) {
            return slot;
        }
        self.catalog.rcu(|catalog| Catalog::clone(catalog).with_slot(id));
        self.catalog.load().slot(id).unwrap_or(u32::MAX)
    }

    fn interned(&self, scopes: &Scopes) -> Arc<Scopes> {
        let mut known = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = known.get(scopes) {
            return shared.clone();
        }
        let shared = Arc::new(scopes.clone());
        known.insert(shared.clone());
        shared
    }
}
