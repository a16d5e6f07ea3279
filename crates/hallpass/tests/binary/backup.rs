//! A backup that was made beside a running server is a whole installation, together with the
//! master key, whichever kind of database it comes from or goes to; and one that is not as it was
//! made is refused whole.

use std::fs;

use faults::line::Line;
use hallpass_store::throwaway::Cluster;

use crate::{
    guarded_api::{Books, LIBRARY},
    node::Node,
    place::{BOOKS, Login, ORGANIZATION, Place, mode},
};

/// A key pair of `age-keygen`, made for these tests, and the public half of another.
const IDENTITY: &str = "AGE-SECRET-KEY-13N0MW774088F7E8UN6G49TZ6LDVE03XHZ0393CSFND9K6MVPC2DQHKL5UW";
const RECIPIENT: &str = "age1yjzjgk0uknhlzyzxurmm5nctpd8ne58esz42ranr8hhvqqvnfuns3k6a7f";
const STRANGER: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// A place with nothing but the master key of another one.
fn with_key_of(place: &Place, database: Option<&str>) -> Place {
    let other = database.map_or_else(Place::empty, Place::with_database);
    fs::create_dir(other.data()).unwrap();
    fs::copy(place.data().join("master.key"), other.data().join("master.key")).unwrap();
    other
}

/// A file, and a database on a server if there is one.
async fn databases() -> Vec<Option<String>> {
    match Cluster::shared() {
        Some(cluster) => vec![None, Some(cluster.url(&cluster.create(None).await))],
        None => vec![None],
    }
}

#[tokio::test]
async fn a_backup_beside_a_running_server_restores_into_either_kind() {
    for from in databases().await {
        let place = from.as_deref().map_or_else(Place::empty, Place::with_database);
        place.furnish().await;
        let (kept, revoked) = (place.reader("kept").await, place.reader("revoked").await);
        place.ask(&["credential", "revoke", "revoked"]).await;
        let node = Node::start(&place, &[]).await;
        let token = node.token(&kept).await.unwrap();

        // Others write all the while.
        let backup = ["backup", "copy.db"];
        let (_, _, copied) =
            tokio::join!(place.reader("meanwhile"), place.reader("also"), place.ask(&backup));
        assert_eq!((&copied["file"], &copied["encrypted"]), (&"copy.db".into(), &false.into()));
        assert_eq!(mode(&place.path("copy.db")), 0o600);
        let why = place.refused(&backup).await;
        assert!(why.contains("choose another name"), "{why}");
        node.stop().await;

        for to in databases().await {
            let restored = with_key_of(&place, to.as_deref());
            let file = place.path("copy.db");
            let restore = ["restore", file.to_str().unwrap()];
            restored.ask(&restore).await;
            let why = restored.refused(&restore).await;
            assert!(why.contains("it is not empty"), "{why}");
            restored.whole_audit_log().await;
            let node = Node::start(&restored, &[]).await;
            node.jwks().await.verify(&token, BOOKS).unwrap();
            let again = node.token(&kept).await.unwrap();
            node.jwks().await.verify(&again, BOOKS).unwrap();
            assert!(node.no_token(&revoked).await.contains("revoked"));
            node.stop().await;

            // What was written meanwhile is in the copy as a whole or not at all; the rest is
            // equal.
            let list = async |place: &Place| {
                let mut all = place.ask(&["credential", "list"]).await;
                let all = all.as_array_mut().unwrap();
                all.retain(|own| own["name"] == "kept" || own["name"] == "revoked");
                for own in all.iter_mut() {
                    own["secrets"][0]["last_used_at"].take();
                }
                all.clone()
            };
            assert_eq!(list(&restored).await, list(&place).await);
        }
    }
}

async fn credential(place: &Place, name: &str) -> Login {
    let args = ["credential", "add", name, "--organization", ORGANIZATION, "--api", LIBRARY];
    Login::of(&place.ask(&args).await)
}

#[tokio::test]
async fn an_older_backup_is_noticed_by_a_verifier_however_long_it_was_away() {
    let place = Place::set_up().await;
    place.ask(&["api", "add", "Library", "--audience", LIBRARY, "--scope", "books:read"]).await;
    let line = Line::lay().await.unwrap();
    let issuer = format!("http://{}", line.address);
    let serve = ["--issuer", &*issuer];
    let node = Node::start(&place, &serve).await;
    line.join(node.address);
    let books = Books::open(&line, &place.path("verifier")).await;
    let (before, after) = (credential(&place, "before").await, credential(&place, "after").await);
    place.ask(&["backup", "copy.db"]).await;
    let old = node.token(&after).await.unwrap();
    place.ask(&["credential", "revoke", "after"]).await;
    books.refuses(&old).await;
    line.cut();
    node.stop().await;

    let restored = with_key_of(&place, None);
    let file = place.path("copy.db");
    let says = restored.run(&["restore", file.to_str().unwrap()]).await;
    assert!(says.stdout.contains("is alive again"), "{says:?}");
    let node = Node::start(&restored, &serve).await;
    // As many have died since as the verifier has heard of: by numbers alone it missed nothing.
    let dead = node.token(&before).await.unwrap();
    restored.ask(&["credential", "revoke", "before"]).await;
    node.caught_up(&restored).await;
    line.join(node.address);
    books.refuses(&dead).await;
    assert_eq!(books.answers(&old).await, 200, "what the backup undid is undone for all");
    books.close().await;
    node.stop().await;
}

#[tokio::test]
async fn an_encrypted_backup_opens_with_its_key_alone() {
    let place = Place::set_up().await;
    for (name, text) in [
        ("words", "correct horse battery\n"),
        ("other words", "correct horse batteries\n"),
        ("key", IDENTITY),
        ("empty", ""),
    ] {
        fs::write(place.path(name), text).unwrap();
    }
    let under_words = ["backup", "words.age", "--passphrase-file", "words"];
    assert_eq!(place.ask(&under_words).await["encrypted"], true);
    place.ask(&["backup", "keys.age", "--recipient", STRANGER, "--recipient", RECIPIENT]).await;
    place.ask(&["backup", "stranger.age", "--recipient", STRANGER]).await;
    place.ask(&["backup", "clear.db"]).await;
    for (name, is_readable) in [("clear.db", true), ("words.age", false), ("keys.age", false)] {
        assert_eq!(mode(&place.path(name)), 0o600);
        let bytes = fs::read(place.path(name)).unwrap();
        let owner = ORGANIZATION.as_bytes();
        let is_there = bytes.windows(owner.len()).any(|part| part == owner);
        assert_eq!(is_there, is_readable, "{name}");
    }
    let names = fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().contains("part")).collect();
    assert!(left.is_empty(), "{left:?}");

    for (args, wanted) in [
        (&["words.age"][..], "it is encrypted: name the key"),
        (&["words.age", "--passphrase-file", "other words"], "the passphrase is wrong"),
        (&["words.age", "--passphrase-file", "empty"], "holds no passphrase"),
        (&["words.age", "--identity-file", "key"], "encrypted under a passphrase"),
        (&["keys.age", "--passphrase-file", "words"], "encrypted to a recipient"),
        (&["stranger.age", "--identity-file", "key"], "this key does not open it"),
        (&["keys.age", "--identity-file", "words"], "AGE-SECRET-KEY-1"),
        (&["clear.db", "--identity-file", "key"], "it is not encrypted"),
        (&["none.age", "--identity-file", "key"], "none.age"),
    ] {
        let says = place.refused(&[&["restore"], args, &["--to", "refused.db"]].concat()).await;
        assert!(says.contains(wanted), "{args:?}: {says}");
        assert!(!place.path("refused.db").exists(), "{args:?}");
    }
    for (args, to) in [
        (&["words.age", "--passphrase-file", "words"][..], "a.db"),
        (&["keys.age", "--identity-file", "key"], "b.db"),
        (&["clear.db"], "c.db"),
    ] {
        place.ask(&[&["restore"], args, &["--to", to]].concat()).await;
        let verified = place.ask(&["audit", "verify", "--database", to]).await;
        assert_eq!(verified["whole"], true, "{args:?}");
    }
}

#[tokio::test]
async fn a_backup_that_is_not_as_it_was_made_is_refused_whole() {
    let place = Place::set_up().await;
    fs::write(place.path("key"), IDENTITY).unwrap();
    place.ask(&["backup", "clear.db"]).await;
    place.ask(&["backup", "sealed.age", "--recipient", RECIPIENT]).await;
    let (clear, sealed) =
        (fs::read(place.path("clear.db")).unwrap(), fs::read(place.path("sealed.age")).unwrap());
    let named = clear.windows(ORGANIZATION.len()).position(|part| part == ORGANIZATION.as_bytes());
    let changed = |bytes: &[u8], place: usize| {
        let mut bytes = bytes.to_vec();
        bytes[place] ^= 1;
        bytes
    };
    let key = &["--identity-file", "key"][..];
    for (name, bytes, key) in [
        ("nothing", Vec::new(), &[][..]),
        ("a text", b"no backup at all\n".repeat(999), &[]),
        ("a database of another program", clear[..100].to_vec(), &[]),
        ("clear and cut", clear[..clear.len() / 2].to_vec(), &[]),
        ("clear and changed", changed(&clear, named.unwrap()), &[]),
        ("sealed and cut", sealed[..sealed.len() / 2].to_vec(), key),
        ("sealed and cut by a byte", sealed[..sealed.len() - 1].to_vec(), key),
        (
            "sealed and cut between chunks",
            sealed[..sealed.len() - sealed.len() % 65552].to_vec(),
            key,
        ),
        ("sealed and changed in the header", changed(&sealed, 60), key),
        ("sealed and changed", changed(&sealed, sealed.len() / 2), key),
        ("sealed and changed at the end", changed(&sealed, sealed.len() - 1), key),
    ] {
        fs::write(place.path("bad"), bytes).unwrap();
        let restore = [&["restore", "bad", "--to", "refused.db"], key].concat();
        let says = place.refused(&restore).await;
        assert!(says.starts_with("hallpass: bad: "), "{name}: {says}");
        assert!(!place.path("refused.db").exists(), "{name}");
    }
    // A backup is not served from, and no database is taken for a backup.
    let says = place.refused(&["audit", "verify", "--database", "clear.db"]).await;
    assert!(says.contains("`hallpass restore`"), "{says}");
    let says = place.refused(&["restore", "hallpass-data/hallpass.db", "--to", "refused.db"]).await;
    assert!(says.contains("no backup"), "{says}");
    // What another backup has left, or is at work on, is not touched.
    fs::write(place.path("new.db.part"), "half of it").unwrap();
    let says = place.refused(&["backup", "new.db"]).await;
    assert!(says.contains("new.db.part is there"), "{says}");
    assert_eq!(fs::read(place.path("new.db.part")).unwrap(), b"half of it");
}

#[tokio::test]
async fn a_backup_without_its_master_key_says_so() {
    let place = Place::set_up().await;
    place.ask(&["backup", "copy.db"]).await;
    let restored = Place::empty();
    let file = place.path("copy.db");
    let says = restored.run(&["restore", file.to_str().unwrap()]).await;
    assert!(says.stderr.contains("it needs master key"), "{says:?}");
    for args in [&["serve"][..], &["credential", "list"]] {
        let why = restored.refused(args).await;
        assert!(why.contains("its master key does not") && why.contains("put it back"), "{why}");
        // A new one would make the old secrets worthless for good.
        assert!(!restored.data().join("master.key").exists());
    }
}
