//! An issuer: metadata, keys, and a revocation feed as docs/feed.md says. It can be told to
//! misbehave at any of its addresses, to vanish, and to come back at the same one.

use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use hallpass_token::{
    feed::{Entry, Event, Snapshot, Subject},
    jose::{Algorithm, SigningKey, TokenType},
    revocation::Handle,
};
use hallpass_verifier::{Builder, Clock, ManualClock, Timing, Verifier};
use http::{HeaderMap, StatusCode, header};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{broadcast, watch},
    task::{JoinHandle, JoinSet},
};

use crate::trouble::{EVENTS, JSON, Trouble, within};

pub(crate) const NOW_S: u64 = 1_764_000_000;
pub(crate) const LIFETIME_S: u64 = 86_400;
pub(crate) const AUDIENCE: &str = "https://books.example.com";

pub(crate) const METADATA: &str = "/.well-known/oauth-authorization-server";
pub(crate) const OPENID: &str = "/.well-known/openid-configuration";
pub(crate) const JWKS: &str = "/keys";
pub(crate) const SNAPSHOT: &str = "/revocations";
pub(crate) const STREAM: &str = "/revocations/stream";

/// A running issuer. It ends with the test.
pub(crate) struct Issuer {
    pub(crate) url: String,
    pub(crate) clock: ManualClock,
    address: SocketAddr,
    inner: Arc<Inner>,
    serving: Option<JoinHandle<()>>,
}

struct Inner {
    url: String,
    clock: ManualClock,
    keys: Mutex<Vec<SigningKey>>,
    feed: Mutex<Feed>,
    troubles: Mutex<HashMap<&'static str, Script>>,
    hits: watch::Sender<HashMap<String, usize>>,
}

/// How an address misbehaves: a few times, and then for good or not at all.
#[derive(Default)]
struct Script {
    first: VecDeque<Trouble>,
    always: Option<Trouble>,
}

/// What is dead.
struct Feed {
    offered: bool,
    /// A reader that has not come this far must take the snapshot.
    first: u64,
    log: Vec<Entry>,
    /// A node that is cut off from its store knows nothing after this time.
    cut_off_at_s: Option<u64>,
    frames: broadcast::Sender<String>,
}

impl Feed {
    fn seq(&self) -> u64 {
        self.log.len() as u64
    }

    fn beat(&self, now_s: u64) -> String {
        let as_of = self.cut_off_at_s.unwrap_or(now_s);
        Event::Heartbeat { seq: self.seq(), as_of }.to_sse()
    }
}

impl Issuer {
    /// With an ES256 key and an empty feed.
    pub(crate) async fn start() -> Self {
        Self::with(Algorithm::Es256, true).await
    }

    /// With a key of this algorithm, and a feed or none.
    pub(crate) async fn with(algorithm: Algorithm, has_feed: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (url, clock) = (format!("http://{address}"), ManualClock::at(NOW_S));
        let (frames, _) = broadcast::channel(1024);
        let feed = Feed { offered: has_feed, first: 0, log: vec![], cut_off_at_s: None, frames };
        let inner = Arc::new(Inner {
            url: url.clone(),
            clock: clock.clone(),
            keys: Mutex::new(vec![key(algorithm)]),
            feed: Mutex::new(feed),
            troubles: Mutex::default(),
            hits: watch::Sender::default(),
        });
        let serving = Some(tokio::spawn(serve(listener, inner.clone())));
        Self { url, clock, address, inner, serving }
    }

    /// A verifier of this issuer's tokens, on the test's clock and with little patience.
    pub(crate) fn builder(&self) -> Builder {
        Verifier::builder(self.url.clone(), AUDIENCE)
            .clock(self.clock.clone())
            .timing(hasty())
            .realm("books")
    }

    pub(crate) async fn verifier(&self) -> Verifier {
        within("a start", self.builder().start()).await.unwrap()
    }

    /// Stops listening, and breaks every connection.
    pub(crate) async fn vanish(&mut self) {
        let serving = self.serving.take().unwrap();
        serving.abort();
        assert!(serving.await.unwrap_err().is_cancelled());
    }

    /// At the same address.
    pub(crate) async fn come_back(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serving = Some(tokio::spawn(serve(listener, self.inner.clone())));
    }

    /// From now on, `path` is answered this way.
    pub(crate) fn misbehave(&self, path: &'static str, trouble: Trouble) {
        let mut troubles = self.inner.troubles.lock().unwrap();
        troubles.entry(path).or_default().always = Some(trouble);
    }

    /// The next request for `path` is answered this way.
    pub(crate) fn misbehave_once(&self, path: &'static str, trouble: Trouble) {
        let mut troubles = self.inner.troubles.lock().unwrap();
        troubles.entry(path).or_default().first.push_back(trouble);
    }

    /// From now on, all is well.
    pub(crate) fn behave(&self) {
        self.inner.troubles.lock().unwrap().clear();
    }

    /// How often `path` was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.inner.hits.borrow().get(path).copied().unwrap_or(0)
    }

    /// Waits until `path` was asked for `more` times from now on.
    pub(crate) async fn is_asked(&self, path: &str, more: usize) {
        let enough = self.asked(path) + more;
        let mut hits = self.inner.hits.subscribe();
        let waiting = hits.wait_for(|hits| hits.get(path).is_some_and(|hits| *hits >= enough));
        within("a request", waiting).await.unwrap();
    }

    /// Publishes one more key, or takes its place.
    pub(crate) fn rotate(&self, keep_old: bool) {
        let mut keys = self.inner.keys.lock().unwrap();
        if !keep_old {
            keys.clear();
        }
        keys.insert(0, key(Algorithm::Es256));
    }

    pub(crate) fn kid(&self) -> String {
        self.inner.keys.lock().unwrap()[0].kid().to_owned()
    }

    /// Whether metadata names the feed.
    pub(crate) fn offer_feed(&self, offered: bool) {
        self.inner.feed.lock().unwrap().offered = offered;
    }

    /// Something dies; returns its number.
    pub(crate) fn kill(&self, subject: Subject) -> u64 {
        self.entry(Entry { subject, until_s: NOW_S + LIFETIME_S + 300 })
    }

    /// A credential dies.
    pub(crate) fn kill_credential(&self, client_id: &str) -> u64 {
        let handle = Handle::of(client_id);
        self.kill(Subject::Credential { handle, generations: None })
    }

    /// An entry appears in the feed; returns its number.
    pub(crate) fn entry(&self, entry: Entry) -> u64 {
        let mut feed = self.inner.feed.lock().unwrap();
        feed.log.push(entry.clone());
        let event = Event::Revocation { seq: feed.seq(), entry };
        // Nobody may be listening.
        let _ = feed.frames.send(event.to_sse());
        feed.seq()
    }

    /// A heartbeat on every stream.
    pub(crate) fn beat(&self) {
        let feed = self.inner.feed.lock().unwrap();
        let _ = feed.frames.send(feed.beat(self.clock.unix_s()));
    }

    /// Time passes, and the streams beat as they should.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.beat();
    }

    /// The node goes on, but learns nothing any more.
    pub(crate) fn cut_off(&self, is: bool) {
        self.inner.feed.lock().unwrap().cut_off_at_s = is.then(|| self.clock.unix_s());
    }

    /// From now on, what died so far is in the snapshot alone.
    pub(crate) fn forget_events(&self) {
        let mut feed = self.inner.feed.lock().unwrap();
        feed.first = feed.log.len() as u64;
    }

    /// The database is put back to an earlier state.
    pub(crate) fn set_back(&self, to: u64) {
        let mut feed = self.inner.feed.lock().unwrap();
        feed.log.truncate(to as usize);
    }

    /// What a good token says.
    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": self.url, "aud": AUDIENCE, "sub": "reports", "client_id": "reports",
            "iat": NOW_S, "exp": NOW_S + LIFETIME_S, "jti": "t1", "scope": "books:read",
            "gen": 2, "org": "org_library",
        })
    }

    /// A token that says this.
    pub(crate) fn sign(&self, typ: TokenType, claims: &Value) -> String {
        self.inner.keys.lock().unwrap()[0].sign(typ, claims.to_string().as_bytes()).unwrap()
    }

    pub(crate) fn token(&self) -> String {
        self.sign(TokenType::AtJwt, &self.claims())
    }

    /// A good token but for these members; null takes one away.
    pub(crate) fn token_but(&self, edits: Value) -> String {
        let mut claims = self.claims();
        for (name, value) in edits.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        self.sign(TokenType::AtJwt, &claims)
    }

    /// The metadata as they should be.
    pub(crate) fn metadata(&self) -> Value {
        self.inner.metadata()
    }

    /// The keys as they should be.
    pub(crate) fn jwks(&self) -> Value {
        self.inner.jwks()
    }
}

/// Waits that a test can live with; none of them decides what passes.
pub(crate) fn hasty() -> Timing {
    let mut timing = Timing::default();
    timing.retry_first = Duration::from_millis(5);
    timing.retry_most = Duration::from_millis(50);
    timing.start = Duration::from_millis(500);
    timing
}

pub(crate) fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm).unwrap().0
}

async fn serve(listener: TcpListener, inner: Arc<Inner>) {
    let app = Router::new().fallback(answer).with_state(inner);
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(app.clone());
        connections.spawn(async move {
            let builder = auto::Builder::new(TokioExecutor::new());
            // The other end may break it off.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    inner.hits.send_modify(|hits| *hits.entry(path.clone()).or_default() += 1);
    if let Some(trouble) = inner.next_trouble(&path) {
        return trouble.answer().await;
    }
    match &*path {
        METADATA | OPENID => Json(inner.metadata()).into_response(),
        JWKS => Json(inner.jwks()).into_response(),
        SNAPSHOT => inner.snapshot(request.headers()),
        STREAM => {
            let after = request.uri().query().unwrap().strip_prefix("after=").unwrap();
            inner.stream(after.parse().unwrap())
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Inner {
    fn next_trouble(&self, path: &str) -> Option<Trouble> {
        let mut troubles = self.troubles.lock().unwrap();
        let script = troubles.get_mut(path)?;
        script.first.pop_front().or_else(|| script.always.clone())
    }

    fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.url);
        let mut metadata = json!({ "issuer": self.url, "jwks_uri": at(JWKS) });
        if self.feed.lock().unwrap().offered {
            metadata["revocation_feed_uri"] = at(SNAPSHOT).into();
        }
        metadata
    }

    fn jwks(&self) -> Value {
        let keys = self.keys.lock().unwrap();
        json!({ "keys": keys.iter().map(SigningKey::public_jwk).collect::<Vec<_>>() })
    }

    fn snapshot(&self, headers: &HeaderMap) -> Response {
        let feed = self.feed.lock().unwrap();
        let (seq, as_of) = (feed.seq(), feed.cut_off_at_s.unwrap_or(self.clock.unix_s()));
        let tag = format!("W/\"{seq}\"");
        let known = headers
            .get(header::IF_NONE_MATCH)
            .is_some_and(|known| known.as_bytes() == tag.as_bytes());
        let head = [("etag", tag), ("hallpass-as-of", as_of.to_string())];
        if known {
            return (StatusCode::NOT_MODIFIED, head).into_response();
        }
        let snapshot = Snapshot { seq, as_of, entries: feed.log.clone() };
        let body = serde_json::to_string(&snapshot).unwrap();
        (head, [("content-type", JSON)], body).into_response()
    }

    fn stream(&self, after: u64) -> Response {
        let feed = self.feed.lock().unwrap();
        let frames = feed.frames.subscribe();
        let mut first = if after > feed.seq() || after < feed.first {
            Event::Reset { seq: feed.seq() }.to_sse()
        } else {
            let missed = (1..).zip(&feed.log).filter(|(seq, _)| *seq > after);
            let missed = missed.map(|(seq, entry)| Event::Revocation { seq, entry: entry.clone() });
            missed.map(|event| event.to_sse()).collect()
        };
        first += &feed.beat(self.clock.unix_s());
        let first = stream::once(async { Bytes::from(first) });
        let rest = stream::unfold(frames, |mut frames| async {
            Some((Bytes::from(frames.recv().await.ok()?), frames))
        });
        let body = Body::from_stream(first.chain(rest).map(Ok::<_, Infallible>));
        ([("content-type", EVENTS)], body).into_response()
    }
}
