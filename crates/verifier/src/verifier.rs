//! The verifier itself: what it is made of, and the order in which it checks. A check does no I/O
//! and takes no lock for longer than a look-up; whatever fetches runs in tasks of its own.

mod recheck;
mod start;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use hallpass_token::{
    Rejection, bearer,
    jose::{Algorithm, KeySet},
    verify::{self, BadPolicy, Policy},
};
use tokio::task::JoinHandle;
use tracing::{debug, info};

use crate::{
    builder::Builder,
    cache::Cache,
    caller::Caller,
    challenge::Challenge,
    clock::Clock,
    feed::{Choice, Journal, Knowledge, Offer},
    fetch::Transport,
    housekeeping,
    keys::{Keys, Ticket},
    layer::RequireToken,
    metadata::Issuer,
    resource::ResourceMetadata,
    saved::Saved,
    status::{Counters, FeedStatus, Status},
    timing::Timing,
};

/// Checks access tokens in front of an API. Cheap to clone; clones share keys, cache and feed.
/// When the last clone is dropped, the tasks end.
#[derive(Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
    policy: Arc<Policy>,
    realm: Arc<str>,
    metadata: Option<ResourceMetadata>,
}

struct Inner {
    demands: Demands,
    keys: Arc<Keys>,
    cache: Cache,
    knowledge: Arc<Knowledge>,
    journal: Arc<Journal>,
    counters: Counters,
    clock: Arc<dyn Clock>,
    timing: Timing,
    saved: Option<Arc<Saved>>,
    tasks: Tasks,
}

/// What is demanded of every token, whichever API it is for.
pub(crate) struct Demands {
    pub(crate) issuer: String,
    pub(crate) accept_jwt_type: bool,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) leeway_s: u64,
    pub(crate) realm: Option<String>,
    /// The scopes of the published metadata, if there are to be any.
    pub(crate) published_scopes: Option<Vec<String>>,
}

impl Demands {
    pub(crate) fn policy(&self, audiences: Vec<String>) -> Result<Policy, BadPolicy> {
        Policy::new(&self.issuer, audiences)?
            .with_jwt_type(self.accept_jwt_type)
            .with_algorithms(&self.algorithms)?
            .with_leeway_s(self.leeway_s)
    }
}

/// What a verifier is started with.
pub(crate) struct Parts {
    pub(crate) demands: Demands,
    pub(crate) issuer: Issuer,
    pub(crate) choice: Choice,
    pub(crate) cache_at_most: usize,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timing: Timing,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) saved: Option<Arc<Saved>>,
}

/// What can be said about a request at once.
pub(crate) enum Verdict {
    Now(Result<Caller, Rejection>),
    /// Only fresh keys can tell.
    After(Ticket),
}

impl Verifier {
    /// Begins a verifier for tokens of `issuer` (its URL, to the letter) for the API `audience`.
    pub fn builder(issuer: impl Into<String>, audience: impl Into<String>) -> Builder {
        Builder::new(issuer.into(), audience.into())
    }

    /// The same keys, cache and feed in front of another API: tokens must be for one of
    /// `audiences` instead.
    ///
    /// # Errors
    /// [`BadPolicy::NoAudience`].
    pub fn for_audiences<A: Into<String>>(
        &self,
        audiences: impl IntoIterator<Item = A>,
    ) -> Result<Self, BadPolicy> {
        let demands = &self.inner.demands;
        let policy = demands.policy(audiences.into_iter().map(Into::into).collect())?;
        Ok(Self::with(self.inner.clone(), policy))
    }

    /// Checks the value of an `Authorization` header: shape, header, signature, issuer, audience,
    /// dates, revocation. Never waits: an unknown `kid` is refused, and fresh keys are on their
    /// way for the next time.
    ///
    /// # Errors
    /// The first [`Rejection`] in that order. A request with two such headers is
    /// [`Rejection::InvalidRequest`] before it comes here.
    pub fn check(&self, authorization: Option<&[u8]>) -> Result<Caller, Rejection> {
        self.at_once(self.decide(authorization, &[]))
    }

    /// As [`check`](Self::check), but for an unknown `kid` it waits a moment for fresh keys, if
    /// they may be fetched, and tries once more.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn check_async(&self, authorization: Option<&[u8]>) -> Result<Caller, Rejection> {
        self.check_scopes_async(authorization, &[]).await
    }

    /// As [`check_async`](Self::check_async), for a request that needs all of these scopes.
    ///
    /// # Errors
    /// As [`check`](Self::check), and [`Rejection::InsufficientScope`].
    pub async fn check_scopes_async(
        &self,
        authorization: Option<&[u8]>,
        scopes: &[String],
    ) -> Result<Caller, Rejection> {
        match self.admit(authorization, scopes) {
            Verdict::Now(verdict) => verdict,
            Verdict::After(ticket) => self.admit_after(ticket, authorization, scopes).await,
        }
    }

    /// As [`check`](Self::check), for a token that came by another way than a header.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn verify_token(&self, token: &str) -> Result<Caller, Rejection> {
        self.at_once(self.alive(token))
    }

    /// A tower layer that lets only requests with a good token through, and puts the [`Caller`]
    /// into their extensions.
    pub fn layer(&self) -> RequireToken {
        RequireToken::new(self.clone())
    }

    /// The challenge of this API, for answers that are made elsewhere than in the layer.
    pub fn challenge(&self) -> Challenge<'_> {
        let resource_metadata = self.metadata.as_ref().map(ResourceMetadata::url);
        Challenge { realm: Some(&self.realm), scope: None, resource_metadata }
    }

    /// What the API says about itself, if [`Builder::publish_metadata`] was asked for.
    pub fn resource_metadata(&self) -> Option<&ResourceMetadata> {
        self.metadata.as_ref()
    }

    /// How it is doing.
    pub fn status(&self) -> Status {
        let inner = &*self.inner;
        let freshness = inner.knowledge.freshness_now();
        let published = inner.keys.current();
        let keys: Vec<_> = published
            .iter()
            .flat_map(|published| published.set.iter().map(|key| key.kid().to_owned()))
            .collect();
        let journal = &inner.journal;
        let offered = match &*inner.knowledge.offer().borrow() {
            Offer::Unknown => None,
            Offer::None => Some(false),
            Offer::At(_) => Some(true),
        };
        Status {
            ready: !keys.is_empty() && inner.knowledge.is_ready(),
            issuer: inner.demands.issuer.clone(),
            feed: FeedStatus {
                offered,
                seq: *inner.knowledge.applied().borrow(),
                as_of_s: freshness.as_of_s,
                staleness_s: freshness.staleness_s,
                blind: freshness.blind,
                stale: freshness.stale,
                entries: inner.knowledge.len(),
                not_understood: inner.knowledge.not_understood(),
                snapshots: journal.snapshots.load(Ordering::Relaxed),
                streams: journal.streams.load(Ordering::Relaxed),
                gaps: journal.gaps.load(Ordering::Relaxed),
                unreadable: journal.unreadable.load(Ordering::Relaxed),
            },
            keys,
            last_key_error: inner.keys.last_error.text(),
            last_feed_error: journal.last_error.text(),
            last_saved_error: inner.saved.as_ref().and_then(|saved| saved.last_error.text()),
            accepted: inner.counters.accepted(),
            refused: inner.counters.refused(),
            key_fetches: inner.keys.fetches.load(Ordering::Relaxed),
            cached_tokens: inner.cache.len(),
        }
    }

    /// [`status`](Self::status) in the text format of Prometheus.
    pub fn metrics_text(&self) -> String {
        self.status().to_prometheus()
    }

    /// Waits until tokens can be verified: keys are known, and the feed is as fresh as was
    /// chosen. Put a time limit around it.
    pub async fn wait_ready(&self) {
        self.inner.keys.known().await;
        self.inner.knowledge.ready().await;
    }

    /// Waits until the entry `seq` of the revocation feed is applied.
    pub async fn applied(&self, seq: u64) {
        let reached = |applied: &Option<u64>| applied.is_some_and(|applied| applied >= seq);
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.inner.knowledge.applied().wait_for(reached).await;
    }

    /// Ends the tasks and saves the feed. What is known goes on serving, and grows stale.
    pub async fn shutdown(&self) {
        for task in self.inner.tasks.take() {
            task.abort();
            // It was aborted, which is no news.
            let _ = task.await;
        }
        let (knowledge, saved) = (self.inner.knowledge.clone(), self.inner.saved.clone());
        if let Some(saved) = saved {
            let save = move || housekeeping::save(&knowledge, &saved);
            let _ = tokio::task::spawn_blocking(save).await;
        }
    }

    /// Checks a request and its scopes, and counts the verdict if there is one.
    pub(crate) fn admit(&self, authorization: Option<&[u8]>, scopes: &[String]) -> Verdict {
        let verdict = self.decide(authorization, scopes);
        if let Err(Rejection::UnknownKey { .. }) = &verdict
            && let Some(ticket) = self.inner.keys.want()
        {
            return Verdict::After(ticket);
        }
        Verdict::Now(self.counted(verdict))
    }

    /// Checks a request once more when the keys are fresh.
    pub(crate) async fn admit_after(
        &self,
        ticket: Ticket,
        authorization: Option<&[u8]>,
        scopes: &[String],
    ) -> Result<Caller, Rejection> {
        ticket.wait(self.inner.timing.unknown_key_wait).await;
        self.counted(self.decide(authorization, scopes))
    }

    /// Counts and logs a refusal, and takes the blame where the trouble is ours.
    pub(crate) fn refused(&self, rejection: Rejection) -> Rejection {
        let rejection = match rejection {
            // The key may be a new one, and it is our trouble that we cannot ask.
            Rejection::UnknownKey { .. } if self.inner.keys.is_cut_off() => {
                Rejection::Unavailable("the kid is unknown, and the issuer cannot be asked")
            }
            rejection => rejection,
        };
        self.inner.counters.refuse(&rejection);
        match &rejection {
            none @ (Rejection::NoToken | Rejection::OtherScheme) => debug!("Refused: {none}"),
            rejection => info!(reason = rejection.reason(), "Refused a token: {rejection}"),
        }
        rejection
    }

    fn counted(&self, verdict: Result<Caller, Rejection>) -> Result<Caller, Rejection> {
        let caller = verdict.map_err(|rejection| self.refused(rejection))?;
        self.inner.counters.accept();
        Ok(caller)
    }

    /// For callers that do not wait: fresh keys are fetched for the next time.
    fn at_once(&self, verdict: Result<Caller, Rejection>) -> Result<Caller, Rejection> {
        if matches!(verdict, Err(Rejection::UnknownKey { .. })) {
            let _ = self.inner.keys.want();
        }
        self.counted(verdict)
    }

    fn decide(&self, authorization: Option<&[u8]>, scopes: &[String]) -> Result<Caller, Rejection> {
        let caller = self.alive(bearer::parse(authorization)?)?;
        if scopes.iter().all(|scope| caller.has_scope(scope)) {
            return Ok(caller);
        }
        Err(Rejection::InsufficientScope { required: scopes.join(" ") })
    }

    /// Everything but the scope.
    fn alive(&self, token: &str) -> Result<Caller, Rejection> {
        let inner = &*self.inner;
        let now_s = inner.clock.unix_s();
        let published = inner.keys.current();
        let Some(published) = published.as_deref() else {
            // Without keys a token can still be malformed; that is not our trouble.
            return Err(match verify::verify(token, &KeySet::default(), &self.policy, now_s) {
                Err(Rejection::UnknownKey { .. }) | Ok(_) => {
                    Rejection::Unavailable("the issuer's keys are not known yet")
                }
                Err(rejection) => rejection,
            });
        };
        let caller = match inner.cache.find(token, published.epoch) {
            Some(caller) => {
                verify::check_claims(caller.claims(), &self.policy, now_s)?;
                caller
            }
            None => {
                let verified = verify::verify(token, &published.set, &self.policy, now_s)?;
                let caller = Caller::new(verified);
                inner.cache.keep(token, caller.clone(), published.epoch, now_s);
                caller
            }
        };
        inner.knowledge.judge(&caller.presented(), now_s)?;
        Ok(caller)
    }

    fn with(inner: Arc<Inner>, policy: Policy) -> Self {
        let realm = match &inner.demands.realm {
            Some(realm) => realm.as_str().into(),
            None => policy.audiences().first().map_or("", String::as_str).into(),
        };
        let metadata = inner.demands.published_scopes.as_ref().and_then(|scopes| {
            let audience = policy.audiences().first()?;
            ResourceMetadata::new(audience, &inner.demands.issuer, scopes)
        });
        Self { inner, policy: Arc::new(policy), realm, metadata }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// The tasks of a verifier, which end with it.
#[derive(Default)]
struct Tasks(Mutex<Vec<JoinHandle<()>>>);

impl Tasks {
    fn add(&self, task: JoinHandle<()>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }

    fn take(&self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.take().iter().for_each(JoinHandle::abort);
    }
}
