//! Copies between all kinds of databases: equal to the last byte, all of it or nothing.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use futures_util::future::join_all;
use hallpass_core::Mutation;
use tokio::sync::mpsc;

use super::{How, Kind, Part, Row, TABLES, Table, Value, Whole, copy, read, tables::LEFT_OUT};
use crate::{
    Chain, PostgresStore, SqliteStore, StoreError,
    contract::{World, api, organization, person},
    postgres, sqlite,
    throwaway::Cluster,
};

/// A database that goes when this is dropped.
pub(crate) struct Empty {
    folder: tempfile::TempDir,
    server: Option<(&'static Cluster, String)>,
}

impl Empty {
    pub(crate) fn file() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: None }
    }

    async fn server() -> Option<Self> {
        let cluster = Cluster::shared()?;
        let name = cluster.create(None).await;
        Some(Self { server: Some((cluster, name)), ..Self::file() })
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("hallpass.db")
    }

    pub(crate) async fn open(&self) -> Arc<dyn Whole> {
        match &self.server {
            None => Arc::new(SqliteStore::open(&self.path(), sqlite::Options::default()).unwrap()),
            Some((cluster, name)) => {
                let address = cluster.url(name).parse().unwrap();
                let options = postgres::Options::default();
                Arc::new(PostgresStore::open(&address, &options).await.unwrap())
            }
        }
    }

    async fn edit(&self, sql: &str) {
        match &self.server {
            None => {
                rusqlite::Connection::open(self.path()).unwrap().execute_batch(sql).unwrap();
            }
            Some((cluster, name)) => drop(cluster.sql(name, sql).await),
        }
    }
}

/// One of each kind; without PostgreSQL on the machine, the one.
async fn kinds() -> Vec<Empty> {
    [Some(Empty::file()), Empty::server().await].into_iter().flatten().collect()
}

/// Everything in a database, as it is passed on.
async fn rows(store: &dyn Whole) -> Vec<(&'static str, Row)> {
    let (out, mut parts) = mpsc::channel(1);
    let taking = async {
        let mut all = Vec::new();
        while let Some(Part::Rows(table, rows)) = parts.recv().await {
            all.extend(rows.into_iter().map(|row| (table.name, row)));
        }
        all
    };
    let reading = async {
        store.read_whole(&out).await.unwrap();
        drop(out);
    };
    tokio::join!(reading, taking).1
}

/// An installation of every kind of row, made as servers make it.
pub(crate) async fn lived_in(store: &Arc<dyn Whole>, credentials: u64) {
    let world = World { store: store.clone() };
    world.commit(Mutation::AddOrganization(organization(1))).await;
    world.commit(Mutation::AddApi(api(1))).await;
    world.commit(Mutation::AddPerson(Box::new(person(1)))).await;
    join_all((1..=credentials).map(|number| world.add_another(number))).await;
}

/// Numbers that look random, the same for a seed.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }

    fn text(&mut self) -> String {
        let signs =
            ['a', 'Z', '0', '_', '\'', '"', '\\', '\n', '\u{1}', 'é', '中', '😀', '\u{FFFD}'];
        (0..self.next(40)).map(|_| signs[self.next(signs.len() as u64) as usize]).collect()
    }

    /// A row that the table takes: whatever must be unique or refer to another row does.
    fn row(&mut self, table: &Table, place: u64, may_be_null: &BTreeSet<(String, String)>) -> Row {
        let columns = table.columns.iter().enumerate();
        let value = |(number, (name, kind)): (usize, &(&str, Kind))| {
            let column = (table.name.to_owned(), (*name).to_owned());
            if may_be_null.contains(&column) && self.next(2) == 0 {
                return Value::Null;
            }
            match (kind, *name) {
                _ if *name == "id" && table.is_one_row => Value::Number(1),
                (Kind::Flag, _) => Value::Number(self.next(2) as i64),
                (Kind::Number, "number" | "seq" | "feed_seq") => Value::Number(place as i64 + 1),
                (Kind::Number, _) => Value::Number(self.next(1 << 62) as i64 - (1 << 40)),
                // The first organization, which every one of these databases has.
                (_, "organization_id") if table.name == "credentials" => Value::Text("0-0-".into()),
                _ => {
                    let random = if place == 0 { String::new() } else { self.text() };
                    Value::Text(format!("{place}-{number}-{random}"))
                }
            }
        };
        columns.map(value).collect()
    }
}

async fn may_be_null() -> BTreeSet<(String, String)> {
    let file = Empty::file();
    file.open().await;
    let connection = rusqlite::Connection::open(file.path()).unwrap();
    let of = |table: &Table| -> Vec<(String, String)> {
        let sql = "SELECT name FROM pragma_table_info(?1) WHERE NOT \"notnull\" AND pk = 0";
        let mut statement = connection.prepare(sql).unwrap();
        let names = statement.query_map([table.name], |row| row.get::<_, String>(0)).unwrap();
        names.map(|name| (table.name.to_owned(), name.unwrap())).collect()
    };
    TABLES.iter().flat_map(of).collect()
}

/// Fills a database with what no server would ever write, but databases can hold.
async fn fill_at_random(store: &dyn Whole, seed: u64) -> Vec<(&'static str, Row)> {
    let (mut random, nulls) = (Random(seed), may_be_null().await);
    let (out, parts) = mpsc::channel(1);
    let mut all = Vec::new();
    let sending = async {
        for table in &TABLES {
            let count = if table.is_one_row { 1 } else { 1 + random.next(60) };
            let mut rows: Vec<Row> =
                (0..count).map(|place| random.row(table, place, &nulls)).collect();
            rows.sort();
            all.extend(rows.iter().cloned().map(|row| (table.name, row)));
            out.send(Part::Rows(table, rows)).await.unwrap();
        }
        out.send(Part::End).await.unwrap();
    };
    let (_, filled) = tokio::join!(sending, store.fill(parts, 0));
    filled.unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    all
}

#[tokio::test]
async fn every_column_is_copied_or_said_not_to_be() {
    let described = |is_server: bool| -> BTreeSet<String> {
        let column = |table: &'static Table| {
            table.columns.iter().map(|(column, _)| format!("{}.{column}", table.name))
        };
        let mut all: BTreeSet<String> = TABLES.iter().flat_map(column).collect();
        if is_server {
            all.insert("changes.token".to_owned());
        } else {
            all.remove("told.number");
        }
        all
    };
    let left_out =
        |column: &String| LEFT_OUT.iter().any(|table| column.starts_with(&format!("{table}.")));

    let file = Empty::file();
    file.open().await;
    let connection = rusqlite::Connection::open(file.path()).unwrap();
    let sql = "SELECT tables.name || '.' || columns.name
         FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
         WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let mut statement = connection.prepare(sql).unwrap();
    let there = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let there: BTreeSet<String> = there.map(Result::unwrap).filter(|one| !left_out(one)).collect();
    assert_eq!(there, described(false), "copy/tables.rs says what is copied");

    let Some(server) = Empty::server().await else { return };
    server.open().await;
    let (cluster, name) = server.server.as_ref().unwrap();
    let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns
         WHERE table_schema = current_schema()";
    let there = cluster.sql(name, sql).await;
    let there: BTreeSet<String> = there.into_iter().filter(|one| !left_out(one)).collect();
    assert_eq!(there, described(true), "copy/tables.rs says what is copied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_database_can_hold_comes_back_as_it_was() {
    for seed in 1..=12 {
        let first = Empty::file();
        let first = first.open().await;
        let was = fill_at_random(&*first, seed).await;
        assert_eq!(rows(&*first).await, was, "seed {seed}");

        let mut from = first;
        let mut kinds = kinds().await;
        kinds.push(Empty::file());
        for to in &kinds {
            let to = to.open().await;
            let copied = copy(&*from, &*to, How::default()).await.unwrap();
            assert_eq!(copied.rows(), was.len() as u64, "seed {seed}");
            assert_eq!(rows(&*to).await, was, "seed {seed}");
            from = to;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_the_same_installation_and_goes_on_from_there() {
    let mut was = Vec::new();
    let source = Empty::file();
    let source = source.open().await;
    lived_in(&source, 700).await;
    source.load(&mut |part| was.push(part)).await.unwrap();
    let by_key = |all: &mut Vec<crate::Part>| {
        all.sort_by_key(|part| match part {
            crate::Part::Image(image) => format!("{:?}", image.key()),
            crate::Part::Snapshot(_) => String::new(),
        });
    };
    by_key(&mut was);
    let seq = source.last_seq().await.unwrap();

    for to in &kinds().await {
        let to = to.open().await;
        let copied = copy(&*source, &*to, How::default()).await.unwrap();
        assert_eq!(copied.seq, seq);
        let mut there = Vec::new();
        to.load(&mut |part| there.push(part)).await.unwrap();
        by_key(&mut there);
        assert_eq!(there, was);
        assert_eq!(to.changes_after(0, 9999).await, source.changes_after(0, 9999).await);
        assert_eq!(to.verify_audit_chain().await, Ok(Chain::Whole { events: seq }));

        let world = World { store: to.clone() };
        assert_eq!(world.add_another(9999).await.seq, seq + 1);
        assert_eq!(to.verify_audit_chain().await, Ok(Chain::Whole { events: seq + 1 }));
        // And back: what was written there is written here.
        let back = Empty::file();
        let back = back.open().await;
        copy(&*to, &*back, How::default()).await.unwrap();
        assert_eq!(rows(&*back).await, rows(&*to).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_cut_off_leaves_nothing_and_can_be_made_again() {
    let source = Empty::file();
    let source = source.open().await;
    lived_in(&source, 700).await;
    for to in &kinds().await {
        let to = to.open().await;
        let empty = rows(&*to).await;
        let (out, mut parts) = mpsc::channel(1);
        let (onward, cut) = mpsc::channel(1);
        let halfway = async {
            while let Some(part) = parts.recv().await {
                let is_half = matches!(&part, Part::Rows(table, _) if table.name == "audit");
                onward.send(part).await.unwrap();
                if is_half {
                    break;
                }
            }
            drop((onward, parts));
        };
        let (read, (), filled) =
            tokio::join!(read(&*source, out, How::default()), halfway, to.fill(cut, 0),);
        assert!(read.is_err() && filled.is_err(), "{read:?} {filled:?}");
        assert_eq!(rows(&*to).await, empty);
        copy(&*source, &*to, How::default()).await.unwrap();
        assert_eq!(rows(&*to).await, rows(&*source).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_is_written_to_meanwhile_is_noticed() {
    for kind in &kinds().await {
        let source = kind.open().await;
        lived_in(&source, 700).await;
        let world = World { store: source.clone() };
        for source_may_move in [false, true] {
            let seq = source.last_seq().await.unwrap();
            let (out, mut parts) = mpsc::channel(1);
            let taking = async {
                // One part has come, so the moment of the copy is past.
                parts.recv().await.unwrap();
                world.add_another(5000 + seq).await;
                let mut last = None;
                while let Some(part) = parts.recv().await {
                    last = Some(part);
                }
                matches!(last, Some(Part::End))
            };
            let how = How { source_may_move, ..How::default() };
            let (read, is_whole) = tokio::join!(read(&*source, out, how), taking);
            match source_may_move {
                true => assert_eq!((read, is_whole), (Ok(seq), true)),
                false => {
                    let moved = StoreError::Moved { from: seq, to: seq + 1 };
                    assert_eq!((read, is_whole), (Err(moved), false));
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_added_to_a_database_that_holds_anything() {
    let source = Empty::file();
    let source = source.open().await;
    lived_in(&source, 700).await;
    for (sql, table) in [
        ("UPDATE installation SET seq = 1", "installation"),
        ("UPDATE installation SET vault = ''", "installation"),
        ("INSERT INTO members (person_id, organization_id) VALUES ('a', 'b')", "members"),
    ] {
        for to in &kinds().await {
            let store = to.open().await;
            to.edit(sql).await;
            let was = rows(&*store).await;
            let refused = copy(&*source, &*store, How::default()).await.unwrap_err();
            assert_eq!(refused, StoreError::Filled { table: table.to_owned() }, "{sql}");
            assert_eq!(rows(&*store).await, was, "{sql}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_differs_from_its_source_is_not_kept() {
    let source = Empty::file();
    let source = source.open().await;
    lived_in(&source, 700).await;
    let falsified = [
        "CREATE TRIGGER falsify AFTER INSERT ON apis BEGIN UPDATE apis SET document = '{}'; END",
        "CREATE FUNCTION falsify() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN NEW.document = '{}'; RETURN NEW; END $$;
         CREATE TRIGGER falsify BEFORE INSERT ON apis FOR EACH ROW EXECUTE FUNCTION falsify()",
    ];
    for (to, sql) in kinds().await.iter().zip(falsified) {
        let store = to.open().await;
        let empty = rows(&*store).await;
        to.edit(sql).await;
        let refused = copy(&*source, &*store, How::default()).await.unwrap_err();
        assert_eq!(refused, StoreError::Miscopied { table: "apis".to_owned(), wanted: 1, got: 1 });
        assert_eq!(rows(&*store).await, empty);
    }
}

#[tokio::test]
async fn what_postgresql_cannot_hold_is_said() {
    let source = Empty::file();
    let store = source.open().await;
    lived_in(&store, 7).await;
    source.edit("UPDATE apis SET document = 'a' || char(0)").await;
    let Some(to) = Empty::server().await else { return };
    let to = to.open().await;
    let why = copy(&*store, &*to, How::default()).await.unwrap_err().to_string();
    assert!(why.contains("a row of apis") && why.contains("NUL"), "{why}");
    assert_eq!(to.last_seq().await, Ok(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_copies_into_one_database_one_is_made() {
    let source = Empty::file();
    let source = source.open().await;
    lived_in(&source, 700).await;
    for to in &kinds().await {
        let (one, other) = (to.open().await, to.open().await);
        let (first, second) = tokio::join!(
            copy(&*source, &*one, How::default()),
            copy(&*source, &*other, How::default()),
        );
        let refused = [first, second].into_iter().filter_map(Result::err).collect::<Vec<_>>();
        assert!(matches!(&*refused, [StoreError::Filled { .. }]), "{refused:?}");
        assert_eq!(rows(&*one).await, rows(&*source).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_may_take_longer_than_a_statement_of_a_server() {
    let Some(to) = Empty::server().await else { return };
    to.open().await;
    to.edit(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN PERFORM pg_sleep(0.4); RETURN NEW; END $$;
         CREATE TRIGGER slow BEFORE INSERT ON apis FOR EACH ROW EXECUTE FUNCTION slow()",
    )
    .await;
    let source = Empty::file();
    let source = source.open().await;
    lived_in(&source, 7).await;
    let (cluster, name) = to.server.as_ref().unwrap();
    let options = postgres::Options {
        statement_timeout: std::time::Duration::from_millis(200),
        ..postgres::Options::default()
    };
    let impatient =
        PostgresStore::open(&cluster.url(name).parse().unwrap(), &options).await.unwrap();
    copy(&*source, &impatient, How::default()).await.unwrap();
    assert_eq!(rows(&impatient).await, rows(&*source).await);
}
