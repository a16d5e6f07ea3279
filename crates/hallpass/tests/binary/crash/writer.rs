//! A process that writes as fast as it can and says what is done: this test binary, run once
//! more. It prints a change only after the store has acknowledged it.

use std::{path::PathBuf, process::Command, sync::Arc};

use hallpass_core::{
    Api, Change, ClientId, Credential, Mutation, Organization, SecretId,
    audit::Actor,
    credential::{Grant, LiveTokens, NewSecret, Settings},
    secret::Secret,
    vault::{MasterKey, OpenVault},
};
use hallpass_server::{
    clock::{Clock, SystemClock},
    entropy, first_start,
};
use hallpass_store::{SqliteStore, Store, sqlite::Options};
use serde::{Deserialize, Serialize};

use crate::{place::Place, process::Process};

/// Credentials that a writer works on at the same time.
const AT_ONCE: usize = 4;

/// Where to write. Handed over on standard input.
#[derive(Deserialize, Serialize)]
struct Orders {
    data: PathBuf,
}

/// One change that is on disk, says the store.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Acknowledged {
    pub(super) client_id: ClientId,
    pub(super) change: Change,
    /// The secret that came with it, in the clear.
    pub(super) secret: Option<(SecretId, String)>,
}

/// A writing process.
pub(super) struct Writer {
    process: Process,
    seen: usize,
}

impl Writer {
    pub(super) async fn start(place: &Place) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let test = "crash::writer::writes_until_killed";
        command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
        let orders = serde_json::to_string(&Orders { data: place.data() }).unwrap();
        Self { process: Process::start(command, &orders), seen: 0 }
    }

    /// Waits until it has acknowledged this many more changes.
    pub(super) async fn acknowledges(&mut self, more: usize) {
        self.seen += more;
        self.process.prints(self.seen).await;
    }

    /// Kills it, and returns all that it acknowledged before.
    pub(super) async fn kill(mut self) -> Vec<Acknowledged> {
        self.process.kill();
        let printed = self.process.ended().await.stdout;
        // The last line may be cut off: nobody could have read it as an acknowledgement.
        let whole = printed.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let lines = whole.filter(|line| line.starts_with('{'));
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// What a writer has opened.
struct Desk {
    store: SqliteStore,
    vault: OpenVault,
    actor: Actor,
    organization: Organization,
    api: Api,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a child process of the crash tests, which give it orders on standard input"]
async fn writes_until_killed() {
    let orders = std::io::read_to_string(std::io::stdin()).unwrap();
    if orders.is_empty() {
        return;
    }
    let Orders { data } = serde_json::from_str(&orders).unwrap();
    let desk = Arc::new(Desk::open(&data).await);
    // The test harness has begun a line of its own.
    println!();
    let at_work: Vec<_> = (0..AT_ONCE).map(|_| tokio::spawn(desk.clone().work())).collect();
    for one in at_work {
        one.await.unwrap();
    }
}

impl Desk {
    async fn open(data: &std::path::Path) -> Self {
        let master = std::fs::read_to_string(data.join("master.key")).unwrap();
        let master = MasterKey::from_text(&master).unwrap();
        let store =
            SqliteStore::open_existing(&data.join("hallpass.db"), Options::default()).unwrap();
        let actor = Actor::Operator { name: "writer".to_owned() };
        let vault =
            first_start::open_vault(&store, &master, &actor, SystemClock.now()).await.unwrap();
        let organization = store.organizations().await.unwrap().remove(0);
        let apis = store.apis().await.unwrap();
        let api = apis.into_iter().find(|api| !api.id.is_management()).unwrap();
        Self { store, vault, actor, organization, api }
    }

    /// Takes one credential after the other through a part of its life: the next one further
    /// than the last, so that some are left behind in each state.
    async fn work(self: Arc<Self>) {
        for steps in (0..=6).cycle() {
            let client_id = ClientId::from_entropy(entropy::bytes());
            let (secret, new) = self.secret();
            let first = new.id().clone();
            self.commit(&client_id, self.add(&client_id, &new), Some((first.clone(), secret)))
                .await;
            for step in 1..=steps {
                let id = client_id.clone();
                let (mutation, secret) = match step {
                    1 => self.rotate(&id),
                    2 => (self.retire(&id, &first), None),
                    3 => (Mutation::PauseCredential(id), None),
                    4 => (Mutation::ResumeCredential(id), None),
                    5 => (Mutation::RevokeCredential(id), None),
                    _ => (Mutation::DeleteCredential(id), None),
                };
                self.commit(&client_id, mutation, secret).await;
            }
        }
    }

    fn secret(&self) -> (String, NewSecret) {
        let secret = Secret::from_entropy(entropy::bytes());
        let id = SecretId::from_entropy(entropy::bytes());
        let new = NewSecret::new(id, &secret, &self.vault.pepper);
        (secret.expose().to_owned(), new)
    }

    fn add(&self, client_id: &ClientId, new: &NewSecret) -> Mutation {
        let grant = Grant { api_id: self.api.id.clone(), scopes: self.api.scopes.clone() };
        let settings = Settings::new("by a writer".parse().unwrap(), vec![grant]);
        let (now, owner) = (SystemClock.now(), self.organization.id.clone());
        let pending = Credential::pending(client_id.clone(), owner, settings, new, (now, "writer"));
        Mutation::AddCredential(Box::new(pending.activate(now).unwrap()))
    }

    fn rotate(&self, id: &ClientId) -> (Mutation, Option<(SecretId, String)>) {
        let (text, secret) = self.secret();
        let made = (secret.id().clone(), text);
        let others_expire_at = Some(SystemClock.now().plus_secs(3600));
        let client_id = id.clone();
        (Mutation::AddSecret { client_id, secret, others_expire_at }, Some(made))
    }

    fn retire(&self, id: &ClientId, secret_id: &SecretId) -> Mutation {
        let (client_id, secret_id) = (id.clone(), secret_id.clone());
        Mutation::RetireSecret { client_id, secret_id, live: LiveTokens::Kill }
    }

    async fn commit(
        &self,
        client_id: &ClientId,
        mutation: Mutation,
        secret: Option<(SecretId, String)>,
    ) {
        let change = self.store.commit(&mutation, &self.actor, SystemClock.now()).await.unwrap();
        let line = Acknowledged { client_id: client_id.clone(), change, secret };
        println!("{}", serde_json::to_string(&line).unwrap());
    }
}
