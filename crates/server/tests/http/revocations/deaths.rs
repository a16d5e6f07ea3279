//! Every way to kill goes through the one change log: the feed names it, introspection knows it,
//! and the credential is refused where it should be.

use hallpass_core::{
    Mutation, Timestamp,
    credential::{LiveTokens, Settings},
    installation::FEED_MARGIN_S,
};
use hallpass_token::{jose::Algorithm, revocation::Handle};
use serde_json::{Value, json};

use crate::{
    ask::{Ask, claims},
    node::{
        Login, NOW_S, Node, SCOPES, client_id, eventually, grant, operator, organization_id,
        secret_id,
    },
};

/// A day for the tokens, and more for nodes that are cut off and for clocks that differ.
const UNTIL: u64 = NOW_S + 86_400 + FEED_MARGIN_S;

async fn node() -> Node {
    let node = Node::start().with_credential("reports").await;
    let secret = node.new_secret("second");
    let id = client_id("reports");
    node.commit(Mutation::AddSecret { client_id: id, secret, others_expire_at: None }).await;
    node
}

async fn second_token(node: &Node) -> String {
    let second = crate::node::secret("second");
    node.send(Ask::token().basic((client_id("reports").as_str(), &second))).await.token()
}

/// What the feed says of the credential.
fn all_of_it() -> Value {
    json!({ "h": Handle::of(client_id("reports").as_str()).to_string(), "until": UNTIL })
}

fn generations(gens: &[u32]) -> Value {
    let mut entry = all_of_it();
    entry["gens"] = gens.into();
    entry
}

fn settings(expires_s: u64) -> Box<Settings> {
    let mut settings = Settings::new("reports".parse().unwrap(), vec![grant("books", SCOPES)]);
    settings.expires_at = Some(Timestamp::from_secs(expires_s));
    Box::new(settings)
}

/// What a kill leaves behind.
struct After {
    entry: Value,
    /// Whether the token of the first and of the second secret are alive.
    alive: [bool; 2],
    /// Whether the first secret still gets tokens.
    login: bool,
}

#[tokio::test]
async fn every_kill_by_a_person_reaches_the_feed() {
    let id = || client_id("reports");
    let first = || secret_id("reports");
    let organization = Handle::of(organization_id().as_str()).to_string();
    let retire = |live| Mutation::RetireSecret { client_id: id(), secret_id: first(), live };
    let none = [false, false];
    for (what, mutation, after) in [
        (
            "revoke",
            Mutation::RevokeCredential(id()),
            After { entry: all_of_it(), alive: none, login: false },
        ),
        (
            "pause",
            Mutation::PauseCredential(id()),
            After { entry: all_of_it(), alive: none, login: false },
        ),
        (
            "retire and kill",
            retire(LiveTokens::Kill),
            After { entry: generations(&[1]), alive: [false, true], login: false },
        ),
        (
            "kill the tokens of a secret",
            Mutation::KillTokens { client_id: id(), secret_id: first() },
            After { entry: generations(&[1]), alive: [false, true], login: true },
        ),
        (
            "an end date in the past",
            Mutation::UpdateCredential(id(), settings(NOW_S)),
            After { entry: generations(&[1, 2]), alive: none, login: false },
        ),
        (
            "suspend the organization",
            Mutation::SuspendOrganization(organization_id()),
            After {
                entry: json!({ "o": organization, "until": UNTIL }),
                alive: none,
                login: false,
            },
        ),
    ] {
        let node = node().await;
        let tokens = [node.token("reports").await, second_token(&node).await];
        node.commit(mutation).await;
        assert_eq!(node.dead().await, [after.entry], "{what}");
        let login = node.request_token("reports").await.status == 200;
        assert_eq!(login, after.login, "{what}");
        if what == "suspend the organization" {
            continue; // The API's own credential is suspended too, and cannot ask.
        }
        for (token, alive) in tokens.iter().zip(after.alive) {
            assert_eq!(node.is_active(token).await, alive, "{what}");
        }
    }
}

#[tokio::test]
async fn retiring_a_secret_without_a_kill_leaves_its_tokens_alone() {
    let node = node().await;
    let token = node.token("reports").await;
    let retire = Mutation::RetireSecret {
        client_id: client_id("reports"),
        secret_id: secret_id("reports"),
        live: LiveTokens::Keep,
    };
    node.commit(retire).await;
    assert!(node.dead().await.is_empty());
    assert!(node.is_active(&token).await);
    assert_eq!(node.request_token("reports").await.status, 401);
}

#[tokio::test]
async fn what_died_in_a_pause_stays_dead_and_new_tokens_live() {
    let node = node().await;
    let old = node.token("reports").await;
    node.commit(Mutation::PauseCredential(client_id("reports"))).await;
    node.commit(Mutation::ResumeCredential(client_id("reports"))).await;
    assert_eq!(node.dead().await, [generations(&[1, 2])]);
    assert!(!node.is_active(&old).await);
    let new = node.token("reports").await;
    assert!(node.is_active(&new).await);
    assert_eq!(claims(&new)["gen"], 3);
}

#[tokio::test]
async fn what_died_in_a_suspension_stays_dead_and_new_tokens_live() {
    let node = node().await;
    let old = node.token("reports").await;
    node.pass_s(1).await;
    node.commit(Mutation::SuspendOrganization(organization_id())).await;
    node.pass_s(1).await;
    node.commit(Mutation::ResumeOrganization(organization_id())).await;
    assert!(!node.is_active(&old).await);
    assert!(node.is_active(&node.token("reports").await).await);
}

#[tokio::test]
async fn a_deleted_credential_stays_in_the_feed() {
    let node = node().await;
    let token = node.token("reports").await;
    node.commit(Mutation::RevokeCredential(client_id("reports"))).await;
    node.commit(Mutation::DeleteCredential(client_id("reports"))).await;
    assert_eq!(node.dead().await, [all_of_it()]);
    assert!(!node.is_active(&token).await);
    // Now nobody can tell it from one that never was.
    let deleted = node.request_token("reports").await;
    let unknown = node.request_token("nobody").await;
    assert_eq!((deleted.status, deleted.body), (unknown.status, unknown.body));
}

#[tokio::test]
async fn an_end_date_kills_by_itself() {
    let node = Node::start()
        .with_credential_that("reports", |edit| *edit = *settings(NOW_S + 7200))
        .await
        .listen()
        .await
        .keeping_house();
    let token = node.token("reports").await;
    // Brought forward: the token outlives the credential, but for the feed.
    let id = client_id("reports");
    node.commit(Mutation::UpdateCredential(id, settings(NOW_S + 60))).await;
    assert_eq!(claims(&token)["exp"], NOW_S + 7200);
    node.clock.advance_secs(60);
    eventually("the death of what has expired", async || !node.dead().await.is_empty()).await;
    assert!(!node.is_active(&token).await);
    assert_eq!(node.request_token("reports").await.code(), "invalid_client");
}

#[tokio::test]
async fn a_secrets_end_date_kills_its_tokens_alone() {
    let node = Node::start().with_credential("reports").await.listen().await.keeping_house();
    let token = node.token("reports").await;
    let secret = node.new_secret("second");
    let others_expire_at = Some(Timestamp::from_secs(NOW_S + 60));
    let id = client_id("reports");
    node.commit(Mutation::AddSecret { client_id: id, secret, others_expire_at }).await;
    let second = second_token(&node).await;
    node.clock.advance_secs(60);
    eventually("the death of what has expired", async || !node.dead().await.is_empty()).await;
    assert!(!node.is_active(&token).await);
    assert!(node.is_active(&second).await);
}

#[tokio::test]
async fn a_pending_credential_disappears_by_itself() {
    let node = Node::start().with_pending("pending").await.listen().await.keeping_house();
    assert!(node.request_token("pending").await.description().contains("pending"));
    node.clock.advance_secs(30 * 60);
    eventually("its end", async || {
        let answer = node.request_token("pending").await;
        answer.description().contains("unknown client_id")
    })
    .await;
    assert!(node.dead().await.is_empty());
}

#[tokio::test]
async fn a_killed_key_and_a_killed_token_reach_the_feed() {
    let node = node().await;
    let (first, second) = (node.token("reports").await, node.token("reports").await);
    let ask = Ask::post("/oauth/revoke").basic(Login::of("reports").pair());
    assert_eq!(node.send(ask.form(format!("token={first}"))).await.status, 200);
    let kid = jsonwebtoken::decode_header(&first).unwrap().kid.unwrap();
    node.rotation(&operator()).kill(Algorithm::Es256, &kid).await.unwrap();
    node.pass_s(0).await;
    let jti = Handle::of(claims(&first)["jti"].as_str().unwrap()).to_string();
    let token = json!({ "t": jti, "until": NOW_S + 86_400 + 300 });
    assert_eq!(node.dead().await, [token, json!({ "k": kid, "until": UNTIL })]);
    assert!(!node.is_active(&first).await && !node.is_active(&second).await);
    assert!(node.is_active(&node.token("reports").await).await);
}

#[tokio::test]
async fn a_kill_that_was_acknowledged_holds_while_the_log_cannot_be_read() {
    let node = node().await;
    let token = node.token("reports").await;
    node.commit(Mutation::RevokeCredential(client_id("reports"))).await;
    node.store.go_away();
    assert_eq!(node.request_token("reports").await.status, 401);
    assert!(!node.is_active(&token).await);
    assert_eq!(node.dead().await.len(), 1);
}
