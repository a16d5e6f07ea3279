//! Credentials that another server has made: their secrets work at once, get a digest of ours when
//! they are used, and are no lever for whoever guesses.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hallpass_core::{
    ClientId, Credential, Image, Mutation,
    change::Key,
    credential::{NewSecret, SecretRecord, Settings},
    import::Source,
};

use crate::{
    ask::{Answer, Ask},
    node::{NOW, Node, SCOPES, client_id, eventually, grant, organization_id, secret_id},
    wire::Listening,
};

const LIMIT: u32 = 3;
const NEAR: &str = "203.0.113.7";
const FAR: &str = "198.51.100.7";
const ID: &str = "b1f9a6e2-5c7d-4d0e-9a53-1f6f4c1f7c11";
const SECRET: &str = "correct horse";
const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
const PBKDF2: &str = "$pbkdf2-sha256$i=25000,l=32$MDEyMzQ1Njc4OWFiY2RlZg\
                      $LjzQQQfBu6oiuVew1rMcxHa9TJUIzcdEP64wW5xKh1M";

/// A node behind a proxy on this machine, with an imported credential.
async fn node_with(digest: &str) -> Node {
    let node = Node::start()
        .with_config(|config| {
            config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
            config.failed_logins_per_minute = LIMIT;
        })
        .with_credential("reports")
        .await;
    let new = NewSecret::imported(secret_id("imported"), digest.parse().unwrap());
    let settings = Settings::new("imported".parse().unwrap(), vec![grant("books", SCOPES)]);
    let made = (NOW, "tester");
    let own = Credential::imported(id(), organization_id(), settings, &new, made);
    node.commit(Mutation::ImportCredential(Box::new(own), Source::Hydra)).await;
    node
}

async fn listening() -> Listening {
    node_with(BCRYPT).await.listen().await
}

fn id() -> ClientId {
    ID.parse().unwrap()
}

fn ask(id: &str, secret: &str) -> Ask {
    Ask::token().basic((id, secret)).form("grant_type=client_credentials")
}

async fn stored(node: &Node) -> SecretRecord {
    use hallpass_store::Store;
    match node.store.image(&Key::Credential(id())).await.unwrap() {
        Some(Image::Credential(credential)) => credential.secrets[0].clone(),
        other => panic!("{other:?}"),
    }
}

/// How often a slow check ended so.
fn checks(node: &Node, outcome: &str) -> u64 {
    let text = node.app.metrics.text();
    let name = format!("hallpass_imported_checks_total{{outcome=\"{outcome}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&name));
    line.unwrap().parse().unwrap()
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test]
async fn the_old_secret_works_at_once_and_gets_a_digest_of_ours() {
    for digest in [BCRYPT, PBKDF2] {
        let node = node_with(digest).await.listen().await.keeping_house();
        let before = stored(&node).await;
        assert_eq!((before.digest.own(), &*before.ends_in()), (None, "imported, not used yet"));
        let token = node.ask(ask(ID, SECRET)).await.token();
        assert!(node.is_active(&token).await);
        eventually("our digest", async || node.app.live.directory.foreign() == 0).await;
        let now = stored(&node).await;
        assert_eq!((now.digest.own().is_some(), &*now.ends_in()), (true, "…orse"));
        assert!(node.is_active(&token).await, "the upgrade kills nothing");
        // From here on it is like any other.
        node.ask(ask(ID, SECRET)).await.token();
        assert_eq!(checks(&node, "right"), 1);
        assert!(!node.bytes_on_disk().windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
    }
}

#[tokio::test]
async fn the_upgrade_outlives_a_restart() {
    let mut listening = listening().await.keeping_house();
    listening.ask(ask(ID, SECRET)).await.token();
    eventually("our digest", async || stored(&listening).await.digest.own().is_some()).await;
    listening.close().await;
    let other = listening.other_node().await;
    assert_eq!(other.live.directory.foreign(), 0);
}

#[tokio::test]
async fn a_wrong_secret_is_answered_as_for_a_client_that_nobody_knows() {
    let node = listening().await;
    let begun = Instant::now();
    let own = client_id("reports").to_string();
    let guesses = [ID, "b1f9a6e2-5c7d-4d0e-9a53-000000000000", &own].map(|id| ask(id, "guess"));
    let answers = join_all(guesses.map(|guess| node.ask(guess))).await;
    for answer in &answers {
        assert_eq!(answer.outcome(), (401, "invalid_client".to_owned()));
        assert_eq!(answer.value(), answers[0].value());
    }
    assert!(begun.elapsed() >= Duration::from_secs(2), "too soon to hide a check");
    assert_eq!((checks(&node, "wrong"), checks(&node, "right")), (1, 0));
}

#[tokio::test]
async fn the_other_endpoints_know_imported_secrets_too() {
    let node = listening().await;
    let revoke = Ask::post("/oauth/revoke").basic((ID, SECRET)).form("token=x");
    assert_eq!(node.ask(revoke).await.status, 200);
    let introspect = Ask::post("/oauth/introspect").basic((ID, SECRET)).form("token=x");
    assert_eq!(node.ask(introspect).await.code(), "unauthorized_client");
}

#[tokio::test]
async fn guesses_at_the_same_time_are_not_even_checked() {
    let node = listening().await;
    let guesses = (0..20).map(|number| node.ask_from(NEAR, ask(ID, &format!("guess {number}"))));
    let answers = join_all(guesses).await;
    assert_eq!((count(&answers, 401), count(&answers, 429)), (LIMIT as usize, 17));
    assert_eq!((checks(&node, "wrong"), checks(&node, "limited")), (LIMIT.into(), 17));
    // Before it was ever used, the right one waits too, in the network of whoever guesses.
    assert_eq!(node.ask_from(NEAR, ask(ID, SECRET)).await.status, 429);
    node.ask_from(FAR, ask(ID, SECRET)).await.token();
    // And never again.
    node.ask_from(NEAR, ask(ID, SECRET)).await.token();
}

#[tokio::test]
async fn the_first_requests_of_a_busy_client_are_all_served_and_checked_once() {
    let node = listening().await;
    let answers = join_all((0..40).map(|_| node.ask_from(NEAR, ask(ID, SECRET)))).await;
    assert_eq!(count(&answers, 200), 40);
    assert_eq!(checks(&node, "right"), 1);
    let text = node.app.metrics.text();
    assert!(text.contains("hallpass_failed_logins_limited_total 0"), "{text}");
}

#[tokio::test]
async fn a_token_neither_waits_for_the_upgrade_nor_fails_for_it() {
    let node = listening().await.keeping_house();
    node.store.go_away();
    node.ask(ask(ID, SECRET)).await.token();
    node.ask(ask(ID, SECRET)).await.token();
    node.store.come_back();
    eventually("our digest", async || stored(&node).await.digest.own().is_some()).await;
}

#[tokio::test]
async fn what_was_done_to_an_imported_credential_holds() {
    let node = listening().await;
    let mutations = [Mutation::PauseCredential(id()), Mutation::RevokeCredential(id())];
    for mutation in mutations {
        node.commit(mutation).await;
        let answer = node.ask(ask(ID, SECRET)).await;
        assert_eq!(answer.outcome(), (401, "invalid_client".to_owned()));
        assert!(answer.value()["error_description"].as_str().unwrap().contains("credential is "));
    }
}
