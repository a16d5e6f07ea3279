//! A small HTTP server with a script, and a client set up against it. It runs on a runtime of its
//! own, so that the runtime of a test holds the tasks of the client alone, and can be cut off.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use hallpass_client::{Builder, ManualClock, Secret};
use tokio::{runtime::Runtime, sync::watch};

pub(crate) const SECRET: &str = "hps_hush";

/// What the server got.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

/// What the server answers.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn token(value: &str, members: &str) -> Self {
        let body = format!(r#"{{"access_token":"{value}","token_type":"Bearer",{members}}}"#);
        Self::new(200, body)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Otherwise = dyn Fn(usize, &Seen) -> Reply + Send + Sync;

struct Desk {
    script: Mutex<VecDeque<Reply>>,
    otherwise: Box<Otherwise>,
    seen: watch::Sender<Vec<Seen>>,
    open: watch::Sender<bool>,
}

pub(crate) struct Server {
    address: std::net::SocketAddr,
    desk: Arc<Desk>,
    runtime: Option<Runtime>,
}

impl Server {
    /// Answers by the script as long as it lasts, then by `otherwise`, which gets the number of
    /// the request, from 1.
    pub(crate) fn start(otherwise: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let desk = Arc::new(Desk {
            script: Mutex::default(),
            otherwise: Box::new(otherwise),
            seen: watch::Sender::new(Vec::new()),
            open: watch::Sender::new(true),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&desk));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
        Self { address, desk, runtime: Some(runtime) }
    }

    /// A token endpoint: the n-th request gets the token `t<n>`, for an hour.
    pub(crate) fn issuer() -> Self {
        Self::start(|n, _| Reply::token(&format!("t{n}"), r#""expires_in":3600"#))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn will(&self, reply: Reply) {
        self.desk.script.lock().unwrap().push_back(reply);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.desk.seen.borrow().clone()
    }

    /// From now on, or from now on no longer, requests are taken but not answered.
    pub(crate) fn hold(&self, hold: bool) {
        self.desk.open.send_replace(!hold);
    }

    pub(crate) async fn has_seen(&self, requests: usize) {
        let mut seen = self.desk.seen.subscribe();
        let wait = seen.wait_for(|seen| seen.len() >= requests);
        in_time(async { drop(wait.await.unwrap()) }).await;
    }

    /// Cuts all connections and refuses new ones.
    pub(crate) fn cut_off(&mut self) {
        // A runtime may not be dropped, and so waited for, inside another.
        let runtime = self.runtime.take();
        std::thread::spawn(|| drop(runtime)).join().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(
    State(desk): State<Arc<Desk>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap());
    let seen = Seen {
        path: uri.to_string(),
        authorization: authorization.unwrap_or_default().to_owned(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let mut number = 0;
    desk.seen.send_modify(|all| {
        all.push(seen.clone());
        number = all.len();
    });
    drop(desk.open.subscribe().wait_for(|open| *open).await);
    let scripted = desk.script.lock().unwrap().pop_front();
    let reply = scripted.unwrap_or_else(|| (desk.otherwise)(number, &seen));
    let mut response = (StatusCode::from_u16(reply.status).unwrap(), reply.body).into_response();
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// A builder whose clock stands still, without jitter. Its connections end with the answer, so
/// that [`quiet`] can tell when nothing is under way.
pub(crate) fn builder(clock: &ManualClock) -> Builder {
    Builder::new("reports", Secret::new(SECRET))
        .http(reqwest::Client::builder().pool_max_idle_per_host(0))
        .clock(clock.clone())
        .randomness(|| 0.5)
}

/// Waits until no background task is left on this runtime.
pub(crate) async fn quiet() {
    let metrics = tokio::runtime::Handle::current().metrics();
    in_time(async {
        while metrics.num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Fails the test rather than hang.
pub(crate) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(20), work)
        .await
        .expect("it should not take so long")
}
