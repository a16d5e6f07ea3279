//! What is kept true by the change log: directory, key ring and feed. Every change reaches all
//! three here, in order, whoever made it; and here a node knows how much it knows.

mod filling;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use hallpass_core::{
    Change, Image, Mutation, Timestamp,
    audit::Actor,
    change::{Effect, Key},
    directory::Directory,
    grant::Refusal,
    vault::{MasterKey, VaultError},
};
use hallpass_store::{Snapshot, Store, StoreError};
use tokio::sync::Mutex;
use tracing::{debug, error, warn};

use crate::{
    clock::Clock,
    feed::{Feed, Gap},
    key_ring::{KeyRing, RingError},
    sign_on::SignOnDomains,
};

use self::filling::Filling;

const PAGE: usize = 1000;

/// Why a node cannot start, or cannot follow the change log.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A signing key.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// A database without vault.
    #[error("the database has never been set up: run `hallpass init`")]
    NotSetUp,
}

/// Directory, key ring and feed, as of the last change applied.
pub struct LiveDirectory {
    /// Who may get which token.
    pub directory: Directory,
    /// What tokens are signed with.
    pub keys: KeyRing,
    /// What died.
    pub feed: Feed,
    /// Whose people sign in elsewhere.
    pub(crate) sign_on: SignOnDomains,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    max_staleness_s: u64,
    /// What is still to come of the credentials.
    filling: Filling,
    /// Held while changes are applied: one writer at a time, in order.
    turn: Mutex<Early>,
    applied: AtomicU64,
    as_of: AtomicU64,
    loaded_at: AtomicU64,
}

/// Rows whose state came early, and the number of the change that brought it.
type Early = HashMap<Key, u64>;

/// The row that a change is about.
fn key(change: &Change) -> Option<Key> {
    match &change.effect {
        Effect::Put(image) => Some(image.key()),
        Effect::Removed(key) => Some(key.clone()),
        Effect::None => None,
    }
}

impl std::fmt::Debug for LiveDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveDirectory").field("applied", &self.applied()).finish_non_exhaustive()
    }
}

impl LiveDirectory {
    /// Reads everything but the credentials, which follow in the background: meanwhile one that is
    /// asked for is read from the store. So a start takes as long with ten million of them as with
    /// ten. `max_staleness_s` is how long it may go on without the store.
    pub async fn open(
        store: Arc<dyn Store>,
        master: &MasterKey,
        clock: Arc<dyn Clock>,
        max_staleness_s: u64,
    ) -> Result<Arc<Self>, LoadError> {
        let vault = match store.image(&Key::Vault).await? {
            Some(Image::Vault(vault)) => vault,
            _ => return Err(LoadError::NotSetUp),
        };
        // Opened twice: the pepper goes to the directory, the rest to the key ring.
        let (pepper, seals) = (vault.open(master)?.pepper, vault.open(master)?);
        let live = Arc::new_cyclic(|this| Self {
            directory: Directory::new(pepper),
            keys: KeyRing::new(seals),
            feed: Feed::default(),
            sign_on: SignOnDomains::default(),
            store,
            clock,
            max_staleness_s,
            filling: Filling::new(this.clone()),
            turn: Mutex::default(),
            applied: AtomicU64::new(0),
            as_of: AtomicU64::new(0),
            loaded_at: AtomicU64::new(0),
        });
        live.reload().await?;
        Ok(live)
    }

    /// The same, with the credentials.
    pub async fn load(
        store: Arc<dyn Store>,
        master: &MasterKey,
        clock: Arc<dyn Clock>,
        max_staleness_s: u64,
    ) -> Result<Arc<Self>, LoadError> {
        let live = Self::open(store, master, clock, max_staleness_s).await?;
        live.filled().await;
        Ok(live)
    }

    /// Reads everything anew: at start, and when the change log does not reach back far enough.
    async fn reload(&self) -> Result<(), LoadError> {
        let mut turn = self.turn.lock().await;
        let as_of = self.clock.now();
        self.fill().await?;
        self.loaded_at.store(as_of.as_millis(), Ordering::Release);
        // What came early was committed before this was read.
        turn.clear();
        self.vouch_for(as_of);
        Ok(())
    }

    /// Everything but the credentials has been put.
    fn begin_at(&self, snapshot: &Snapshot) {
        self.keys.raise_longest_lifetime(snapshot.installation.longest_lifetime_s);
        self.feed.replace(&snapshot.feed);
        self.applied.store(snapshot.seq, Ordering::Release);
    }

    /// Writes, and takes the change over before it returns: from here on this node acts on it.
    pub async fn commit(&self, mutation: &Mutation, actor: &Actor) -> Result<Change, StoreError> {
        let change = self.store.commit(mutation, actor, self.clock.now()).await?;
        if let Err(why) = self.catch_up_to(change.seq).await {
            // Committed all the same. Changes carry whole states, so this one may come early.
            warn!(change.seq = change.seq, %why, "Cannot read the change log; applying directly");
            self.apply_early(&mut *self.turn.lock().await, &change);
        }
        Ok(change)
    }

    /// Applies what the change log has that is not applied yet.
    pub async fn catch_up(&self) -> Result<(), LoadError> {
        self.catch_up_to(u64::MAX).await
    }

    /// The same, unless that change has been applied by the time it is this one's turn: of many
    /// that wait the first reads for all.
    async fn catch_up_to(&self, seq: u64) -> Result<(), LoadError> {
        loop {
            let mut turn = self.turn.lock().await;
            if self.applied() >= seq {
                return Ok(());
            }
            let as_of = self.clock.now();
            let changes = match self.store.changes_after(self.applied(), PAGE).await {
                Ok(changes) => changes,
                Err(StoreError::ChangesGone { after, newest, .. }) => {
                    warn!(after, newest, "The change log does not reach back; loading anew");
                    drop(turn);
                    return self.reload().await;
                }
                Err(why) => return Err(why.into()),
            };
            let mut apply = |change| self.apply(&mut turn, change);
            if let Err(gap) = changes.iter().try_for_each(&mut apply) {
                error!("{gap}; loading anew");
                drop(turn);
                return self.reload().await;
            }
            if changes.len() < PAGE {
                self.vouch_for(as_of);
                return Ok(());
            }
        }
    }

    /// Looks for changes by others; cheap when there are none.
    pub async fn poll(&self) -> Result<(), LoadError> {
        let as_of = self.clock.now();
        if self.store.changed_since(self.applied()).await? {
            return self.catch_up().await;
        }
        self.vouch_for(as_of);
        Ok(())
    }

    /// Applies the next change of the log.
    fn apply(&self, early: &mut Early, change: &Change) -> Result<(), Gap> {
        // An older state must not come back, not even for a moment.
        let is_overtaken = |key| early.get(&key).is_some_and(|seq| *seq >= change.seq);
        if !key(change).is_some_and(is_overtaken) {
            self.apply_effect(change);
        }
        early.retain(|_, seq| *seq > change.seq);
        if let Some(death) = &change.death {
            self.feed.apply(death)?;
        }
        self.applied.store(change.seq, Ordering::Release);
        Ok(())
    }

    /// Applies a change before its turn, unless its row has moved on: the log may have been read by
    /// others meanwhile, and another write of this node may have been faster.
    fn apply_early(&self, early: &mut Early, change: &Change) {
        let Some(key) = key(change) else { return };
        if change.seq > self.applied() && early.get(&key).is_none_or(|seq| *seq < change.seq) {
            self.apply_effect(change);
            early.insert(key, change.seq);
        }
    }

    fn apply_effect(&self, change: &Change) {
        if let Effect::Put(image) = &change.effect {
            if let Err(why) = self.put(image) {
                // The old keys go on signing; a node that cannot open the new one says so.
                error!(change.seq = change.seq, %why, "Cannot take over a change");
            }
        } else if let Effect::Removed(Key::Credential(client_id)) = &change.effect {
            self.filling.hear_of(client_id, || self.directory.apply(&change.effect));
        }
    }

    fn put(&self, image: &Image) -> Result<(), RingError> {
        match image {
            Image::Ring(ring) => return self.keys.put(ring),
            Image::Api(api) => self.keys.hear_of(api),
            Image::Vault(vault) => {
                debug!(sealed_under = vault.sealed_under, "The vault");
            }
            Image::Organization(organization) => self.sign_on.hear_of(organization),
            Image::Credential(credential) => {
                self.filling.hear_of(&credential.client_id, || self.directory.put(image));
                return Ok(());
            }
            Image::Person(_) | Image::Session(_) => {}
        }
        self.directory.put(image);
        Ok(())
    }

    /// The last change applied.
    pub fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    /// The time up to which this node has seen every change.
    pub fn as_of(&self) -> Timestamp {
        Timestamp::from_millis(self.as_of.load(Ordering::Acquire))
    }

    /// When everything was last read, rather than what had changed.
    pub fn loaded_at(&self) -> Timestamp {
        Timestamp::from_millis(self.loaded_at.load(Ordering::Acquire))
    }

    fn vouch_for(&self, as_of: Timestamp) {
        self.as_of.fetch_max(as_of.as_millis(), Ordering::AcqRel);
    }

    /// The directory, if it is fresh enough to decide by.
    pub fn fresh(&self, now: Timestamp) -> Result<&Directory, Refusal> {
        if now.millis_since(self.as_of()) > self.max_staleness_s * 1000 {
            return Err(Refusal::TemporarilyUnavailable { retry_after_s: 5 });
        }
        Ok(&self.directory)
    }
}

#[cfg(test)]
mod tests;
