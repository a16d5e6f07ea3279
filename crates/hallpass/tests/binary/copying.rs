//! Moving to another database: whoever had a credential notices nothing, a revocation reaches who
//! was there before, and a copy that is killed leaves nothing. Without PostgreSQL the moves are
//! from file to file.

use std::{fs, path::Path};

use faults::line::Line;
use hallpass_store::{sqlite, throwaway::Cluster};

use crate::{
    guarded_api::{Books, LIBRARY},
    node::Node,
    place::{Login, ORGANIZATION, Place},
    process::{Process, within_limit},
};

/// An installation whose directory has the master key of another.
fn with_key_of(place: &Place, database: Option<&str>) -> Place {
    let other = database.map_or_else(Place::empty, Place::with_database);
    fs::create_dir(other.data()).unwrap();
    fs::copy(place.data().join("master.key"), other.data().join("master.key")).unwrap();
    other
}

/// URLs of empty databases: a file, and one on a server if there is one.
async fn empty_databases(folder: &Place) -> Vec<String> {
    let file = format!("sqlite://{}", folder.path("moved.db").display());
    match Cluster::shared() {
        Some(cluster) => vec![cluster.url(&cluster.create(None).await), file],
        None => vec![file],
    }
}

async fn credential(place: &Place, name: &str) -> Login {
    let args = ["credential", "add", name, "--organization", ORGANIZATION, "--api", LIBRARY];
    Login::of(&place.ask(&args).await)
}

#[tokio::test]
async fn an_installation_moves_from_database_to_database_and_nobody_notices() {
    let mut place = Place::set_up().await;
    place.ask(&["api", "add", "Library", "--audience", LIBRARY, "--scope", "books:read"]).await;
    let (one, two) = (credential(&place, "one").await, credential(&place, "two").await);
    let line = Line::lay().await.unwrap();
    let issuer = format!("http://{}", line.address);
    let serve = ["--issuer", &*issuer];
    let mut node = Node::start(&place, &serve).await;
    line.join(node.address);
    let books = Books::open(&line, &place.path("verifier")).await;
    let (kept, dead) = (node.token(&one).await.unwrap(), node.token(&two).await.unwrap());

    let folder = Place::empty();
    for (number, url) in empty_databases(&folder).await.into_iter().enumerate() {
        // As long as somebody serves from it, a copy would miss something.
        let why = place.refused(&["copy", "--to", &url]).await;
        assert!(why.contains("a server runs on the database to copy"), "{why}");
        line.cut();
        node.stop().await;
        let copied = place.ask(&["copy", "--to", &url]).await;
        assert_eq!(copied["audit_log_whole"], true);
        assert_eq!(copied["change_seq"].as_u64(), Some(place.last_seq().await));
        let why = place.refused(&["copy", "--to", &url]).await;
        assert!(why.contains("it is not empty"), "{why}");

        let moved = with_key_of(&place, Some(&url));
        assert_eq!(moved.whole_audit_log().await, place.whole_audit_log().await);
        for list in [&["credential", "list"][..], &["organization", "list"], &["key", "list"]] {
            assert_eq!(moved.ask(list).await, place.ask(list).await, "{list:?}");
        }
        node = Node::start(&moved, &serve).await;
        line.join(node.address);
        assert_eq!(books.answers(&kept).await, 200);
        let fresh = node.token(&one).await.unwrap();
        assert_eq!(books.answers(&fresh).await, 200);
        // A token of before the move dies after it, at a verifier that was there all the time.
        if number == 0 {
            assert_eq!(books.answers(&dead).await, 200);
            moved.ask(&["credential", "revoke", &two.client_id]).await;
            books.refuses(&dead).await;
        }
        assert!(node.no_token(&two).await.contains("revoked"));
        place = moved;
    }
    let feed = books.verifier.status().feed;
    assert_eq!((feed.gaps, feed.unreadable, feed.not_understood), (0, 0, 0), "{feed:?}");
    books.close().await;
    node.stop().await;
}

/// Makes the installation so large that copying it takes a while.
fn grow(database: &Path) {
    let sql = "INSERT INTO credentials (client_id, organization_id, status, folded_name,
            created_at, next_expiry_at, document, folded_tags)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
         SELECT printf('hpc_%022d', i), organization_id, status, folded_name, created_at, NULL,
            json_set(document, '$.client_id', printf('hpc_%022d', i)), folded_tags
         FROM n, (SELECT * FROM credentials LIMIT 1)";
    assert_eq!(sqlite::edit(database, sql).unwrap(), 30_000);
}

#[tokio::test]
async fn a_copy_that_is_killed_leaves_nothing_and_is_made_again() {
    let place = Place::set_up().await;
    let login = place.reader("reports").await;
    grow(&place.data().join("hallpass.db"));
    let folder = Place::empty();
    for url in empty_databases(&folder).await {
        let mut copying = Process::start(place.command(&["copy", "--to", &url]), "");
        let under_way = async {
            while !is_being_filled(&url, &folder.path("moved.db-wal")).await {
                tokio::task::yield_now().await;
            }
        };
        within_limit("the middle of a copy", under_way).await;
        copying.kill();
        let ended = copying.ended().await;
        assert_eq!(ended.code, None, "it was through already: {ended:?}");

        // Nobody can take what is there for an installation.
        let moved = with_key_of(&place, Some(&url));
        let copied = place.ask(&["copy", "--to", &url]).await;
        assert!(copied["rows"].as_u64().unwrap() > 30_000);
        assert_eq!(moved.whole_audit_log().await, place.whole_audit_log().await);
        let node = Node::start(&moved, &[]).await;
        node.token(&login).await.unwrap();
        node.stop().await;
    }
}

/// Whether rows are being written to a database, and none can be seen yet.
async fn is_being_filled(url: &str, log: &Path) -> bool {
    let Some((cluster, name)) = Cluster::shared().zip(database_of(url)) else {
        return fs::metadata(log).is_ok_and(|meta| meta.len() > 2 << 20);
    };
    let sql = format!(
        "SELECT 1 FROM pg_stat_activity
         WHERE datname = '{name}' AND query LIKE 'INSERT INTO credentials%'"
    );
    !cluster.sql("postgres", &sql).await.is_empty()
}

fn database_of(url: &str) -> Option<&str> {
    url.strip_prefix("postgres:///")?.split('?').next()
}

#[tokio::test]
async fn mistakes_when_copying_are_explained() {
    let place = Place::set_up().await;
    let same = place.data().join("hallpass.db");
    for (args, wanted) in [
        (&["copy"][..], "--to"),
        (&["copy", "--to", "mysql://me:s3cret@a/b"], "must be a postgres:// URL"),
        (&["copy", "--to", "none/moved.db"], "make it first"),
        (&["copy", "--to", same.to_str().unwrap()], "it is not empty"),
        (&["copy", "--from", "none.db", "--to", "moved.db"], "there is no Hallpass database"),
        (&["copy", "--to", "postgres://me:s3cret@127.0.0.1:1/x?sslmode=disable"], "127.0.0.1:1/x"),
    ] {
        let says = place.refused(args).await;
        assert!(says.contains(wanted) && !says.contains("s3cret"), "{args:?}: {says}");
    }
    // A copy needs no master key; whoever has another one hears of it.
    let stranger = Place::set_up().await;
    let from = same.to_str().unwrap();
    let args = ["copy", "--from", from, "--to", "copied.db"];
    let copied = stranger.run(&args).await;
    assert_eq!(copied.code, Some(0), "{copied:?}");
    assert!(copied.stderr.contains("it needs master key"), "{copied:?}");
}
