//! For which API a token is, and with which scopes: what is asked for, within what is granted.

use hallpass_core::Mutation;

use crate::{
    ask::{Ask, claims},
    node::{BOOKS, Node, SCOPES, api, ask_token, grant},
};

const STOCK: &str = "https://api.example.com/stock/";

async fn node() -> Node {
    Node::start()
        .with_api(api("stock", STOCK, "stock:read stock:write"))
        .with_credential("reports")
        .with_credential_that("both", |settings| {
            settings.grants = vec![grant("stock", "stock:read"), grant("books", SCOPES)];
        })
        .with_credential_that("none", |settings| settings.grants.clear())
        .with_credential_that("scopeless", |settings| settings.grants = vec![grant("books", "")])
        .await
}

/// `audience scope` of the token, or the error code.
async fn outcome(node: &Node, name: &str, more: &str) -> String {
    let body = format!("grant_type=client_credentials{more}");
    let answer = node.send(ask_token(name).form(body)).await;
    if answer.status != 200 {
        return format!("{} {}", answer.status.as_u16(), answer.code());
    }
    let claims = claims(&answer.token());
    let scope = answer.value()["scope"].as_str().unwrap().to_owned();
    assert_eq!(claims["scope"].as_str().unwrap_or_default(), scope);
    format!("{} {scope}", claims["aud"].as_str().unwrap())
}

#[tokio::test]
async fn a_token_is_for_one_granted_api_and_its_granted_scopes() {
    let node = node().await;
    let books = |scopes: &str| format!("{BOOKS} {scopes}");
    let stock = |scopes: &str| format!("{STOCK} {scopes}");
    let no = |code: &str| format!("400 {code}");
    for (name, more, wanted) in [
        ("reports", "", books(SCOPES)),
        ("reports", "&scope=books:read", books("books:read")),
        ("reports", "&scope=books:write+books:read", books(SCOPES)),
        ("reports", "&scope=books:read+books:read", books("books:read")),
        ("reports", "&scope=Books:read", no("invalid_scope")),
        ("reports", "&scope=books", no("invalid_scope")),
        ("reports", "&scope=books:read+admin", no("invalid_scope")),
        ("reports", "&resource=https://api.example.com/stock", no("invalid_target")),
        ("reports", "&audience=https://api.example.com/stock", no("invalid_target")),
        ("reports", "&resource=https://api.example.com/books/x", no("invalid_target")),
        ("reports", "&resource=https://API.example.com/books", no("invalid_target")),
        ("reports", "&resource=nothing", no("invalid_target")),
        ("reports", "&resource=https://api.example.com/books/", books(SCOPES)),
        // The first grant is the default.
        ("both", "", stock("stock:read")),
        ("both", "&resource=https://api.example.com/stock", stock("stock:read")),
        ("both", "&audience=https://api.example.com/books", books(SCOPES)),
        ("both", "&scope=books:read", no("invalid_scope")),
        ("both", "&scope=stock:write", no("invalid_scope")),
        ("both", "&resource=https://api.example.com/books&scope=books:read", books("books:read")),
        ("none", "", no("invalid_target")),
        ("scopeless", "", books("")),
        ("scopeless", "&scope=books:read", no("invalid_scope")),
    ] {
        assert_eq!(outcome(&node, name, more).await, wanted, "{name} {more}");
    }
}

#[tokio::test]
async fn a_refused_target_or_scope_names_what_is_granted() {
    let node = node().await;
    let refused = async |more: &str| {
        let body = format!("grant_type=client_credentials{more}");
        node.send(ask_token("both").form(body)).await.description()
    };
    insta::assert_snapshot!(
        refused("&resource=urn:zebra").await,
        @"this credential's audiences are: https://api.example.com/stock/ https://api.example.com/books"
    );
    insta::assert_snapshot!(
        refused("&scope=zebra").await,
        @"this credential's scopes at this API are: stock:read"
    );
}

#[tokio::test]
async fn a_scope_that_the_api_drops_is_dropped_from_every_token() {
    let node = node().await;
    node.commit(Mutation::UpdateApi(api("books", BOOKS, "books:read"))).await;
    assert_eq!(outcome(&node, "reports", "").await, format!("{BOOKS} books:read"));
}

#[tokio::test]
async fn a_grant_that_is_taken_away_is_gone_at_once() {
    let node = node().await;
    let settings = hallpass_core::credential::Settings::new(
        "both".parse().unwrap(),
        vec![grant("books", "books:read")],
    );
    let id = crate::node::client_id("both");
    node.commit(Mutation::UpdateCredential(id, Box::new(settings))).await;
    assert_eq!(outcome(&node, "both", "").await, format!("{BOOKS} books:read"));
    let asked = outcome(&node, "both", "&resource=https://api.example.com/stock").await;
    assert_eq!(asked, "400 invalid_target");
}

#[tokio::test]
async fn parameters_in_the_query_are_not_read() {
    let node = node().await;
    let ask = ask_token("both").form("grant_type=client_credentials");
    let answer: Ask =
        ask.at("/oauth/token?resource=https://api.example.com/books&scope=books:read");
    assert_eq!(node.send(answer).await.value()["scope"], "stock:read");
}
