//! A directory that is not full yet. The credentials come in the background, however many there
//! are; one that has not come is read from the store when it is asked for. Such reads are few at a
//! time, so that whoever makes up client ids cannot hurt the database; and once the directory is
//! full there are none.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use hallpass_core::{
    ClientId, Image, Timestamp,
    change::Key,
    directory::Directory,
    grant::{self, Authenticated, Login, Refusal},
};
use hallpass_store::{Part, StoreError};
use hallpass_token::revocation::Handle;
use tokio::{
    sync::{Notify, Semaphore, oneshot},
    time::{sleep, timeout},
};
use tracing::{info, warn};

use super::{LiveDirectory, LoadError};

/// Credentials that are read from the store at once, for want of the directory's own.
const READS_AT_ONCE: usize = 32;

/// For how long a token request waits for its turn to be read.
const PATIENCE: Duration = Duration::from_secs(2);

/// Until a load that broke off is begun anew.
const PAUSE: Duration = Duration::from_secs(1);

/// What the directory lacks.
pub(super) struct Filling {
    live: Weak<LiveDirectory>,
    state: Mutex<State>,
    is_full: AtomicBool,
    filled: Notify,
    reads: Semaphore,
    read_throughs: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Counts the loads: one that was overtaken by another has nothing more to say.
    load: u64,
    /// Credentials of which the change log has told since the load began: what the load brings of
    /// them is older.
    heard_of: HashSet<Handle>,
}

impl Filling {
    pub(super) fn new(live: Weak<LiveDirectory>) -> Self {
        Self {
            live,
            state: Mutex::default(),
            is_full: AtomicBool::new(false),
            filled: Notify::new(),
            reads: Semaphore::new(READS_AT_ONCE),
            read_throughs: AtomicU64::new(0),
        }
    }

    /// Takes over what is known of a credential since the load began.
    pub(super) fn hear_of(&self, client_id: &ClientId, put: impl FnOnce()) {
        let mut state = self.state();
        if !self.is_full.load(Ordering::Acquire) {
            state.heard_of.insert(Handle::of(client_id.as_str()));
        }
        put();
    }

    /// Takes over what was read of a credential since a load began, unless something newer is
    /// known. Returns whether no other load has begun since: if one has, what is known was
    /// forgotten.
    fn put(&self, load: u64, image: &Image, put: impl FnOnce()) -> bool {
        let Key::Credential(client_id) = image.key() else { return true };
        let state = self.state();
        let is_latest = state.load == load;
        // In a full directory it is already, and nobody keeps account of what was heard since.
        let is_full = self.is_full.load(Ordering::Acquire);
        let is_newest = !state.heard_of.contains(&Handle::of(client_id.as_str()));
        if is_latest && is_newest && !is_full {
            put();
        }
        is_latest
    }

    /// A load begins to bring credentials. What was there before may be out of date.
    fn begin(&self, forget: impl FnOnce()) -> u64 {
        let mut state = self.state();
        state.load += 1;
        state.heard_of = HashSet::new();
        self.is_full.store(false, Ordering::Release);
        forget();
        state.load
    }

    /// A load has brought everything.
    fn end(&self, load: u64) -> bool {
        let mut state = self.state();
        let is_latest = state.load == load;
        if is_latest {
            state.heard_of = HashSet::new();
            self.is_full.store(true, Ordering::Release);
            self.filled.notify_waiters();
        }
        is_latest
    }

    fn is_latest(&self, load: u64) -> bool {
        self.state().load == load
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveDirectory {
    /// Whether the directory has every credential.
    pub fn is_full(&self) -> bool {
        self.filling.is_full.load(Ordering::Acquire)
    }

    /// Waits until the directory has every credential.
    pub async fn filled(&self) {
        loop {
            // Listens before it looks, so that it cannot be told in between.
            let filled = self.filling.filled.notified();
            if self.is_full() {
                return;
            }
            filled.await;
        }
    }

    /// How many credentials were read from the store because the directory did not have them yet.
    pub fn read_throughs(&self) -> u64 {
        self.filling.read_throughs.load(Ordering::Relaxed)
    }

    /// Checks a login. While the directory is not full, what does not prove it is looked for in the
    /// store: also what is there already, so that the time it takes tells nobody which clients
    /// there are.
    ///
    /// # Errors
    /// Those of [`grant::authenticate()`], and [`Refusal::TemporarilyUnavailable`] when too many others
    /// ask, or the store does not answer.
    pub async fn authenticate(
        &self,
        login: &Login<'_>,
        now: Timestamp,
        from: Option<IpAddr>,
    ) -> Result<Authenticated, Refusal> {
        let check = |directory: &Directory| grant::authenticate(login, directory, now, from);
        let is_proven = |result: &Result<_, Refusal>| !matches!(result, Err(Refusal::Unproven(_)));
        self.look(&login.client_id, check, is_proven).await?
    }

    /// Looks for something of a credential in the directory, and if it is not found while the
    /// directory is not full, once more after the credential has been read from the store.
    ///
    /// # Errors
    /// [`Refusal::TemporarilyUnavailable`] when too many others ask, or the store does not answer.
    pub(crate) async fn look<R>(
        &self,
        client_id: &str,
        look: impl Fn(&Directory) -> R,
        is_found: impl FnOnce(&R) -> bool,
    ) -> Result<R, Refusal> {
        let was_full = self.is_full();
        let seen = look(&self.directory);
        if is_found(&seen) || (was_full && self.is_full()) {
            return Ok(seen);
        }
        self.read_through(client_id).await?;
        Ok(look(&self.directory))
    }

    /// Asks the store for a credential that the directory may not have yet, and takes it over.
    async fn read_through(&self, client_id: &str) -> Result<(), Refusal> {
        let Ok(client_id) = client_id.parse::<ClientId>() else { return Ok(()) };
        let busy = Refusal::TemporarilyUnavailable { retry_after_s: 2 };
        let Ok(Ok(_turn)) = timeout(PATIENCE, self.filling.reads.acquire()).await else {
            return Err(busy);
        };
        self.filling.read_throughs.fetch_add(1, Ordering::Relaxed);
        self.read_one(client_id).await.map_err(|why| {
            warn!(%why, "Cannot read a credential that the directory does not have yet");
            busy
        })
    }

    async fn read_one(&self, client_id: ClientId) -> Result<(), LoadError> {
        let load = self.filling.state().load;
        let image = self.store.image(&Key::Credential(client_id)).await?;
        // Whatever was done to it until it was read has been heard of after this; and what was
        // heard of is in the directory, and at least as new.
        self.poll().await?;
        let Some(image) = image else { return Ok(()) };
        if self.filling.put(load, &image, || self.directory.put(&image)) {
            return Ok(());
        }
        Err(StoreError::Unavailable("everything is being read anew".to_owned()).into())
    }

    /// Begins to read everything. Returns once everything but the credentials is there.
    pub(super) async fn fill(&self) -> Result<(), LoadError> {
        let gone = || StoreError::Unavailable("this node is closing".to_owned());
        let live = self.filling.live.upgrade().ok_or_else(gone)?;
        let (begun, begins) = oneshot::channel();
        spawn(live, begun);
        begins.await.map_err(|_| gone())?
    }
}

type Begun = oneshot::Sender<Result<(), LoadError>>;

/// Not async itself: what it starts may have to start anew, and would be a part of itself.
fn spawn(live: Arc<LiveDirectory>, begun: Begun) {
    tokio::spawn(read_everything(live, begun));
}

/// Reads everything, and says so as soon as only credentials are missing.
async fn read_everything(live: Arc<LiveDirectory>, begun: Begun) {
    let began_at = live.clock.now();
    let (mut begun, mut failed, mut load) = (Some(begun), None, 0);
    let mut take = |part| match part {
        Part::Image(image) if begun.is_none() => {
            live.filling.put(load, &image, || live.directory.put(&image));
        }
        Part::Image(image) => {
            if let Err(why) = live.put(&image) {
                failed.get_or_insert(why);
            }
        }
        Part::Snapshot(snapshot) => {
            let Some(begun) = begun.take() else { return };
            let answer = match failed.take() {
                Some(why) => Err(why.into()),
                None => {
                    load = live.filling.begin(|| live.directory.forget_credentials());
                    live.begin_at(&snapshot);
                    Ok(())
                }
            };
            // Whoever does not wait any more has given up.
            let _ = begun.send(answer);
        }
    };
    let loaded = live.store.load(&mut take).await;
    match (loaded, begun) {
        (Err(why), Some(begun)) => {
            let _ = begun.send(Err(why.into()));
        }
        (Ok(()), None) if live.filling.end(load) => {
            let took_ms = live.clock.now().millis_since(began_at);
            info!(credentials = live.directory.len(), took_ms, "The directory is full");
        }
        (Err(why), None) => again(&live, load, &why).await,
        (Ok(()), _) => {}
    }
}

/// The credentials did not all come: reads everything once more, unless somebody else does.
async fn again(live: &LiveDirectory, load: u64, why: &StoreError) {
    warn!(%why, "Cannot read all credentials; trying again");
    while live.filling.is_latest(load) && !live.is_full() {
        sleep(PAUSE).await;
        if let Err(why) = live.reload().await {
            warn!(%why, "Cannot read all credentials; trying again");
        }
    }
}
