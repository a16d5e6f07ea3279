//! Guided rotation, and single secrets.

use hallpass_core::{
    Credential, Image, Mutation,
    change::Key,
    credential::SecretStatus,
    organization::{OrganizationStep, Policy},
    permission::Role,
};
use hallpass_server::clock::Clock;
use hallpass_store::Store;
use http::StatusCode;

use super::{Browser, of, secret_on};
use crate::{
    ask::{Answer, Ask},
    node::{Node, client_id, organization_id, secret, secret_id},
};

async fn reports(node: &Node) -> Credential {
    match node.store.image(&Key::Credential(client_id("reports"))).await.unwrap() {
        Some(Image::Credential(own)) => *own,
        other => panic!("{other:?}"),
    }
}

/// Asks for a token, and lets the use be written.
async fn token(node: &Node, secret: &str) -> Answer {
    let ask = Ask::token().basic((client_id("reports").as_str(), secret));
    let answer = node.send(ask.form("grant_type=client_credentials")).await;
    node.store.record_usage(&node.app.usage.drain().usage).await.unwrap();
    answer
}

fn of_secret(id: &hallpass_core::SecretId, deed: &str) -> String {
    of("reports", &format!("/secrets/{id}/{deed}"))
}

#[tokio::test]
async fn a_secret_is_added_watched_and_the_old_one_retired() {
    let node = Node::start().with_credential("reports").await;
    let ada = node.member("ada", Role::Developer).await;
    let browser = Browser::of(&node, &ada).await;
    let old = secret("reports");
    assert_eq!(token(&node, &old).await.status, StatusCode::OK);

    let page = browser.get(&of("reports", "/rotate")).await;
    assert!(page.text().contains("Add secret"), "{}", page.text());
    let others = "2025-12-01T00:00:00";
    let fields = [("note", "vault/new"), ("others", others)];
    let (to, page) = browser.send_form(&of("reports", "/rotate"), &fields).await;
    assert_eq!(to, of("reports", "/rotate"));
    let new = secret_on(&page).unwrap();
    assert_eq!(page.text().matches(&new).count(), 1);
    assert_eq!(secret_on(&browser.get(&to).await), None);
    let own = reports(&node).await;
    assert_eq!(own.secrets[0].expires_at.unwrap().as_secs(), 1_764_547_200);
    assert_eq!((own.secrets[1].expires_at, own.secrets[1].note.as_str()), (None, "vault/new"));

    // Both work, and the page tells how the traffic moves.
    assert_eq!(token(&node, &old).await.status, StatusCode::OK);
    for _ in 0..3 {
        assert_eq!(token(&node, &new).await.status, StatusCode::OK);
    }
    let moving = of("reports", "/rotate/moving");
    let page = browser.get(&moving).await;
    assert!(page.text().contains("<strong>60 %</strong>"), "{}", page.text());
    assert!(!page.text().contains("has gone quiet"));
    // A program comes back when its token has ended: after a day of silence nobody needs it.
    node.clock.advance_secs(86_401);
    let browser = Browser::of(&node, &ada).await;
    assert!(!browser.get(&moving).await.text().contains("has gone quiet"), "nor does the new one");
    token(&node, &new).await;
    let page = browser.get(&moving).await;
    assert!(page.text().contains("The old secret has gone quiet"), "{}", page.text());

    let retire = of_secret(&secret_id("reports"), "retire");
    let ask = browser.get(&retire).await;
    assert!(ask.text().contains("It is quiet"), "{}", ask.text());
    let (_, page) = browser.send_form(&retire, &[("live", "keep")]).await;
    assert!(page.text().contains("Retired."), "{}", page.text());
    let own = reports(&node).await;
    let now = node.clock.now();
    assert_eq!(own.secrets[0].status(now), SecretStatus::Retired);
    assert_eq!(own.death(), None, "its tokens may live until they end");
}

#[tokio::test]
async fn what_is_not_good_adds_no_secret() {
    let node = Node::start().with_credential("reports").await;
    let policy = Policy { secret_life_at_most_s: Some(86_400), ..Policy::default() };
    let step = OrganizationStep::SetPolicy(policy);
    node.commit(Mutation::ChangeOrganization(organization_id(), step)).await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    for (fields, says) in [
        (&[("others", "2020-01-01T00:00:00")][..], "lies in the past"),
        (&[("others", "own")], "Choose a date and a time"),
        (&[("others", ""), ("ends", "2030-01-01T00:00:00")], "lets a secret live for 1 days"),
        (&[("others", ""), ("ends", "soon")], "Write a date and a time in UTC"),
        (&[("others", ""), ("note", "a\nb")], "control character"),
    ] {
        let page = browser.post(&of("reports", "/rotate"), fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert!(page.text().contains(says), "{fields:?}: {}", page.text());
    }
    assert_eq!(reports(&node).await.secrets.len(), 1);
    browser.send_form(&of("reports", "/rotate"), &[("others", "")]).await;
    assert!(reports(&node).await.secrets[1].expires_at.is_some(), "the policy wants an end");
}

#[tokio::test]
async fn a_leaked_secret_dies_with_its_tokens_and_the_other_lives_on() {
    let node = Node::start().with_credential("reports").await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let (_, page) = browser.send_form(&of("reports", "/rotate"), &[("others", "")]).await;
    let new = secret_on(&page).unwrap();
    let (stolen, good) = (token(&node, &secret("reports")).await.token(), token(&node, &new).await);

    let leaked = of_secret(&secret_id("reports"), "leaked");
    let ask = browser.get(&leaked).await;
    assert!(ask.text().contains("at most 1 token"), "{}", ask.text());
    let (_, page) = browser.send_form(&leaked, &[]).await;
    assert!(page.text().contains(">Leaked<"), "{}", page.text());
    assert!(!node.is_active(&stolen).await);
    assert!(node.is_active(&good.token()).await);
    assert_eq!(token(&node, &secret("reports")).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.post(&leaked, &[]).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn tokens_die_and_the_secret_lives() {
    let node = Node::start().with_credential("reports").await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let old = token(&node, &secret("reports")).await.token();
    let id = secret_id("reports");
    let (_, page) = browser.send_form(&of_secret(&id, "kill-tokens"), &[]).await;
    assert!(page.text().contains("The live tokens are dead"));
    assert!(!node.is_active(&old).await);
    assert_eq!(token(&node, &secret("reports")).await.status, StatusCode::OK);
    // The last secret stays: without it nothing would get a token.
    let last = browser.post(&of_secret(&id, "retire"), &[]).await;
    assert_eq!(last.status, StatusCode::CONFLICT);
    for (path, status) in [
        (of_secret(&secret_id("other"), "retire"), StatusCode::NOT_FOUND),
        (of_secret(&id, "burn"), StatusCode::NOT_FOUND),
    ] {
        assert_eq!(browser.get(&path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_note_is_kept_and_what_kills_wants_a_fresh_proof() {
    let node = Node::start().with_credential("reports").await;
    let ada = node.member("ada", Role::Developer).await;
    let browser = Browser::of(&node, &ada).await;
    let note = of_secret(&secret_id("reports"), "note");
    browser.send_form(&note, &[("note", "vault/here")]).await;
    assert_eq!(reports(&node).await.secrets[0].note.as_str(), "vault/here");
    node.clock.advance_secs(15 * 60 + 1);
    for (path, fields) in [
        (of_secret(&secret_id("reports"), "leaked"), &[][..]),
        (of_secret(&secret_id("reports"), "kill-tokens"), &[]),
        (of_secret(&secret_id("reports"), "retire"), &[("live", "kill")]),
        (of("reports", "/rotate"), &[("others", "")]),
        (of("reports", "/revoke"), &[("name", "reports")]),
        (of("reports", "/delete"), &[]),
    ] {
        let answer = browser.post(&path, fields).await;
        assert!(answer.header("location").starts_with("/confirm"), "{path}: {answer:?}");
    }
    assert_eq!(reports(&node).await.secrets.len(), 1);
}
