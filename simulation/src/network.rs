//! The network between verifiers and nodes, as the verifier's transport: a load balancer that
//! picks any node, lines that are slow or cut, and streams that storms tear, delay and shuffle.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use hallpass_server::feed::Events;
use hallpass_token::{
    feed::{Entry, Event, SseReader, Subject},
    revocation::Handle,
};
use hallpass_verifier::{Answer, BoxFuture, Chunks, Transport, TransportError};
use http::{HeaderValue, Request, Response, StatusCode, header};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    fault::Fault,
    line::Line,
    node::{ISSUER, Node},
    rng::Rng,
};

/// What a verifier sees of the feed, as the network knows it.
#[derive(Default)]
pub(crate) struct Sight {
    stream: AtomicU64,
    /// The node of the open stream, and since when everything has come through it.
    through: Mutex<Option<(usize, Instant)>>,
    disorder: Mutex<Option<String>>,
}

impl Sight {
    /// The node whose stream is open and whole, and since when.
    pub(crate) fn through(&self) -> Option<(usize, Instant)> {
        *self.through.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers that a node showed out of order.
    pub(crate) fn disorder(&self) -> Option<String> {
        self.disorder.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, stream: u64, through: Option<(usize, Instant)>) {
        if self.stream.load(Ordering::Relaxed) == stream {
            *self.through.lock().unwrap_or_else(PoisonError::into_inner) = through;
        }
    }
}

/// The network as one verifier has it.
pub(crate) struct Network {
    nodes: Vec<Arc<Node>>,
    lines: Vec<Arc<Line>>,
    rng: Mutex<Rng>,
    sight: Arc<Sight>,
    fault: Option<Fault>,
    /// What a cache in between might still have.
    old: Mutex<Option<(HeaderValue, String, Bytes)>>,
}

impl Network {
    /// Lines to each of the nodes.
    pub(crate) fn new(
        nodes: Vec<Arc<Node>>,
        lines: Vec<Arc<Line>>,
        rng: Rng,
        sight: Arc<Sight>,
        fault: Option<Fault>,
    ) -> Self {
        Self { nodes, lines, rng: Mutex::new(rng), sight, fault, old: Mutex::default() }
    }

    async fn answer(&self, request: Request<()>) -> Result<Answer, TransportError> {
        let to = self.rng.lock().unwrap_or_else(PoisonError::into_inner).place(self.nodes.len());
        let (node, line) = (&self.nodes[to], &self.lines[to]);
        cross(line).await?;
        let live = node.live().ok_or_else(|| broken("connection refused"))?;
        let answer = match request.uri().path() {
            "/.well-known/oauth-authorization-server" => json(serde_json::json!({
                "issuer": ISSUER,
                "jwks_uri": format!("{ISSUER}/.well-known/jwks.json"),
                "revocation_feed_uri": format!("{ISSUER}/revocations"),
            })),
            "/.well-known/jwks.json" => {
                let keys = live.keys.published(node.clock.timestamp());
                json(serde_json::json!({ "keys": keys }))
            }
            "/revocations" => self.snapshot(&request, node, line),
            "/revocations/stream" => self.stream(&request, to),
            _ => status(StatusCode::NOT_FOUND),
        };
        cross(line).await?;
        Ok(answer)
    }

    fn snapshot(&self, request: &Request<()>, node: &Node, line: &Line) -> Answer {
        let Some(live) = node.live() else { return status(StatusCode::BAD_GATEWAY) };
        let as_of = live.as_of();
        let (version, body) = live.feed.snapshot(as_of);
        let mut current = (HeaderValue::from(as_of.as_secs()), version, body);
        {
            let mut old = self.old.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(old) = &*old
                && line.mishap(4)
            {
                current = old.clone();
            }
            *old = Some(current.clone());
        }
        let (as_of, version, body) = current;
        let tag = format!("W/\"{version}\"");
        let known = request.headers().get(header::IF_NONE_MATCH);
        let mut answer = if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
            status(StatusCode::NOT_MODIFIED)
        } else {
            Response::new(Box::new(Whole(Some(body))) as Box<dyn Chunks>)
        };
        answer.headers_mut().insert("hallpass-as-of", as_of);
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            answer.headers_mut().insert(header::ETAG, tag);
        }
        answer
    }

    fn stream(&self, request: &Request<()>, to: usize) -> Answer {
        let (node, line) = (&self.nodes[to], &self.lines[to]);
        let Some(live) = node.live() else { return status(StatusCode::BAD_GATEWAY) };
        let after = request.uri().query().and_then(|query| query.strip_prefix("after="));
        let Some(after) = after.and_then(|after| after.parse().ok()) else {
            return status(StatusCode::BAD_REQUEST);
        };
        let (closing, dead) = node.ends();
        let stream = self.sight.stream.fetch_add(1, Ordering::Relaxed) + 1;
        self.sight.set(stream, None);
        let (pieces, arriving) = mpsc::unbounded_channel();
        let pump = Pump {
            events: Events::join(live, closing, after),
            line: line.clone(),
            sight: self.sight.clone(),
            fault: self.fault,
            last: after,
            arrives_at: Instant::now(),
            held: None,
        };
        let body = Body {
            arriving,
            pump: tokio::spawn(pump.run(pieces)),
            line: line.clone(),
            breaks: line.breaks(),
            dead,
            good_beats: 0,
            at: (stream, to, self.sight.clone()),
        };
        let mut answer = Response::new(Box::new(body) as Box<dyn Chunks>);
        let kind = HeaderValue::from_static("text/event-stream");
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        answer
    }
}

impl Transport for Network {
    fn get(&self, request: Request<()>) -> BoxFuture<'_, Result<Answer, TransportError>> {
        Box::pin(self.answer(request))
    }
}

async fn cross(line: &Line) -> Result<(), TransportError> {
    sleep(line.delay()).await;
    if !line.is_up() {
        if line.is_silent() {
            std::future::pending::<()>().await;
        }
        sleep(line.patience()).await;
        return Err(broken("the line is cut"));
    }
    if line.mishap(5) {
        return Err(broken("the connection broke"));
    }
    Ok(())
}

fn broken(why: &str) -> TransportError {
    TransportError(why.to_owned())
}

fn status(status: StatusCode) -> Answer {
    let mut answer = Response::new(Box::new(Whole(None)) as Box<dyn Chunks>);
    *answer.status_mut() = status;
    answer
}

fn json(value: serde_json::Value) -> Answer {
    Response::new(Box::new(Whole(Some(Bytes::from(value.to_string())))) as Box<dyn Chunks>)
}

/// A body that is there as a whole.
struct Whole(Option<Bytes>);

impl Chunks for Whole {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(std::future::ready(Ok(self.0.take())))
    }
}

/// What is on its way in a stream.
struct Piece {
    bytes: Bytes,
    sent_at: Instant,
    arrives_at: Instant,
    is_beat: bool,
}

/// Takes events from the node as it makes them, and puts them on the line.
struct Pump {
    events: Events,
    line: Arc<Line>,
    sight: Arc<Sight>,
    fault: Option<Fault>,
    last: u64,
    arrives_at: Instant,
    held: Option<Piece>,
}

impl Pump {
    async fn run(mut self, pieces: mpsc::UnboundedSender<Piece>) {
        while let Some(bytes) = self.events.next().await {
            let Some((bytes, is_beat)) = self.read(bytes) else { continue };
            if self.line.mishap(6) {
                continue;
            }
            let now = Instant::now();
            self.arrives_at = self.arrives_at.max(now + self.line.delay());
            let piece = Piece { bytes, sent_at: now, arrives_at: self.arrives_at, is_beat };
            if self.held.is_none() && self.line.mishap(6) {
                self.held = Some(piece);
                continue;
            }
            let again = self.line.mishap(6);
            let copy = |piece: &Piece| Piece { bytes: piece.bytes.clone(), ..*piece };
            let twice = again.then(|| copy(&piece));
            for piece in [Some(piece), self.held.take(), twice].into_iter().flatten() {
                if pieces.send(piece).is_err() {
                    return;
                }
            }
        }
    }

    /// Looks at what the node shows, before anything happens to it on the way.
    fn read(&mut self, bytes: Bytes) -> Option<(Bytes, bool)> {
        let event = SseReader::new().push(&bytes).into_iter().next()?;
        match event {
            Ok(Event::Revocation { seq, .. }) => {
                if seq != self.last + 1 {
                    let mut disorder =
                        self.sight.disorder.lock().unwrap_or_else(PoisonError::into_inner);
                    *disorder = Some(format!("a stream showed {seq} after {}", self.last));
                }
                self.last = seq;
                if self.fault == Some(Fault::SkippedEntry) && self.line.chance(4) {
                    let handle = Handle::of("nobody");
                    let subject = Subject::Credential { handle, generations: None };
                    let entry = Entry { subject, until_s: u64::MAX };
                    let other = Event::Revocation { seq, entry };
                    return Some((Bytes::from(other.to_sse()), false));
                }
                Some((bytes, false))
            }
            Ok(Event::Heartbeat { .. }) => Some((bytes, true)),
            Ok(Event::Reset { seq }) => {
                self.last = seq;
                Some((bytes, false))
            }
            Err(_) => Some((bytes, false)),
        }
    }
}

/// The verifier's end of a stream.
struct Body {
    arriving: UnboundedReceiver<Piece>,
    pump: JoinHandle<()>,
    line: Arc<Line>,
    breaks: CancellationToken,
    dead: CancellationToken,
    good_beats: u32,
    at: (u64, usize, Arc<Sight>),
}

impl Body {
    async fn arrive(&mut self) -> Result<Option<Bytes>, TransportError> {
        let Self { arriving, breaks, dead, .. } = self;
        let piece = tokio::select! {
            biased;
            () = breaks.cancelled() => None,
            () = dead.cancelled() => return Err(broken("the node is gone")),
            piece = async {
                let piece = arriving.recv().await;
                if let Some(piece) = &piece {
                    sleep_until(piece.arrives_at).await;
                }
                piece
            } => Some(piece),
        };
        let Some(piece) = piece else {
            if self.line.is_silent() {
                std::future::pending::<()>().await;
            }
            return Err(broken("the line is cut"));
        };
        let Some(piece) = piece else { return Ok(None) };
        self.look(&piece);
        Ok(Some(piece.bytes))
    }

    /// The second heartbeat that was sent in calm weather shows that nothing is missing.
    fn look(&mut self, piece: &Piece) {
        let is_good = self.line.good_since().is_some_and(|since| since <= piece.sent_at);
        let (stream, node, sight) = &self.at;
        if !is_good {
            self.good_beats = 0;
            sight.set(*stream, None);
        } else if piece.is_beat {
            self.good_beats += 1;
            if self.good_beats == 2 {
                sight.set(*stream, Some((*node, Instant::now())));
            }
        }
    }
}

impl Chunks for Body {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportError>> {
        Box::pin(self.arrive())
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.pump.abort();
        let (stream, _, sight) = &self.at;
        sight.set(*stream, None);
    }
}
