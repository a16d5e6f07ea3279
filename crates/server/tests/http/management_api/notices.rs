//! Webhooks and deliveries through the API. What is sent, and when it is tried again, is tested with
//! the dashboard's.

use hallpass_core::{
    delivery::{Answer as Said, State as Progress, Try},
    notice::Kind,
};
use hallpass_server::clock::Clock;
use http::Method;
use serde_json::{Value, json};

use super::program::{Program, node};
use crate::{
    ask::{Answer, Ask},
    node::{Node, organization_id},
};

const URL: &str = "https://hooks.example.com/hallpass";

fn at(end: &str) -> String {
    format!("/organizations/{}{end}", organization_id())
}

async fn post(program: &Program<'_>, path: &str, key: &str, body: &Value) -> Answer {
    let ask = Ask::api(Method::POST, path).header("idempotency-key", key);
    program.ask(ask.json(body.to_string())).await
}

#[tokio::test]
async fn a_webhook_is_made_changed_and_removed_and_its_secret_is_shown_once() {
    let node = node(Node::start(), &[("program", "settings:write audit:read")]).await;
    let program = Program::of(&node, "program").await;
    let new = json!({ "url": URL });
    let made = post(&program, &at("/webhooks"), "k1", &new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let body = made.value();
    let secret = body["signing_secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"), "{secret}");
    assert_eq!(body["webhook"]["kinds"].as_array().unwrap().len(), Kind::ALL.len());
    assert_eq!(body["webhook"]["is_paused"], false);
    let own = made.header("location").strip_prefix("https://auth.example.com/api/v1").unwrap();
    let own = own.to_owned();

    let again = post(&program, &at("/webhooks"), "k1", &new).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
    assert_eq!(again.value()["webhook"], body["webhook"]);
    assert_eq!(again.value()["signing_secret"], Value::Null);
    assert!(again.value()["signing_secret_remark"].is_string());

    let listed = program.get(&at("/webhooks")).await;
    assert_eq!(listed.value()["items"], json!([body["webhook"]]));
    let shown = program.get(&own).await;
    assert_eq!(shown.value(), body["webhook"]);
    assert_eq!(shown.header("etag"), made.header("etag"));
    for answer in [&again, &listed, &shown] {
        assert!(!answer.text().contains(&secret), "the secret is shown once");
    }

    let patch = json!({ "kinds": ["leaked", "stopped"], "is_paused": true });
    let changed = program.patch(&own, made.header("etag"), &patch).await;
    assert_eq!(changed.value()["kinds"], patch["kinds"]);
    assert_eq!(
        (&changed.value()["is_paused"], &changed.value()["url"]),
        (&json!(true), &json!(URL))
    );
    let late = program.patch(&own, made.header("etag"), &json!({ "is_paused": false })).await;
    assert_eq!(late.problem(), (412, "changed".to_owned()));
    let blind = Ask::api(Method::PATCH, &own).json(patch.to_string());
    assert_eq!(program.ask(blind).await.problem(), (428, "version-missing".to_owned()));

    let rotated = program.post(&format!("{own}/rotate-secret"), &json!({})).await;
    assert_eq!(rotated.status, 201);
    let second = rotated.value()["signing_secret"].as_str().unwrap().to_owned();
    assert_ne!(second, secret);
    let database = node.bytes_on_disk();
    for secret in [secret, second] {
        let is_there = database.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!is_there, "a secret is in the database");
    }

    let events = program.get("/audit-events?action=webhook.").await.value();
    let actions = events["items"].as_array().unwrap().iter();
    let by = actions.map(|event| (event["action"].clone(), event["actor"]["kind"].clone()));
    let by: Vec<_> = by.take(3).collect();
    assert_eq!(by, vec![(json!("webhook.put"), json!("credential")); 3]);
    let stale = Ask::api(Method::DELETE, &own).header("if-match", made.header("etag"));
    assert_eq!(program.ask(stale).await.problem().0, 412);
    assert_eq!(program.delete(&own).await.status, 204);
    assert_eq!(program.delete(&own).await.problem(), (404, "not-found".to_owned()));
}

#[tokio::test]
async fn what_no_webhook_can_be_is_refused_by_name() {
    let node = node(Node::start(), &[("program", "settings:write")]).await;
    let program = Program::of(&node, "program").await;
    for (body, field) in [
        (json!({}), "url"),
        (json!({ "url": "http://hooks.example.com" }), "url"),
        (json!({ "url": "https://user:password@hooks.example.com" }), "url"),
        (json!({ "url": URL, "kinds": [] }), "kinds"),
        (json!({ "url": URL, "kinds": ["everything"] }), "kinds[0]"),
        // A test goes to every webhook; it cannot be chosen.
        (json!({ "url": URL, "kinds": ["leaked", "test"] }), "kinds[1]"),
        (json!({ "url": URL, "secret": "mine" }), "secret"),
        (json!({ "url": URL, "id": "mine" }), "id"),
    ] {
        let answer = program.post(&at("/webhooks"), &body).await;
        assert_eq!((answer.status.as_u16(), answer.wrong_field()), (422, field.to_owned()));
    }
    for number in 0..10 {
        let new = json!({ "url": format!("{URL}/{number}") });
        assert_eq!(program.post(&at("/webhooks"), &new).await.status, 201);
    }
    let full = program.post(&at("/webhooks"), &json!({ "url": URL })).await;
    assert_eq!(full.problem(), (409, "conflict".to_owned()));
    let first = program.get(&at("/webhooks")).await.value()["items"][0]["id"].clone();
    let own = at(&format!("/webhooks/{}", first.as_str().unwrap()));
    for body in [json!({ "url": null }), json!({ "kinds": [] }), json!({ "created_by": "x" })] {
        let seen = program.get(&own).await.header("etag").to_owned();
        assert_eq!(program.patch(&own, &seen, &body).await.problem().0, 422, "{body}");
    }
}

#[tokio::test]
async fn what_was_sent_is_listed_by_page_and_sent_again() {
    let node = node(Node::start(), &[("program", "settings:write")]).await;
    let program = Program::of(&node, "program").await;
    let made = program.post(&at("/webhooks"), &json!({ "url": URL })).await.value();
    let webhook = made["webhook"]["id"].as_str().unwrap();
    let test = at(&format!("/webhooks/{webhook}/test"));
    let mut sent = Vec::new();
    for key in ["k1", "k2", "k2"] {
        let answer = post(&program, &test, key, &json!({})).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.value()["webhook_id"], webhook);
        assert_eq!(answer.value()["message"]["type"], "webhook.test");
        let own = answer.header("location").to_owned();
        let own = own.strip_prefix("https://auth.example.com/api/v1").unwrap().to_owned();
        assert_eq!(program.get(&own).await.value(), answer.value());
        sent.push(answer.value()["id"].as_str().unwrap().to_owned());
        node.pass_s(1).await;
    }
    assert_eq!(sent[1], sent[2], "a repeated request sends nothing twice");

    let first = program.get(&at("/deliveries?limit=1")).await.value();
    assert_eq!(first["items"][0]["id"].as_str(), Some(sent[1].as_str()));
    let next = first["next"].as_str().unwrap();
    let next = next.strip_prefix("https://auth.example.com/api/v1").unwrap();
    let second = program.get(next).await.value();
    assert_eq!(second["items"][0]["id"].as_str(), Some(sent[0].as_str()));
    assert_eq!(second["next"], Value::Null);

    let id = sent[0].parse().unwrap();
    let mut delivery = node.app.store.delivery(&id).await.unwrap().unwrap();
    delivery.state = Progress::GivenUp;
    let answer = Said::Status(500);
    delivery.tries.push(Try { at: node.clock.now(), took_ms: 7, answer });
    node.app.store.put_delivery(&delivery).await.unwrap();
    let own = at(&format!("/deliveries/{id}"));
    let failed = program.get(&own).await.value();
    assert_eq!(failed["state"], "given_up");
    assert_eq!((&failed["tries"][0]["status"], &failed["due_at"]), (&json!(500), &Value::Null));
    assert_eq!(failed["tries"][0]["taken"], false);
    let again = program.post(&format!("{own}/send-again"), &json!({})).await;
    assert_eq!((again.status.as_u16(), &again.value()["state"]), (200, &json!("waiting")));
    let stored = node.app.store.delivery(&id).await.unwrap().unwrap();
    assert_eq!(stored.due_at, node.clock.now());
}

#[tokio::test]
async fn what_is_mailed_is_set_by_whoever_has_seen_it() {
    let node = node(Node::start(), &[("program", "settings:write"), ("few", "members:read")]).await;
    let program = Program::of(&node, "program").await;
    let seen = program.get(&at("/mailed")).await;
    assert_eq!(seen.value()["kinds"], json!(["expiring", "leaked", "approval_asked"]));
    assert_eq!(seen.value()["has_mail_server"], false);
    let put = async |tag: &str, body: &Value| {
        let ask = Ask::api(Method::PUT, &at("/mailed"));
        let ask = if tag.is_empty() { ask } else { ask.header("if-match", tag) };
        program.ask(ask.json(body.to_string())).await
    };
    let wanted = json!({ "kinds": ["stopped", "unused"] });
    assert_eq!(put("", &wanted).await.problem(), (428, "version-missing".to_owned()));
    for body in [json!({}), json!({ "kinds": ["test"] }), json!({ "kinds": [], "more": 1 })] {
        assert_eq!(put(seen.header("etag"), &body).await.problem().0, 422, "{body}");
    }
    let set = put(seen.header("etag"), &wanted).await;
    assert_eq!(set.value()["kinds"], json!(["unused", "stopped"]), "{}", set.text());
    assert_eq!(put(seen.header("etag"), &wanted).await.problem(), (412, "changed".to_owned()));
    let none = put(set.header("etag"), &json!({ "kinds": [] })).await;
    assert_eq!(none.value()["kinds"], json!([]));
    let few = Program::of(&node, "few").await;
    assert_eq!(few.get(&at("/mailed")).await.problem(), (403, "forbidden".to_owned()));
}
