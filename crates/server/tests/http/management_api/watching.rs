//! What programs that watch an installation see: nodes, who follows the feed, what needs attention,
//! and whether the audit log is whole.

use hallpass_server::clock::Clock;
use hallpass_store::Report;
use serde_json::{Value, json};

use super::program::{EVERYTHING, Program, node};
use crate::{
    ask::Ask,
    node::{ISSUER, Node},
};

#[tokio::test]
async fn nodes_are_listed_as_they_last_reported() {
    let node = node(Node::start(), &[("watcher", "nodes:read"), ("owner", EVERYTHING)]).await;
    let watcher = Program::of(&node, "watcher").await;
    assert_eq!(watcher.get("/nodes").await.value(), json!({ "items": [] }));
    let now = node.clock.now();
    let report = Report {
        name: "two".to_owned(),
        address: "192.0.2.9:8420".parse().unwrap(),
        version: "0.0.1".to_owned(),
        issuer: ISSUER.to_owned(),
        started_at: now,
        said_at: now,
        every_s: 10,
        as_of: now,
        applied: 1,
    };
    node.app.store.put_node(&report).await.unwrap();
    let newest = node.app.store.last_seq().await.unwrap();
    let body = watcher.get("/nodes").await.value();
    let own = &body["items"][0];
    assert_eq!((&own["name"], &own["address"]), (&json!("two"), &json!("192.0.2.9:8420")));
    assert_eq!((&own["is_this"], &own["change_seq"]), (&json!(false), &json!(1)));
    assert_eq!(own["behind"], json!(newest - 1));
    node.pass_s(31).await;
    let silent = watcher.get("/nodes").await.value()["items"][0]["standing"].clone();
    assert_ne!(silent, own["standing"]);
    let found = watcher.get("/findings").await.value();
    let says = found["items"].as_array().unwrap().iter();
    let troubles: Vec<_> = says.filter(|one| one["fine"] == false).collect();
    assert_eq!(found["troubles"], troubles.len());
    let says = |one: &&&Value| one["says"].as_str().unwrap().contains("Node two");
    assert!(troubles.iter().any(|one| says(&one)), "{found}");

    let owner = Program::of(&node, "owner").await;
    for path in ["/nodes", "/followers", "/findings"] {
        assert_eq!(owner.get(path).await.problem(), (403, "forbidden".to_owned()), "{path}");
    }
    node.store.go_away();
    assert_eq!(watcher.get("/nodes").await.problem().0, 503);
}

#[tokio::test]
async fn whoever_follows_the_feed_is_named_with_what_it_was_sent() {
    let node = node(Node::start(), &[("watcher", "nodes:read")]).await;
    let watcher = Program::of(&node, "watcher").await;
    assert_eq!(watcher.get("/followers").await.value(), json!({ "items": [], "count": 0 }));
    let ask = Ask::get("/revocations/stream").header("user-agent", "books/1.2 (linux)");
    let stream = node.open(ask).await;
    let body = watcher.get("/followers").await.value();
    assert_eq!((&body["count"], &body["items"][0]["library"]), (&json!(1), &json!("books/1.2")));
    assert_eq!(body["items"][0]["since"], "2025-11-24T16:00:00.999Z");
    drop(stream);
    assert_eq!(watcher.get("/followers").await.value()["count"], 0);
}

#[tokio::test]
async fn the_audit_log_is_verified_by_whoever_may_read_all_of_it() {
    let programs = [("auditor", "audit:read-all"), ("owner", EVERYTHING)];
    let node = node(Node::start(), &programs).await;
    let auditor = Program::of(&node, "auditor").await;
    let never = auditor.get("/audit-chain").await.value();
    assert_eq!((&never["checked_at"], &never["whole"]), (&Value::Null, &Value::Null));
    let found = auditor.post("/audit-chain/verify", &json!({})).await.value();
    assert_eq!((&found["whole"], &found["broken_seq"]), (&json!(true), &Value::Null));
    assert_eq!(found["events"], json!(node.app.store.last_seq().await.unwrap()));
    assert_eq!(auditor.get("/audit-chain").await.value(), found);
    let owner = Program::of(&node, "owner").await;
    assert_eq!(owner.get("/audit-chain").await.problem(), (403, "forbidden".to_owned()));
    let refused = owner.post("/audit-chain/verify", &json!({})).await;
    assert_eq!(refused.problem(), (403, "forbidden".to_owned()));
}
