//! Signing keys change while clients keep asking: no request fails, and no token meets an API
//! that cannot know its key.

use std::sync::atomic::{AtomicBool, Ordering};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hallpass_token::feed::Subject;

use crate::{
    node::{Jwks, Node},
    place::{BOOKS, Login, Place, text},
    process::within_limit,
    stream::Stream,
};

/// Asks for one token after the other until told that it is over. Each must verify by the keys
/// that were published just before it or just after it.
async fn tokens_meanwhile(node: &Node, login: &Login, over: &AtomicBool) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut before = node.jwks().await;
    while !over.load(Ordering::Relaxed) {
        let token = node.token(login).await.unwrap();
        let after = node.jwks().await;
        let verified = [&before, &after].map(|jwks| jwks.verify(&token, BOOKS));
        assert!(verified.iter().any(Result::is_ok), "{verified:?}");
        before = after;
        tokens.push(token);
    }
    tokens
}

/// By the token's own word: its key may die before anyone could fetch it. Whether tokens verify
/// is what `tokens_meanwhile` sees to.
async fn kid_of_next_token(node: &Node, login: &Login) -> String {
    kid(&node.token(login).await.unwrap())
}

fn kid(token: &str) -> String {
    let header = token.split('.').next().unwrap();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap();
    text(&serde_json::from_slice(&header).unwrap(), "kid")
}

/// Waits until tokens are signed with this key.
async fn signs_with(node: &Node, login: &Login, kid: &str) {
    let waiting = async { while kid_of_next_token(node, login).await != kid {} };
    within_limit("signing with the new key", waiting).await;
}

async fn with_a_reader() -> (Place, Login, Node) {
    let place = Place::set_up().await;
    let login = place.reader("reports").await;
    let node = Node::start(&place, &[]).await;
    (place, login, node)
}

#[tokio::test]
async fn rotation_at_once_fails_no_request_and_no_token() {
    let (place, login, node) = with_a_reader().await;
    let over = AtomicBool::new(false);
    let rotate = async {
        for _ in 0..4 {
            let key = place.ask(&["key", "rotate", "--lead", "0s"]).await;
            signs_with(&node, &login, &text(&key, "kid")).await;
        }
        over.store(true, Ordering::Relaxed);
    };
    let (one, two, ()) = tokio::join!(
        tokens_meanwhile(&node, &login, &over),
        tokens_meanwhile(&node, &login, &over),
        rotate
    );
    // Keys stay published until their last token has expired.
    let jwks = node.jwks().await;
    assert_eq!(jwks.kids().len(), 5);
    for token in one.iter().chain(&two) {
        jwks.verify(token, BOOKS).unwrap();
    }
    node.stop().await;
}

#[tokio::test]
async fn a_key_is_published_long_before_it_signs() {
    let (place, login, node) = with_a_reader().await;
    let first = kid_of_next_token(&node, &login).await;
    let next = text(&place.ask(&["key", "rotate"]).await, "kid");
    node.caught_up(&place).await;
    let known = |jwks: &Jwks| jwks.kids().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(known(&node.jwks().await), [first.clone(), next]);
    assert_eq!(kid_of_next_token(&node, &login).await, first);
    let statuses = place.ask(&["key", "list"]).await;
    let statuses: Vec<_> =
        statuses.as_array().unwrap().iter().map(|key| text(key, "status")).collect();
    assert_eq!(statuses, ["signing", "published"]);
    node.stop().await;
}

/// The schedule publishes a key a day before it signs, and whoever needs another one sooner must
/// not be told of that one.
#[tokio::test]
async fn the_key_that_was_made_is_named_also_beside_one_that_signs_later() {
    let (place, login, node) = with_a_reader().await;
    let later = text(&place.ask(&["key", "rotate"]).await, "kid");
    let sooner = text(&place.ask(&["key", "rotate", "--lead", "0s"]).await, "kid");
    assert_ne!(sooner, later);
    signs_with(&node, &login, &sooner).await;
    node.stop().await;
}

#[tokio::test]
async fn the_server_rotates_by_itself() {
    let place = Place::set_up().await;
    let login = place.reader("reports").await;
    // The next key is due already: it has to be published earlier than this one began.
    let schedule = ["--key-rotation-s", "3600", "--key-publish-lead-s", "7200"];
    let node = Node::start(&place, &schedule).await;
    let published = async { while node.jwks().await.kids().len() < 2 {} };
    within_limit("a rotation by schedule", published).await;
    let kids: Vec<String> = node.jwks().await.kids().iter().map(ToString::to_string).collect();
    assert_eq!(kid_of_next_token(&node, &login).await, kids[0]);
    let by = place.ask(&["audit", "list", "--limit", "1"]).await;
    assert_eq!(by[0]["actor"]["kind"], "server", "{by}");
    node.stop().await;
}

/// One kid in 64 begins like a flag, and nobody in an emergency knows why theirs is refused.
#[tokio::test]
async fn a_key_is_killed_whatever_its_name_begins_with() {
    let place = Place::set_up().await;
    for kid in ["-qFs29", "--Fs29", "-hFs29", "-VFs29"] {
        let why = place.refused(&["key", "kill", kid, "--yes"]).await;
        assert!(why.contains(&format!("there is no signing key {kid:?}")), "{why}");
    }
}

#[tokio::test]
async fn a_killed_key_takes_its_tokens_along_and_no_request_fails() {
    let (place, login, node) = with_a_reader().await;
    let mut stream = Stream::open(&node, 0).await;
    let old = kid_of_next_token(&node, &login).await;
    let over = AtomicBool::new(false);
    let kill = async {
        let answer = place.ask(&["key", "kill", &old, "--yes"]).await;
        signs_with(&node, &login, &text(&answer, "signing")).await;
        over.store(true, Ordering::Relaxed);
    };
    let (mut tokens, ()) = tokio::join!(tokens_meanwhile(&node, &login, &over), kill);
    tokens.push(node.token(&login).await.unwrap());

    assert_eq!(stream.death().await.subject, Subject::Key { kid: old.clone() });
    let jwks = node.jwks().await;
    assert!(!jwks.kids().contains(&old.as_str()));
    let (alive, dead): (Vec<_>, Vec<_>) =
        tokens.iter().partition(|token| stream.lets_in(token, &jwks, BOOKS));
    assert!(!alive.is_empty() && !dead.is_empty(), "the key was killed in the middle");
    // Whoever still has the old key in its cache goes by the feed.
    let verdict = text(&place.ask(&["token", "inspect", dead[0]]).await, "verdict");
    assert!(verdict.starts_with("Dead:"), "{verdict}");
    assert!(place.refused(&["key", "kill", &old, "--yes"]).await.contains("already killed"));
    node.stop().await;
}
