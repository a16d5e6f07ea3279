//! A node that has lost its database goes on for as long as it was told to, and never claims to
//! know what it does not.

use crate::{
    ask::Ask,
    node::{Login, NOW_S, Node, ask_token},
};

const PATIENCE_S: u64 = 600;

async fn cut_off() -> Node {
    let node = Node::start()
        .with_config(|config| config.max_staleness_s = PATIENCE_S)
        .with_credential("reports")
        .await;
    node.store.go_away();
    node
}

#[tokio::test]
async fn tokens_go_on_until_max_staleness_and_come_back_with_the_database() {
    let node = cut_off().await;
    for _ in 0..PATIENCE_S / 60 {
        node.pass_blind_s(60).await;
        node.token("reports").await;
    }
    node.pass_blind_s(1).await;
    for ask in [
        ask_token("reports"),
        ask_token("reports").form("grant_type=client_credentials"),
        Ask::token().basic((&Login::of("reports").id, "guess")),
    ] {
        let answer = node.send(ask).await;
        assert_eq!(answer.outcome(), (503, "temporarily_unavailable".to_owned()));
        assert_eq!(answer.header("retry-after"), "5");
    }
    node.store.come_back();
    node.pass_s(0).await;
    node.token("reports").await;
}

#[tokio::test]
async fn a_blind_node_says_so_to_whoever_asks() {
    let node = cut_off().await;
    let token = node.token("reports").await;
    node.pass_blind_s(PATIENCE_S).await;
    assert!(node.is_active(&token).await);
    let feed = node.send(Ask::get("/revocations")).await;
    assert_eq!(feed.value()["as_of"], NOW_S, "its as_of stands still");
    assert_eq!(feed.header("hallpass-as-of"), NOW_S.to_string());
    node.pass_blind_s(1).await;
    assert_eq!(node.introspect(&token).await.outcome().0, 503);
    assert_eq!(node.send(Ask::get("/readyz")).await.status, 503);
    assert_eq!(node.send(Ask::get("/healthz")).await.status, 200);
    // Keys and what is known to be dead are still worth having.
    assert_eq!(node.send(Ask::get("/.well-known/jwks.json")).await.status, 200);
    assert_eq!(node.send(Ask::get("/revocations")).await.status, 200);
}
