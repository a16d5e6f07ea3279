//! `GET /revocations`: everything that is dead, and up to when the node knows.

use hallpass_core::Mutation;
use hallpass_store::Store;
use http::Method;

use crate::{
    ask::{Answer, Ask},
    node::{NOW, NOW_S, Node, client_id, eventually, operator},
};

async fn feed(node: &Node) -> Answer {
    node.send(Ask::get("/revocations")).await
}

async fn feed_after(node: &Node, tag: &str) -> Answer {
    node.send(Ask::get("/revocations").header("if-none-match", tag)).await
}

fn revoke(name: &str) -> Mutation {
    Mutation::RevokeCredential(client_id(name))
}

#[tokio::test]
async fn the_snapshot_names_what_is_dead_and_when_it_was_true() {
    let node = Node::start().with_credential("reports").await;
    insta::assert_snapshot!(feed(&node).await.text(), @r#"{"seq":0,"as_of":1764000000,"entries":[]}"#);
    node.commit(revoke("reports")).await;
    let answer = feed(&node).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert!(!answer.text().contains(client_id("reports").as_str()), "the feed names no client");
    insta::assert_snapshot!(answer.text(), @r#"{"seq":1,"as_of":1764000000,"entries":[{"h":"I2mx8wVGnfk1eZOtUmDopg","until":1764108300}]}"#);
}

#[tokio::test]
async fn asking_again_proves_freshness_without_the_body() {
    let node = Node::start().with_credential("reports").await;
    let first = feed(&node).await;
    assert_eq!(first.header("hallpass-as-of"), NOW_S.to_string());
    let tag = first.header("etag");
    node.pass_s(10).await;
    let again = feed_after(&node, tag).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    assert_eq!(again.header("hallpass-as-of"), (NOW_S + 10).to_string());
    assert_eq!(again.header("etag"), tag);
    assert_eq!(again.header("cache-control"), "no-cache");
    node.commit(revoke("reports")).await;
    let changed = feed_after(&node, tag).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);
    assert_eq!(changed.value()["as_of"], NOW_S + 10);
}

#[tokio::test]
async fn as_of_stands_still_while_the_database_is_away() {
    let node = Node::start().await;
    let as_of = async || feed(&node).await.value()["as_of"].as_u64().unwrap() - NOW_S;
    node.pass_s(5).await;
    assert_eq!(as_of().await, 5);
    node.store.go_away();
    node.pass_blind_s(100).await;
    assert_eq!(as_of().await, 5);
    node.store.come_back();
    node.pass_s(0).await;
    assert_eq!(as_of().await, 105);
}

#[tokio::test]
async fn head_is_answered_like_get_without_the_body() {
    let node = Node::start().await;
    let answer = node.send(Ask::new(Method::HEAD, "/revocations")).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
    assert_ne!(answer.header("etag"), "");
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        for path in ["/revocations", "/revocations/stream", "/.well-known/jwks.json", "/healthz"] {
            let answer = node.send(Ask::new(method.clone(), path)).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), "GET,HEAD", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_feed_survives_a_restart() {
    let node = Node::start().with_credential("reports").with_credential("other").await;
    let token = node.token("reports").await;
    node.commit(revoke("reports")).await;
    node.commit(Mutation::PauseCredential(client_id("other"))).await;
    let before = feed(&node).await.value();
    let node = node.restarted().await;
    assert_eq!(feed(&node).await.value(), before);
    assert!(!node.is_active(&token).await);
}

#[tokio::test]
async fn what_another_process_writes_is_seen_by_every_node() {
    let node = Node::start().with_credential("reports").await.listen().await.keeping_house();
    let token = node.token("reports").await;
    let other = node.other_node().await;
    let chores = hallpass_server::housekeeping::start(&other);
    let cli = node.other_store();
    let change = cli.commit(&revoke("reports"), &operator(), NOW).await.unwrap();
    for app in [&node.app, &other] {
        let seen = async || app.live.applied() >= change.seq && app.live.feed.seq() == 1;
        eventually("the change on every node", seen).await;
    }
    assert!(!node.is_active(&token).await);
    assert_eq!(node.request_token("reports").await.status, 401);
    other.closing.cancel();
    chores.wait().await;
}

#[tokio::test]
async fn entries_leave_when_the_last_token_has_expired() {
    let node = Node::start().with_credential("reports").with_credential("other").await;
    node.commit(revoke("reports")).await;
    let until = node.dead().await[0]["until"].as_u64().unwrap();
    node.pass_s(until - NOW_S - 1).await;
    node.app.live.feed.prune(hallpass_server::clock::Clock::now(&*node.clock));
    assert_eq!(node.dead().await.len(), 1);
    let tag = feed(&node).await.header("etag").to_owned();
    node.pass_s(1).await;
    node.app.live.feed.prune(hallpass_server::clock::Clock::now(&*node.clock));
    assert!(node.dead().await.is_empty());
    assert_eq!(feed_after(&node, &tag).await.status, 200, "another body, another tag");
    assert_eq!(feed(&node).await.value()["seq"], 1, "numbers are never given again");
}
