//! `POST /oauth/revoke` (RFC 7009).

use hallpass_core::Mutation;
use serde_json::json;

use crate::{
    ask::{Answer, Ask, claims},
    node::{Login, Node, api, client_id, grant},
};

async fn revoke(node: &Node, name: &str, body: impl Into<String>) -> Answer {
    let ask = Ask::post("/oauth/revoke").basic(Login::of(name).pair());
    node.send(ask.form(body.into())).await
}

/// Nothing happened, or nothing more: 200 with an object, since a popular library fails on an
/// empty body.
fn is_done(answer: &Answer) -> bool {
    answer.status == 200 && answer.text() == "{}" && answer.header("cache-control") == "no-store"
}

#[tokio::test]
async fn a_client_kills_its_own_token_and_no_other() {
    let node = Node::start().with_credential("reports").await;
    let (killed, other) = (node.token("reports").await, node.token("reports").await);
    assert!(is_done(&revoke(&node, "reports", format!("token={killed}")).await));
    assert!(!node.is_active(&killed).await);
    assert!(node.is_active(&other).await);
    let jti = claims(&killed)["jti"].as_str().unwrap().to_owned();
    let handle = hallpass_token::revocation::Handle::of(&jti).to_string();
    // Verifiers may allow some leeway after `exp`.
    let until = claims(&killed)["exp"].as_u64().unwrap() + 300;
    assert_eq!(node.dead().await, [json!({ "t": handle, "until": until })]);
}

#[tokio::test]
async fn every_form_of_request_kills() {
    let node = Node::start().with_credential("reports").await;
    let login = Login::of("reports");
    let (id, secret) = login.pair();
    let post = || Ask::post("/oauth/revoke");
    let basic = || post().basic(login.pair());
    let posted = |token: &str| format!("token={token}&client_id={id}&client_secret={secret}");
    type Form<'a> = &'a dyn Fn(&str) -> Ask;
    let forms: [(&str, Form<'_>); 6] = [
        ("Basic", &|token| basic().form(format!("token={token}"))),
        ("hint", &|token| basic().form(format!("token={token}&token_type_hint=access_token"))),
        ("wrong hint", &|token| {
            basic().form(format!("token_type_hint=refresh_token&token={token}"))
        }),
        ("unknown hint", &|token| basic().form(format!("token={token}&token_type_hint=x"))),
        ("body", &|token| post().form(posted(token))),
        ("JSON", &|token| basic().json(json!({ "token": token }).to_string())),
    ];
    for (what, form) in forms {
        let token = node.token("reports").await;
        let answer = node.send(form(&token)).await;
        assert!(is_done(&answer), "{what}: {}", answer.text());
        assert!(!node.is_active(&token).await, "{what}");
    }
}

#[tokio::test]
async fn killing_twice_is_one_change() {
    let node = Node::start().with_credential("reports").await;
    let token = node.token("reports").await;
    let before = node.app.live.applied();
    for _ in 0..3 {
        assert!(is_done(&revoke(&node, "reports", format!("token={token}")).await));
    }
    assert_eq!(node.app.live.applied(), before + 1);
    assert_eq!(node.dead().await.len(), 1);
}

#[tokio::test]
async fn a_foreign_token_is_refused_and_lives_on() {
    let node = Node::start().with_credential("reports").with_credential("other").await;
    let token = node.token("reports").await;
    for name in ["other", crate::node::OWN] {
        let answer = revoke(&node, name, format!("token={token}")).await;
        assert_eq!(answer.outcome(), (400, "unauthorized_client".to_owned()), "{name}");
    }
    assert!(node.is_active(&token).await);
    assert!(node.dead().await.is_empty());
}

#[tokio::test]
async fn what_is_no_live_token_is_dead_already() {
    let node = Node::start().with_credential("reports").await;
    let token = node.token("reports").await;
    let (body, signature) = token.rsplit_once('.').unwrap();
    let other = node.token("reports").await;
    let (_, others) = other.rsplit_once('.').unwrap();
    let paused = node.token("reports").await;
    let before = node.app.live.applied();
    for (what, token) in [
        ("garbage", "garbage".to_owned()),
        ("a secret", crate::node::secret("reports")),
        ("no signature", format!("{body}.")),
        ("another's signature", format!("{body}.{others}")),
        ("cut off", format!("{body}.{}", &signature[..signature.len() - 1])),
        ("a refresh token of elsewhere", "0a1b2c3d".to_owned()),
        ("as long as a body may be", "x".repeat(60_000)),
    ] {
        let answer = revoke(&node, "reports", format!("token={token}")).await;
        assert!(is_done(&answer), "{what}: {}", answer.text());
    }
    assert_eq!(node.app.live.applied(), before, "nothing was written");
    assert!(node.is_active(&token).await);
    node.pass_s(86_400 + 31).await;
    assert!(is_done(&revoke(&node, "reports", format!("token={paused}")).await), "expired");
    assert_eq!(node.app.live.applied(), before, "nothing was written");
}

#[tokio::test]
async fn requests_without_a_good_login_or_token_are_refused() {
    let node = Node::start().with_credential("reports").with_credential("paused").await;
    let token = node.token("reports").await;
    node.commit(Mutation::PauseCredential(client_id("paused"))).await;
    let post = || Ask::post("/oauth/revoke");
    let basic = || post().basic(Login::of("reports").pair());
    let with_token = format!("token={token}");
    for (what, ask, (status, code)) in [
        ("no login", post().form(with_token.clone()), (401, "invalid_client")),
        (
            "a guess",
            post().basic((&Login::of("reports").id, "guess")).form(with_token.clone()),
            (401, "invalid_client"),
        ),
        (
            "a paused credential",
            post().basic(Login::of("paused").pair()).form(with_token.clone()),
            (401, "invalid_client"),
        ),
        ("no token", basic().form("token_type_hint=access_token"), (400, "invalid_request")),
        ("nothing", basic(), (400, "invalid_request")),
        ("an empty token", basic().form("token="), (400, "invalid_request")),
        ("two tokens", basic().form(format!("{with_token}&token=x")), (400, "invalid_request")),
        (
            "two hints",
            basic().form("token=x&token_type_hint=a&token_type_hint=b"),
            (400, "invalid_request"),
        ),
        (
            "in the query",
            basic().form(with_token.clone()).at("/oauth/revoke?token=x"),
            (400, "invalid_request"),
        ),
        (
            "by a Bearer token",
            post().header("authorization", &format!("Bearer {token}")).form(with_token),
            (400, "invalid_request"),
        ),
        ("too long", basic().form("x".repeat(65_537)), (413, "invalid_request")),
    ] {
        let answer = node.send(ask).await;
        assert_eq!(answer.outcome(), (status, code.to_owned()), "{what}: {}", answer.text());
    }
    assert!(node.is_active(&token).await);
}

#[tokio::test]
async fn a_death_that_cannot_be_written_is_never_a_success() {
    let node = Node::start().with_credential("reports").await;
    let token = node.token("reports").await;
    node.store.go_away();
    for _ in 0..2 {
        let answer = revoke(&node, "reports", format!("token={token}")).await;
        assert_eq!(answer.outcome(), (503, "temporarily_unavailable".to_owned()));
    }
    assert!(node.is_active(&token).await);
    node.store.come_back();
    assert!(is_done(&revoke(&node, "reports", format!("token={token}")).await));
    assert!(!node.is_active(&token).await);
}

#[tokio::test]
async fn a_token_for_any_api_can_be_killed() {
    let node = Node::start()
        .with_api(api("stock", "https://api.example.com/stock", "stock:read"))
        .with_credential_that("reports", |settings| {
            settings.grants = vec![grant("stock", "stock:read")];
        })
        .await;
    let token = node.token("reports").await;
    assert!(is_done(&revoke(&node, "reports", format!("token={token}")).await));
    assert_eq!(node.dead().await.len(), 1);
}
