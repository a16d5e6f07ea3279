//! Changes by somebody who has seen what they change: nobody's change is lost.

use serde_json::json;

use super::program::{EVERYTHING, Program, node};
use crate::{
    ask::Ask,
    node::{Node, client_id},
};

#[tokio::test]
async fn a_patch_needs_the_version_that_was_seen() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let at = format!("/credentials/{}", client_id("reports"));
    let seen = program.get(&at).await.header("etag").to_owned();
    let body = json!({ "name": "Renamed", "tags": ["a"], "description": null });
    let without = Ask::api(http::Method::PATCH, &at).json(body.to_string());
    assert_eq!(program.ask(without).await.problem(), (428, "version-missing".to_owned()));
    for (tag, status) in [
        ("x", 400),
        ("*", 400),
        ("W/\"x\"", 400),
        ("\"a\", \"b\"", 400),
        ("\"\"", 412),
        ("\"someotherversion\"", 412),
        (seen.as_str(), 200),
        (seen.as_str(), 412),
    ] {
        let answer = program.patch(&at, tag, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{tag}: {}", answer.text());
    }
    let shown = program.get(&at).await;
    let own = shown.value();
    assert_eq!((&own["name"], &own["tags"]), (&json!("Renamed"), &json!(["a"])));
    assert_eq!(own["grants"][0]["scopes"], json!(["books:read", "books:write"]));
    assert_ne!(shown.header("etag"), seen);
    // A step is guarded if the caller wants it to be.
    let pause = format!("{at}/pause");
    let stale = Ask::api(http::Method::POST, &pause).header("if-match", &seen);
    assert_eq!(program.ask(stale).await.status, 412);
    let fresh = shown.header("etag").to_owned();
    let fresh = Ask::api(http::Method::POST, &pause).header("if-match", &fresh);
    assert_eq!(program.ask(fresh).await.status, 200);
}

#[tokio::test]
async fn of_many_who_have_seen_the_same_one_wins() {
    let start = Node::start().with_credential("reports");
    let node = node(start, &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let at = format!("/credentials/{}", client_id("reports"));
    let seen = program.get(&at).await.header("etag").to_owned();
    let attempts = (0..16).map(|number| {
        let body = json!({ "name": format!("by {number}") });
        let (program, at, seen) = (&program, &at, &seen);
        async move { program.patch(at, seen, &body).await.status.as_u16() }
    });
    let mut outcomes = futures_util::future::join_all(attempts).await;
    outcomes.sort_unstable();
    assert_eq!(outcomes[0], 200);
    assert!(outcomes[1..].iter().all(|status| *status == 412), "{outcomes:?}");
}

#[tokio::test]
async fn null_takes_away_and_silence_keeps() {
    let start = Node::start().with_credential_that("reports", |settings| {
        settings.description = "why".parse().unwrap();
        settings.allow_list.push("192.0.2.0/24".parse().unwrap());
        settings.tags.push("t".parse().unwrap());
    });
    let node = node(start, &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let at = format!("/credentials/{}", client_id("reports"));
    for (patch, description, nets, tags) in [
        (json!({}), "why", 1, 1),
        (json!({ "description": null }), "", 1, 1),
        (json!({ "allow_list": null, "tags": [] }), "", 0, 0),
        (json!({ "expires_at": "2030-01-01T00:00:00Z" }), "", 0, 0),
        (json!({ "expires_at": null }), "", 0, 0),
    ] {
        let seen = program.get(&at).await.header("etag").to_owned();
        let own = program.patch(&at, &seen, &patch).await.value();
        let len = |member: &str| own[member].as_array().unwrap().len();
        let got = (own["description"].as_str().unwrap(), len("allow_list"), len("tags"));
        assert_eq!(got, (description, nets, tags), "{patch}");
        assert_eq!(own["expires_at"].is_string(), patch["expires_at"].is_string(), "{patch}");
    }
    let seen = program.get(&at).await.header("etag").to_owned();
    for (patch, field) in [
        (json!({ "name": null }), "name"),
        (json!({ "grants": null }), "grants"),
        (json!({ "grants": [] }), "grants"),
        (json!({ "status": "active" }), "status"),
        (json!({ "organization_id": "x" }), "organization_id"),
    ] {
        let answer = program.patch(&at, &seen, &patch).await;
        assert_eq!((answer.status.as_u16(), answer.wrong_field()), (422, field.to_owned()));
    }
}
