//! What is in a token, as a stranger's JWT library reads it by the published keys; and what a
//! token costs.

use std::collections::HashSet;

use hallpass_core::Mutation;
use hallpass_store::Store;
use hallpass_token::jose::{Algorithm, TokenType};
use insta::assert_snapshot;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::Value;

use crate::{
    ask::{Ask, claims},
    node::{BOOKS, ISSUER, Node, SCOPES, api, ask_token},
};

/// Verifies a token by nothing but the JWKS.
async fn verified(node: &Node, token: &str) -> Value {
    let jwks = node.send(Ask::get("/.well-known/jwks.json")).await;
    let jwks: JwkSet = serde_json::from_slice(&jwks.body).unwrap();
    let header = decode_header(token).unwrap();
    let key = jwks.find(header.kid.as_deref().unwrap()).unwrap();
    let mut rules = Validation::new(header.alg);
    rules.set_audience(&[BOOKS]);
    rules.set_issuer(&[ISSUER]);
    // The node's clock is not the machine's.
    rules.validate_exp = false;
    decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &rules).unwrap().claims
}

/// The claims with their `jti`, which must have 128 bits, taken out.
fn redacted(mut claims: Value) -> String {
    let jti = claims["jti"].as_str().unwrap();
    assert!(
        jti.len() == 22 && jti.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    );
    claims["jti"] = "[jti]".into();
    serde_json::to_string_pretty(&claims).unwrap()
}

#[tokio::test]
async fn a_stranger_verifies_the_token_and_reads_its_claims() {
    let node = Node::start().with_credential("reports").await;
    let token = node.token("reports").await;
    assert_snapshot!(redacted(verified(&node, &token).await), @r#"
    {
      "iss": "https://auth.example.com",
      "aud": "https://api.example.com/books",
      "sub": "hpc_3TrTx7BlN3DzBOMAS7XXGq",
      "client_id": "hpc_3TrTx7BlN3DzBOMAS7XXGq",
      "iat": 1764000000,
      "exp": 1764086400,
      "jti": "[jti]",
      "scope": "books:read books:write",
      "gen": 1,
      "org": "org_31fulfSKKLRhabRIevKPya"
    }
    "#);
}

#[tokio::test]
async fn a_token_carries_the_type_and_the_algorithm_of_its_api() {
    for (algorithm, name) in
        [(Algorithm::Es256, "ES256"), (Algorithm::Rs256, "RS256"), (Algorithm::EdDsa, "EdDSA")]
    {
        for (token_type, typ) in [(TokenType::AtJwt, "at+jwt"), (TokenType::Jwt, "JWT")] {
            let node = Node::start().with_credential("reports").await;
            let mut books = api("books", BOOKS, SCOPES);
            books.algorithm = algorithm;
            books.token_type = token_type;
            node.rotation(&crate::node::operator()).ensure(algorithm).await.unwrap();
            node.commit(Mutation::UpdateApi(books)).await;
            let token = node.token("reports").await;
            verified(&node, &token).await;
            let header = decode_header(&token).unwrap();
            assert_eq!(format!("{:?}", header.alg), name);
            assert_eq!(header.typ.as_deref(), Some(typ), "{name}");
            assert!(node.is_active(&token).await, "{name} {typ}");
        }
    }
}

#[tokio::test]
async fn a_token_costs_no_statement_and_has_a_name_of_its_own() {
    const TOKENS: usize = 10_000;
    let node = Node::start().with_credential("reports").await;
    let before = node.store.counts();
    let mut names = HashSet::new();
    for _ in 0..TOKENS {
        let token = node.token("reports").await;
        names.insert(claims(&token)["jti"].as_str().unwrap().to_owned());
    }
    assert_eq!(node.store.counts(), before);
    assert_eq!(names.len(), TOKENS);
}

#[tokio::test]
async fn the_lifetime_is_the_apis() {
    let node = Node::start().with_credential("reports").await;
    let books = api("books", BOOKS, SCOPES).with_token_lifetime(3600).unwrap();
    node.commit(Mutation::UpdateApi(books)).await;
    let answer = node.send(ask_token("reports")).await;
    assert_eq!(answer.value()["expires_in"], 3600);
    assert_eq!(answer.value()["refresh_after"], 1800);
}
