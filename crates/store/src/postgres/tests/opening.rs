//! Opening: migrations, databases of others, certificates.

use std::fs;

use futures_util::future::join_all;

use super::{Address, Database, Options, PostgresStore};
use crate::{
    Chain, Store, StoreError,
    contract::{Bench, World},
    migrations::Migration,
    postgres::{
        connect::Connections,
        migrate::{self, Absent, MIGRATIONS},
    },
    throwaway::Cluster,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_may_make_the_schema_at_once() {
    let Some(database) = Database::empty().await else { return };
    let (address, options) = (database.address(), Options::default());
    let open = || PostgresStore::open(&address, &options);
    for store in join_all((0..8).map(|_| open())).await {
        assert_eq!(store.unwrap().last_seq().await.unwrap(), 0);
    }
    let sql = "SELECT count(*) FROM migrations";
    assert_eq!(database.cluster.sql(&database.name, sql).await, [MIGRATIONS.len().to_string()]);
}

#[tokio::test]
async fn migrations_are_applied_once_and_never_edited() {
    let Some(database) = Database::new().await else { return };
    let (address, options) = (database.address(), Options::default());
    let connections = Connections::new(&address, &options, &Default::default()).unwrap();
    let second = Migration { name: "0099_more", sql: "CREATE TABLE more (a TEXT)" };
    let edited = Migration { name: "0099_more", sql: "CREATE TABLE more (b TEXT)" };
    let broken = Migration { name: "0100_broken", sql: "CREATE TABLE a (b TEXT); SELECT none" };
    let apply = async |more: &[Migration]| {
        let all = [MIGRATIONS, more].concat();
        let place = ("here", options.connect_timeout);
        migrate::apply(&connections.writes, &all, Absent::Make, place).await
    };
    let known = MIGRATIONS.len() as u32;

    assert_eq!(apply(&[second]).await, Ok(()));
    assert_eq!(apply(&[second]).await, Ok(()));
    // What only adds is no trouble for an older binary.
    assert_eq!(apply(&[]).await, Ok(()));
    let name = "0099_more".to_owned();
    assert_eq!(apply(&[edited]).await, Err(StoreError::EditedMigration { name }));
    // A migration that fails leaves nothing behind.
    assert!(apply(&[second, broken]).await.is_err());
    assert_eq!(apply(&[second]).await, Ok(()));
    let sql = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'a'";
    assert_eq!(database.cluster.sql(&database.name, sql).await, ["0"]);

    let sql = "-- Contracts: 99\nCREATE TABLE less (a TEXT)";
    let contracts = Migration { name: "0100_less", sql };
    assert_eq!(apply(&[second, contracts]).await, Ok(()));
    let newer = StoreError::Newer { found: known + 2, oldest: 99, known };
    assert_eq!(apply(&[]).await, Err(newer));
}

#[tokio::test]
async fn a_schema_that_is_behind_is_upgraded_by_whoever_may() {
    let Some(database) = Database::empty().await else { return };
    let (address, options) = (database.address(), Options::default());
    let connections = Connections::new(&address, &options, &Default::default()).unwrap();
    let place = ("here", options.connect_timeout);
    let known = MIGRATIONS.len() as u32;
    migrate::apply(&connections.writes, &MIGRATIONS[..2], Absent::Make, place).await.unwrap();
    // As it was before a migration could say what it takes away.
    database.edit("ALTER TABLE migrations DROP COLUMN oldest").await;

    let plan = PostgresStore::plan(&address, &options).await.unwrap();
    assert_eq!((plan.schema, plan.known), (2, known));
    let steps: Vec<_> = plan.steps.iter().map(|step| step.number).collect();
    assert_eq!(steps, (3..=known).collect::<Vec<_>>());
    let refused = PostgresStore::open_existing(&address, &options).await.map(drop);
    assert_eq!(refused, Err(StoreError::Older { found: 2, known }));
    assert_eq!(PostgresStore::plan(&address, &options).await, Ok(plan.clone()));

    assert_eq!(PostgresStore::upgrade(&address, &options).await, Ok(plan));
    assert_eq!(PostgresStore::plan(&address, &options).await.unwrap().steps, []);
    assert!(PostgresStore::open_existing(&address, &options).await.is_ok());
}

#[tokio::test]
async fn an_older_binary_works_on_a_schema_that_only_grew() {
    let Some(database) = Database::new().await else { return };
    let (address, options) = (database.address(), Options::default());
    let connections = Connections::new(&address, &options, &Default::default()).unwrap();
    let grown = Migration {
        name: "0099_grown",
        sql: "CREATE TABLE more (a TEXT);
            ALTER TABLE credentials ADD COLUMN more TEXT;
            ALTER TABLE installation ADD COLUMN more BIGINT NOT NULL DEFAULT 7;
            ALTER TABLE changes ADD COLUMN more TEXT;",
    };
    let newer = [MIGRATIONS, &[grown]].concat();
    let place = ("here", options.connect_timeout);
    // One that runs while the other one comes and upgrades.
    let world = World::with_credentials(&database, 3).await;
    migrate::apply(&connections.writes, &newer, Absent::Make, place).await.unwrap();
    for world in [world, World { store: database.open().await }] {
        let seq = world.store.last_seq().await.unwrap();
        world.add_another(10 + seq).await;
        assert_eq!(world.store.verify_audit_chain().await, Ok(Chain::Whole { events: seq + 1 }));
        assert_eq!(world.store.changes_after(0, 99).await.unwrap().len() as u64, seq + 1);
    }
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_refused() {
    let Some(database) = Database::empty().await else { return };
    let (address, options) = (database.address(), Options::default());
    let refusal = async |opened: Result<PostgresStore, StoreError>| match opened {
        Ok(_) => "opened".to_owned(),
        Err(error) => error.to_string(),
    };
    let existing = PostgresStore::open_existing(&address, &options).await;
    assert!(refusal(existing).await.contains("has never been set up in it"));
    database.edit("CREATE TABLE migrations (version INT)").await;
    let foreign = refusal(PostgresStore::open(&address, &options).await).await;
    assert!(foreign.contains("tables of another program"), "{foreign}");
    let missing: Address = database.cluster.url("none").parse().unwrap();
    let missing = refusal(PostgresStore::open(&missing, &options).await).await;
    assert!(missing.contains("\"none\" does not exist"), "{missing}");
}

#[tokio::test]
async fn a_certificate_is_believed_if_it_is_the_servers_and_ours_to_believe() {
    let folder = tempfile::tempdir().unwrap();
    let authority = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let path = folder.path().join(name);
        fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
        (rcgen::Issuer::new(params, key), path)
    };
    let (ours, right) = authority("right");
    let (_, wrong) = authority("wrong");
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &ours).unwrap().pem();
    let Some(cluster) = Cluster::with_tls(&certificate, &key.serialize_pem()) else { return };

    let port = cluster.port();
    for (host, root, mode, wanted) in [
        ("localhost", Some(&right), "verify-full", "opened"),
        ("localhost", Some(&right), "require", "opened"),
        ("localhost", Some(&wrong), "verify-full", "invalid peer certificate"),
        ("localhost", Some(&wrong), "require", "invalid peer certificate"),
        ("localhost", None, "verify-full", "invalid peer certificate"),
        ("127.0.0.1", Some(&right), "verify-full", "invalid peer certificate"),
        ("localhost", None, "disable", "no encryption"),
        ("localhost", Some(&folder.path().join("none")), "verify-full", "holds no certificates"),
    ] {
        let url = format!("postgres://postgres@{host}:{port}/postgres?sslmode={mode}");
        let options = Options {
            root_cert: root.cloned(),
            connect_timeout: std::time::Duration::from_millis(500),
            ..Options::default()
        };
        let said = match PostgresStore::open(&url.parse().unwrap(), &options).await {
            Ok(_) => "opened".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(said.contains(wanted), "{url} and {root:?}: {said}");
    }
}

#[tokio::test]
async fn a_password_is_read_from_its_file_and_a_wrong_one_is_said_at_once() {
    let rules = "local all postgres trust\nlocal all all scram-sha-256\n";
    let Some(cluster) = Cluster::make(&[], &[("pg_hba.conf", rules)], 5432) else { return };
    let name = cluster.create(None).await;
    let role =
        format!("CREATE ROLE one LOGIN PASSWORD 'right'; ALTER DATABASE {name} OWNER TO one");
    cluster.sql("postgres", &role).await;
    let folder = tempfile::tempdir().unwrap();
    let url = cluster.url(&name).replace("user=postgres", "user=one");
    for (written, password, wanted) in [
        ("right\n", "", "opened"),
        ("wrong", "", "password authentication failed"),
        ("right", "&password=wrong", "opened"),
        ("", "&password=right", "opened"),
    ] {
        let path = folder.path().join("password");
        fs::write(&path, written).unwrap();
        let password_file = (!written.is_empty()).then_some(path);
        let options = Options { password_file, ..Options::default() };
        let address = format!("{url}{password}").parse().unwrap();
        let said = match PostgresStore::open(&address, &options).await {
            Ok(_) => "opened".to_owned(),
            Err(StoreError::Unusable { why, .. }) => why,
            Err(error) => format!("not said at once: {error}"),
        };
        assert!(said.contains(wanted), "{written} {password}: {said}");
    }
}
