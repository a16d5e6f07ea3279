//! A full disk: every change fails and says why, tokens go on being issued, nothing is damaged,
//! and writing works again once there is space. The disk is a small tmpfs, which only root may
//! mount; where it cannot be mounted, that is said aloud.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
};

use hallpass_store::{SqliteStore, Store, sqlite::Options};

use crate::{
    node::Node,
    place::{BOOKS, Login, ORGANIZATION, Place, refusal, text},
    process::within_limit,
    stream::Stream,
};

/// Room for a new database and some hundred changes.
const DISK: &str = "size=3m,mode=700";

/// More organizations than fit on such a disk.
const TOO_MANY: usize = 1000;

/// A disk that can be full.
struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let mut mount = Command::new("mount");
        let why = match mount.args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(at).output() {
            Ok(mounted) if mounted.status.success() => return Some(Self { at: at.to_owned() }),
            Ok(refused) => String::from_utf8_lossy(&refused.stderr).trim().to_owned(),
            Err(why) => why.to_string(),
        };
        // Around the test harness, which keeps what a passed test prints to itself.
        let _ = writeln!(
            std::io::stderr(),
            "\nNOT TESTED: what a full disk does. It takes a small tmpfs, and mounting one failed \
             ({why}); run the tests as root, where mounting is allowed.\n"
        );
        None
    }

    /// Takes every byte that is left.
    fn fill(&self) {
        let mut file = File::create(self.filler()).unwrap();
        for chunk in [vec![0; 1 << 16], vec![0; 1 << 12]] {
            let why = loop {
                if let Err(why) = file.write_all(&chunk) {
                    break why;
                }
            };
            assert_eq!(why.kind(), ErrorKind::StorageFull);
        }
    }

    fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.at.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.at).status();
    }
}

/// Checks that a command was refused for want of space, and says so to whoever typed it.
async fn finds_it_full(place: &Place, args: &[&str]) {
    let why = refusal(args, place.run(args).await);
    for words in ["disk is full", "nothing was written", "free some space"] {
        assert!(why.contains(words), "{args:?}: {why}");
    }
}

/// Adds organizations until there is no room left, even in the write-ahead log. Returns how many
/// were acknowledged.
async fn add_until_full(place: &Place) -> usize {
    for number in 0..TOO_MANY {
        let name = format!("Organization {number}");
        let args = ["organization", "add", &name];
        let ended = place.run(&args).await;
        if ended.code != Some(0) {
            assert!(refusal(&args, ended).contains("disk is full"));
            return number;
        }
    }
    panic!("{TOO_MANY} organizations fit on a full disk");
}

async fn every_change_is_refused(place: &Place) {
    let kid = text(&place.ask(&["key", "list"]).await[0], "kid");
    let before = place.last_seq().await;
    for args in [
        &["organization", "add", "Another"][..],
        &["organization", "suspend", ORGANIZATION],
        &["api", "add", "More", "--audience", "https://more.example.com"],
        &["api", "update", "Books", "--lifetime", "1h"],
        &["credential", "add", "new", "--organization", ORGANIZATION, "--api", BOOKS],
        &["credential", "rotate", "reports"],
        &["credential", "pause", "reports"],
        &["credential", "revoke", "reports"],
        &["secret", "add", "reports"],
        &["key", "rotate"],
        &["key", "kill", &kid, "--yes"],
    ] {
        finds_it_full(place, args).await;
    }
    assert_eq!(place.last_seq().await, before);
}

/// What the server goes on doing, and what it does not claim to have done.
async fn the_server_goes_on(node: &Node, client: &Login, api: &Login) {
    for _ in 0..50 {
        node.token(client).await.unwrap();
    }
    let token = node.token(client).await.unwrap();
    node.jwks().await.verify(&token, BOOKS).unwrap();
    let refused = node.post("/oauth/revoke", client, &[("token", &token)]).await.unwrap_err();
    assert_eq!((refused.status.as_u16(), &*refused.error), (503, "temporarily_unavailable"));
    assert_eq!(node.introspect(api, &token).await["active"], true);
    assert_eq!(node.get("/readyz").await.unwrap()["status"], "ready");
}

/// Reads everything that is on the disk.
async fn nothing_is_damaged(place: &Place, copy: &str) {
    let events = place.whole_audit_log().await;
    let path = place.data().join("hallpass.db");
    let store = SqliteStore::open_existing(&path, Options::default()).unwrap();
    let log = store.changes_after(0, 1_000_000).await.unwrap();
    assert!(log.iter().map(|change| change.seq).eq(1..=events));
    // Elsewhere, where there is room: a copy is made of every page.
    place.ask(&["backup", copy]).await;
}

#[tokio::test]
async fn on_a_full_disk_changes_fail_tokens_go_on_and_nothing_is_damaged() {
    let place = Place::empty();
    let Some(disk) = SmallDisk::mount(&place.data()) else { return };
    place.furnish().await;
    let client = place.reader("reports").await;
    let own = ["--api", "Books", "--introspects", "Books"];
    let own = place.credential("the API's own", &own).await;
    let mut node = Node::start(&place, &["--usage-flush-s", "1"]).await;
    let mut stream = Stream::open(&node, 0).await;

    disk.fill();
    let added = add_until_full(&place).await;
    every_change_is_refused(&place).await;
    the_server_goes_on(&node, &client, &own).await;
    node.process().says("Lost a batch of usage counts").await.unwrap();
    assert!(node.metric("hallpass_usage_lost_total").await > 0);
    nothing_is_damaged(&place, "full.db").await;

    disk.free();
    // Neither the server nor anything else has to be started anew.
    let token = node.token(&client).await.unwrap();
    node.post("/oauth/revoke", &client, &[("token", &token)]).await.unwrap();
    stream.death().await;
    assert_eq!(node.introspect(&own, &token).await["active"], false);
    let late = place.reader("late").await;
    node.caught_up(&place).await;
    node.token(&late).await.unwrap();
    place.ask(&["credential", "pause", "reports"]).await;
    stream.death().await;
    node.no_token(&client).await;
    nothing_is_damaged(&place, "freed.db").await;
    let all = place.ask(&["organization", "list"]).await;
    assert_eq!(all.as_array().unwrap().len(), added + 1);
    node.stop().await;
}

#[tokio::test]
async fn a_server_that_is_killed_on_a_full_disk_has_lost_nothing() {
    let place = Place::empty();
    let Some(disk) = SmallDisk::mount(&place.data()) else { return };
    place.furnish().await;
    let client = place.reader("reports").await;
    let node = Node::start(&place, &[]).await;
    disk.fill();
    let added = add_until_full(&place).await;
    node.kill().await;

    // The log beside the database is read again where it lies, which takes no space.
    let node = Node::start(&place, &[]).await;
    node.token(&client).await.unwrap();
    let answers = async { while node.get("/readyz").await.is_err() {} };
    within_limit("readiness on a full disk", answers).await;
    disk.free();
    place.ask(&["organization", "add", "Another"]).await;
    let all = place.ask(&["organization", "list"]).await;
    assert_eq!(all.as_array().unwrap().len(), added + 2);
    nothing_is_damaged(&place, "freed.db").await;
    node.stop().await;
}
