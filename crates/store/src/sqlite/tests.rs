//! The contract on SQLite, and what only a file can do.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use hallpass_core::{Mutation, Timestamp};

use super::{
    Options, SqliteStore,
    migrate::{self, Behind, MIGRATIONS},
    session::{Purpose, Session},
};
use crate::{
    Chain, Counts, CredentialFilter, Newest, Store, StoreError,
    contract::{Bench, NOW, World, contract, organization},
    counters::Counters,
    migrations::Migration,
};

contract!(File::new());

/// A database file in a directory of its own.
struct File {
    folder: tempfile::TempDir,
}

impl File {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("hallpass.db")
    }

    fn store(&self, options: Options) -> World {
        World { store: Arc::new(SqliteStore::open(&self.path(), options).unwrap()) }
    }

    fn raw(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.path()).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection
    }

    /// The same, of a file that is empty at first.
    fn session_of_new(&self) -> Session {
        std::fs::write(self.path(), "").unwrap();
        self.session()
    }

    fn session(&self) -> Session {
        let counters = Arc::new(Counters::default());
        let busy = Duration::from_secs(10);
        Session::connect(&self.path(), Purpose::Write, busy, &counters).unwrap()
    }
}

#[async_trait]
impl Bench for File {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.path(), Options::default()).unwrap())
    }

    async fn edit(&self, sql: &str) {
        self.raw().execute_batch(sql).unwrap();
    }
}

fn add(number: u64) -> Mutation {
    Mutation::AddOrganization(organization(number))
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn refusal(opened: Result<SqliteStore, StoreError>) -> String {
    match opened {
        Err(error) => error.to_string(),
        Ok(_) => "opened".to_owned(),
    }
}

#[tokio::test]
async fn only_its_owner_can_read_the_database() {
    let file = File::new();
    let store = SqliteStore::open(&file.path(), Options::default()).unwrap();
    store.commit(&add(1), &hallpass_core::audit::Actor::Server, NOW).await.unwrap();
    for name in ["hallpass.db", "hallpass.db-wal", "hallpass.db-shm"] {
        assert_eq!(mode(&file.folder.path().join(name)), 0o600, "{name}");
    }
}

#[test]
fn what_is_no_database_of_ours_is_refused() {
    let file = File::new();
    let at = |name: &str| file.folder.path().join(name);
    std::fs::write(at("text"), "a text that is long enough to be taken for a header ".repeat(9))
        .unwrap();
    std::fs::write(at("empty"), "").unwrap();
    let other = rusqlite::Connection::open(at("other.db")).unwrap();
    other.execute_batch("CREATE TABLE a (b)").unwrap();
    for (name, make, wanted) in [
        ("none/hallpass.db", true, "make it first"),
        ("..", true, "does not name a file"),
        ("", true, "it is not a file"),
        ("text", true, "file is not a database"),
        ("other.db", true, "the SQLite database of another program"),
        ("empty", false, "the file is empty"),
        ("none.db", false, "start the server once to make it"),
        ("new.db", true, "opened"),
    ] {
        let open = if make { SqliteStore::open } else { SqliteStore::open_existing };
        let got = refusal(open(&at(name), Options::default()));
        assert!(got.contains(wanted), "{name}: {got}");
    }
    assert!(!at("none.db").exists());
    assert_eq!(refusal(SqliteStore::open_existing(&at("new.db"), Options::default())), "opened");
}

#[test]
fn many_may_make_the_database_at_once() {
    let file = File::new();
    let open = || SqliteStore::open(&file.path(), Options::default()).map(|_| ());
    std::thread::scope(|scope| {
        let opening: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        for opened in opening {
            assert_eq!(opened.join().unwrap(), Ok(()));
        }
    });
}

#[test]
fn migrations_are_applied_once_and_never_edited() {
    let file = File::new();
    drop(file.store(Options::default()));
    let session = file.session();
    let second = Migration { name: "0002_more", sql: "CREATE TABLE more (a TEXT) STRICT" };
    let edited = Migration { name: "0002_more", sql: "CREATE TABLE more (b TEXT) STRICT" };
    let broken = Migration { name: "0003_broken", sql: "CREATE TABLE a (b); CREATE TABLE a (b)" };
    let with = |more: &[Migration]| [MIGRATIONS, more].concat();
    let contracts =
        Migration { name: "0002_more", sql: "-- Contracts: 99\nCREATE TABLE more (a TEXT) STRICT" };
    let apply = |migrations: Vec<Migration>| migrate::apply(&session, &migrations, Behind::Upgrade);
    let known = MIGRATIONS.len() as u32;

    assert_eq!(apply(with(&[second])), Ok(()));
    assert_eq!(apply(with(&[second])), Ok(()));
    // What only adds is no trouble for an older binary.
    assert_eq!(apply(with(&[])), Ok(()));
    assert_eq!(
        apply(with(&[edited])),
        Err(StoreError::EditedMigration { name: "0002_more".to_owned() })
    );
    // A migration that fails leaves nothing behind.
    assert!(apply(with(&[second, broken])).is_err());
    assert_eq!(apply(with(&[second])), Ok(()));
    let table = session.first("SELECT 1 FROM sqlite_schema WHERE name = 'a'", [], |_| Ok(()));
    assert_eq!(table.unwrap(), None);

    let newer = File::new();
    let session = newer.session_of_new();
    migrate::apply(&session, &with(&[contracts]), Behind::Upgrade).unwrap();
    let refused = migrate::apply(&session, MIGRATIONS, Behind::Upgrade);
    assert_eq!(refused, Err(StoreError::Newer { found: known + 1, oldest: 99, known }));
}

#[test]
fn a_schema_that_is_behind_is_upgraded_by_whoever_may() {
    let file = File::new();
    let session = file.session_of_new();
    let known = MIGRATIONS.len() as u32;
    migrate::apply(&session, &MIGRATIONS[..2], Behind::Upgrade).unwrap();
    // As it was before a migration could say what it takes away.
    session.script("ALTER TABLE migrations DROP COLUMN oldest").unwrap();
    drop(session);
    let (path, options) = (file.path(), Options::default());
    let plan = SqliteStore::plan(&path, options).unwrap();
    assert_eq!((plan.schema, plan.known), (2, known));
    let steps: Vec<_> = plan.steps.iter().map(|step| step.number).collect();
    assert_eq!(steps, (3..=known).collect::<Vec<_>>());
    let refused = SqliteStore::open_existing(&path, options).map(drop);
    assert_eq!(refused, Err(StoreError::Older { found: 2, known }));
    // Neither changed anything.
    assert_eq!(SqliteStore::plan(&path, options), Ok(plan.clone()));

    assert_eq!(SqliteStore::upgrade(&path, options), Ok(plan));
    assert_eq!(SqliteStore::plan(&path, options).unwrap().steps, []);
    assert!(SqliteStore::open_existing(&path, options).is_ok());
    // A start does the same by itself.
    let other = File::new();
    migrate::apply(&other.session_of_new(), &MIGRATIONS[..2], Behind::Upgrade).unwrap();
    assert!(SqliteStore::open(&other.path(), options).is_ok());
    assert_eq!(SqliteStore::plan(&other.path(), options).unwrap().steps, []);
}

#[test]
fn whoever_knows_one_schema_less_can_still_write_every_row() {
    let newest = File::new();
    drop(newest.store(Options::default()));
    let raw = newest.raw();
    raw.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    for known in 1..MIGRATIONS.len() {
        if MIGRATIONS[known].oldest() > known as u32 {
            continue;
        }
        let older = File::new();
        let session = older.session_of_new();
        migrate::apply(&session, &MIGRATIONS[..known], Behind::Upgrade).unwrap();
        let sql = "SELECT tables.name, group_concat(columns.name, ', '),
                group_concat(iif(columns.type = 'TEXT', quote('a'), '1'), ', ')
             FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
             WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite%'
                AND tables.name <> 'migrations'
             GROUP BY tables.name";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let tables: Vec<(String, String, String)> = session.all(sql, [], read).unwrap();
        assert!(tables.len() >= 9);
        for (table, columns, values) in tables {
            let sql = format!("INSERT OR REPLACE INTO {table} ({columns}) VALUES ({values})");
            let written = raw.execute(&sql, []);
            assert_eq!(written, Ok(1), "a binary of schema {known}, table {table}");
        }
    }
}

#[tokio::test]
async fn an_older_binary_works_on_a_schema_that_only_grew() {
    let file = File::new();
    drop(file.store(Options::default()));
    let grown = Migration {
        name: "0099_grown",
        sql: "CREATE TABLE more (a TEXT) STRICT;
            ALTER TABLE credentials ADD COLUMN more TEXT;
            ALTER TABLE installation ADD COLUMN more INTEGER NOT NULL DEFAULT 7;
            ALTER TABLE changes ADD COLUMN more TEXT;",
    };
    let newer = [MIGRATIONS, &[grown]].concat();
    migrate::apply(&file.session(), &newer, Behind::Upgrade).unwrap();

    let world = World::with_credentials(&file, 3).await;
    world.add_another(4).await;
    let seq = world.store.last_seq().await.unwrap();
    assert_eq!(world.store.verify_audit_chain().await, Ok(Chain::Whole { events: seq }));
    assert_eq!(world.store.changes_after(0, 99).await.unwrap().len() as u64, seq);
    let existing = SqliteStore::open_existing(&file.path(), Options::default()).unwrap();
    assert_eq!(existing.last_seq().await, Ok(seq));
}

#[tokio::test]
async fn a_full_disk_is_said_and_survived() {
    let file = File::new();
    drop(file.store(Options::default()));
    // Something else that takes room, and that an operator will remove.
    file.raw().execute_batch("CREATE TABLE ballast AS SELECT zeroblob(500000) AS a").unwrap();
    let pages: u32 = file.raw().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    let world = file.store(Options { pages_at_most: Some(pages + 20), ..Options::default() });

    let mut written = 0;
    let error = loop {
        match world.try_commit(add(written + 1)).await {
            Ok(change) => written = change.seq,
            Err(error) => break error,
        }
        assert!(written < 10_000);
    };
    assert_eq!(error, StoreError::Full);
    assert!(written > 0);
    assert_eq!(world.try_commit(add(written + 1)).await, Err(StoreError::Full));
    // Nothing of the refused writes is there, and reading goes on.
    assert_eq!(world.store.last_seq().await.unwrap(), written);
    assert_eq!(world.store.organizations().await.unwrap().len() as u64, written);

    file.raw().execute_batch("DROP TABLE ballast").unwrap();
    assert_eq!(world.commit(add(written + 1)).await.seq, written + 1);
    let chain = world.store.verify_audit_chain().await.unwrap();
    assert_eq!(chain, Chain::Whole { events: written + 1 });
}

#[tokio::test]
async fn a_writer_that_waits_too_long_says_so() {
    let file = File::new();
    let world = file.store(Options { busy_timeout: Duration::ZERO, ..Options::default() });
    let other = file.raw();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = world.try_commit(add(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(error.to_string().contains("another process is writing"), "{error}");
    // Readers and polls do not wait for writers.
    assert_eq!(world.store.last_seq().await.unwrap(), 0);
    assert_eq!(world.store.organizations().await.unwrap(), []);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(world.commit(add(1)).await.seq, 1);
}

#[tokio::test]
async fn writes_share_a_transaction_and_polls_cost_no_statement() {
    let file = File::new();
    let world = file.store(Options::default());
    let all = (1..=200).map(|number| world.commit(add(number)));
    futures_util::future::join_all(all).await;
    let counts = world.store.counts();
    assert_eq!(counts.commits, 200);
    assert!(counts.transactions < 20, "{counts:?}");
    for _ in 0..1000 {
        assert!(!world.store.changed_since(200).await.unwrap());
    }
    assert_eq!(world.store.counts(), Counts { polls: counts.polls + 1000, ..counts });
}

#[tokio::test]
async fn a_write_that_panics_harms_no_other() {
    let file = File::new();
    let store = SqliteStore::open(&file.path(), Options::default()).unwrap();
    let panicking = store.writer.run(|session| -> Result<(), StoreError> {
        session.execute("UPDATE installation SET seq = 99", [])?;
        panic!("for this test")
    });
    let by = hallpass_core::audit::Actor::Server;
    let mutation = add(1);
    let (panicked, written) = tokio::join!(panicking, store.commit(&mutation, &by, NOW));
    assert!(matches!(panicked, Err(StoreError::Unavailable(_))), "{panicked:?}");
    assert_eq!(written.unwrap().seq, 1);
}

#[tokio::test]
async fn dropping_the_store_finishes_the_writes_that_wait() {
    let file = File::new();
    let world = file.store(Options::default());
    let mut waiting: Vec<_> =
        (1..=50).map(|number| Box::pin(world.try_commit(add(number)))).collect();
    // Polled once, each has handed its write in.
    for commit in &mut waiting {
        let _ = futures_util::poll!(commit);
    }
    drop(waiting);
    drop(world);
    assert_eq!(file.store(Options::default()).store.last_seq().await.unwrap(), 50);
    // The last to close tidies the log away.
    assert!(!file.folder.path().join("hallpass.db-wal").exists());
}

#[tokio::test]
async fn a_list_of_a_hundred_thousand_is_as_quick_as_a_page_of_it() {
    let file = File::new();
    let world = World::with_credentials(&file, 1).await;
    file.edit(
        "INSERT INTO credentials (client_id, organization_id, status, folded_name, created_at,
            next_expiry_at, document, folded_tags)
         WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
         SELECT printf('hpc_%022d', i), organization_id, status, 'credential ' || i, created_at + i,
            NULL, json_set(document, '$.client_id', printf('hpc_%022d', i),
                '$.created_at', created_at + i), folded_tags
         FROM n, (SELECT * FROM credentials LIMIT 1)",
    )
    .await;
    let organization_id = Some(organization(1).id);
    let text = |text: &str| Some(text.to_owned());
    let whole = CredentialFilter { organization_id, ..CredentialFilter::default() };
    let middle = Newest {
        created_at: Timestamp::from_millis(NOW.as_millis() + 50_000),
        client_id: format!("hpc_{:022}", 50_000).parse().unwrap(),
    };
    for (name, filter, before, found) in [
        ("first page", whole.clone(), None, 50),
        ("middle page", whole.clone(), Some(&middle), 50),
        ("by status", CredentialFilter { status: text("active"), ..whole.clone() }, None, 50),
        ("by name", CredentialFilter { text: text("credential 7"), ..whole.clone() }, None, 50),
        ("by nothing", CredentialFilter { text: text("nothing"), ..whole.clone() }, None, 0),
        ("by tag", CredentialFilter { tag: text("nothing"), ..whole }, None, 0),
    ] {
        let begun = std::time::Instant::now();
        let page = world.store.newest_credentials(&filter, before, 50).await.unwrap();
        let paged = begun.elapsed();
        let count = world.store.count_credentials(&filter).await.unwrap();
        let counted = begun.elapsed() - paged;
        println!("{name}: page {paged:?}, {count} counted in {counted:?}");
        assert_eq!(page.len(), found, "{name}");
        // A sort or a scan of whole documents takes ten times as long.
        assert!(paged + counted < Duration::from_secs(1), "{name}: {paged:?} and {counted:?}");
    }
}
