//! `/.well-known/jwks.json`: public keys only, each from before it signs until nothing that it
//! signed can be alive.

use hallpass_core::{Timestamp, installation::FEED_MARGIN_S};
use hallpass_token::jose::Algorithm;

use crate::{
    ask::{Answer, Ask},
    node::{BOOKS, NOW_S, Node, SCOPES, api, operator},
};

const DAY_S: u64 = 86_400;

async fn jwks(node: &Node) -> Answer {
    node.send(Ask::get("/.well-known/jwks.json")).await
}

async fn kids(node: &Node) -> Vec<String> {
    let keys = jwks(node).await.value()["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn signing_kid(node: &Node) -> String {
    let token = node.token("reports").await;
    jsonwebtoken::decode_header(&token).unwrap().kid.unwrap()
}

async fn publish(node: &Node, signs_in_s: u64) {
    let signs_from = Timestamp::from_secs(NOW_S + signs_in_s);
    node.rotation(&operator()).rotate(Algorithm::Es256, signs_from).await.unwrap();
    node.pass_s(0).await;
}

#[tokio::test]
async fn keys_are_published_without_their_private_halves() {
    let mut rsa = api("rsa", "https://api.example.com/rsa", SCOPES);
    rsa.algorithm = Algorithm::Rs256;
    let mut edwards = api("ed", "https://api.example.com/ed", SCOPES);
    edwards.algorithm = Algorithm::EdDsa;
    let node = Node::start().with_api(rsa).with_api(edwards).await;
    let mut members = String::new();
    for key in jwks(&node).await.value()["keys"].as_array().unwrap() {
        let key = key.as_object().unwrap();
        let fixed = ["kty", "crv", "alg", "use"].map(|name| key.get(name).and_then(|v| v.as_str()));
        members += &format!("{fixed:?} {:?}\n", key.keys().collect::<Vec<_>>());
    }
    insta::assert_snapshot!(members, @r#"
    [Some("EC"), Some("P-256"), Some("ES256"), Some("sig")] ["kty", "crv", "x", "y", "alg", "use", "kid"]
    [Some("OKP"), Some("Ed25519"), Some("EdDSA"), Some("sig")] ["kty", "crv", "x", "alg", "use", "kid"]
    [Some("RSA"), None, Some("RS256"), Some("sig")] ["kty", "n", "e", "alg", "use", "kid"]
    "#);
}

#[tokio::test]
async fn caches_may_keep_the_keys_for_as_long_as_configured() {
    let node = Node::start().with_config(|config| config.jwks_max_age_s = 60).await;
    let first = jwks(&node).await;
    assert_eq!(first.header("cache-control"), "public, max-age=60");
    assert_eq!(first.header("content-type"), "application/json");
    let tag = first.header("etag");
    for (known, status) in [
        (tag.to_owned(), 304),
        (format!("W/{tag}"), 304),
        (format!("\"x\", {tag}"), 304),
        ("*".to_owned(), 304),
        ("\"x\"".to_owned(), 200),
        (tag.trim_matches('"').to_owned(), 200),
        (String::new(), 200),
    ] {
        let ask = Ask::get("/.well-known/jwks.json").header("if-none-match", &known);
        let answer = node.send(ask).await;
        assert_eq!(answer.status, status, "{known}");
        assert_eq!(answer.header("etag"), tag, "{known}");
        assert_eq!(answer.header("cache-control"), "public, max-age=60", "{known}");
    }
    publish(&node, DAY_S).await;
    assert_ne!(jwks(&node).await.header("etag"), tag, "another key, another tag");
}

#[tokio::test]
async fn a_new_key_is_published_at_once_and_signs_from_its_date() {
    let node = Node::start().with_credential("reports").await;
    let old = kids(&node).await;
    assert_eq!(old, [signing_kid(&node).await]);
    publish(&node, DAY_S).await;
    let both = kids(&node).await;
    assert_eq!((both.len(), &both[0]), (2, &old[0]));
    for (pass_s, signing) in [(0, 0), (DAY_S - 1, 0), (1, 1)] {
        node.pass_s(pass_s).await;
        assert_eq!(signing_kid(&node).await, both[signing]);
        assert_eq!(kids(&node).await, both);
    }
}

#[tokio::test]
async fn a_retired_key_stays_until_its_last_token_has_expired() {
    let node = Node::start().with_credential("reports").await;
    let last_token = node.token("reports").await;
    publish(&node, 1).await;
    let both = kids(&node).await;
    // The last token was signed in the last second of the old key, and lives for a day.
    node.pass_s(DAY_S).await;
    assert_eq!(kids(&node).await, both);
    assert!(!node.is_active(&last_token).await);
    // A node that is cut off may have signed with it for longer, until it gave up.
    node.pass_s(FEED_MARGIN_S).await;
    assert_eq!(kids(&node).await, both);
    node.pass_s(1).await;
    assert_eq!(kids(&node).await, both[1..]);
}

#[tokio::test]
async fn a_killed_key_leaves_at_once_and_another_signs() {
    let node = Node::start().with_credential("reports").await;
    let old = kids(&node).await;
    let token = node.token("reports").await;
    node.rotation(&operator()).kill(Algorithm::Es256, &old[0]).await.unwrap();
    node.pass_s(0).await;
    let new = kids(&node).await;
    assert_eq!(new.len(), 1);
    assert_ne!(new, old);
    assert_eq!(signing_kid(&node).await, new[0]);
    assert!(!node.is_active(&token).await);
}

#[tokio::test]
async fn keys_survive_a_restart() {
    let node = Node::start().with_credential("reports").await;
    let token = node.token("reports").await;
    publish(&node, DAY_S).await;
    let before = jwks(&node).await;
    let node = node.restarted().await;
    assert_eq!(jwks(&node).await.body, before.body);
    assert!(node.is_active(&token).await);
}

#[tokio::test]
async fn an_api_that_changes_its_algorithm_is_signed_for_by_another_ring() {
    let node = Node::start().with_credential("reports").await.listen().await.keeping_house();
    // Its first round is over: nothing but the change itself can wake it.
    node.clock.advance_secs(1);
    let seen = async || node.app.live.as_of().as_secs() == NOW_S + 1;
    crate::node::eventually("a look at the change log", seen).await;
    let mut books = api("books", BOOKS, SCOPES);
    books.algorithm = Algorithm::EdDsa;
    node.commit(hallpass_core::Mutation::UpdateApi(books)).await;
    // Housekeeping makes the ring's first key; until then the answer is 503, and says when to
    // come again.
    crate::node::eventually("a token signed with EdDSA", async || {
        let answer = node.ask(crate::node::ask_token("reports")).await;
        assert!(matches!(answer.status.as_u16(), 200 | 503), "{}", answer.text());
        answer.status == 200
            && jsonwebtoken::decode_header(answer.token()).unwrap().alg
                == jsonwebtoken::Algorithm::EdDSA
    })
    .await;
}
