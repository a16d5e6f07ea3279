//! Reads the issuer's revocation feed: the snapshot, then the stream, for ever. Whatever goes
//! wrong it notices, and asks again; it must never go on as if nothing had been missed, and never
//! wait without a limit.

mod knowledge;
mod place;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hallpass_token::feed::{BadSnapshot, Snapshot, SseReader};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};
use tracing::{debug, error, warn};

pub(crate) use self::knowledge::{BLIND_S, Choice, Knowledge, Offer, Prepared};
use self::{
    knowledge::Lagging,
    place::{Place, Step},
};
use crate::{
    fetch::{self, Answer, Fetch, FetchError},
    status::LastError,
    timing::Timing,
};

/// The longest snapshot, in bytes: room for more than a million entries.
pub(crate) const SNAPSHOT_MOST_BYTES: usize = 128 * 1024 * 1024;

/// A snapshot of at most so many bytes is read where it came, in less than a millisecond; a longer
/// one where it holds up nobody.
const SHORT_BYTES: usize = 64 * 1024;

/// On a 304 the freshness comes in a header, in Unix seconds.
const AS_OF: HeaderName = HeaderName::from_static("hallpass-as-of");

/// How often a feed with an entry that was not understood is fetched anew: it may be gone.
const NOT_UNDERSTOOD_AGAIN: Duration = Duration::from_secs(60);

/// After so many streams in a row that brought nothing (a proxy holds them back, perhaps), the
/// snapshot is asked for as well.
const FRUITLESS: u32 = 2;

/// After a stream that has lived for so long the next attempt is not kept waiting. A server whose
/// streams break sooner is asked less and less often.
const STEADY: Duration = Duration::from_secs(1);

/// What the reader has done.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) snapshots: AtomicU64,
    pub(crate) streams: AtomicU64,
    pub(crate) gaps: AtomicU64,
    pub(crate) unreadable: AtomicU64,
    pub(crate) last_error: LastError,
}

/// Why the feed could not be read, for now.
#[derive(Debug, thiserror::Error)]
enum FeedError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Snapshot(#[from] BadSnapshot),
    #[error(transparent)]
    Lagging(#[from] Lagging),
    #[error("a 304 that nobody asked for, or without hallpass-as-of")]
    NotModified,
    #[error("the stream is not text/event-stream")]
    NotAStream,
    #[error("nothing new for {0:?}")]
    Stalled(Duration),
    #[error("the stream has ended")]
    Ended,
    #[error(transparent)]
    Unreadable(#[from] hallpass_token::feed::Unreadable),
    #[error("reading the snapshot was given up")]
    Stopped,
}

/// How a stream came to its end, other than by failing.
enum End {
    /// Events are missing.
    Gap,
    /// The snapshot is needed.
    StartOver,
}

/// The task that keeps [`Knowledge`] true.
pub(crate) struct Reader {
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) fetch: Arc<Fetch>,
    pub(crate) timing: Timing,
    pub(crate) journal: Arc<Journal>,
    /// Whether the first attempt has ended, one way or the other: starting waits for it.
    pub(crate) tried: watch::Sender<bool>,
}

/// What has gone on so far.
struct Course {
    place: Option<Place>,
    /// Of the snapshot that was taken over with this number.
    tag: Option<(HeaderValue, u64)>,
    snapshot_due: bool,
    /// Ends of streams since a steady one, and whatever else went wrong.
    failures: u32,
    fruitless: u32,
    /// The place where events were missing the last time.
    gap_after: Option<u64>,
    /// An event of the current stream was good for something.
    progress: bool,
}

impl Reader {
    /// Runs until it is dropped, from the place `applied` that was saved.
    pub(crate) async fn run(self, applied: Option<u64>) {
        let mut offer = self.knowledge.offer();
        let place = applied.map(Place::at);
        let mut course = Course {
            snapshot_due: place.is_none(),
            place,
            tag: None,
            failures: 0,
            fruitless: 0,
            gap_after: None,
            progress: false,
        };
        loop {
            let uri = match &*offer.borrow_and_update() {
                Offer::At(uri) => Some(uri.clone()),
                Offer::Unknown | Offer::None => None,
            };
            let Some(uri) = uri else {
                // The other end lives in `knowledge`, so this cannot fail.
                let _ = offer.changed().await;
                continue;
            };
            self.turn(&uri, &mut course).await;
            tokio::select! {
                biased;
                () = sleep(self.timing.retry(course.failures)) => {}
                _ = offer.changed() => {}
            }
        }
    }

    /// One snapshot, if it is due, and one stream.
    async fn turn(&self, uri: &str, course: &mut Course) {
        course.progress = false;
        let (ended, steady) = match self.snapshot(uri, course).await {
            Err(error) => (Err(error), false),
            Ok(()) => {
                let begun = Instant::now();
                let ended = self.stream(uri, course).await;
                (ended, begun.elapsed() >= STEADY)
            }
        };
        course.fruitless = if course.progress { 0 } else { course.fruitless + 1 };
        course.failures = if steady { 1 } else { course.failures.saturating_add(1) };
        match ended {
            Ok(End::Gap) => {
                self.journal.gaps.fetch_add(1, Ordering::Relaxed);
                // Joining again where the stream was left brings what is missing, or it is lost.
                let after = course.place.as_ref().map(Place::applied);
                let again = course.gap_after == after;
                course.gap_after = after;
                course.snapshot_due |= again || !course.progress;
            }
            Ok(End::StartOver) => course.snapshot_due = true,
            Err(error) => {
                course.snapshot_due |= course.fruitless >= FRUITLESS;
                if self.journal.last_error.note(&error) {
                    warn!("The revocation feed is interrupted: {error}");
                } else {
                    debug!(failures = course.failures, "The revocation feed: {error}");
                }
            }
        }
        self.tried.send_replace(true);
    }

    /// Takes over the snapshot, unless the place is good without.
    async fn snapshot(&self, uri: &str, course: &mut Course) -> Result<(), FeedError> {
        if course.place.is_some() && !course.snapshot_due {
            return Ok(());
        }
        let applied = course.place.as_ref().map(Place::applied);
        // The tag says nothing once the stream has moved on.
        let tag = course.tag.as_ref().filter(|(_, seq)| Some(*seq) == applied).map(|(tag, _)| tag);
        let limit = self.timing.request;
        let answer = self.fetch.head(uri, "application/json", tag, limit).await?;
        let (head, body) = answer.into_parts();
        match head.status {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if tag.is_some() => {
                self.knowledge.fresh(as_of(&head.headers).ok_or(FeedError::NotModified)?);
                course.snapshot_due = false;
                return Ok(());
            }
            StatusCode::NOT_MODIFIED => return Err(FeedError::NotModified),
            status => return Err(FetchError::Status(status).into()),
        }
        let limit = self.timing.snapshot;
        let json = timeout(limit, fetch::read(body, SNAPSHOT_MOST_BYTES)).await;
        let json = json.map_err(|_| FetchError::TooSlow(limit))??;
        // A cache in between may answer an old body that the issuer has just confirmed.
        let confirmed_s = as_of(&head.headers);
        let is_short = json.len() <= SHORT_BYTES;
        let prepare = move || {
            let mut read = Snapshot::from_json(&json)?;
            read.snapshot.as_of = confirmed_s.unwrap_or(read.snapshot.as_of);
            Ok::<_, BadSnapshot>(Prepared::new(read))
        };
        let prepared = if is_short {
            prepare()?
        } else {
            let prepared = tokio::task::spawn_blocking(prepare).await;
            prepared.map_err(|_| FeedError::Stopped)??
        };
        let seq = prepared.seq();
        self.knowledge.adopt(prepared)?;
        self.journal.snapshots.fetch_add(1, Ordering::Relaxed);
        course.tag = head.headers.get(header::ETAG).cloned().map(|tag| (tag, seq));
        course.place = Some(Place::at(seq));
        course.snapshot_due = false;
        Ok(())
    }

    /// Follows the stream until it ends, fails, stalls or loses something.
    async fn stream(&self, uri: &str, course: &mut Course) -> Result<End, FeedError> {
        let Some(place) = &mut course.place else { return Ok(End::StartOver) };
        let url = format!("{uri}/stream?after={}", place.applied());
        let answer = self.fetch.head(&url, EVENT_STREAM, None, self.timing.request).await?;
        let mut body = stream_body(answer)?;
        self.journal.streams.fetch_add(1, Ordering::Relaxed);
        place.connected();
        let mut sse = SseReader::new();
        let mut stalled = Box::pin(sleep(self.timing.stall));
        let again = Instant::now() + NOT_UNDERSTOOD_AGAIN;
        let mut newest_s = 0;
        loop {
            let piece = tokio::select! {
                // A flood of pieces that say nothing new must not keep the clocks from being read.
                biased;
                () = &mut stalled => return Err(FeedError::Stalled(self.timing.stall)),
                () = sleep_until(again), if self.knowledge.not_understood() > 0 => {
                    return Ok(End::StartOver);
                }
                piece = body.next() => piece.map_err(FetchError::from)?,
            };
            let piece = piece.ok_or(FeedError::Ended)?;
            for event in sse.push(&piece) {
                let step = place.read(event);
                if is_news(&step, &mut newest_s) {
                    stalled.as_mut().reset(Instant::now() + self.timing.stall);
                }
                if let Some(end) = self.take(step, place.applied(), &mut course.progress)? {
                    return Ok(end);
                }
            }
        }
    }

    /// Does what one event asks for.
    fn take(&self, step: Step, seq: u64, progress: &mut bool) -> Result<Option<End>, FeedError> {
        match step {
            Step::Skip => {}
            Step::Apply(entry) => {
                self.knowledge.apply(seq, entry);
                *progress = true;
            }
            Step::NotUnderstood(bad) => {
                error!(
                    feed.seq = seq,
                    "The feed has an entry that this version cannot read: {bad}"
                );
                self.journal.unreadable.fetch_add(1, Ordering::Relaxed);
                self.knowledge.step_over(seq);
            }
            Step::Fresh(as_of_s) => {
                if self.knowledge.fresh(as_of_s) {
                    self.journal.last_error.clear();
                    *progress = true;
                }
                self.tried.send_replace(true);
            }
            Step::Gap => return Ok(Some(End::Gap)),
            Step::StartOver => return Ok(Some(End::StartOver)),
            Step::Unreadable(unreadable) => {
                self.journal.unreadable.fetch_add(1, Ordering::Relaxed);
                return Err(unreadable.into());
            }
        }
        Ok(None)
    }
}

/// Whether a step says anything new. A node that is cut off from its database goes on beating
/// with an `as_of` that stands still, and another node may know more.
fn is_news(step: &Step, newest_s: &mut u64) -> bool {
    match step {
        Step::Apply(_) | Step::NotUnderstood(_) => true,
        Step::Fresh(as_of_s) => *as_of_s > std::mem::replace(newest_s, (*newest_s).max(*as_of_s)),
        Step::Skip | Step::Gap | Step::StartOver | Step::Unreadable(_) => false,
    }
}

const EVENT_STREAM: &str = "text/event-stream";

fn stream_body(answer: Answer) -> Result<Box<dyn fetch::Chunks>, FeedError> {
    if answer.status() != StatusCode::OK {
        return Err(FetchError::Status(answer.status()).into());
    }
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
    if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case(EVENT_STREAM)) {
        return Err(FeedError::NotAStream);
    }
    Ok(answer.into_body())
}

fn as_of(headers: &HeaderMap) -> Option<u64> {
    headers.get(AS_OF)?.to_str().ok()?.parse().ok()
}
