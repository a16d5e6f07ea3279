//! The issuer's keys: fetched ahead of need, again for an unknown `kid` at a bounded rate, and
//! kept for as long as nothing better comes. An issuer that is away, or that publishes nothing
//! usable, never takes away keys that are known.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use hallpass_token::jose::{KeyError, KeySet};
use http::{HeaderMap, header};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};
use tracing::{debug, info, warn};

use crate::{
    clock::Clock,
    fetch::{Fetch, FetchError},
    metadata::{BadMetadata, Issuer, Metadata},
    saved::Saved,
    status::LastError,
    timing::Timing,
};

/// More than 100 large keys, in bytes.
const MOST_BYTES: usize = 1024 * 1024;

/// Fetches that unknown `kid`s may cause at once, before they are kept apart.
const BUDGET: u32 = 3;

/// Unless the issuer says how long its keys may be cached.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(600);

/// Ahead of need means after half of the time that the issuer allows, within these limits.
const REFRESH_AFTER: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(30)..=Duration::from_secs(3600);

/// The longest wait after a failure, while the known keys go on serving.
const RETRY_MOST_WITH_KEYS: Duration = Duration::from_secs(60);

/// A set of keys as it was published.
pub(crate) struct Published {
    pub(crate) set: KeySet,
    jwks: Vec<u8>,
    /// Changes with the document: what other keys vouched for is then checked anew.
    pub(crate) epoch: u64,
}

/// Attempts to fetch keys.
#[derive(Clone, Copy, Debug, Default)]
struct Attempts {
    finished: u64,
    failed: bool,
}

/// The keys that are trusted now.
pub(crate) struct Keys {
    clock: Arc<dyn Clock>,
    apart: Duration,
    current: ArcSwapOption<Published>,
    budget: Mutex<Budget>,
    wanted: Notify,
    attempts: watch::Sender<Attempts>,
    pub(crate) fetches: AtomicU64,
    pub(crate) last_error: LastError,
}

/// What unknown `kid`s may still cause.
struct Budget {
    left: u32,
    refilled_at: Duration,
    /// A fetch is asked for or under way: whoever comes now waits for that one.
    pending: bool,
}

/// Why a JWK Set is not taken over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadKeys {
    #[error("JWK Set: {0}")]
    Unreadable(#[from] KeyError),
    #[error("a JWK Set without a single usable key")]
    Empty,
    #[error("JWK Set: {0}")]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Metadata(#[from] BadMetadata),
}

/// A fetch that somebody waits for.
pub(crate) struct Ticket {
    attempts: watch::Receiver<Attempts>,
    finished: u64,
}

impl Ticket {
    /// Waits until the fetch has ended, one way or the other.
    pub(crate) async fn wait(mut self, at_most: Duration) {
        let ended = self.attempts.wait_for(|now| now.finished > self.finished);
        let _ = timeout(at_most, ended).await;
    }
}

impl Keys {
    pub(crate) fn new(clock: Arc<dyn Clock>, apart: Duration) -> Self {
        let refilled_at = clock.monotonic();
        Self {
            clock,
            apart,
            current: ArcSwapOption::empty(),
            budget: Mutex::new(Budget { left: BUDGET, refilled_at, pending: false }),
            wanted: Notify::new(),
            attempts: watch::Sender::default(),
            fetches: AtomicU64::new(0),
            last_error: LastError::default(),
        }
    }

    /// The keys, once any are known.
    pub(crate) fn current(&self) -> arc_swap::Guard<Option<Arc<Published>>> {
        self.current.load()
    }

    /// Whether the issuer could not be asked the last time.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.attempts.borrow().failed
    }

    /// Asks for fresh keys on behalf of an unknown `kid`. None when that was done often enough.
    pub(crate) fn want(&self) -> Option<Ticket> {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = Ticket {
            attempts: self.attempts.subscribe(),
            finished: self.attempts.borrow().finished,
        };
        if !budget.pending {
            budget.take(self.clock.monotonic(), self.apart)?;
            budget.pending = true;
            self.wanted.notify_one();
        }
        Some(ticket)
    }

    /// Takes over a JWK Set.
    pub(crate) fn publish(&self, jwks: Vec<u8>) -> Result<bool, BadKeys> {
        let before = self.current.load();
        if before.as_ref().is_some_and(|before| before.jwks == jwks) {
            return Ok(false);
        }
        let set = KeySet::from_jwks(&jwks)?;
        for skipped in set.skipped() {
            debug!("A key of the issuer's set is left out: {skipped}");
        }
        if set.is_empty() {
            return Err(BadKeys::Empty);
        }
        let kids: Vec<_> = set.iter().map(|key| key.kid()).collect();
        info!(?kids, "Took over the issuer's keys");
        let epoch = before.as_ref().map_or(1, |before| before.epoch + 1);
        self.current.store(Some(Arc::new(Published { set, jwks, epoch })));
        Ok(true)
    }

    /// Waits until the issuer has been asked at least once.
    pub(crate) async fn asked(&self) {
        let _ = self.attempts.subscribe().wait_for(|attempts| attempts.finished > 0).await;
    }

    /// Waits until any keys are known.
    pub(crate) async fn known(&self) {
        let known = |_: &Attempts| self.current.load().is_some();
        let _ = self.attempts.subscribe().wait_for(known).await;
    }

    fn ended(&self, failed: bool) {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner).pending = false;
        self.attempts.send_modify(|attempts| {
            attempts.finished += 1;
            attempts.failed = failed;
        });
    }
}

impl Budget {
    fn take(&mut self, now: Duration, apart: Duration) -> Option<()> {
        while self.left < BUDGET && now.saturating_sub(self.refilled_at) >= apart {
            self.left += 1;
            self.refilled_at += apart;
        }
        if self.left == BUDGET {
            self.refilled_at = now;
        }
        self.left = self.left.checked_sub(1)?;
        Some(())
    }
}

/// The task that keeps [`Keys`] fresh.
pub(crate) struct Keeper {
    pub(crate) keys: Arc<Keys>,
    pub(crate) issuer: Issuer,
    pub(crate) fetch: Arc<Fetch>,
    pub(crate) timing: Timing,
    pub(crate) saved: Option<Arc<Saved>>,
    /// Learns what the issuer says about its feed.
    pub(crate) on_metadata: Box<dyn Fn(&Metadata) + Send + Sync>,
}

impl Keeper {
    /// Runs until it is dropped. `metadata` is what was saved.
    pub(crate) async fn run(self, mut metadata: Option<Metadata>) {
        let (mut failures, mut ask_metadata) = (0, true);
        loop {
            let got = self.refresh(&mut metadata, ask_metadata).await;
            let wait = match got {
                Ok(max_age) => {
                    failures = 0;
                    self.timing
                        .jittered((max_age / 2).clamp(*REFRESH_AFTER.start(), *REFRESH_AFTER.end()))
                }
                Err(bad) => {
                    failures += 1;
                    if self.keys.last_error.note(&bad) {
                        warn!("Cannot fetch the issuer's keys: {bad}");
                    }
                    self.retry_after(failures)
                }
            };
            self.keys.ended(failures > 0);
            ask_metadata = tokio::select! {
                biased;
                () = tokio::time::sleep(wait) => true,
                // An unknown `kid` is for the keys to answer, and for nobody else to be asked.
                () = self.keys.wanted.notified() => failures > 0,
            };
        }
    }

    fn retry_after(&self, failures: u32) -> Duration {
        let mut timing = self.timing.clone();
        if self.keys.current().is_some() {
            timing.retry_most = timing.retry_most.max(RETRY_MOST_WITH_KEYS);
        }
        timing.retry(failures)
    }

    /// Fetches metadata, since keys and feed may have moved, and keys; returns for how long the
    /// issuer says that they are good.
    async fn refresh(
        &self,
        metadata: &mut Option<Metadata>,
        ask_metadata: bool,
    ) -> Result<Duration, BadKeys> {
        let (before, mut trouble) = (metadata.clone(), None);
        if metadata.is_none() || ask_metadata {
            match self.issuer.ask(&self.fetch, &self.timing).await {
                Ok(new) => {
                    (self.on_metadata)(&new);
                    *metadata = Some(new.or_feed_of(before.as_ref()));
                }
                // The keys may still be where they were.
                Err(bad) if metadata.is_some() => trouble = Some(bad),
                Err(bad) => return Err(bad.into()),
            }
        }
        let Some(metadata) = metadata else { return Ok(DEFAULT_MAX_AGE) };
        self.keys.fetches.fetch_add(1, Ordering::Relaxed);
        let (headers, jwks) =
            self.fetch.document(&metadata.jwks_uri, MOST_BYTES, self.timing.request).await?;
        let changed = self.keys.publish(jwks)?;
        match trouble {
            None => self.keys.last_error.clear(),
            Some(bad) if self.keys.last_error.note(&bad) => {
                warn!("The issuer's keys are where they were, but: {bad}");
            }
            Some(_) => {}
        }
        let changed = changed || before.as_ref() != Some(metadata);
        if changed && let Some(saved) = self.saved.clone() {
            let (metadata, published) = (metadata.clone(), self.keys.current.load_full());
            let keep = move || {
                if let Some(published) = published {
                    saved.keep_keys(&metadata, &published.jwks);
                }
            };
            // What goes wrong is reported there.
            let _ = tokio::task::spawn_blocking(keep).await;
        }
        Ok(max_age(&headers).unwrap_or(DEFAULT_MAX_AGE))
    }
}

/// RFC 9111 §5.2.2.1.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = headers.get(header::CACHE_CONTROL)?.to_str().ok()?.split(',');
    let mut ages = directives.filter_map(|one| {
        let (name, age) = one.trim().split_once('=')?;
        // Recipients take either form (§5.2), whatever the case.
        name.eq_ignore_ascii_case("max-age").then(|| age.trim_matches('"'))
    });
    ages.next()?.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use hallpass_token::jose::{Algorithm, SigningKey};

    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn unknown_kids_cause_few_fetches_and_share_them() {
        let clock = ManualClock::at(0);
        let keys = Keys::new(Arc::new(clock.clone()), Duration::from_secs(10));
        let mut started = 0;
        for (passed_s, wants, expected) in
            [(0, 5, 3), (9, 5, 3), (1, 5, 4), (10, 5, 5), (1000, 9, 8), (0, 1, 8)]
        {
            clock.advance(Duration::from_secs(passed_s));
            for _ in 0..wants {
                started += u32::from(keys.want().is_some());
                keys.ended(false);
            }
            assert_eq!(started, expected, "after {passed_s} s more");
        }
        clock.advance(Duration::from_secs(10));
        let shared = (0..1000).filter(|_| keys.want().is_some()).count();
        assert_eq!(shared, 1000, "while one is under way, all wait for it");
        keys.ended(false);
        assert!(keys.want().is_none(), "and it was one");
    }

    fn jwks(keys: &[&SigningKey]) -> Vec<u8> {
        let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
        serde_json::to_vec(&serde_json::json!({ "keys": keys })).unwrap()
    }

    #[test]
    fn only_a_usable_set_takes_the_place_of_known_keys() {
        let key = || SigningKey::generate(Algorithm::Es256).unwrap().0;
        let (one, two) = (key(), key());
        let clock = Arc::new(ManualClock::at(0));
        let keys = Keys::new(clock, Duration::from_secs(10));
        let private =
            r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"x","x":"AA","y":"AA","d":"AA"}]}"#;
        let secret = r#"{"keys":[{"kty":"oct","kid":"x","k":"AA"}]}"#;
        let known = |keys: &Keys| {
            let current = keys.current();
            let current = current.as_ref().unwrap();
            (current.epoch, current.set.iter().map(|key| key.kid().to_owned()).collect::<Vec<_>>())
        };
        let first = || vec![one.kid().to_owned()];
        for (name, document, changed, epoch, kids) in [
            ("the first", jwks(&[&one]), Some(true), 1, first()),
            ("the same", jwks(&[&one]), Some(false), 1, first()),
            ("no JSON", b"<html>".to_vec(), None, 1, first()),
            ("cut off", jwks(&[&two])[..40].to_vec(), None, 1, first()),
            ("no set", b"{}".to_vec(), None, 1, first()),
            ("empty", br#"{"keys":[]}"#.to_vec(), None, 1, first()),
            ("private", private.as_bytes().to_vec(), None, 1, first()),
            ("symmetric", secret.as_bytes().to_vec(), None, 1, first()),
            ("another", jwks(&[&two]), Some(true), 2, vec![two.kid().to_owned()]),
            (
                "both",
                jwks(&[&one, &two]),
                Some(true),
                3,
                vec![one.kid().to_owned(), two.kid().to_owned()],
            ),
        ] {
            assert_eq!(keys.publish(document).ok(), changed, "{name}");
            assert_eq!(known(&keys), (epoch, kids), "{name}");
        }
    }

    #[test]
    fn max_age_is_read_from_cache_control() {
        for (value, expected) in [
            (Some("public, max-age=3600"), Some(3600)),
            (Some("max-age=0"), Some(0)),
            (Some("Max-Age=60, public"), Some(60)),
            (Some("public, max-age=\"60\""), Some(60)),
            (Some("s-maxage=60"), None),
            (Some("max-age=-1"), None),
            (Some("no-store"), None),
            (Some("max-age=soon"), None),
            (None, None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(header::CACHE_CONTROL, value.parse().unwrap());
            }
            assert_eq!(max_age(&headers), expected.map(Duration::from_secs), "{value:?}");
        }
    }
}
