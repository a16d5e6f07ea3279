//! The OpenAPI document and its page.

use std::collections::BTreeSet;

use hallpass_server::{Config, openapi};
use serde_json::Value;

use super::program::node;
use crate::{
    ask::Ask,
    node::{Node, client_id, organization_id, secret_id},
};

/// The document as it is kept for readers; `hallpass openapi > docs/reference/openapi.json`
/// renews it.
const KEPT: &str = include_str!("../../../../../docs/reference/openapi.json");

#[tokio::test]
async fn the_document_is_the_one_that_is_kept() {
    let kept: Value = serde_json::from_str(KEPT).unwrap();
    let now = openapi(&Config::default());
    if kept != now {
        let kept_paths: BTreeSet<_> = kept["paths"].as_object().unwrap().keys().collect();
        let paths: BTreeSet<_> = now["paths"].as_object().unwrap().keys().collect();
        let changed: Vec<_> = kept_paths.symmetric_difference(&paths).collect();
        panic!(
            "the API has changed ({changed:?} and maybe shapes): look at it, then run \
             `cargo run -- openapi > docs/reference/openapi.json`"
        );
    }
}

#[tokio::test]
async fn the_document_is_open_and_says_where_it_is() {
    let node = node(Node::start(), &[]).await;
    let answer = node.send(Ask::get("/api/v1/openapi.json")).await;
    assert_eq!(answer.status, 200);
    let document = answer.value();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], "https://auth.example.com");
    let flow = &document["components"]["securitySchemes"]["token"]["flows"]["clientCredentials"];
    assert_eq!(flow["tokenUrl"], "https://auth.example.com/oauth/token");
    for (scope, meaning) in flow["scopes"].as_object().unwrap() {
        assert!(!meaning.as_str().unwrap().is_empty(), "{scope}");
    }
}

/// Every `$ref` of a document.
fn references(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                into.insert(reference.clone());
            }
            members.values().for_each(|value| references(value, into));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, into)),
        _ => {}
    }
}

#[tokio::test]
async fn what_the_document_describes_and_refers_to_is_there() {
    let node = node(Node::start(), &[]).await;
    let document = openapi(&node.app.config);
    let mut all = BTreeSet::new();
    references(&document, &mut all);
    for reference in &all {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} is not there");
    }
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{} {path}", method.to_uppercase());
            assert!(operation["summary"].as_str().unwrap().ends_with('.'), "{name}");
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "two operations are called {id}");
            // Whatever is described is there.
            let mut path = path.to_owned();
            for (name, id) in [
                ("{client_id}", client_id("x").as_str()),
                ("{secret_id}", secret_id("x").as_str()),
                ("{organization_id}", organization_id().as_str()),
                ("{person_id}", "x"),
                ("{invitation_id}", "x"),
                ("{webhook_id}", "x"),
                ("{delivery_id}", "x"),
                ("{api_id}", "x"),
                ("{kid}", "x"),
            ] {
                path = path.replace(name, id);
            }
            let ask = Ask::new(method.to_uppercase().parse().unwrap(), &path);
            let answer = node.open(ask).await;
            assert!(!matches!(answer.status().as_u16(), 404 | 405), "{name}: {}", answer.status());
        }
    }
}

#[tokio::test]
async fn the_page_has_every_operation_and_every_problem_and_is_small() {
    let node = node(Node::start(), &[]).await;
    let page = node.send(Ask::get("/api/docs").header("accept", "text/html")).await;
    assert_eq!(page.status, 200);
    assert!(page.is_page());
    let text = page.text();
    let document = openapi(&node.app.config);
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(text.contains(path.as_str()), "{path} is not on the page");
    }
    for code in ["not-found", "invalid", "changed", "outcome-unknown", "too-many"] {
        assert!(text.contains(&format!("id=\"{code}\"")), "{code} has no anchor");
    }
    assert!(!text.contains("style=") && !text.contains("<script>"), "the policy forbids it");
    // As it is sent; what is left of 60 KB is for style and script.
    let ask = Ask::get("/api/docs").header("accept", "text/html");
    let sent = node.send(ask.header("accept-encoding", "gzip")).await;
    assert_eq!(sent.header("content-encoding"), "gzip");
    assert!(sent.body.len() <= 30 * 1024, "{} bytes", sent.body.len());
}
