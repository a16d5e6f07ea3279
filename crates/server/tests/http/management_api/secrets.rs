//! Secrets through the API: written once, read never.

use serde_json::json;

use super::program::{EVERYTHING, Program, node};
use crate::{
    ask::Ask,
    node::{Node, client_id, secret, secret_id},
};

#[tokio::test]
async fn a_secret_is_rotated_without_downtime() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let id = client_id("reports");
    let at = format!("/credentials/{id}/secrets");
    let old = node.token("reports").await;
    let made = program.post(&at, &json!({ "note": "vault/reports" })).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let body = made.value();
    assert_eq!(body["secret"]["note"], "vault/reports");
    let new = body["client_secret"].as_str().unwrap().to_owned();
    let new_token = node.send(Ask::token().basic((id.as_str(), &new))).await.token();
    assert!(node.is_active(&old).await, "adding a secret kills nothing");

    let listed = program.get(&at).await;
    assert_eq!(listed.value()["items"].as_array().unwrap().len(), 2);
    assert!(!listed.text().contains(&new) && !listed.text().contains("digest"));

    let first = format!("{at}/{}", secret_id("reports"));
    let retired = program.post(&format!("{first}/retire"), &json!({ "kill_tokens": true })).await;
    assert_eq!(retired.value()["secrets"][0]["status"], "retired");
    assert!(!node.is_active(&old).await && node.is_active(&new_token).await);
    assert_eq!(node.send(Ask::token().basic((id.as_str(), &secret("reports")))).await.status, 401);

    let second = format!("{at}/{}", body["secret"]["id"].as_str().unwrap());
    let last = program.post(&format!("{second}/retire"), &json!({})).await;
    assert_eq!(last.problem(), (409, "conflict".to_owned()));
    let killed = program.post(&format!("{second}/kill-tokens"), &json!({})).await;
    assert_eq!((killed.status.as_u16(), node.is_active(&new_token).await), (200, false));
    let leaked = program.post(&format!("{second}/report-leaked"), &json!({})).await;
    assert!(leaked.value()["secrets"][1]["leaked_at"].is_string());
}

#[tokio::test]
async fn dates_in_the_past_and_unknown_members_are_refused() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let at = format!("/credentials/{}/secrets", client_id("reports"));
    for (body, field) in [
        (json!({ "expires_at": "2020-01-01T00:00:00Z" }), "expires_at"),
        (json!({ "others_expire_at": "2020-01-01T00:00:00Z" }), "others_expire_at"),
        (json!({ "expires_at": "soon" }), "expires_at"),
        (json!({ "client_secret": "mine" }), "client_secret"),
        (json!({ "digest": "mine" }), "digest"),
    ] {
        let answer = program.post(&at, &body).await;
        assert_eq!((answer.status.as_u16(), answer.wrong_field()), (422, field.to_owned()));
    }
}
