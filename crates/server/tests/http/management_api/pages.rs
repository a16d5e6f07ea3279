//! Lists by page: every row once, however many there are, and whatever comes in between.

use std::collections::HashSet;

use hallpass_core::{ClientId, Credential, Mutation, credential::Settings};
use serde_json::Value;

use super::program::{Program, node};
use crate::node::{NOW, Node, grant, organization_id};

const ISSUER_BASE: &str = "https://auth.example.com/api/v1";

async fn add(node: &Node, number: u32, tag: &str) {
    let mut settings =
        Settings::new(format!("n{number}").parse().unwrap(), vec![grant("books", "books:read")]);
    settings.tags.push(tag.parse().unwrap());
    let mut entropy = [3; 16];
    entropy[..4].copy_from_slice(&number.to_be_bytes());
    let id = ClientId::from_entropy(entropy);
    let secret = node.new_secret("same");
    // Many of the same moment: the order must not depend on the time alone.
    let at = NOW.plus_secs(u64::from(number / 50));
    let new = Credential::pending(id, organization_id(), settings, &secret, (at, "tester"));
    node.commit(Mutation::AddCredential(Box::new(new))).await;
}

/// Follows `next` to the end.
async fn walk(program: &Program<'_>, first: &str, mut between: impl AsyncFnMut()) -> Vec<String> {
    let mut names = Vec::new();
    let mut path = first.to_owned();
    loop {
        let answer = program.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let page = answer.value();
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        let Value::String(next) = &page["next"] else {
            assert_eq!(answer.header("link"), "");
            return names;
        };
        assert_eq!(answer.header("link"), format!("<{next}>; rel=\"next\""));
        path = next.strip_prefix(ISSUER_BASE).unwrap().to_owned();
        between().await;
    }
}

#[tokio::test]
async fn every_row_comes_once_at_many_rows() {
    let node = node(Node::start(), &[("program", "credentials:read")]).await;
    for number in 0..1000 {
        add(&node, number, if number % 4 == 0 { "fourth & more" } else { "x" }).await;
    }
    let program = Program::of(&node, "program").await;
    for (query, wanted) in [
        ("limit=200", 1002),
        ("limit=7&tag=fourth%20%26%20more", 250),
        ("status=pending", 1000),
        ("q=N99", 11),
    ] {
        let names = walk(&program, &format!("/credentials?{query}"), async || {}).await;
        let distinct: HashSet<_> = names.iter().collect();
        assert_eq!((names.len(), distinct.len()), (wanted, wanted), "{query}");
    }
}

#[tokio::test]
async fn what_is_added_meanwhile_moves_no_row() {
    let node = node(Node::start(), &[("program", "credentials:read")]).await;
    for number in 0..20 {
        add(&node, number, "x").await;
    }
    let program = Program::of(&node, "program").await;
    let mut number = 1000;
    let names = walk(&program, "/credentials?limit=3&tag=x", async || {
        add(&node, number, "x").await;
        number += 50;
    });
    let names = names.await;
    let distinct: HashSet<_> = names.iter().collect();
    assert_eq!((names.len(), distinct.len()), (20, 20));
}
