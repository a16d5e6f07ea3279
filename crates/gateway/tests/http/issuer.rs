//! An issuer: metadata, keys, and a revocation feed as docs/feed.md says.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::{StreamExt, stream};
use hallpass_token::{
    feed::{Entry, Event, Snapshot, Subject},
    jose::{Algorithm, SigningKey, TokenType},
    revocation::Handle,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::broadcast, task::JoinHandle};

pub(crate) const BOOKS: &str = "https://api.example.com/books";
pub(crate) const LOANS: &str = "https://api.example.com/loans";

/// A running issuer. It ends with the test.
pub(crate) struct Issuer {
    pub(crate) url: String,
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

struct Inner {
    url: String,
    key: SigningKey,
    log: Mutex<Vec<Entry>>,
    frames: broadcast::Sender<String>,
}

#[expect(clippy::disallowed_methods, reason = "the gateway reads the real clock, too")]
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (frames, _) = broadcast::channel(64);
        let key = SigningKey::generate(Algorithm::Es256).unwrap().0;
        let inner = Inner { url: url.clone(), key, log: Mutex::default(), frames };
        let inner = Arc::new(inner);
        let app = Router::new()
            .route("/.well-known/oauth-authorization-server", get(metadata))
            .route("/keys", get(keys))
            .route("/revocations", get(snapshot))
            .route("/revocations/stream", get(stream_of))
            .with_state(inner.clone());
        let serving = tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { url, inner, serving }
    }

    /// A token for the Books API with this scope.
    pub(crate) fn token(&self, scope: &str) -> String {
        self.token_but(json!({ "scope": scope }))
    }

    /// A good token but for these members.
    pub(crate) fn token_but(&self, edits: Value) -> String {
        let now_s = now_s();
        let mut claims = json!({
            "iss": self.url, "aud": BOOKS, "sub": "hpc_1", "client_id": "hpc_1", "iat": now_s,
            "exp": now_s + 3600, "jti": "t1", "scope": "books:read", "gen": 1, "org": "org_1",
        });
        for (name, value) in edits.as_object().unwrap() {
            claims[name] = value.clone();
        }
        self.inner.key.sign(TokenType::AtJwt, claims.to_string().as_bytes()).unwrap()
    }

    /// A credential dies.
    pub(crate) fn kill(&self, client_id: &str) {
        let subject = Subject::Credential { handle: Handle::of(client_id), generations: None };
        let entry = Entry { subject, until_s: now_s() + 7200 };
        let mut log = self.inner.log.lock().unwrap();
        log.push(entry.clone());
        let event = Event::Revocation { seq: log.len() as u64, entry };
        // Nobody may be listening.
        let _ = self.inner.frames.send(event.to_sse());
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn metadata(State(inner): State<Arc<Inner>>) -> Json<Value> {
    let url = &inner.url;
    Json(json!({
        "issuer": url,
        "jwks_uri": format!("{url}/keys"),
        "revocation_feed_uri": format!("{url}/revocations"),
    }))
}

async fn keys(State(inner): State<Arc<Inner>>) -> Json<Value> {
    Json(json!({ "keys": [inner.key.public_jwk()] }))
}

async fn snapshot(State(inner): State<Arc<Inner>>) -> Response {
    let entries = inner.log.lock().unwrap().clone();
    let snapshot = Snapshot { seq: entries.len() as u64, as_of: now_s(), entries };
    Json(serde_json::to_value(&snapshot).unwrap()).into_response()
}

async fn stream_of(State(inner): State<Arc<Inner>>) -> Response {
    let frames = inner.frames.subscribe();
    let seq = inner.log.lock().unwrap().len() as u64;
    let first = Event::Heartbeat { seq, as_of: now_s() }.to_sse();
    let first = stream::once(async { Bytes::from(first) });
    let rest = stream::unfold(frames, |mut frames| async {
        Some((Bytes::from(frames.recv().await.ok()?), frames))
    });
    let body = Body::from_stream(first.chain(rest).map(Ok::<_, Infallible>));
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}
