//! `/.well-known/oauth-authorization-server` (RFC 8414) and `/.well-known/openid-configuration`.

use insta::assert_snapshot;

use crate::{
    ask::Ask,
    node::{Node, ask_token},
};

const SERVER: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

async fn document(node: &Node, path: &str) -> String {
    let answer = node.send(Ask::get(path)).await;
    assert_eq!(answer.status, 200, "{path}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "public, max-age=3600");
    serde_json::to_string_pretty(&answer.value()).unwrap()
}

#[tokio::test]
async fn the_server_describes_itself() {
    let node = Node::start().await;
    assert_snapshot!(document(&node, SERVER).await, @r#"
    {
      "issuer": "https://auth.example.com",
      "authorization_endpoint": "https://auth.example.com/oauth/authorize",
      "token_endpoint": "https://auth.example.com/oauth/token",
      "jwks_uri": "https://auth.example.com/.well-known/jwks.json",
      "revocation_endpoint": "https://auth.example.com/oauth/revoke",
      "introspection_endpoint": "https://auth.example.com/oauth/introspect",
      "response_types_supported": [],
      "grant_types_supported": [
        "client_credentials"
      ],
      "token_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post"
      ],
      "revocation_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post"
      ],
      "introspection_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post"
      ],
      "introspection_signing_alg_values_supported": [
        "ES256"
      ],
      "revocation_feed_uri": "https://auth.example.com/revocations"
    }
    "#);
    assert_snapshot!(document(&node, OPENID).await, @r#"
    {
      "issuer": "https://auth.example.com",
      "authorization_endpoint": "https://auth.example.com/oauth/authorize",
      "token_endpoint": "https://auth.example.com/oauth/token",
      "jwks_uri": "https://auth.example.com/.well-known/jwks.json",
      "revocation_endpoint": "https://auth.example.com/oauth/revoke",
      "introspection_endpoint": "https://auth.example.com/oauth/introspect",
      "response_types_supported": [],
      "grant_types_supported": [
        "client_credentials"
      ],
      "token_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post"
      ],
      "revocation_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post"
      ],
      "introspection_endpoint_auth_methods_supported": [
        "client_secret_basic",
        "client_secret_post"
      ],
      "introspection_signing_alg_values_supported": [
        "ES256"
      ],
      "revocation_feed_uri": "https://auth.example.com/revocations",
      "subject_types_supported": [
        "public"
      ],
      "id_token_signing_alg_values_supported": [
        "ES256"
      ]
    }
    "#);
}

#[tokio::test]
async fn what_the_asker_says_of_the_host_changes_nothing() {
    let node = Node::start().await;
    for path in [SERVER, OPENID] {
        let plain = document(&node, path).await;
        let ask = Ask::get(path)
            .header("host", "evil.example")
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "http")
            .header("forwarded", "host=evil.example");
        let answer = node.send(ask).await;
        assert_eq!(serde_json::to_string_pretty(&answer.value()).unwrap(), plain);
        let ask = Ask::get(&format!("http://evil.example{path}"));
        let answer = node.send(ask).await;
        assert_eq!(serde_json::to_string_pretty(&answer.value()).unwrap(), plain);
    }
}

#[tokio::test]
async fn whoever_has_the_document_is_told_so() {
    let node = Node::start().await;
    for path in [SERVER, OPENID] {
        let tag = node.send(Ask::get(path)).await.header("etag").to_owned();
        let answer = node.send(Ask::get(path).header("if-none-match", &tag)).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0), "{path}");
    }
}

#[tokio::test]
async fn an_issuer_with_a_path_is_found_by_both_rules() {
    for issuer in ["https://example.com/auth", "https://example.com/auth/"] {
        let node = Node::start()
            .with_config(|config| config.issuer = issuer.to_owned())
            .with_credential("reports")
            .await;
        // RFC 8414 §3.1 puts the well-known part before the path, OpenID behind it; proxies may
        // pass the path on, or not.
        for path in [
            "/.well-known/oauth-authorization-server/auth".to_owned(),
            format!("/auth{SERVER}"),
            format!("/auth{OPENID}"),
            SERVER.to_owned(),
        ] {
            let answer = node.send(Ask::get(&path)).await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.value()["issuer"], issuer, "{path}");
            let endpoint = "https://example.com/auth/oauth/token";
            assert_eq!(answer.value()["token_endpoint"], endpoint, "{path}");
        }
        for path in ["/auth/oauth/token", "/oauth/token"] {
            let token = node.send(ask_token("reports").at(path)).await.token();
            assert_eq!(crate::ask::claims(&token)["iss"], issuer);
            assert!(node.is_active(&token).await);
        }
        for (path, status) in [
            ("/auth/.well-known/jwks.json", 200),
            ("/auth/revocations", 200),
            ("/auth/healthz", 200),
            ("/auth/nothing", 404),
            ("/auth/oauth/token", 405),
            ("/auth", 303), // The start page.
            ("/authoauth/token", 404),
        ] {
            assert_eq!(node.send(Ask::get(path)).await.status, status, "{path}");
        }
    }
}

#[tokio::test]
async fn whoever_follows_the_address_that_clients_insist_on_is_told_where_tokens_are() {
    let node = Node::start().await;
    let document = node.send(Ask::get(OPENID)).await.value();
    let endpoint = document["authorization_endpoint"].as_str().unwrap();
    let path = endpoint.strip_prefix("https://auth.example.com").unwrap().to_owned();
    let asked = format!("{path}?response_type=code&client_id=a&redirect_uri=https://evil.example");
    for ask in [Ask::get(&asked), Ask::post(&path).form("response_type=code")] {
        let answer = node.send(ask).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.value()["error"], "invalid_request");
        // RFC 6749 §4.1.2.1: nobody is sent anywhere.
        assert!(!answer.headers.contains_key("location"));
    }
}
