//! A whole node for a test: real SQLite in a folder of its own, a clock that goes only when told
//! to, and no housekeeping unless a test starts it. Ids and secrets follow from names.

use std::{path::PathBuf, pin::Pin, sync::Arc};

use axum::Router;
use hallpass_core::{
    Api, ApiId, Change, ClientId, Credential, Mutation, Organization, OrganizationId, SecretId,
    Timestamp,
    audit::Actor,
    credential::{Grant, NewSecret, Settings},
    secret::Secret,
    vault::MasterKey,
};
use hallpass_server::{
    App, Config, LiveDirectory, clock::ManualClock, first_start, rotation::Rotation, routes,
};
use hallpass_store::{SqliteStore, sqlite::Options};
use http_body_util::BodyExt;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::{
    ask::{Answer, Ask},
    unsteady_store::UnsteadyStore,
};

/// When every test begins: almost a second past [`NOW_S`], so that rounding shows.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(NOW_S * 1000 + 999);
pub(crate) const NOW_S: u64 = 1_764_000_000;
pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const BOOKS: &str = "https://api.example.com/books";
pub(crate) const SCOPES: &str = "books:read books:write";

/// The API's own credential, by which tests introspect.
pub(crate) const OWN: &str = "books-own";

pub(crate) fn operator() -> Actor {
    Actor::Operator { name: "tester".to_owned() }
}

pub(crate) fn entropy<const N: usize>(name: &str) -> [u8; N] {
    let mut bytes = [0; N];
    assert!(name.len() <= N, "{name} is too long");
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    bytes
}

pub(crate) fn client_id(name: &str) -> ClientId {
    ClientId::from_entropy(entropy(name))
}

pub(crate) fn api_id(name: &str) -> ApiId {
    ApiId::from_entropy(entropy(name))
}

pub(crate) fn secret_id(name: &str) -> SecretId {
    SecretId::from_entropy(entropy(name))
}

pub(crate) fn organization_id() -> OrganizationId {
    OrganizationId::from_entropy(entropy("customer"))
}

pub(crate) fn secret(name: &str) -> String {
    Secret::from_entropy(entropy(name)).expose().to_owned()
}

/// Id and secret of the credential with this name.
pub(crate) struct Login {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Login {
    pub(crate) fn of(name: &str) -> Self {
        Self { id: client_id(name).to_string(), secret: secret(name) }
    }

    pub(crate) fn pair(&self) -> (&str, &str) {
        (&self.id, &self.secret)
    }
}

/// A token request by Basic.
pub(crate) fn ask_token(name: &str) -> Ask {
    Ask::token().basic(Login::of(name).pair())
}

pub(crate) fn grant(api: &str, scopes: &str) -> Grant {
    Grant { api_id: api_id(api), scopes: scopes.parse().unwrap() }
}

pub(crate) fn api(name: &str, audience: &str, scopes: &str) -> Api {
    let audience = audience.parse().unwrap();
    let mut api = Api::new(api_id(name), name.parse().unwrap(), audience, NOW);
    api.scopes = scopes.parse().unwrap();
    api
}

/// What a node is started with.
pub(crate) struct Start {
    config: Config,
    apis: Vec<Api>,
    credentials: Vec<(String, Settings, bool)>,
}

impl Start {
    pub(crate) fn with_config(mut self, edit: impl FnOnce(&mut Config)) -> Self {
        edit(&mut self.config);
        self
    }

    /// Another API beside the books.
    pub(crate) fn with_api(mut self, api: Api) -> Self {
        self.apis.push(api);
        self
    }

    /// An active credential that may do everything with the books.
    pub(crate) fn with_credential(self, name: &str) -> Self {
        self.with_credential_that(name, |_| {})
    }

    pub(crate) fn with_credential_that(
        mut self,
        name: &str,
        edit: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::new(name.parse().unwrap(), vec![grant("books", SCOPES)]);
        edit(&mut settings);
        self.credentials.push((name.to_owned(), settings, true));
        self
    }

    /// A credential that nobody has activated.
    pub(crate) fn with_pending(mut self, name: &str) -> Self {
        self = self.with_credential(name);
        self.credentials.last_mut().unwrap().2 = false;
        self
    }

    async fn node(self) -> Node {
        self.config.validate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hallpass.db");
        let store = SqliteStore::open(&path, Options::default()).unwrap();
        let store = Arc::new(UnsteadyStore::new(store));
        let clock = Arc::new(ManualClock::at(NOW));
        first_start::open_vault(&*store, &master(), &operator(), NOW).await.unwrap();
        let app = app(self.config, store.clone(), clock.clone()).await;
        let router = routes::public(&app);
        let node = Node { app, clock, store, router, folder };
        let organization = Organization::new(organization_id(), "Customer".parse().unwrap(), NOW);
        node.commit(Mutation::AddOrganization(organization)).await;
        for api in self.apis {
            node.ensure_key(&api).await;
            node.commit(Mutation::AddApi(api)).await;
        }
        for (name, settings, active) in self.credentials {
            node.add_credential(&name, settings, active).await;
        }
        node
    }
}

impl IntoFuture for Start {
    type Output = Node;
    type IntoFuture = Pin<Box<dyn Future<Output = Node> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.node())
    }
}

fn master() -> MasterKey {
    MasterKey::from_entropy([7; 32])
}

async fn app(config: Config, store: Arc<UnsteadyStore>, clock: Arc<ManualClock>) -> App {
    let max_staleness_s = config.max_staleness_s;
    let live = LiveDirectory::load(store.clone(), &master(), clock.clone(), max_staleness_s)
        .await
        .unwrap();
    App::new(config, clock, store, live)
}

/// A node whose credentials are still to be read.
async fn filling(config: Config, store: Arc<UnsteadyStore>, clock: Arc<ManualClock>) -> App {
    store.hold_loads();
    let max_staleness_s = config.max_staleness_s;
    let live = LiveDirectory::open(store.clone(), &master(), clock.clone(), max_staleness_s)
        .await
        .unwrap();
    App::new(config, clock, store, live)
}

/// A running node.
pub(crate) struct Node {
    pub(crate) app: App,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<UnsteadyStore>,
    router: Router,
    folder: TempDir,
}

impl Node {
    /// A node with the API of the books and its own credential.
    pub(crate) fn start() -> Start {
        let config = Config {
            issuer: ISSUER.to_owned(),
            listen: ([127, 0, 0, 1], 0).into(),
            metrics_listen: ([127, 0, 0, 1], 0).into(),
            ..Config::default()
        };
        let apis = vec![api("books", BOOKS, SCOPES)];
        Start { config, apis, credentials: Vec::new() }.with_credential_that(OWN, |settings| {
            settings.grants.clear();
            settings.introspects = vec![api_id("books")];
        })
    }

    /// Another node on the same database, as after a restart.
    pub(crate) async fn restarted(self) -> Self {
        let Self { app: old, clock, store, folder, .. } = self;
        let app = app(old.config.clone(), store.clone(), clock.clone()).await;
        let router = routes::public(&app);
        Self { app, clock, store, router, folder }
    }

    /// The same, but its credentials come only when [`UnsteadyStore::let_loads_go`] says so.
    pub(crate) async fn restarted_and_empty(self) -> Self {
        let Self { app: old, clock, store, folder, .. } = self;
        let app = filling(old.config.clone(), store.clone(), clock.clone()).await;
        let router = routes::public(&app);
        Self { app, clock, store, router, folder }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("hallpass.db")
    }

    /// Everything that is on disk.
    pub(crate) fn bytes_on_disk(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// Another process's way to the same database.
    pub(crate) fn other_store(&self) -> SqliteStore {
        SqliteStore::open_existing(&self.database(), Options::default()).unwrap()
    }

    /// Another node on the same database, side by side with this one.
    pub(crate) async fn other_node(&self) -> App {
        let store = Arc::new(UnsteadyStore::new(self.other_store()));
        app(self.app.config.clone(), store, self.clock.clone()).await
    }

    pub(crate) async fn commit(&self, mutation: Mutation) -> Change {
        self.app.live.commit(&mutation, &operator()).await.unwrap()
    }

    pub(crate) fn rotation<'a>(&'a self, actor: &'a Actor) -> Rotation<'a> {
        let now = hallpass_server::clock::Clock::now(&*self.clock);
        Rotation { store: &*self.store, vault: self.app.live.keys.vault(), actor, now }
    }

    async fn ensure_key(&self, api: &Api) {
        self.rotation(&operator()).ensure(api.algorithm).await.unwrap();
        self.app.live.catch_up().await.unwrap();
    }

    pub(crate) fn new_secret(&self, name: &str) -> NewSecret {
        let secret = Secret::presented(secret(name));
        NewSecret::new(secret_id(name), &secret, &self.app.live.directory.pepper)
    }

    pub(crate) async fn add_credential(&self, name: &str, settings: Settings, active: bool) {
        let first = self.new_secret(name);
        let made = (NOW, "tester");
        let id = client_id(name);
        let new = Credential::pending(id.clone(), organization_id(), settings, &first, made);
        self.commit(Mutation::AddCredential(Box::new(new))).await;
        if active {
            self.commit(Mutation::ActivateCredential(id)).await;
        }
    }

    /// Lets time pass on a node that sees its database.
    pub(crate) async fn pass_s(&self, secs: u64) {
        self.clock.advance_secs(secs);
        self.app.live.poll().await.unwrap();
    }

    /// Lets time pass on a node that does not.
    pub(crate) async fn pass_blind_s(&self, secs: u64) {
        self.clock.advance_secs(secs);
        self.app.live.poll().await.unwrap_err();
    }

    /// Asks the router itself: no socket, so no address of a caller either.
    pub(crate) async fn send(&self, ask: Ask) -> Answer {
        self.send_to(&self.router, ask).await
    }

    /// The same of another table of pages.
    pub(crate) async fn send_to(&self, router: &Router, ask: Ask) -> Answer {
        let method = ask.method.clone();
        let response = router.clone().oneshot(ask.into_request()).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer::checked(&method, head.status, head.headers, body)
    }

    /// An endless answer: its head, and its body as it comes.
    pub(crate) async fn open(&self, ask: Ask) -> http::Response<axum::body::Body> {
        self.router.clone().oneshot(ask.into_request()).await.unwrap()
    }

    pub(crate) async fn request_token(&self, name: &str) -> Answer {
        self.send(ask_token(name)).await
    }

    pub(crate) async fn token(&self, name: &str) -> String {
        self.request_token(name).await.token()
    }

    /// What the API of the books hears of a token.
    pub(crate) async fn introspect(&self, token: &str) -> Answer {
        let ask = Ask::post("/oauth/introspect").basic(Login::of(OWN).pair());
        self.send(ask.form(format!("token={token}"))).await
    }

    pub(crate) async fn is_active(&self, token: &str) -> bool {
        self.introspect(token).await.value()["active"].as_bool().unwrap()
    }

    /// What is dead: the entries of the feed.
    pub(crate) async fn dead(&self) -> Vec<serde_json::Value> {
        let feed = self.send(Ask::get("/revocations")).await.value();
        feed["entries"].as_array().unwrap().clone()
    }
}

/// Waits until something has come true, and fails if it takes longer than anybody would wait.
pub(crate) async fn eventually(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(5));
    let came = async {
        while !is().await {
            looks.tick().await;
        }
    };
    let limit = std::time::Duration::from_secs(10);
    assert!(tokio::time::timeout(limit, came).await.is_ok(), "never: {what}");
}
