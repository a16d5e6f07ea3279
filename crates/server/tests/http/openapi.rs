//! What the OpenAPI document says of the public endpoints is true: real answers, good ones and
//! refusals, are checked against its schemas, its statuses and its headers.

mod schema;

use hallpass_core::Mutation;
use hallpass_server::openapi;
use hallpass_token::jose::Algorithm;
use http::Method;
use serde_json::{Value, json};

use crate::{
    ask::{Answer, Ask},
    node::{BOOKS, Login, Node, OWN, SCOPES, api, ask_token, client_id, operator, organization_id},
};

/// The paths that clients and verifiers know.
const PATHS: [&str; 8] = [
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/introspect",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/.well-known/jwks.json",
    "/revocations",
    "/revocations/stream",
];

/// A node with keys of each kind, and with deaths of each kind.
async fn node() -> Node {
    let mut rsa = api("rsa", "https://api.example.com/rsa", SCOPES);
    rsa.algorithm = Algorithm::Rs256;
    let mut edwards = api("ed", "https://api.example.com/ed", SCOPES);
    edwards.algorithm = Algorithm::EdDsa;
    let node = Node::start()
        .with_api(rsa)
        .with_api(edwards)
        .with_credential("reports")
        .with_credential("revoked")
        .with_credential("paused")
        .await;
    let token = node.token("reports").await;
    let revoke = Ask::post("/oauth/revoke").basic(Login::of("reports").pair());
    node.send(revoke.form(format!("token={token}"))).await;
    node.commit(Mutation::RevokeCredential(client_id("revoked"))).await;
    node.commit(Mutation::PauseCredential(client_id("paused"))).await;
    node.commit(Mutation::ResumeCredential(client_id("paused"))).await;
    node.commit(Mutation::SuspendOrganization(organization_id())).await;
    node.commit(Mutation::ResumeOrganization(organization_id())).await;
    let ring = node.send(Ask::get("/.well-known/jwks.json")).await.value();
    let killed = ring["keys"].as_array().unwrap().iter().find(|key| key["alg"] == "RS256").unwrap();
    let kid = killed["kid"].as_str().unwrap();
    node.rotation(&operator()).kill(Algorithm::Rs256, kid).await.unwrap();
    node.pass_s(1).await;
    node
}

/// Checks an answer against what the document says of its endpoint.
fn check(document: &Value, path: &str, method: &Method, answer: &Answer, what: &str) {
    let name = method.as_str().to_lowercase();
    let responses = &document["paths"][path][&name]["responses"];
    let said = [answer.status.as_str(), "default"].map(|status| &responses[status]);
    let said = said.into_iter().find(|said| said.is_object());
    let said = said.unwrap_or_else(|| panic!("{what}: {} is not in it", answer.status));
    let said = schema::resolved(document, said);
    for (header, of) in said["headers"].as_object().into_iter().flatten() {
        let value = answer.header(&header.to_lowercase());
        // The one header that is not always there.
        if header == "hallpass-secret-expires" {
            continue;
        }
        assert_ne!(value, "", "{what}: no {header}");
        let value = value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number));
        schema::check(document, &of["schema"], &value).unwrap_or_else(|why| {
            panic!("{what}: {header}: {why}");
        });
    }
    let kind = answer.header("content-type");
    let content = said["content"].as_object();
    let Some(content) = content else { return assert!(answer.body.is_empty(), "{what}") };
    let of = content.get(kind).unwrap_or_else(|| panic!("{what}: {kind} is not in it"));
    schema::check(document, &of["schema"], &answer.value()).unwrap_or_else(|why| {
        panic!("{what}: {why}: {}", answer.text());
    });
}

#[tokio::test]
async fn real_answers_are_as_the_document_says() {
    let node = node().await;
    let document = openapi(&node.app.config);
    let token = node.token("reports").await;
    let own = || Ask::post("/oauth/introspect").basic(Login::of(OWN).pair());
    let reports = |path: &str| Ask::post(path).basic(Login::of("reports").pair());
    let at = |path| Ask::get(path);
    let tag = node.send(at("/revocations")).await.header("etag").to_owned();
    for (what, ask) in [
        ("a token", ask_token("reports")),
        (
            "a token for an API",
            ask_token("reports").form(format!("grant_type=client_credentials&audience={BOOKS}")),
        ),
        ("no login", Ask::token().form("grant_type=client_credentials")),
        ("a guess", Ask::token().basic(("x", "y")).form("grant_type=client_credentials")),
        ("nothing", Ask::token().json("{}")),
        ("another grant", ask_token("reports").form("grant_type=password")),
        ("an unknown scope", ask_token("reports").form("grant_type=client_credentials&scope=x")),
        (
            "an unknown audience",
            ask_token("reports").form("grant_type=client_credentials&audience=x"),
        ),
        ("too much", ask_token("reports").form("x".repeat(65_537))),
        ("a live token", own().form(format!("token={token}"))),
        ("a dead token", own().form("token=x")),
        ("who may not ask", reports("/oauth/introspect").form("token=x")),
        ("who is nobody", Ask::post("/oauth/introspect").form("token=x")),
        (
            "a foreign token to kill",
            Ask::post("/oauth/revoke").basic(Login::of(OWN).pair()).form(format!("token={token}")),
        ),
        ("a token to kill", reports("/oauth/revoke").form(format!("token={token}"))),
        ("nothing to kill", reports("/oauth/revoke").form("x=y")),
        ("the metadata", at(PATHS[3])),
        ("the same for OpenID", at(PATHS[4])),
        ("the keys", at(PATHS[5])),
        ("the feed", at("/revocations")),
        ("the feed, known", at("/revocations").header("if-none-match", &tag)),
        ("a place that is none", at("/revocations/stream?after=x")),
    ] {
        let (path, method) = (ask.path.clone(), ask.method.clone());
        let answer = node.send(ask).await;
        check(&document, path.split('?').next().unwrap(), &method, &answer, what);
    }
    let feed = node.send(at("/revocations")).await.value();
    let kinds = ["h", "t", "k", "o"];
    for kind in kinds {
        let entries = feed["entries"].as_array().unwrap();
        assert!(entries.iter().any(|entry| entry.get(kind).is_some()), "no {kind} was looked at");
    }
}

#[tokio::test]
async fn an_outage_is_as_the_document_says() {
    let node = Node::start().with_credential("reports").await;
    let document = openapi(&node.app.config);
    let token = node.token("reports").await;
    node.store.go_away();
    let revoke = Ask::post("/oauth/revoke").basic(Login::of("reports").pair());
    let answer = node.send(revoke.form(format!("token={token}"))).await;
    assert_eq!(answer.status, 503);
    check(&document, "/oauth/revoke", &Method::POST, &answer, "a death that cannot be written");
    node.pass_blind_s(node.app.config.max_staleness_s + 1).await;
    let answer = node.request_token("reports").await;
    assert_eq!(answer.status, 503);
    check(&document, "/oauth/token", &Method::POST, &answer, "a node that is stale");
}

#[tokio::test]
async fn every_public_endpoint_and_event_is_described() {
    let node = node().await;
    let document = openapi(&node.app.config);
    for path in PATHS {
        let item = document["paths"][path].as_object();
        let item = item.unwrap_or_else(|| panic!("{path} is not in it"));
        for (method, operation) in item {
            assert!(operation["responses"]["200"].is_object(), "{method} {path}");
        }
    }
    // An entry of the stream is one of the snapshot, with its number.
    let mut entry = node.dead().await[0].clone();
    let of = json!({ "$ref": "#/components/schemas/FeedEntry" });
    assert_eq!(schema::check(&document, &of, &entry), Ok(()));
    entry["until"] = "soon".into();
    assert!(schema::check(&document, &of, &entry).is_err());
}
