//! Connections that break at the worst moment, and a server that does not answer.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use hallpass_core::{Change, Mutation, Person, person::Subject};
use tokio::task::JoinHandle;

use super::{Database, Options, PostgresStore};
use crate::{
    Chain, StoreError,
    contract::{Bench, World, organization, person},
    throwaway::Cluster,
};

/// A commit waits in this trigger, where it can still be undone.
const WAITS: &str = "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
     CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON changes
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait();";

fn add(number: u64) -> Mutation {
    Mutation::AddOrganization(organization(number))
}

/// Begins a commit, and waits until a session of the database waits like this.
async fn commit_that_waits(
    database: &Database,
    world: &Arc<World>,
    wait: &str,
) -> JoinHandle<Result<Change, StoreError>> {
    let task = {
        let world = world.clone();
        tokio::spawn(async move { world.try_commit(add(1)).await })
    };
    database.until(&format!("wait_event = '{wait}'")).await;
    task
}

async fn assert_done_once(world: &World, change: &Change) {
    assert_eq!(world.store.changes_after(0, 9).await.unwrap(), std::slice::from_ref(change));
    let chain = world.store.verify_audit_chain().await.unwrap();
    assert_eq!(chain, Chain::Whole { events: 1 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_took_place_unheard_is_found_and_not_done_again() {
    // A commit that waits for a standby is done already, and nothing can undo it.
    let settings = ["synchronous_standby_names=nobody", "synchronous_commit=local"];
    let Some(cluster) = Cluster::start(&settings) else { return };
    let database = Database::on(cluster).await;
    let cluster = database.cluster;
    drop(database.open().await);
    let wait =
        |how: &str| format!("ALTER DATABASE {} SET synchronous_commit = {how}", database.name);
    cluster.sql("postgres", &wait("on")).await;
    let world = Arc::new(World { store: database.open().await });
    let task = commit_that_waits(&database, &world, "SyncRep").await;
    // Whoever connects from now on does not wait for the standby.
    cluster.sql("postgres", &wait("local")).await;
    database.cut().await;
    let change = task.await.unwrap().unwrap();
    assert_done_once(&world, &change).await;
    assert_eq!(world.store.counts().transactions, 1);
}

/// Or what was acknowledged would be gone once the standby is promoted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_is_not_acknowledged_while_it_waits_for_a_standby() {
    let settings = ["synchronous_standby_names=nobody", "synchronous_commit=local"];
    let Some(cluster) = Cluster::start(&settings) else { return };
    let database = Database::on(cluster).await;
    let cluster = database.cluster;
    drop(database.open().await);
    let wait = format!("ALTER DATABASE {} SET synchronous_commit = on", database.name);
    cluster.sql("postgres", &wait).await;
    let options = Options { statement_timeout: Duration::from_secs(1), ..Options::default() };
    let store = PostgresStore::open(&database.address(), &options).await.unwrap();
    let world = Arc::new(World { store: Arc::new(store) });
    let task = commit_that_waits(&database, &world, "SyncRep").await;
    // Longer than a statement may take, and than anybody listens for its end.
    let longer = "wait_event = 'SyncRep' AND now() - query_start > interval '4 s'";
    database.until(longer).await;
    assert!(!task.is_finished(), "{:?}", task.await);
    cluster.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''").await;
    cluster.sql("postgres", "SELECT pg_reload_conf()").await;
    let change = task.await.unwrap().unwrap();
    assert_done_once(&world, &change).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_was_cut_off_is_done_again_and_once() {
    let Some(database) = Database::new().await else { return };
    database.edit(WAITS).await;
    let world = Arc::new(World { store: database.open().await });
    let holder = database.raw().await;
    holder.execute("SELECT pg_advisory_lock(1)", &[]).await.unwrap();
    let task = commit_that_waits(&database, &world, "advisory").await;
    database.cut_where("wait_event = 'advisory'").await;
    // The same batch again, and it waits again: nobody was told anything yet.
    database.until("wait_event = 'advisory'").await;
    holder.execute("SELECT pg_advisory_unlock(1)", &[]).await.unwrap();
    let change = task.await.unwrap().unwrap();
    assert_done_once(&world, &change).await;
    let counts = world.store.counts();
    assert_eq!((counts.retries, counts.uncertain), (1, 0), "{counts:?}");
}

#[tokio::test]
async fn nothing_is_claimed_of_a_write_while_nobody_can_be_asked() {
    let Some(cluster) = Cluster::start(&["fsync=off"]) else { return };
    let database = Database::on(cluster).await;
    drop(database.open().await);
    database.edit(WAITS).await;
    let world = Arc::new(World { store: database.open().await });
    let holder = database.raw().await;
    holder.execute("SELECT pg_advisory_lock(1)", &[]).await.unwrap();
    let task = commit_that_waits(&database, &world, "advisory").await;
    database.cluster.stop();
    // It asks for half a minute, and nothing else goes on meanwhile: the clock may run ahead.
    tokio::time::pause();
    let error = task.await.unwrap().unwrap_err();
    tokio::time::resume();
    assert!(matches!(error, StoreError::Uncertain(_)), "{error:?}");
    let counts = world.store.counts();
    assert_eq!((counts.uncertain, counts.transactions), (1, 0), "{counts:?}");
    database.cluster.begin();
    assert_done_once(&world, &world.commit(add(1)).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stops_within_a_transaction_holds_others_up_for_a_while_only() {
    let Some(database) = Database::new().await else { return };
    let options = Options { statement_timeout: Duration::from_secs(1), ..Options::default() };
    let store = PostgresStore::open(&database.address(), &options).await.unwrap();
    let world = World { store: Arc::new(store) };
    let stopped = database.raw().await;
    let lock = "BEGIN; SELECT seq FROM installation FOR UPDATE";
    stopped.batch_execute(lock).await.unwrap();
    // This one has no time limit of its own, as ours have: its hold does not end.
    let error = world.try_commit(add(1)).await.unwrap_err();
    assert!(error.to_string().contains("took longer than it may"), "{error}");
    // Readers and polls do not wait for writers.
    assert_eq!(world.store.last_seq().await.unwrap(), 0);
    assert_eq!(world.store.organizations().await.unwrap(), []);
    // Ours has one.
    stopped.batch_execute("ROLLBACK").await.unwrap();
    stopped.batch_execute("SET idle_in_transaction_session_timeout = 100").await.unwrap();
    stopped.batch_execute(lock).await.unwrap();
    assert_eq!(world.commit(add(1)).await.seq, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_harms_no_other() {
    let Some(database) = Database::new().await else { return };
    let world = World { store: database.open().await };
    // Too long for an index, and of no pattern by which it could be shortened.
    let hash = |number: u32| crate::hash::sha256(&number.to_string());
    let sub = (0..200).map(hash).collect();
    let issuer = "https://id.example.com".to_owned();
    let subjects = vec![Subject { issuer, sub }];
    let odd = Mutation::AddPerson(Box::new(Person { subjects, ..person(1) }));
    let all = [add(1), odd, add(2)].map(|mutation| world.try_commit(mutation));
    let outcomes = join_all(all).await;
    let seqs: Vec<_> = outcomes.iter().map(|one| one.as_ref().map(|change| change.seq)).collect();
    assert_eq!((seqs[0], seqs[2]), (Ok(1), Ok(2)), "{seqs:?}");
    assert!(seqs[1].is_err(), "{seqs:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_share_a_transaction_and_idle_connections_that_died_are_not_used() {
    let Some(database) = Database::new().await else { return };
    let world = World { store: database.open().await };
    join_all((1..=200).map(|number| world.commit(add(number)))).await;
    let counts = world.store.counts();
    assert_eq!(counts.commits, 200);
    assert!(counts.transactions < 20, "{counts:?}");
    let pool = world.store.pool();
    assert_eq!((pool.at_most, pool.in_use, pool.awaited), (10, 0, 0), "{pool:?}");
    assert!((1..=10).contains(&pool.idle), "{pool:?}");
    for turn in 0..5 {
        database.cut().await;
        assert_eq!(world.store.organizations().await.unwrap().len(), 200 + turn);
        assert_eq!(world.commit(add(201 + turn as u64)).await.seq, 201 + turn as u64);
    }
    let connects = world.store.counts().connects;
    assert!(connects >= counts.connects + 10, "{connects} after {counts:?}");
}

/// As one does whose machine is stopped, or whose packets are swallowed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_hangs_keeps_nobody_from_the_next() {
    let Some(cluster) = Cluster::listening(&["fsync=off"]) else { return };
    let name = cluster.create(None).await;
    // The system takes calls for it, and it never answers.
    let hangs = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (first, second) = (hangs.local_addr().unwrap(), cluster.port());
    let url = format!("postgres://postgres@{first},127.0.0.1:{second}/{name}?sslmode=disable");
    let options = Options { connect_timeout: Duration::from_secs(2), ..Options::default() };
    let store = PostgresStore::open(&url.parse().unwrap(), &options).await.unwrap();
    let world = World { store: Arc::new(store) };
    assert_eq!(world.commit(add(1)).await.seq, 1);
    assert_eq!(world.store.last_seq().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_killed_has_what_was_acknowledged() {
    let Some(cluster) = Cluster::durable() else { return };
    let database = Database::on(cluster).await;
    let world = World { store: database.open().await };
    let mut acknowledged = Vec::new();
    for round in 0..3_u64 {
        let write = join_all((0..100).map(|number| world.try_commit(add(1000 * round + number))));
        let crash = async {
            // Somewhere in the middle.
            while world.store.counts().transactions <= round {
                tokio::task::yield_now().await;
            }
            database.cluster.stop();
            database.cluster.begin();
        };
        let (outcomes, ()) = tokio::join!(write, crash);
        acknowledged.extend(outcomes.into_iter().filter_map(Result::ok));
    }
    assert!(acknowledged.len() > 3);
    let log = world.store.changes_after(0, usize::MAX).await.unwrap();
    for change in acknowledged {
        assert_eq!(log[change.seq as usize - 1], change);
    }
    let events = log.len() as u64;
    assert_eq!(world.store.verify_audit_chain().await.unwrap(), Chain::Whole { events });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: cargo test -p hallpass-store --release -- --ignored --nocapture durable"]
async fn durable_creations_per_second() {
    let Some(cluster) = Cluster::durable() else { return };
    let database = Database::on(cluster).await;
    let world = World::with_credentials(&database, 1).await;
    for at_once in [1, 8, 64, 256] {
        let begun = std::time::Instant::now();
        let count = 500 * (1 + at_once.min(8));
        let writer = |writer: u64| {
            let world = &world;
            async move {
                for turn in 0..count / at_once {
                    world.add_another(at_once << 32 | writer << 16 | turn).await;
                }
            }
        };
        join_all((0..at_once).map(writer)).await;
        let rate = count as f64 / begun.elapsed().as_secs_f64();
        println!("{at_once:4} at once: {rate:.0} durable creations/s");
    }
}
