//! Asking again under the same key: nothing is made twice, and no secret is shown twice.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hallpass_server::clock::Clock;
use hallpass_store::{Claim, Receipts, Request};
use http::Method;
use serde_json::{Value, json};

use super::program::{EVERYTHING, Program, add_foreign, node, power};
use crate::{
    ask::{Answer, Ask},
    node::{Node, client_id},
};

fn new(name: &str) -> Value {
    json!({ "name": name, "grants": [{ "audience": crate::node::BOOKS, "scopes": [] }] })
}

async fn make(program: &Program<'_>, path: &str, key: &str, body: &Value) -> Answer {
    let ask = Ask::api(Method::POST, path).header("idempotency-key", key);
    program.ask(ask.json(body.to_string())).await
}

async fn count(node: &Node) -> u64 {
    node.app.store.count_credentials(&Default::default()).await.unwrap()
}

#[tokio::test]
async fn a_repeated_request_is_answered_again_without_its_secret() {
    let node = node(Node::start(), &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let first = make(&program, "/credentials", "k1", &new("x")).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let secret = first.value()["client_secret"].as_str().unwrap().to_owned();
    let had = count(&node).await;
    // A node that was restarted remembers.
    let token = program.token;
    let node = node.restarted().await;
    let program = Program { node: &node, token };
    for _ in 0..2 {
        let again = make(&program, "/credentials", "k1", &new("x")).await;
        assert_eq!(again.status, 201);
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.value()["credential"], first.value()["credential"]);
        assert_eq!(again.value()["client_secret"], Value::Null);
        let remark = again.value()["client_secret_remark"].as_str().unwrap().to_owned();
        assert!(remark.contains("cannot be shown again"), "{remark}");
        assert!(!again.text().contains(&secret));
    }
    assert_eq!(count(&node).await, had);
    let database = node.bytes_on_disk();
    let is_there = database.windows(secret.len()).any(|window| window == secret.as_bytes());
    assert!(!is_there, "the secret is in the database");

    let other = make(&program, "/credentials", "k1", &new("y")).await;
    assert_eq!(other.problem(), (422, "key-reused".to_owned()));
    let elsewhere = format!("/credentials/{}/secrets", client_id("program"));
    let other = make(&program, &elsewhere, "k1", &new("x")).await;
    assert_eq!(other.problem().0, 422);
    node.pass_s(86_400).await;
    let program = Program::of(&node, "program").await;
    let late = make(&program, "/credentials", "k1", &new("y")).await;
    assert_eq!((late.status.as_u16(), late.header("idempotent-replayed")), (201, ""));
}

#[tokio::test]
async fn an_invitation_is_made_once_and_its_link_is_shown_once() {
    let node = node(Node::start(), &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let path = format!("/organizations/{}/invitations", crate::node::organization_id());
    let body = json!({ "email": "bob@example.com", "role": "developer" });
    let first = make(&program, &path, "k", &body).await;
    assert!(first.value()["link"].is_string(), "{}", first.text());
    let again = make(&program, &path, "k", &body).await;
    assert_eq!(again.value()["invitation"], first.value()["invitation"]);
    assert_eq!(again.value()["link"], Value::Null);
    assert!(again.value()["link_remark"].is_string());
}

#[tokio::test]
async fn a_key_is_its_owners_alone() {
    let node = node(Node::start(), &[("one", EVERYTHING), ("two", EVERYTHING)]).await;
    add_foreign(&node, "foreign", power("foreign", EVERYTHING)).await;
    let mut ids = Vec::new();
    for name in ["one", "two"] {
        let program = Program::of(&node, name).await;
        let made = make(&program, "/credentials", "same", &new("x")).await;
        assert_eq!(made.header("idempotent-replayed"), "");
        ids.push(made.value()["credential"]["client_id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn of_many_at_once_one_makes() {
    let node = node(Node::start(), &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let had = count(&node).await;
    let body = new("x");
    let attempts = (0..16).map(|_| make(&program, "/credentials", "k", &body));
    let answers = futures_util::future::join_all(attempts).await;
    let with_secret = answers
        .iter()
        .filter(|one| one.status == 201)
        .filter(|one| one.value()["client_secret"].is_string());
    assert_eq!(with_secret.count(), 1);
    for answer in &answers {
        assert!(matches!(answer.status.as_u16(), 201 | 409), "{}", answer.text());
    }
    assert_eq!(count(&node).await, had + 1);
}

#[tokio::test]
async fn what_came_to_nothing_may_be_asked_again() {
    let node = node(Node::start(), &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    for _ in 0..2 {
        let wrong = json!({ "name": "x", "grants": [] });
        assert_eq!(make(&program, "/credentials", "k", &wrong).await.problem().0, 422);
    }
    assert_eq!(make(&program, "/credentials", "k", &new("x")).await.status, 201);
}

#[tokio::test]
async fn a_request_that_was_cut_off_is_not_done_again() {
    let node = node(Node::start(), &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let had = count(&node).await;
    // The node was killed between claim and answer.
    let mut digest = digest::Context::new(&digest::SHA256);
    digest.update(b"POST /api/v1/credentials\n");
    digest.update(new("x").to_string().as_bytes());
    let digest = URL_SAFE_NO_PAD.encode(digest.finish());
    let request = Request { owner: client_id("program"), key: "k".to_owned(), digest };
    let claimed = node.store.claim(&request, node.clock.now()).await;
    assert_eq!(claimed, Ok(Claim::New));
    for (secs, code, retry) in [(0, "conflict", "1"), (60, "outcome-unknown", "")] {
        node.pass_s(secs).await;
        let answer = make(&program, "/credentials", "k", &new("x")).await;
        assert_eq!(answer.problem(), (409, code.to_owned()));
        assert_eq!(answer.header("retry-after"), retry);
    }
    assert_eq!(count(&node).await, had);
}

#[tokio::test]
async fn keys_are_short_visible_and_one() {
    let node = node(Node::start(), &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    for (key, status) in [("", 400), ("a b", 400), ("é", 400), (&*"k".repeat(256), 400), ("k", 201)]
    {
        let answer = make(&program, "/credentials", key, &new("x")).await;
        assert_eq!(answer.status.as_u16(), status, "{key:?}");
    }
    let twice = Ask::api(Method::POST, "/credentials")
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    assert_eq!(program.ask(twice.json(new("x").to_string())).await.status, 400);
}
