//! `POST /oauth/introspect` (RFC 7662): one answer for everything that is not alive.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hallpass_core::Mutation;
use hallpass_token::jose::{Algorithm, SigningKey, TokenType};
use jsonwebtoken::{DecodingKey, Validation, jwk::JwkSet};
use serde_json::{Value, json};

use crate::{
    ask::{Ask, claims},
    node::{Login, NOW, Node, OWN, api, api_id, client_id, grant, operator, organization_id},
};

/// The media type of RFC 9701.
const SIGNED: &str = "application/token-introspection+jwt";

/// An API's own credential asks about a token.
fn introspection(token: &str) -> Ask {
    Ask::post("/oauth/introspect").basic(Login::of(OWN).pair()).form(format!("token={token}"))
}

const DEAD: &str = r#"{"active":false}"#;

#[tokio::test]
async fn a_live_token_is_described() {
    let node = Node::start().with_credential("reports").await;
    let token = node.token("reports").await;
    let answer = node.introspect(&token).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let mut body = answer.value();
    assert_eq!(body["jti"], claims(&token)["jti"]);
    body["jti"] = "[jti]".into();
    insta::assert_snapshot!(serde_json::to_string_pretty(&body).unwrap(), @r#"
    {
      "active": true,
      "scope": "books:read books:write",
      "client_id": "hpc_3TrTx7BlN3DzBOMAS7XXGq",
      "token_type": "Bearer",
      "exp": 1764086400,
      "iat": 1764000000,
      "sub": "hpc_3TrTx7BlN3DzBOMAS7XXGq",
      "aud": [
        "https://api.example.com/books"
      ],
      "iss": "https://auth.example.com",
      "jti": "[jti]",
      "org": "org_31fulfSKKLRhabRIevKPya"
    }
    "#);
}

#[tokio::test]
async fn whatever_is_not_alive_gets_the_same_answer() {
    let node = Node::start()
        .with_api(api("stock", "https://api.example.com/stock", "stock:read"))
        .with_credential("reports")
        .with_credential_that("stock", |settings| {
            settings.grants = vec![grant("stock", "stock:read")];
        })
        .await;
    let token = node.token("reports").await;
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let (stranger, _) = SigningKey::generate(Algorithm::Es256).unwrap();
    let live = claims(&token).to_string();
    // A live `jti` under a signature that is not ours.
    let forged = stranger.sign(TokenType::AtJwt, live.as_bytes()).unwrap();
    let (_, forged_signature) = forged.rsplit_once('.').unwrap();
    let mut more = claims(&token);
    more["scope"] = "admin".into();
    for (what, token) in [
        ("garbage", "garbage".to_owned()),
        ("a secret", crate::node::secret("reports")),
        ("for another API", node.token("stock").await),
        ("forged", forged.clone()),
        ("forged, with our kid", format!("{header}.{payload}.{forged_signature}")),
        ("not signed", format!("{}.{payload}.", encode(json!({ "alg": "none" })))),
        ("more scope", format!("{header}.{}.{signature}", encode(more))),
        ("a cut signature", format!("{header}.{payload}.{}", &signature[..40])),
        ("padded", format!("{token}=")),
        ("one part too many", format!("{token}.{signature}")),
        ("a blank before", format!("+{token}")),
        ("very long", format!("{header}.{}.{signature}", "A".repeat(60_000))),
        ("dots", ".".repeat(60_000)),
    ] {
        let answer = node.introspect(&token).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, DEAD), "{what}");
        assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    }
    assert!(node.is_active(&token).await);
}

#[tokio::test]
async fn a_token_that_has_been_killed_or_has_expired_is_not_alive() {
    type Kill = fn() -> Mutation;
    let kills: [(&str, Kill); 3] = [
        ("revoked", || Mutation::RevokeCredential(client_id("reports"))),
        ("paused", || Mutation::PauseCredential(client_id("reports"))),
        ("suspended", || Mutation::SuspendOrganization(organization_id())),
    ];
    for (what, kill) in kills {
        let node = Node::start().with_credential("reports").await;
        let token = node.token("reports").await;
        node.pass_s(1).await;
        assert!(node.is_active(&token).await, "{what}");
        node.commit(kill()).await;
        if what == "suspended" {
            // The API's own credential belongs to the suspended organization too.
            assert_eq!(node.introspect(&token).await.outcome().0, 401);
            node.commit(Mutation::ResumeOrganization(organization_id())).await;
        }
        assert_eq!(node.introspect(&token).await.text(), DEAD, "{what}");
    }
    let node = Node::start().with_credential("reports").await;
    let token = node.token("reports").await;
    // To the second, without leeway.
    for (pass_s, alive) in [(86_399, true), (1, false), (1, false)] {
        node.pass_s(pass_s).await;
        assert_eq!(node.is_active(&token).await, alive);
    }
}

#[tokio::test]
async fn only_an_apis_own_credential_may_ask() {
    let node = Node::start().with_credential("reports").await;
    let token = node.token("reports").await;
    let post = || Ask::post("/oauth/introspect");
    let own = || post().basic(Login::of(OWN).pair());
    let body = format!("token={token}");
    let login = Login::of(OWN);
    let posted = format!("{body}&client_id={}&client_secret={}", login.id, login.secret);
    for (what, ask, (status, code)) in [
        ("its own", own().form(body.clone()), (200, "no error")),
        ("its own, by the body", post().form(posted), (200, "no error")),
        ("with a hint", own().form(format!("{body}&token_type_hint=x")), (200, "no error")),
        ("nobody", post().form(body.clone()), (401, "invalid_client")),
        ("a guess", post().basic((&login.id, "x")).form(body.clone()), (401, "invalid_client")),
        (
            "a customer",
            post().basic(Login::of("reports").pair()).form(body.clone()),
            (400, "unauthorized_client"),
        ),
        (
            "the token itself",
            post().header("authorization", &format!("Bearer {token}")).form(body.clone()),
            (400, "invalid_request"),
        ),
        ("without a token", own().form("token_type_hint=x"), (400, "invalid_request")),
        ("with nothing", own(), (400, "invalid_request")),
        ("with two tokens", own().form(format!("{body}&{body}")), (400, "invalid_request")),
        ("too long", own().form("x".repeat(65_537)), (413, "invalid_request")),
    ] {
        let answer = node.send(ask).await;
        assert_eq!(answer.outcome(), (status, code.to_owned()), "{what}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_caller_that_fails_is_unauthorized_by_whichever_way_it_asked() {
    let node = Node::start().with_credential("paused").await;
    let token = node.token("paused").await;
    node.commit(Mutation::PauseCredential(client_id("paused"))).await;
    let post = || Ask::post("/oauth/introspect");
    let paused = Login::of("paused");
    // RFC 7662 §2.3. The token endpoint answers a failed body with 400.
    for (id, secret) in [(&*paused.id, &*paused.secret), (&*paused.id, "guess"), ("x", "guess")] {
        let form = format!("token={token}&client_id={id}&client_secret={secret}");
        let json = json!({ "token": token, "client_id": id, "client_secret": secret });
        for (way, ask) in [
            ("Basic", post().basic((id, secret)).form(format!("token={token}"))),
            ("form", post().form(form)),
            ("JSON", post().json(json.to_string())),
        ] {
            let answer = node.send(ask).await;
            assert_eq!(answer.outcome(), (401, "invalid_client".to_owned()), "{way}, {id}");
        }
    }
}

#[tokio::test]
async fn an_api_that_speaks_for_two_sees_the_tokens_of_both() {
    let node = Node::start()
        .with_api(api("stock", "https://api.example.com/stock", "stock:read"))
        .with_credential("reports")
        .with_credential_that("stock", |settings| {
            settings.grants = vec![grant("stock", "stock:read")];
        })
        .with_credential_that("gateway", |settings| {
            settings.introspects = vec![api_id("books"), api_id("stock")];
        })
        .await;
    for name in ["reports", "stock"] {
        let token = node.token(name).await;
        let ask = Ask::post("/oauth/introspect").basic(Login::of("gateway").pair());
        let answer = node.send(ask.form(format!("token={token}"))).await;
        assert_eq!(answer.value()["active"], true, "{name}");
    }
}

#[tokio::test]
async fn tokens_of_a_retired_key_are_alive_and_those_of_a_killed_key_are_not() {
    let node = Node::start().with_credential("reports").await;
    let first = node.token("reports").await;
    let by = operator();
    let now = hallpass_core::Timestamp::from_secs(crate::node::NOW_S + 60);
    node.rotation(&by).rotate(Algorithm::Es256, now).await.unwrap();
    node.pass_s(60).await;
    let second = node.token("reports").await;
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    assert_ne!(kid(&first), kid(&second));
    assert!(node.is_active(&first).await && node.is_active(&second).await);
    node.rotation(&by).kill(Algorithm::Es256, &kid(&first)).await.unwrap();
    node.pass_s(0).await;
    assert!(!node.is_active(&first).await);
    assert!(node.is_active(&second).await);
}

#[tokio::test]
async fn a_signed_answer_is_a_jwt_for_who_asked_and_no_access_token() {
    let node = Node::start().with_credential("reports").await;
    let token = node.token("reports").await;
    let jwks = node.send(Ask::get("/.well-known/jwks.json")).await;
    let jwks: JwkSet = serde_json::from_str(jwks.text()).unwrap();
    for (token, is_active) in [(&*token, true), ("garbage", false)] {
        let answer = node.send(introspection(token).header("accept", SIGNED)).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, SIGNED));
        assert_eq!(answer.header("cache-control"), "no-store");
        let jwt = answer.text();
        let header = jsonwebtoken::decode_header(jwt).unwrap();
        assert_eq!(header.typ.as_deref(), Some("token-introspection+jwt"));
        let key = DecodingKey::from_jwk(jwks.find(&header.kid.unwrap()).unwrap()).unwrap();
        let mut expected = Validation::new(header.alg);
        expected.set_audience(&[client_id(OWN).as_str()]);
        expected.required_spec_claims.clear();
        expected.validate_exp = false;
        let said = jsonwebtoken::decode::<Value>(jwt, &key, &expected).unwrap().claims;
        assert_eq!(said["iss"], node.app.config.issuer);
        assert_eq!(said["aud"], client_id(OWN).as_str());
        assert_eq!(said["iat"], NOW.as_secs());
        assert!(said.get("sub").is_none() && said.get("exp").is_none(), "{said}");
        let plain = node.introspect(token).await.value();
        assert_eq!(
            (&said["token_introspection"], plain["active"].as_bool()),
            (&plain, Some(is_active))
        );
        // Signed by the same key, but another kind of thing.
        assert!(!node.is_active(jwt).await);
    }
}

#[tokio::test]
async fn only_who_asks_for_it_gets_a_signed_answer() {
    let node = Node::start().with_credential("reports").await;
    for (accept, is_signed) in [
        ("application/token-introspection+jwt", true),
        ("Application/Token-Introspection+JWT;q=0.5, application/json", true),
        ("application/json, application/token-introspection+jwt", true),
        ("application/token-introspection+jwt;q=0", false),
        ("application/json", false),
        ("application/jwt", false),
        ("*/*", false),
    ] {
        let answer = node.send(introspection("x").header("accept", accept)).await;
        let kind = if is_signed { SIGNED } else { "application/json" };
        assert_eq!(answer.header("content-type"), kind, "{accept}");
    }
    // What went wrong is said in JSON, whatever was asked for.
    let wrong = Ask::post("/oauth/introspect").form("token=x").header("accept", SIGNED);
    assert_eq!(node.send(wrong).await.header("content-type"), "application/json");
}
