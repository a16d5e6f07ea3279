//! Whoever guesses secrets is slowed down, and whoever has the right one never is.

use crate::{
    ask::{Answer, Ask},
    node::{Login, Node, ask_token, client_id},
    wire::Listening,
};

const LIMIT: u32 = 3;
const NEAR: &str = "203.0.113.7";
const FAR: &str = "198.51.100.7";

/// A node behind a proxy on this machine, with a limit of three.
async fn node() -> Listening {
    let node = Node::start()
        .with_config(|config| {
            config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
            config.failed_logins_per_minute = LIMIT;
        })
        .with_credential("reports")
        .with_credential("other");
    node.await.listen().await
}

fn guess(name: &str) -> Ask {
    Ask::token().basic((client_id(name).as_str(), "guess"))
}

async fn fail_to_the_limit(node: &Listening, name: &str, from: &str) {
    for _ in 0..LIMIT {
        let answer = node.ask_from(from, guess(name)).await;
        assert_eq!(answer.outcome(), (401, "invalid_client".to_owned()));
    }
}

fn is_limited(answer: &Answer) -> bool {
    let limited = answer.status == 429;
    if limited {
        assert_eq!(answer.code(), "invalid_client");
        assert_eq!(answer.header("retry-after"), "60");
        assert_eq!(answer.header("ratelimit-remaining"), "0");
        assert_eq!(answer.header("ratelimit-reset"), "60");
    }
    limited
}

#[tokio::test]
async fn guesses_are_limited_per_client_and_network() {
    let node = node().await;
    fail_to_the_limit(&node, "reports", NEAR).await;
    for (from, name, limited) in [
        (NEAR, "reports", true),
        ("203.0.113.200", "reports", true), // A neighbour, in the same /24.
        ("::ffff:203.0.113.7", "reports", true),
        (FAR, "reports", false),
        (NEAR, "other", false),
        ("2001:db8::1", "reports", false),
    ] {
        let answer = node.ask_from(from, guess(name)).await;
        assert_eq!(is_limited(&answer), limited, "{from} {name}");
    }
    let posted = Ask::token().form(format!(
        "grant_type=client_credentials&client_id={}&client_secret=guess",
        client_id("reports")
    ));
    assert!(is_limited(&node.ask_from(NEAR, posted).await), "another way to log in");
}

#[tokio::test]
async fn unknown_clients_are_limited_alike() {
    let node = node().await;
    fail_to_the_limit(&node, "nobody", NEAR).await;
    assert!(is_limited(&node.ask_from(NEAR, guess("nobody")).await));
}

#[tokio::test]
async fn the_right_secret_works_while_somebody_else_guesses() {
    let node = node().await;
    fail_to_the_limit(&node, "reports", NEAR).await;
    assert!(is_limited(&node.ask_from(NEAR, guess("reports")).await));
    node.ask_from(NEAR, ask_token("reports")).await.token();
    node.ask_from(FAR, ask_token("reports")).await.token();
}

#[tokio::test]
async fn the_other_endpoints_count_the_same_guesses() {
    let node = node().await;
    let body = "grant_type=client_credentials&token=x";
    let at = |path| guess("reports").form(body).at(path);
    for path in ["/oauth/revoke", "/oauth/introspect", "/oauth/revoke"] {
        assert!(!is_limited(&node.ask_from(NEAR, at(path)).await), "{path}");
    }
    for path in ["/oauth/revoke", "/oauth/introspect", "/oauth/token"] {
        assert!(is_limited(&node.ask_from(NEAR, at(path)).await), "{path}");
    }
}

#[tokio::test]
async fn a_client_that_tries_basic_first_and_then_the_body_is_forgiven() {
    let node = node().await;
    let login = Login::of("reports");
    let (id, secret) = login.pair();
    // More often than even all clients of the network together may fail.
    for round in 0..LIMIT * 25 {
        let answer = node.ask_from(NEAR, guess("reports")).await;
        assert!(!is_limited(&answer), "round {round}");
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        node.ask_from(NEAR, Ask::token().form(body)).await.token();
    }
}

#[tokio::test]
async fn guesses_over_many_clients_are_limited_together() {
    let node = node().await;
    let mut limited = 0;
    for number in 0..LIMIT * 20 + 5 {
        let answer = node.ask_from(NEAR, guess(&format!("nobody-{number}"))).await;
        limited += u32::from(is_limited(&answer));
    }
    assert_eq!(limited, 5);
}

#[tokio::test]
async fn guesses_at_the_same_time_are_all_counted() {
    let node = node().await;
    let guesses = (0..20).map(|_| node.ask_from(NEAR, guess("reports")));
    let answers = futures_util::future::join_all(guesses).await;
    let let_through = answers.iter().filter(|answer| !is_limited(answer)).count();
    assert_eq!(let_through, LIMIT as usize);
}

#[tokio::test]
async fn malformed_requests_and_useless_right_secrets_are_no_guesses() {
    let node = node().await;
    node.commit(hallpass_core::Mutation::PauseCredential(client_id("reports"))).await;
    for _ in 0..LIMIT * 2 {
        let answer = node.ask_from(NEAR, ask_token("reports")).await;
        assert_eq!(answer.status, 401);
        let answer = node.ask_from(NEAR, guess("reports").form("grant_type=password")).await;
        assert_eq!(answer.status, 400);
    }
}

#[tokio::test]
async fn a_strangers_forwarded_address_is_not_believed() {
    let node = Node::start()
        .with_config(|config| config.failed_logins_per_minute = LIMIT)
        .with_credential("reports")
        .await
        .listen()
        .await;
    for number in 0..LIMIT {
        node.ask_from(&format!("203.0.{number}.1"), guess("reports")).await;
    }
    assert!(is_limited(&node.ask_from("198.51.100.1", guess("reports")).await));
}
