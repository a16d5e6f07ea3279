//! The leak desk for scanners: in bulk, without a token, and without saying whose a secret is.

use hallpass_core::{Mutation, credential::LiveTokens, secret::Secret};
use hallpass_server::clock::Clock;
use hallpass_store::{AuditFilter, Store};
use http::Method;
use serde_json::{Value, json};

use super::program::node;
use crate::{
    ask::{Answer, Ask},
    node::{Login, NOW, Node, client_id, secret, secret_id},
};

async fn report(node: &Node, body: &Value) -> Answer {
    node.send(Ask::api(Method::POST, "/leaks").json(body.to_string())).await
}

async fn verdicts(node: &Node, secrets: &[&str]) -> Vec<String> {
    let answer = report(node, &json!({ "secrets": secrets })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    for secret in secrets.iter().filter(|secret| secret.len() > 3) {
        assert!(!answer.text().contains(*secret), "the answer repeats a secret");
    }
    let items = answer.value()["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["verdict"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_secret_gets_its_verdict_and_dies_at_once() {
    let start = Node::start()
        .with_credential("alive")
        .with_credential("paused")
        .with_credential("revoked")
        .with_credential("retired")
        .with_credential("ending")
        .with_pending("pending")
        .with_credential("untouched");
    let node = node(start, &[]).await;
    let token = node.token("alive").await;
    let old = node.token("retired").await;
    let untouched = node.token("untouched").await;
    node.commit(Mutation::PauseCredential(client_id("paused"))).await;
    node.commit(Mutation::RevokeCredential(client_id("revoked"))).await;
    let other = node.new_secret("second");
    let id = client_id("retired");
    let add = Mutation::AddSecret { client_id: id.clone(), secret: other, others_expire_at: None };
    node.commit(add).await;
    let secret_id = secret_id("retired");
    let retire = Mutation::RetireSecret { client_id: id, secret_id, live: LiveTokens::Keep };
    node.commit(retire).await;
    assert!(node.is_active(&old).await);

    let stranger = Secret::from_entropy([0xEE; 32]).expose().to_owned();
    let damaged = secret("alive").replace("hps_", "hps_x");
    let padded = format!(" {}\n", secret("paused"));
    let all = [
        (secret("alive"), "retired"),
        (padded, "retired"),
        (secret("pending"), "retired"),
        (secret("revoked"), "already_dead"),
        (secret("retired"), "already_dead"),
        (stranger, "unknown"),
        (damaged, "damaged"),
        (client_id("alive").to_string(), "not_ours"),
        ("correct horse".to_owned(), "not_ours"),
        (String::new(), "not_ours"),
        // In the same report for the second time.
        (secret("alive"), "already_dead"),
    ];
    let secrets: Vec<&str> = all.iter().map(|(secret, _)| secret.as_str()).collect();
    let wanted: Vec<&str> = all.iter().map(|(_, verdict)| *verdict).collect();
    assert_eq!(verdicts(&node, &secrets).await, wanted);

    assert!(!node.is_active(&token).await, "its tokens live");
    assert!(!node.is_active(&old).await, "what was retired in peace is marked and its tokens die");
    assert!(node.is_active(&untouched).await);
    let login = Login::of("alive");
    assert_eq!(node.send(Ask::token().basic(login.pair())).await.status, 401);
}

#[tokio::test]
async fn the_owner_hears_of_it_and_the_finder_of_nobody() {
    let node = node(Node::start().with_credential("reports"), &[]).await;
    let answer = report(&node, &json!({ "secrets": [secret("reports")] })).await;
    assert_eq!(answer.text(), r#"{"items":[{"verdict":"retired"}]}"#);
    let filter = AuditFilter { action: Some("secret.leaked".to_owned()), ..Default::default() };
    let events = node.store.audit(&filter, None, 10).await.unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.subject.as_str(), event.actor.to_string(), event.at))
        .collect();
    let id = client_id("reports");
    assert_eq!(told, [(id.as_str(), "finder".to_owned(), NOW)]);
    assert_eq!(events[0].detail, json!({ "secret": secret_id("reports") }));
    assert_eq!(node.clock.now(), NOW);
}

#[tokio::test]
async fn scanners_are_answered_in_their_own_form() {
    let node = node(Node::start().with_credential("reports"), &[]).await;
    let finding = |token: &str| {
        json!({
            "token": token, "type": "hallpass_secret",
            "url": "https://example.com/x", "source": "content",
        })
    };
    let body = json!([finding(&secret("reports")), finding("hps_nothing")]);
    let answer = report(&node, &body).await.value();
    let hash = |token: &str| {
        use base64::{Engine, engine::general_purpose::STANDARD};
        STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes()))
    };
    let wanted = json!([
        {
            "token_hash": hash(&secret("reports")), "token_type": "hallpass_secret",
            "label": "true_positive",
        },
        {
            "token_hash": hash("hps_nothing"), "token_type": "hallpass_secret",
            "label": "false_positive",
        },
    ]);
    assert_eq!(answer, wanted);
    assert_eq!(node.request_token("reports").await.status, 401);
}

#[tokio::test]
async fn reports_are_bounded_and_read_to_the_last_member() {
    let node = node(Node::start(), &[]).await;
    let many = |count: usize| json!({ "secrets": vec!["x"; count] });
    for (body, status) in [
        (many(100), 200),
        (many(0), 200),
        (many(101), 422),
        (json!({ "secrets": ["x"], "notify": "me" }), 422),
        (json!({ "secrets": [7] }), 422),
        (json!({}), 422),
        (json!("x"), 422),
        (json!([{ "type": "x" }]), 422),
        (json!([]), 200),
    ] {
        let answer = report(&node, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text());
    }
}

#[tokio::test]
async fn reports_are_counted_by_network() {
    let start = Node::start().with_config(|config| config.leak_reports_per_minute = 1);
    let node = node(start, &[]).await;
    let body = json!({ "secrets": [] });
    assert_eq!(report(&node, &body).await.header("ratelimit-remaining"), "0");
    let limited = report(&node, &body).await;
    assert_eq!(limited.problem(), (429, "too-many".to_owned()));
    assert_eq!(limited.header("retry-after"), limited.header("ratelimit-reset"));
}
