//! A node that has only just started: its credentials are still being read, and it answers all
//! the same.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use hallpass_core::{ClientId, Mutation};
use hallpass_store::Store;
use http::Method;

use crate::{
    ask::{Answer, Ask},
    management_api::program,
    node::{NOW, Node, ask_token, client_id, eventually, operator},
};

/// A login as somebody guesses it.
fn guess(client_id: &str) -> Ask {
    Ask::token().basic((client_id, "hps_wrong"))
}

fn unknown(number: u8) -> String {
    ClientId::from_entropy([number; 16]).to_string()
}

async fn reads(node: &Node, ask: Ask) -> (Answer, u64) {
    let before = node.store.images();
    let answer = node.send(ask).await;
    (answer, node.store.images() - before)
}

#[tokio::test]
async fn whatever_the_directory_lacks_is_read_when_it_is_asked_for() {
    let started = Node::start()
        .with_credential("reports")
        .with_credential("paused")
        .with_credential("gone")
        .with_pending("pending");
    let node = program::node(started, &[("program", "credentials:read")]).await;
    node.commit(Mutation::PauseCredential(client_id("paused"))).await;
    node.commit(Mutation::RevokeCredential(client_id("gone"))).await;
    let node = node.restarted_and_empty().await;
    assert!(!node.app.live.is_full() && node.app.live.directory.is_empty());
    assert_eq!(node.send(Ask::get("/readyz")).await.status, 200);

    for (name, outcome) in [
        ("reports", (200, "no error")),
        ("paused", (401, "invalid_client")),
        ("gone", (401, "invalid_client")),
        ("pending", (401, "invalid_client")),
    ] {
        let (answer, reads) = reads(&node, ask_token(name)).await;
        assert_eq!((answer.outcome(), reads), ((outcome.0, outcome.1.to_owned()), 1), "{name}");
    }
    assert!(node.request_token("paused").await.description().contains("paused"));

    // Its API asks about a token, and a program calls.
    let token = node.token("reports").await;
    assert!(node.is_active(&token).await);
    let token = node.token("program").await;
    let call = || Ask::api(Method::GET, "/credentials").bearer(&token);
    assert_eq!(node.send(call()).await.status, 200);
    node.commit(Mutation::RevokeCredential(client_id("program"))).await;
    assert_eq!(node.send(call()).await.status, 401);
}

#[tokio::test]
async fn a_full_directory_asks_nobody() {
    let node = Node::start().with_credential("reports").await.restarted_and_empty().await;
    node.store.let_loads_go();
    node.app.live.filled().await;
    for ask in [ask_token("reports"), guess(&unknown(1)), guess(client_id("reports").as_str())] {
        assert_eq!(reads(&node, ask).await.1, 0);
    }
    assert_eq!(node.app.live.read_throughs(), 0);
}

#[tokio::test]
async fn an_unknown_client_cannot_be_told_from_a_wrong_secret() {
    let node = Node::start().with_credential("reports").await.restarted_and_empty().await;
    let (unknown, reads_of_unknown) = reads(&node, guess(&unknown(1))).await;
    let (wrong, reads_of_wrong) = reads(&node, guess(client_id("reports").as_str())).await;
    assert_eq!((unknown.outcome(), unknown.text()), (wrong.outcome(), wrong.text()));
    assert_eq!((reads_of_unknown, reads_of_wrong), (1, 1));
    // Nor when the directory has heard of it meanwhile.
    node.commit(Mutation::PauseCredential(client_id("reports"))).await;
    assert_eq!(reads(&node, guess(client_id("reports").as_str())).await.1, 1);
    // What cannot be an id is not looked for.
    assert_eq!(reads(&node, guess(&"x".repeat(1000))).await.1, 0);
}

#[tokio::test]
async fn what_is_read_late_is_not_newer_than_what_was_heard() {
    let node = Node::start()
        .with_credential("reports")
        .with_credential("revoked")
        .with_credential("deleted")
        .await
        .restarted_and_empty()
        .await;
    // By this node, and by another.
    node.commit(Mutation::RevokeCredential(client_id("revoked"))).await;
    let other = node.other_store();
    for mutation in [
        Mutation::RevokeCredential(client_id("deleted")),
        Mutation::DeleteCredential(client_id("deleted")),
    ] {
        other.commit(&mutation, &operator(), NOW).await.unwrap();
    }
    node.pass_s(1).await;
    let all = async |when: &str| {
        assert_eq!(node.request_token("reports").await.status, 200, "{when}");
        for name in ["revoked", "deleted"] {
            assert_eq!(node.request_token(name).await.status, 401, "{when}: {name}");
        }
    };
    all("while it fills").await;
    node.store.let_loads_go();
    node.app.live.filled().await;
    all("when it is full").await;
    node.store.go_away();
    all("without the database").await;
}

#[tokio::test]
async fn a_database_that_goes_away_meanwhile_is_waited_for() {
    let node = Node::start().with_credential("reports").await.restarted_and_empty().await;
    node.store.go_away();
    node.store.let_loads_go();
    let answer = node.request_token("reports").await;
    assert_eq!(answer.outcome(), (503, "temporarily_unavailable".to_owned()));
    assert_eq!(answer.header("retry-after"), "2");
    node.store.come_back();
    node.app.live.filled().await;
    node.store.go_away();
    assert_eq!(node.request_token("reports").await.status, 200);
}

#[tokio::test]
async fn a_node_that_missed_too_much_trusts_nothing_of_what_it_knew() {
    let node = Node::start().with_credential("reports").with_credential("gone").await;
    let seq = node.app.live.applied();
    let other = node.other_store();
    let revoke = Mutation::RevokeCredential(client_id("gone"));
    other.commit(&revoke, &operator(), NOW).await.unwrap();
    let pause = Mutation::PauseCredential(client_id("reports"));
    other.commit(&pause, &operator(), NOW).await.unwrap();
    let resume = Mutation::ResumeCredential(client_id("reports"));
    other.commit(&resume, &operator(), NOW).await.unwrap();
    let sql = format!("DELETE FROM changes WHERE seq <= {}", seq + 1);
    hallpass_store::sqlite::edit(&node.database(), &sql).unwrap();
    node.store.hold_loads();
    node.pass_s(1).await;
    assert!(!node.app.live.is_full());
    assert_eq!(node.request_token("gone").await.status, 401);
    assert_eq!(node.request_token("reports").await.status, 200);
    node.store.let_loads_go();
    node.app.live.filled().await;
    assert_eq!(node.request_token("gone").await.status, 401);
    assert_eq!(node.request_token("reports").await.status, 200);
}

#[tokio::test]
async fn made_up_ids_reach_the_database_a_few_at_a_time() {
    let node = Node::start().with_credential("reports").await.restarted_and_empty().await;
    let before = node.store.images();
    node.store.hold_images();
    let busy = AtomicUsize::new(0);
    let asks = (0..200).map(async |number| {
        let status = node.send(guess(&unknown(number))).await.status.as_u16();
        busy.fetch_add(usize::from(status == 503), Ordering::SeqCst);
        status
    });
    let let_go = async {
        eventually("those that waited too long are told to come again", async || {
            busy.load(Ordering::SeqCst) == 200 - 32
        })
        .await;
        assert_eq!(node.store.images() - before, 32);
        node.store.let_images_go();
    };
    let (statuses, ()) = tokio::join!(join_all(asks), let_go);
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 32);
}
