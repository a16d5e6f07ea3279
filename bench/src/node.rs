//! A node of Hallpass as a child: the real app, routes, listener and housekeeping over a real
//! store, SQLite or PostgreSQL. The store holds a few credentials; any more are put straight into
//! the directory, by the same call by which loading puts them there, since a million fsynced writes
//! would take minutes and the token endpoint never looks at the store.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use hallpass_core::{Image, Mutation, Timestamp, audit::Actor, change::Death, vault::MasterKey};
use hallpass_server::{
    App, Config, LiveDirectory, Server,
    clock::{Clock, SystemClock},
    first_start, housekeeping,
};
use hallpass_store::{PostgresStore, SqliteStore, Store, postgres, sqlite};
use hallpass_token::{
    feed::{Entry, Subject},
    jose::Jwks,
    revocation::Handle,
};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::{child, population};

/// Callers that create credentials at the same time.
const CALLERS: usize = 256;

/// What a node is told.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Where its SQLite database goes: an empty folder.
    #[arg(long, required_unless_present = "postgres")]
    pub(crate) folder: Option<PathBuf>,
    /// The URL of its PostgreSQL database, instead.
    #[arg(long)]
    pub(crate) postgres: Option<String>,
    /// The database is another node's, which has filled it.
    #[arg(long)]
    pub(crate) joins: bool,
    /// Credentials in the store.
    #[arg(long)]
    pub(crate) stored: u32,
    /// Credentials in the directory, those of the store included.
    #[arg(long)]
    pub(crate) credentials: u32,
    /// Entries in the revocation feed that kill none of them.
    #[arg(long)]
    pub(crate) dead: u32,
    /// Leave out what a node does by itself, so that only requests are counted.
    #[arg(long)]
    pub(crate) no_housekeeping: bool,
}

/// What a server says when it listens.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Ready {
    /// Where.
    pub(crate) address: SocketAddr,
    /// Its `iss`.
    pub(crate) issuer: String,
    /// What its tokens verify with.
    pub(crate) jwks: Jwks,
}

/// What the store of a node has done, as the node says it when asked for `counts`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Counts {
    /// SQL statements, reads included.
    pub(crate) statements: u64,
    /// Transactions written to disk.
    pub(crate) transactions: u64,
}

/// What a node says when it is told to `revoke` a credential.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Acknowledged {
    /// The number of the death in the feed.
    pub(crate) feed_seq: u64,
    /// When `commit` returned, in nanoseconds since the Unix epoch.
    pub(crate) at_ns: u64,
}

/// What a node says when it is told to `create` credentials.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Created {
    /// How many.
    pub(crate) credentials: u32,
    /// How long that took, in seconds.
    pub(crate) seconds: f64,
}

/// In a child: answers until standard input ends.
pub(crate) fn run(options: &Options) -> Result<()> {
    child::runtime()?.block_on(async {
        let app = app(options).await?;
        let server = Server::bind(app.clone()).await?;
        let _tasks = (!options.no_housekeeping).then(|| housekeeping::start(&app));
        let ready = Ready {
            address: server.public_address()?,
            issuer: app.config.issuer.clone(),
            jwks: Jwks { keys: app.live.keys.published(now()) },
        };
        child::say(&ready)?;
        tokio::spawn(server.run());
        obey(&app).await
    })
}

async fn obey(app: &App) -> Result<()> {
    let mut orders = child::orders();
    while let Some(order) = orders.recv().await {
        match order.split_once(' ') {
            None if order == "counts" => {
                let counts = app.store.counts();
                let Counts { statements, transactions } =
                    Counts { statements: counts.statements, transactions: counts.transactions };
                child::say(&Counts { statements, transactions })?;
            }
            Some(("revoke", number)) => child::say(&revoke(app, number.parse()?).await?)?,
            Some(("create", count)) => child::say(&create(app, count.parse()?).await?)?,
            _ => bail!("unknown order {order:?}"),
        }
    }
    Ok(())
}

async fn revoke(app: &App, number: u32) -> Result<Acknowledged> {
    let mutation = Mutation::RevokeCredential(population::client_id(number));
    let change = app.live.commit(&mutation, &operator()).await?;
    let at_ns = now_ns();
    let feed_seq = change.death.map_or(0, |death| death.feed_seq);
    Ok(Acknowledged { feed_seq, at_ns })
}

/// Writes so many credentials that are new, some at a time, as a node does for so many callers of
/// its management API: each is durable and in the directory before the next of its caller.
async fn create(app: &App, count: u32) -> Result<Created> {
    let next = Arc::new(AtomicU32::new(0));
    let mut callers = JoinSet::new();
    let begun = Instant::now();
    for _ in 0..CALLERS {
        let (app, next) = (app.clone(), next.clone());
        callers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return anyhow::Ok(());
                }
                let number = population::NEW_FROM + number;
                let pepper = &app.live.directory.pepper;
                let credential = population::credential(number, pepper, now())?;
                let mutation = Mutation::AddCredential(Box::new(credential));
                app.live.commit(&mutation, &operator()).await?;
            }
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    Ok(Created { credentials: count, seconds: begun.elapsed().as_secs_f64() })
}

/// A node over a new database, as `hallpass init` and `hallpass serve` make it, or over one that
/// another node has made.
async fn app(options: &Options) -> Result<App> {
    let master = MasterKey::from_entropy(population::MASTER_KEY);
    let store = open_store(options).await?;
    if !options.joins {
        add_credentials(&store, &master, options.stored).await?;
    }
    let config = config()?;
    let clock = Arc::new(SystemClock);
    let live =
        LiveDirectory::load(store.clone(), &master, clock.clone(), config.max_staleness_s).await?;
    for number in options.stored..options.credentials {
        if let Some(organization) = population::organization(number, now())? {
            live.directory.put(&Image::Organization(organization));
        }
        let credential = population::credential(number, &live.directory.pepper, now())?;
        live.directory.put(&Image::Credential(Box::new(credential)));
    }
    for number in 0..options.dead {
        live.feed.apply(&death(number))?;
    }
    Ok(App::new(config, clock, store, live))
}

/// Settings of a node that nobody has tuned, on ports that are free now.
fn config() -> Result<Config> {
    let listen = free_address()?;
    let config = Config {
        issuer: format!("http://{listen}"),
        listen,
        metrics_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        ..Config::default()
    };
    config.validate()?;
    Ok(config)
}

async fn open_store(options: &Options) -> Result<Arc<dyn Store>> {
    if let Some(url) = &options.postgres {
        let store = PostgresStore::open(&url.parse()?, &postgres::Options::default()).await?;
        return Ok(Arc::new(store));
    }
    let folder = options.folder.as_ref().context("neither --folder nor --postgres")?;
    let path = folder.join("hallpass.db");
    Ok(Arc::new(SqliteStore::open(&path, sqlite::Options::default())?))
}

/// Writes the first so many credentials of the population, and what they belong to.
pub(crate) async fn add_credentials(
    store: &Arc<dyn Store>,
    master: &MasterKey,
    count: u32,
) -> Result<()> {
    let vault = first_start::open_vault(&**store, master, &operator(), now()).await?;
    let commit = async |mutation| store.commit(&mutation, &operator(), now()).await;
    commit(Mutation::AddApi(population::api(now())?)).await?;
    let mut writes = JoinSet::new();
    for number in 0..count {
        if let Some(organization) = population::organization(number, now())? {
            commit(Mutation::AddOrganization(organization)).await?;
        }
        let credential = population::credential(number, &vault.pepper, now())?;
        let store = store.clone();
        // All at once, so that the store can group them.
        writes.spawn(async move {
            let mutation = Mutation::AddCredential(Box::new(credential));
            store.commit(&mutation, &operator(), now()).await
        });
    }
    while let Some(written) = writes.join_next().await {
        written??;
    }
    Ok(())
}

/// An address to listen on, for a server whose URL must be known before it binds. Nobody takes
/// loopback ports at random, so it is still free then.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// The death of a credential that nobody has.
fn death(number: u32) -> Death {
    let handle = Handle::of(&format!("dead {number}"));
    let subject = Subject::Credential { handle, generations: None };
    let until_s = now().plus_secs(86_400).as_secs();
    Death { feed_seq: u64::from(number) + 1, entry: Entry { subject, until_s } }
}

fn operator() -> Actor {
    Actor::Operator { name: "bench".to_owned() }
}

/// The time.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// The time in nanoseconds since the Unix epoch: what two processes can compare.
#[expect(clippy::disallowed_methods, reason = "the server's clock is not fine enough")]
pub(crate) fn now_ns() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}
