//! Signing in at an organization's own provider, which here is a real one on loopback: who may
//! answer, and what an answer is worth.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use axum_extra::extract::Form;
use hallpass_core::{OrganizationId, permission::Role};
use hallpass_server::management::sign_on::{self, Wanted};
use hallpass_token::jose::{Algorithm, SigningKey, TokenType};
use serde_json::{Value, json};

use crate::{
    ask::{Answer, Ask},
    browser::Browser,
    node::{ISSUER, NOW_S, Node, organization_id},
    people::{at_the_machine, other_organization_id},
};

/// A provider. Its codes are the nonces that they answer, and whoever comes is Ada.
#[derive(Clone)]
struct Provider {
    issuer: String,
    key: Arc<SigningKey>,
    /// When Ada proved who she is; 0 if it does not say so.
    proved_at_s: Arc<AtomicU64>,
    exchanged: Arc<AtomicU64>,
}

#[derive(serde::Deserialize)]
struct Exchange {
    code: String,
}

impl Provider {
    async fn start(node: &Node, id: &OrganizationId, domain: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let (key, _) = SigningKey::generate(Algorithm::Es256).unwrap();
        let provider = Self {
            issuer,
            key: Arc::new(key),
            proved_at_s: Arc::default(),
            exchanged: Arc::default(),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(Self::metadata))
            .route("/jwks", get(Self::keys))
            .route("/token", post(Self::tokens))
            .with_state(provider.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        let wanted = Wanted {
            issuer: provider.issuer.parse().unwrap(),
            client_id: "hallpass".to_owned(),
            client_secret: "s3cret".to_owned().into(),
            domains: vec![domain.parse().unwrap()],
            default_role: Role::Developer,
        };
        let machine = at_the_machine();
        sign_on::set(&node.app.act(&machine), id, wanted).await.unwrap();
        provider
    }

    async fn metadata(State(own): State<Self>) -> Json<Value> {
        let at = |end: &str| format!("{}{end}", own.issuer);
        Json(json!({
            "issuer": own.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/jwks"),
        }))
    }

    async fn keys(State(own): State<Self>) -> Json<Value> {
        Json(json!({ "keys": [own.key.public_jwk()] }))
    }

    async fn tokens(
        State(own): State<Self>,
        Form(Exchange { code }): Form<Exchange>,
    ) -> Json<Value> {
        own.exchanged.fetch_add(1, Ordering::Relaxed);
        let proved_at_s = own.proved_at_s.load(Ordering::Relaxed);
        let claims = json!({
            "iss": own.issuer,
            "sub": "ada",
            "aud": "hallpass",
            "exp": NOW_S + 86_400,
            "iat": NOW_S,
            "nonce": code,
            "email": "ada@example.com",
            "auth_time": (proved_at_s > 0).then_some(proved_at_s),
        });
        let id_token = own.key.sign(TokenType::Jwt, claims.to_string().as_bytes()).unwrap();
        Json(json!({ "id_token": id_token, "access_token": "x", "token_type": "Bearer" }))
    }
}

/// What a browser carries to a provider.
struct Sent {
    callback: String,
    state: String,
    code: String,
}

impl Sent {
    /// Reads where the browser is sent.
    fn of(answer: &Answer) -> Self {
        let (_, query) = answer.goes_to().split_once('?').unwrap();
        let pairs: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let value = |name: &str| {
            let found = pairs.iter().find(|(known, _)| *known == name).unwrap().1;
            percent_encoding::percent_decode_str(found).decode_utf8().unwrap().into_owned()
        };
        let callback = value("redirect_uri").strip_prefix(ISSUER).unwrap().to_owned();
        Self { callback, state: value("state"), code: value("nonce") }
    }

    fn back(&self) -> String {
        format!("{}?state={}&code={}", self.callback, self.state, self.code)
    }
}

fn begin(id: &OrganizationId) -> String {
    format!("/sign-in/sso/{id}")
}

#[tokio::test]
async fn a_person_comes_back_from_the_provider_signed_in() {
    let node = Node::start().await;
    let provider = Provider::start(&node, &organization_id(), "example.com").await;
    let mut browser = Browser::new(&node);
    let sent = Sent::of(&browser.get(&begin(&organization_id())).await);
    for (back, is_in) in [
        // Another browser's state, none, and an answer under another provider's name.
        (format!("{}?state=x&code={}", sent.callback, sent.code), false),
        (format!("{}?code={}", sent.callback, sent.code), false),
        (format!("{}&iss=https%3A%2F%2Fevil.example", sent.back()), false),
        (sent.back(), true),
    ] {
        let cookies = browser.cookies.clone();
        let answer = browser.get(&back).await;
        assert_eq!(browser.session().is_some(), is_in, "{back}: {answer:?}");
        if !is_in {
            browser.cookies = cookies;
        }
    }
    assert_eq!(provider.exchanged.load(Ordering::Relaxed), 1, "a code that is not the provider's");
    assert_eq!(Browser::new(&node).get(&sent.back()).await.status, 422, "another browser");
}

/// RFC 9700 §4.4: a provider that sends somebody on to another one must not get the code of that
/// one, which is worth a session of the person who was sent.
#[tokio::test]
async fn a_provider_gets_no_code_of_another_one() {
    let node = Node::start().await;
    node.member_elsewhere("eve", Role::Owner).await;
    let evil = Provider::start(&node, &other_organization_id(), "evil.example").await;
    let honest = Provider::start(&node, &organization_id(), "example.com").await;

    // Ada is lured to the evil provider; it sends her on, with what Eve's own browser was given.
    let mut ada = Browser::new(&node);
    let lured = Sent::of(&ada.get(&begin(&other_organization_id())).await);
    let of_eve = Sent::of(&Browser::new(&node).get(&begin(&organization_id())).await);
    // The honest provider knows only the address that was registered with it.
    let mixed = Sent { callback: of_eve.callback, state: lured.state, code: of_eve.code };
    assert_ne!(lured.callback, mixed.callback);
    let answer = ada.get(&mixed.back()).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    for provider in [evil, honest] {
        assert_eq!(provider.exchanged.load(Ordering::Relaxed), 0, "a code went somewhere");
    }
}

/// Or a link on another site would sign somebody in as whomever its author's provider names.
#[tokio::test]
async fn a_link_on_another_site_signs_nobody_in_unasked() {
    let node = Node::start().await;
    Provider::start(&node, &organization_id(), "example.com").await;
    let path = begin(&organization_id());
    for (site, goes) in [
        (None, true),
        (Some("none"), true),
        (Some("same-origin"), true),
        (Some("same-site"), false),
        (Some("cross-site"), false),
    ] {
        let ask = Ask::get(&format!("{path}?next=/account"));
        let ask = site.iter().fold(ask, |ask, site| ask.header("sec-fetch-site", site));
        let mut browser = Browser::new(&node);
        let answer = browser.send(ask).await;
        assert_eq!(answer.status.as_u16(), if goes { 303 } else { 200 }, "{site:?}");
        assert_eq!(browser.cookies.is_empty(), !goes, "{site:?}");
        if !goes {
            assert!(!answer.text().contains("http-equiv"), "{site:?}: {}", answer.text());
            assert_eq!(answer.path(&path), format!("{path}?next=/account"));
        }
    }
    // Whoever has the id of an organization that has no provider learns no name by it.
    node.member_elsewhere("eve", Role::Owner).await;
    let ask = Ask::get(&begin(&other_organization_id())).header("sec-fetch-site", "cross-site");
    assert_eq!(node.send(ask.header("accept", "text/html")).await.status, 404);
}

/// Anybody can ask, and each time this server asks the provider.
#[tokio::test]
async fn strangers_cannot_make_the_server_flood_a_provider() {
    let node = Node::start().with_config(|config| config.failed_sign_ins_per_minute = 1).await;
    Provider::start(&node, &organization_id(), "example.com").await;
    let path = begin(&organization_id());
    for _ in 0..20 {
        assert_eq!(Browser::new(&node).get(&path).await.status, 303);
    }
    assert_eq!(Browser::new(&node).get(&path).await.status, 429);
    node.pass_s(60).await;
    assert_eq!(Browser::new(&node).get(&path).await.status, 303);
}

/// Providers remember people for days. At an open screen that must not pass for a fresh proof.
#[tokio::test]
async fn signing_in_where_nobody_is_asked_anything_is_no_fresh_proof() {
    for (proved_at_s, anew, is_fresh) in [
        (0, "", false),
        (NOW_S - 86_400, "", false),
        (NOW_S - 60, "", true),
        (u64::MAX / 2, "", true), // A clock that is far ahead proves nothing for tomorrow.
        (NOW_S, "?anew=1", true),
    ] {
        let node = Node::start().await;
        let provider = Provider::start(&node, &organization_id(), "example.com").await;
        provider.proved_at_s.store(proved_at_s, Ordering::Relaxed);
        let mut browser = Browser::new(&node);
        let path = format!("{}{anew}", begin(&organization_id()));
        let sent = Sent::of(&browser.get(&path).await);
        assert_eq!(browser.get(&sent.back()).await.goes_to(), "/", "{proved_at_s}");
        let answer = browser.get("/account/password").await;
        assert_eq!(answer.status == 200, is_fresh, "{proved_at_s} {anew}: {answer:?}");
        node.pass_s(16 * 60).await;
        assert_eq!(browser.get("/account/password").await.status, 303, "{proved_at_s}");
    }
}
