//! The audit log and the feed's position through the API.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::program::{EVERYTHING, Program, add_foreign, node, power};
use crate::node::{Node, client_id, organization_id};

async fn actions(program: &Program<'_>, query: &str) -> Vec<String> {
    let mut actions = Vec::new();
    let mut path = format!("/audit-events?{query}");
    loop {
        let page = program.get(&path).await.value();
        for item in page["items"].as_array().unwrap() {
            let whose = item["organization_id"].as_str().unwrap_or("-");
            actions.push(format!("{} {whose}", item["action"].as_str().unwrap()));
        }
        let Value::String(next) = &page["next"] else { return actions };
        path = next.split("/api/v1").nth(1).unwrap().to_owned();
    }
}

#[tokio::test]
async fn events_are_those_of_the_callers_organization() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", EVERYTHING), ("auditor", "audit:read-all")]).await;
    let other = add_foreign(&node, "theirs", power("theirs", EVERYTHING)).await;
    let program = Program::of(&node, "program").await;
    let auditor = Program::of(&node, "auditor").await;
    program.post(&format!("/credentials/{}/pause", client_id("reports")), &json!({})).await;

    let own = actions(&program, "limit=2").await;
    assert_eq!(own[0], format!("credential.pause {}", organization_id()));
    assert!(own.iter().all(|action| action.ends_with(organization_id().as_str())), "{own:?}");
    let all = actions(&auditor, "organization_id=*&limit=3").await;
    let whose: HashSet<_> = all.iter().map(|action| action.split(' ').nth(1).unwrap()).collect();
    assert_eq!(whose, HashSet::from([organization_id().as_str(), other.as_str(), "-"]));
    assert_eq!(all.len() as u64, node.app.store.last_seq().await.unwrap());

    let by_program = format!("actor_id={}", client_id("program"));
    assert_eq!(actions(&program, &by_program).await, own[..1]);
    let of_subject = format!("subject={}&action=credential.pa", client_id("reports"));
    assert_eq!(actions(&program, &of_subject).await, own[..1]);
    assert_eq!(actions(&program, "until=2020-01-01T00:00:00Z").await, [""; 0]);
    for (query, status) in [
        ("organization_id=*", 403),
        (&*format!("organization_id={other}"), 404),
        ("since=yesterday", 422),
    ] {
        let answer = program.get(&format!("/audit-events?{query}")).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
    }
}

#[tokio::test]
async fn the_feed_says_where_it_stands() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", "credentials:write")]).await;
    let program = Program::of(&node, "program").await;
    let before = program.get("/feed").await.value();
    program.post(&format!("/credentials/{}/pause", client_id("reports")), &json!({})).await;
    let after = program.get("/feed").await.value();
    for member in ["seq", "entries", "change_seq"] {
        let grown = after[member].as_u64().unwrap() - before[member].as_u64().unwrap();
        assert_eq!(grown, 1, "{member}");
    }
    assert_eq!(after["stream_uri"], "https://auth.example.com/revocations/stream");
    assert_eq!(after["as_of"], "2025-11-24T16:00:00.999Z");
}
