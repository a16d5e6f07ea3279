//! Credentials through the API, from making to deleting.

use hallpass_core::{
    Mutation,
    organization::{OrganizationStep, Policy},
};
use serde_json::json;

use super::program::{EVERYTHING, Program, node};
use crate::{
    ask::Ask,
    node::{BOOKS, NOW, Node, api_id, client_id, organization_id},
};

#[tokio::test]
async fn a_credential_lives_through_the_api() {
    let node = node(Node::start(), &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let made = program
        .post(
            "/credentials",
            &json!({
                "name": "Nightly reports",
                "description": "Every night",
                "tags": ["prod"],
                "grants": [{ "audience": BOOKS, "scopes": ["books:read"] }],
                "expires_at": "2026-01-01T00:00:00Z",
            }),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let body = made.value();
    let own = &body["credential"];
    let id = own["client_id"].as_str().unwrap().to_owned();
    let at = format!("/credentials/{id}");
    assert_eq!(made.header("location"), format!("https://auth.example.com/api/v1{at}"));
    assert_eq!(own["status"], "active");
    assert_eq!(own["grants"][0]["api_id"], api_id("books").as_str());
    assert_eq!(own["created_by"], format!("{} from 0.0.0.0", client_id("program")));
    let secret = body["client_secret"].as_str().unwrap();

    // It gets a token, and the secret is nowhere else.
    let token = node.send(Ask::token().basic((&id, secret))).await.token();
    let shown = program.get(&at).await;
    assert_eq!(shown.value(), *own);
    assert_eq!(shown.header("etag"), made.header("etag"));
    assert_eq!(shown.header("cache-control"), "no-store");
    let digest = "digest";
    for text in [shown.text(), program.get("/credentials").await.text()] {
        assert!(!text.contains(secret) && !text.contains(digest), "{text}");
    }

    for (step, status, word) in [
        ("pause", 200, "paused"),
        ("pause", 409, ""),
        ("resume", 200, "active"),
        ("activate", 409, ""),
        ("approve", 404, ""),
        ("discard", 409, ""),
        ("revoke", 200, "revoked"),
        ("revoke", 409, ""),
    ] {
        let answer = program.post(&format!("{at}/{step}"), &json!({})).await;
        assert_eq!(answer.status.as_u16(), status, "{step}: {}", answer.text());
        if status == 200 {
            assert_eq!(answer.value()["status"], word);
        }
    }
    assert!(!node.is_active(&token).await);
    assert_eq!(program.delete(&at).await.status, 204);
    assert_eq!(program.get(&at).await.status, 404);
}

#[tokio::test]
async fn a_pending_credential_waits_is_activated_or_discarded() {
    let node = node(Node::start(), &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let new = json!({
        "name": "x", "pending": true,
        "grants": [{ "api_id": api_id("books").as_str(), "scopes": [] }],
    });
    let make = async || {
        let made = program.post("/credentials", &new).await.value();
        assert_eq!(made["credential"]["status"], "pending");
        assert_eq!(made["credential"]["pending_until"], "2025-11-24T16:30:00.999Z");
        let id = made["credential"]["client_id"].as_str().unwrap();
        format!("/credentials/{id}")
    };
    let first = make().await;
    let active = program.post(&format!("{first}/activate"), &json!({})).await;
    assert_eq!(active.value()["status"], "active");
    let second = make().await;
    assert_eq!(program.post(&format!("{second}/discard"), &json!({})).await.status, 204);
    assert_eq!(program.get(&second).await.status, 404);
}

#[tokio::test]
async fn where_approval_is_required_a_program_without_it_waits() {
    let programs = [
        ("maker", "credentials:read credentials:write"),
        ("approver", "credentials:read credentials:approve"),
    ];
    let node = node(Node::start(), &programs).await;
    let policy = Policy { approval_required: true, ..Policy::default() };
    let step = OrganizationStep::SetPolicy(policy);
    node.commit(Mutation::ChangeOrganization(organization_id(), step)).await;
    let maker = Program::of(&node, "maker").await;
    let new = json!({ "name": "x", "grants": [{ "audience": BOOKS, "scopes": [] }] });
    let made = maker.post("/credentials", &new).await.value();
    assert_eq!(made["credential"]["status"], "pending");
    assert!(made["credential"]["approval_asked_by"].is_string());
    let at = format!("/credentials/{}", made["credential"]["client_id"].as_str().unwrap());
    assert_eq!(maker.post(&format!("{at}/approve"), &json!({})).await.status, 403);
    let approver = Program::of(&node, "approver").await;
    let approved = approver.post(&format!("{at}/approve"), &json!({})).await;
    assert_eq!(approved.value()["status"], "active");
}

#[tokio::test]
async fn a_token_cannot_make_a_mightier_one() {
    let node = node(Node::start(), &[("program", "credentials:read credentials:write")]).await;
    let program = Program::of(&node, "program").await;
    for (scopes, status) in [
        (json!(["credentials:read"]), 201),
        (json!(["members:write"]), 422),
        (json!(["credentials:write-all"]), 422),
        (json!(["keys:write"]), 422),
    ] {
        let audience = "https://auth.example.com/api/v1";
        let new = json!({ "name": "x", "grants": [{ "audience": audience, "scopes": scopes }] });
        let answer = program.post("/credentials", &new).await;
        assert_eq!(answer.status.as_u16(), status, "{scopes}: {}", answer.text());
        if status == 422 {
            assert_eq!(answer.wrong_field(), "scopes");
        }
    }
}

#[tokio::test]
async fn usage_is_told_by_hour() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", "credentials:read")]).await;
    let program = Program::of(&node, "program").await;
    for _ in 0..3 {
        node.token("reports").await;
    }
    node.app.store.record_usage(&node.app.usage.drain().usage).await.unwrap();
    let at = format!("/credentials/{}/usage", client_id("reports"));
    let usage = program.get(&at).await.value();
    let hours = usage["hours"].as_array().unwrap();
    assert_eq!((hours.len(), &hours[0]["count"]), (1, &json!(3)));
    assert_eq!(hours[0]["outcome"], "issued");
    assert_eq!(hours[0]["api_id"], api_id("books").as_str());
    assert_eq!(usage["last_used"][0]["at"], "2025-11-24T16:00:00.999Z");
    assert_eq!(NOW.as_secs(), 1_764_000_000);
    let early = program.get(&format!("{at}?since=2024-01-01T00:00:00Z")).await;
    assert_eq!((early.status.as_u16(), early.wrong_field()), (422, "since".to_owned()));
}
