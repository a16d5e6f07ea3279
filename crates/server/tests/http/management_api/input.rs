//! What is sent wrong: each is answered with where it is wrong, and nothing is written.

use http::Method;

use super::program::{EVERYTHING, Program, node};
use crate::{ask::Ask, node::Node};

#[tokio::test]
async fn bodies_are_json_bounded_and_known_to_the_last_member() {
    let node = node(Node::start(), &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let before = node.app.store.last_seq().await.unwrap();
    let long = "x".repeat(101);
    let name = |text: &str| format!(r#"{{"name":"{text}"}}"#);
    let with = |more: &str| format!(r#"{{"name":"x",{more}}}"#);
    for (body, status, field) in [
        (String::new(), 400, "no field"),
        ("{".to_owned(), 400, "no field"),
        ("{}x".to_owned(), 422, "name"),
        (format!("{}x", name("x")), 400, "no field"),
        ("[]".to_owned(), 422, "body"),
        ("null".to_owned(), 422, "body"),
        ("{}".to_owned(), 422, "name"),
        (name(""), 422, "name"),
        (name(&long), 422, "name"),
        (name("a\\u001bb"), 422, "name"),
        (r#"{"name":7}"#.to_owned(), 422, "name"),
        (with(r#""name":"y""#), 422, "name"),
        // No mass assignment: what the maker may not set is not a member.
        (with(r#""status":"active""#), 422, "status"),
        (with(r#""client_id":"hpc_0000000000000000000000""#), 422, "client_id"),
        (with(r#""created_by":"me""#), 422, "created_by"),
        (with(r#""secrets":[]"#), 422, "secrets"),
        (with(r#""generation":9"#), 422, "generation"),
        (with(r#""organization_id":"x""#), 422, "organization_id"),
        (with(r#""expires_at":1764000000"#), 422, "expires_at"),
        (with(r#""expires_at":"2020-01-01T00:00:00Z""#), 422, "expires_at"),
        (with(r#""pending":true,"expires_at":"2020-01-01T00:00:00Z""#), 422, "expires_at"),
        (with(r#""allow_list":["10.0.0.0/40"]"#), 422, "allow_list[0]"),
        (with(r#""grants":[{"scopes":["a"]}]"#), 422, "grants[0].api_id"),
        (
            with(r#""grants":[{"audience":"https://x.example","scopes":[]}]"#),
            422,
            "grants[0].audience",
        ),
        (
            with(r#""grants":[{"audience":"https://api.example.com/books","scopes":["a b"]}]"#),
            422,
            "scopes",
        ),
        (with(r#""grants":[{"audience":"x","scopes":[]}]"#), 422, "grants[0].audience"),
        (with(r#""grants":[{"scopes":[],"power":9}]"#), 422, "grants[0].power"),
        (with(""), 400, "no field"),
        (name("x"), 422, "grants"),
    ] {
        let answer = program.ask(Ask::api(Method::POST, "/credentials").json(body.clone())).await;
        let got = (answer.status.as_u16(), answer.wrong_field());
        assert_eq!(got, (status, field.to_owned()), "{body}: {}", answer.text());
    }
    assert_eq!(node.app.store.last_seq().await.unwrap(), before, "something was written");
}

#[tokio::test]
async fn other_kinds_and_large_bodies_are_refused() {
    let node = node(Node::start(), &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(64 * 1024));
    for (kind, body, status, code) in [
        ("text/plain", r#"{"name":"x"}"#.to_owned(), 415, "not-json"),
        ("application/x-www-form-urlencoded", "name=x".to_owned(), 415, "not-json"),
        ("application/json; charset=utf-8", r#"{"name":"x","pending":true}"#.to_owned(), 201, ""),
        ("application/json", large, 413, "too-large"),
    ] {
        let ask = Ask::api(Method::POST, "/credentials").body(kind, body);
        let answer = program.ask(ask).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{kind}");
    }
}

#[tokio::test]
async fn queries_are_known_and_bounded() {
    let node = node(Node::start(), &[("program", EVERYTHING)]).await;
    let program = Program::of(&node, "program").await;
    for (query, status, field) in [
        ("limit=0", 422, "limit"),
        ("limit=201", 422, "limit"),
        ("limit=x", 422, "query"),
        ("status=dead", 422, "status"),
        ("after=x", 422, "after"),
        ("organization_id=x", 422, "organization_id"),
        ("colour=red", 422, "query"),
        ("limit=1&limit=2", 422, "query"),
        ("limit=200&status=active&q=a&tag=b", 200, "no field"),
    ] {
        let answer = program.get(&format!("/credentials?{query}")).await;
        let got = (answer.status.as_u16(), answer.wrong_field());
        assert_eq!(got, (status, field.to_owned()), "{query}: {}", answer.text());
    }
}
