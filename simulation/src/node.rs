//! One node: the real live directory, kept true as the server's housekeeping does it, over the
//! simulated store.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hallpass_core::{
    grant::{self, Grant, Params, Refusal},
    vault::MasterKey,
};
use hallpass_server::LiveDirectory;
use hallpass_store::Store;
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, line::Line};

/// What the nodes call themselves.
pub(crate) const ISSUER: &str = "https://auth.example.com";

/// As the settings have them unless told otherwise.
const POLL: Duration = Duration::from_millis(200);
const HEARTBEAT: Duration = Duration::from_secs(2);

#[derive(Default)]
struct State {
    live: Option<Arc<LiveDirectory>>,
    up_since: Option<Instant>,
    tasks: Vec<JoinHandle<()>>,
    closing: CancellationToken,
    dead: CancellationToken,
}

/// The node.
pub(crate) struct Node {
    /// Its clock.
    pub(crate) clock: Clock,
    /// To the store.
    pub(crate) line: Arc<Line>,
    /// For how long it goes on without the store.
    pub(crate) max_staleness_s: u64,
    store: Arc<dyn Store>,
    master: MasterKey,
    state: Mutex<State>,
}

/// A token, and what it was decided by.
pub(crate) struct Issued {
    /// The JWT.
    pub(crate) token: String,
    /// The decision.
    pub(crate) grant: Grant,
    /// The key that signed it.
    pub(crate) kid: String,
    /// Its own id.
    pub(crate) jti: String,
}

impl Node {
    /// A node that is not running yet.
    pub(crate) fn new(
        clock: Clock,
        line: Arc<Line>,
        store: Arc<dyn Store>,
        master: MasterKey,
        max_staleness_s: u64,
    ) -> Self {
        Self { clock, line, max_staleness_s, store, master, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts it; it is up once it has loaded everything.
    pub(crate) fn start(self: &Arc<Self>) {
        let node = self.clone();
        let mut state = self.state();
        if state.tasks.is_empty() {
            state.tasks.push(tokio::spawn(async move { node.run().await }));
        }
    }

    /// `kill -9`: whatever was under way is not.
    pub(crate) fn crash(&self) {
        let old = std::mem::take(&mut *self.state());
        old.tasks.iter().for_each(JoinHandle::abort);
        old.dead.cancel();
    }

    /// Shuts down in order: open streams end.
    pub(crate) fn stop(&self) {
        self.state().closing.cancel();
        self.crash();
    }

    /// Whether it was started.
    pub(crate) fn is_started(&self) -> bool {
        !self.state().tasks.is_empty()
    }

    /// What it knows, if it is up.
    pub(crate) fn live(&self) -> Option<Arc<LiveDirectory>> {
        self.state().live.clone()
    }

    /// Cancelled when it shuts down, and when it dies.
    pub(crate) fn ends(&self) -> (CancellationToken, CancellationToken) {
        let state = self.state();
        (state.closing.clone(), state.dead.clone())
    }

    /// Since when it has been up with a good line to the store.
    pub(crate) fn good_since(&self) -> Option<Instant> {
        Some(self.state().up_since?.max(self.line.good_since()?))
    }

    /// Since when it has been up.
    pub(crate) fn up_since(&self) -> Option<Instant> {
        self.state().up_since
    }

    /// Does something for as long as the node lives.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.state().tasks.push(tokio::spawn(work));
    }

    async fn run(self: Arc<Self>) {
        let live = loop {
            let store = self.store.clone();
            let clock = Arc::new(self.clock);
            let loaded = LiveDirectory::open(store, &self.master, clock, self.max_staleness_s);
            match loaded.await {
                Ok(live) => break live,
                Err(_) => sleep(POLL).await,
            }
        };
        {
            let mut state = self.state();
            state.live = Some(live.clone());
            state.up_since = Some(Instant::now());
            state.tasks.push(tokio::spawn(beat(live.clone())));
        }
        let mut ticks = interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // What goes wrong shows in `as_of`.
            let _ = live.poll().await;
        }
    }

    /// `POST /oauth/token`, without HTTP around it.
    pub(crate) async fn issue(
        &self,
        login: (&str, &str),
        jti: [u8; 16],
    ) -> Option<Result<Issued, Refusal>> {
        let live = self.live()?;
        Some(issue(&live, self.clock, login, jti).await)
    }
}

async fn beat(live: Arc<LiveDirectory>) {
    let mut ticks = interval(HEARTBEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        live.feed.beat(live.as_of());
    }
}

async fn issue(
    live: &LiveDirectory,
    clock: Clock,
    login: (&str, &str),
    jti: [u8; 16],
) -> Result<Issued, Refusal> {
    let now = clock.timestamp();
    let directory = live.fresh(now)?;
    let (client_id, secret) = login;
    let body =
        format!("grant_type=client_credentials&client_id={client_id}&client_secret={secret}");
    let params = Params::from_form(body.as_bytes())?;
    let request = grant::request::parse(None, &params)?;
    let client = live.authenticate(&request.login, now, None).await?;
    let grant = grant::decide(&request, &client, &directory.catalog(), now)?;
    let unavailable = Refusal::TemporarilyUnavailable { retry_after_s: 5 };
    let key = live.keys.signing(grant.api.algorithm, now).ok_or(unavailable)?;
    let jti = URL_SAFE_NO_PAD.encode(jti);
    let payload = grant.payload(ISSUER, client_id, &jti);
    let unavailable = Refusal::TemporarilyUnavailable { retry_after_s: 5 };
    let token = key.sign(grant.api.token_type, &payload).map_err(|_| unavailable)?;
    Ok(Issued { token, grant, kid: key.kid().to_owned(), jti })
}
