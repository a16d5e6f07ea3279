//! Secrets of which only a digest of another server is known (bcrypt, PBKDF2), until they are used
//! for the first time. To check one is slow, so strangers must not be able to ask for much of it:
//! it is done away from the async threads, a few at once, one at a time for each client, and
//! within the limits on failed logins. A token request neither waits for the upgrade to our own
//! digest nor fails for it.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hallpass_core::{
    ClientId, Mutation, SecretId,
    audit::Actor,
    directory::{Directory, ForeignSecret},
    grant::{self, Login},
    secret::{ForeignDigest, Proven, Secret},
};
use hallpass_store::StoreError;
use hallpass_token::revocation::Handle;
use tokio::{
    sync::{Notify, Semaphore},
    task::spawn_blocking,
    time::{interval, timeout},
};
use tracing::{info, warn};

use crate::{app::App, web::limits::FailedLogins};

/// How long a login waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// From a failed login to its answer, while there is any such secret: longer than it takes to check
/// both readings of what was presented. Whoever guesses must not see by the time whether there was
/// something to check.
pub(crate) const FAILURES_TAKE: Duration = Duration::from_secs(2);

/// Proven secrets that are remembered until our digest of them is written. What finds no room is
/// checked again.
const REMEMBERED_AT_MOST: usize = 10_000;

/// Between two tries to write what could not be written, in seconds.
const AGAIN_S: u64 = 2;

/// What became of a login.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Proof {
    /// The secret of this digest was presented.
    Of(Arc<ForeignDigest>),
    /// The same, known from a check a moment ago.
    Recalled(Arc<ForeignDigest>),
    /// There is nothing to compare with.
    Nothing,
    /// Another secret. Counted as a failure.
    Wrong,
    /// Not looked at: there were too many failures. Counted as one more.
    TooMany {
        /// When to try again, in seconds.
        retry_after_s: u64,
    },
    /// Not looked at: all turns were taken for too long. Not counted.
    Busy,
}

impl Proof {
    /// The word for it in metrics; none where nothing slow was to be done.
    pub(crate) fn word(&self) -> Option<&'static str> {
        match self {
            Self::Of(_) => Some("right"),
            Self::Recalled(_) | Self::Nothing => None,
            Self::Wrong => Some("wrong"),
            Self::TooMany { .. } => Some("limited"),
            Self::Busy => Some("busy"),
        }
    }
}

/// A secret that was proven, and is not upgraded yet.
#[derive(Clone, Debug)]
struct Remembered {
    client_id: ClientId,
    was: Arc<ForeignDigest>,
    proven: Proven,
}

/// Turns at checking, and what was proven.
#[derive(Debug)]
pub(crate) struct ForeignSecrets {
    turns: Arc<Semaphore>,
    patience: Duration,
    /// One check at a time for each client: whoever guesses at one takes no turns from the others,
    /// and of the first requests of a busy client one is checked.
    lines: Mutex<HashMap<Handle, Line>>,
    remembered: Mutex<HashMap<SecretId, Remembered>>,
    news: Notify,
}

type Line = Arc<tokio::sync::Mutex<()>>;

/// A place in the line of a client. The last one to leave takes the line away.
struct Place<'a> {
    all: &'a Mutex<HashMap<Handle, Line>>,
    handle: Handle,
    line: Line,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut all = lock(self.all);
        // One is in the map, and one is this.
        if Arc::strong_count(&self.line) <= 2 {
            all.remove(&self.handle);
        }
    }
}

impl ForeignSecrets {
    /// At most this many checks at once.
    pub(crate) fn new(at_once: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_once)),
            patience: PATIENCE,
            lines: Mutex::default(),
            remembered: Mutex::default(),
            news: Notify::new(),
        }
    }

    /// Looks for the foreign digest of what was presented.
    pub(crate) async fn prove(
        &self,
        login: &Login<'_>,
        directory: &Directory,
        limits: &FailedLogins,
        from: Option<IpAddr>,
    ) -> Proof {
        let candidates = grant::foreign(login, directory);
        if candidates.is_empty() {
            return Proof::Nothing;
        }
        if let Some(was) = self.recall(login, directory, &candidates) {
            return Proof::Recalled(was);
        }
        if limits.is_reached(&login.client_id, from)
            && let Some(too_many) = count(limits, login, from)
        {
            return too_many;
        }
        let place = self.line_up(&login.client_id);
        let turn = timeout(self.patience, async {
            let own = place.line.lock().await;
            (own, self.turns.clone().acquire_owned().await)
        });
        let Ok((_own, Ok(turn))) = turn.await else { return Proof::Busy };
        // Whoever was before us in the line may have presented the same.
        if let Some(was) = self.recall(login, directory, &candidates) {
            return Proof::Recalled(was);
        }
        // Counted before it is known: however many guesses come at once, no more are looked at.
        if let Some(too_many) = count(limits, login, from) {
            return too_many;
        }
        let readings: Vec<Secret> =
            login.readings().map(|one| Secret::presented(one.expose().to_owned())).collect();
        let checked = spawn_blocking(move || {
            let found = check(candidates, readings);
            // Kept to the end of the work, even if whoever waits for it has gone.
            drop(turn);
            found
        });
        let Ok(Some((found, secret))) = checked.await else { return Proof::Wrong };
        self.remember(login, &found, Proven::of(&secret, &directory.pepper));
        Proof::Of(found.digest)
    }

    fn line_up(&self, client_id: &str) -> Place<'_> {
        let handle = Handle::of(client_id);
        let line = lock(&self.lines).entry(handle).or_default().clone();
        Place { all: &self.lines, handle, line }
    }

    /// The digest of what was presented, if that was proven a moment ago.
    fn recall(
        &self,
        login: &Login<'_>,
        directory: &Directory,
        candidates: &[ForeignSecret],
    ) -> Option<Arc<ForeignDigest>> {
        let remembered = lock(&self.remembered);
        let known = candidates
            .iter()
            .filter_map(|one| remembered.get(&one.id).filter(|known| known.was == one.digest));
        let known: Vec<&Remembered> = known.collect();
        if known.is_empty() {
            return None;
        }
        let digests: Vec<_> = login.readings().map(|one| directory.pepper.digest(one)).collect();
        let is_presented =
            |one: &&&Remembered| digests.iter().any(|digest| one.proven.digest.matches(digest));
        known.iter().find(is_presented).map(|one| one.was.clone())
    }

    fn remember(&self, login: &Login<'_>, found: &ForeignSecret, proven: Proven) {
        // Whoever is in the directory has an id that parses.
        let Ok(client_id) = login.client_id.parse() else { return };
        let mut remembered = lock(&self.remembered);
        if remembered.len() < REMEMBERED_AT_MOST {
            let was = found.digest.clone();
            remembered.insert(found.id.clone(), Remembered { client_id, was, proven });
            self.news.notify_one();
        }
    }

    fn all_remembered(&self) -> Vec<(SecretId, Remembered)> {
        lock(&self.remembered).iter().map(|(id, one)| (id.clone(), one.clone())).collect()
    }

    fn forget(&self, id: &SecretId) {
        lock(&self.remembered).remove(id);
    }
}

fn count(limits: &FailedLogins, login: &Login<'_>, from: Option<IpAddr>) -> Option<Proof> {
    let counted = limits.failed(&login.client_id, from);
    counted.err().map(|retry_after_s| Proof::TooMany { retry_after_s })
}

fn check(candidates: Vec<ForeignSecret>, readings: Vec<Secret>) -> Option<(ForeignSecret, Secret)> {
    for secret in readings {
        let found = candidates.iter().find(|one| one.digest.is_of(&secret));
        if let Some(found) = found {
            return Some((found.clone(), secret));
        }
    }
    None
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes our digests of what was proven, until the app closes. What cannot be written is tried
/// again, and meanwhile remembered.
pub(crate) async fn upgrade(app: App) {
    let mut ticks = interval(Duration::from_secs(AGAIN_S));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.closing.cancelled() => return,
            _ = ticks.tick() => {}
            () = app.foreign.news.notified() => {}
        }
        for (secret_id, one) in app.foreign.all_remembered() {
            if let Err(why) = upgrade_one(&app, &secret_id, one).await {
                warn!(%why, "Cannot write the digests of imported secrets that were used");
                break;
            }
        }
    }
}

async fn upgrade_one(app: &App, secret_id: &SecretId, one: Remembered) -> Result<(), StoreError> {
    let Remembered { client_id, was, proven } = one;
    let id = client_id.clone();
    let secret = secret_id.clone();
    let mutation = Mutation::UpgradeSecret { client_id, secret_id: secret, was, proven };
    match app.live.commit(&mutation, &Actor::Server).await {
        Ok(change) => {
            app.metrics.imported_upgraded.inc();
            info!(client.id = %id, change.seq = change.seq, "Upgraded an imported secret");
        }
        // Another node was quicker, or the secret is gone.
        Err(StoreError::Conflict(_)) => {}
        Err(why) => return Err(why),
    }
    app.foreign.forget(secret_id);
    Ok(())
}

#[cfg(test)]
mod tests {
    use hallpass_core::{
        Credential, Image, OrganizationId, Timestamp,
        credential::{NewSecret, Settings},
        grant::Params,
        secret::Pepper,
    };

    use super::*;

    const DIGEST: &str = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

    fn impatient() -> ForeignSecrets {
        ForeignSecrets { patience: Duration::ZERO, ..ForeignSecrets::new(1) }
    }

    fn directory(ids: &[&str]) -> Directory {
        let directory = Directory::new(Pepper::new([9; 32]));
        for (number, id) in (1..).zip(ids) {
            let secret_id = SecretId::from_entropy([number; 16]);
            let new = NewSecret::imported(secret_id, DIGEST.parse().unwrap());
            let owner = OrganizationId::from_entropy([1; 16]);
            let settings = Settings::new("reports".parse().unwrap(), Vec::new());
            let made = (Timestamp::from_secs(0), "operator");
            let own = Credential::imported(id.parse().unwrap(), owner, settings, &new, made);
            directory.put(&Image::Credential(Box::new(own)));
        }
        directory
    }

    async fn prove(foreign: &ForeignSecrets, directory: &Directory, who: (&str, &str)) -> Proof {
        let body = format!("client_id={}&client_secret={}", who.0, who.1);
        let params = Params::from_form(body.as_bytes()).unwrap();
        let login = Login::exactly_one(None, &params).unwrap();
        foreign.prove(&login, directory, &FailedLogins::new(1), None).await
    }

    #[tokio::test]
    async fn whoever_gets_no_turn_is_told_so_and_has_not_failed() {
        let (foreign, directory) = (impatient(), directory(&["a"]));
        let turn = foreign.turns.clone().acquire_owned().await.unwrap();
        let (limits, params) =
            (FailedLogins::new(1), Params::from_form(b"client_id=a&client_secret=x"));
        let params = params.unwrap();
        let login = Login::exactly_one(None, &params).unwrap();
        for _ in 0..3 {
            assert_eq!(foreign.prove(&login, &directory, &limits, None).await, Proof::Busy);
        }
        drop(turn);
        assert_eq!(foreign.prove(&login, &directory, &limits, None).await, Proof::Wrong);
        assert!(lock(&foreign.lines).is_empty());
    }

    #[tokio::test]
    async fn what_was_proven_is_remembered_until_the_digest_is_another_one() {
        let (foreign, directory) = (impatient(), directory(&["a", "b"]));
        let right = ("a", "correct+horse");
        assert!(matches!(prove(&foreign, &directory, right).await, Proof::Of(_)));
        // No turn is needed any more, nor is there one.
        let _turn = foreign.turns.clone().acquire_owned().await.unwrap();
        assert!(matches!(prove(&foreign, &directory, right).await, Proof::Recalled(_)));
        assert_eq!(prove(&foreign, &directory, ("c", "x")).await, Proof::Nothing);
        let id = SecretId::from_entropy([1; 16]);
        let other = DIGEST.replace("Qc6e", "Qc6u").parse().unwrap();
        lock(&foreign.remembered).get_mut(&id).unwrap().was = Arc::new(other);
        assert_eq!(prove(&foreign, &directory, right).await, Proof::Busy);
    }

    #[tokio::test]
    async fn whoever_guesses_at_one_client_takes_no_turn_from_the_others() {
        let (foreign, directory) = (impatient(), directory(&["a", "b"]));
        let place = foreign.line_up("a");
        let _held = place.line.lock().await;
        assert_eq!(prove(&foreign, &directory, ("a", "x")).await, Proof::Busy);
        assert_eq!(prove(&foreign, &directory, ("b", "x")).await, Proof::Wrong);
    }
}
