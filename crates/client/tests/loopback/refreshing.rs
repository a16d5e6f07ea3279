//! Renewal ahead of expiry, and an issuer that is away.

use std::time::Duration;

use hallpass_client::{Cause, ManualClock, TokenSource};

use crate::server::{Reply, Server, builder, quiet};

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// Asks for a token and lets whatever that started come to its end.
async fn ask(source: &TokenSource) -> String {
    let token = source.token().await.unwrap();
    quiet().await;
    token.as_str().to_owned()
}

#[tokio::test]
async fn the_old_token_is_served_while_one_refresh_is_under_way() {
    let clock = ManualClock::new();
    let issuer = Server::issuer();
    let source = builder(&clock).token_endpoint(issuer.url("/")).build().unwrap();
    assert_eq!(ask(&source).await, "t1");
    clock.advance(seconds(1799));
    assert_eq!(ask(&source).await, "t1");
    assert_eq!(issuer.seen().len(), 1);

    clock.advance(seconds(1));
    issuer.hold(true);
    for _ in 0..10 {
        assert_eq!(source.token().await.unwrap().as_str(), "t1");
    }
    issuer.has_seen(2).await;
    assert_eq!(source.token().await.unwrap().as_str(), "t1");
    issuer.hold(false);
    quiet().await;
    assert_eq!(ask(&source).await, "t2");
    assert_eq!(issuer.seen().len(), 2);
}

#[tokio::test]
async fn a_token_is_renewed_as_advised_else_at_half_its_life_give_or_take_a_tenth() {
    for (members, random, due_s) in [
        (r#""expires_in":86400,"refresh_after":43200"#, 0.5, 43_200),
        (r#""expires_in":86400,"refresh_after":60000"#, 0.5, 60_000),
        (r#""expires_in":86400"#, 0.5, 43_200),
        (r#""expires_in":86400"#, 0.0, 38_880),
        (r#""expires_in":86400"#, 1.0, 47_520),
        (r#""expires_in":"3600""#, 0.5, 1_800),
        (r#""scope":"a""#, 0.5, 150),
    ] {
        let clock = ManualClock::new();
        let issuer = Server::issuer();
        issuer.will(Reply::token("first", members));
        let source = builder(&clock).randomness(move || random);
        let source = source.token_endpoint(issuer.url("/")).build().unwrap();
        assert_eq!(ask(&source).await, "first");
        clock.advance(seconds(due_s - 1));
        assert_eq!(ask(&source).await, "first", "{members}");
        assert_eq!(issuer.seen().len(), 1, "{members}");
        clock.advance(seconds(2));
        assert_eq!(ask(&source).await, "first", "{members}");
        assert_eq!(ask(&source).await, "t2", "{members}");
    }
}

#[tokio::test]
async fn whatever_ails_the_issuer_the_old_token_is_served_until_it_expires() {
    for (reply, told) in [
        (Reply::new(503, "<html>"), "is unavailable (status 503)"),
        (Reply::new(429, ""), "is unavailable (status 429)"),
        (Reply::new(500, "oops"), "is unavailable (status 500)"),
        (Reply::new(401, r#"{"error":"invalid_client"}"#), "refused with `invalid_client`"),
        (Reply::new(200, "garbage"), "not JSON"),
        (Reply::new(200, "<html>"), "a web page"),
    ] {
        let clock = ManualClock::new();
        let issuer = Server::issuer();
        issuer.will(Reply::token("old", r#""expires_in":3600"#));
        issuer.will(reply.clone());
        issuer.will(reply);
        let source = builder(&clock).token_endpoint(issuer.url("/")).build().unwrap();
        assert_eq!(ask(&source).await, "old");
        clock.advance(seconds(1800));
        assert_eq!(ask(&source).await, "old");
        assert_eq!(issuer.seen().len(), 2, "{told}");
        clock.advance(seconds(1799));
        assert_eq!(ask(&source).await, "old");
        assert_eq!(issuer.seen().len(), 3, "{told}");

        // The third attempt failed a moment before: the next is not due yet.
        clock.advance(seconds(1));
        let error = source.token().await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
        assert!(error.contains("the last token expired 0 s ago; next attempt in 1 s"), "{error}");
        assert_eq!(issuer.seen().len(), 3, "{told}");

        clock.advance(seconds(1));
        assert_eq!(ask(&source).await, "t4");
    }
}

#[tokio::test]
async fn an_issuer_that_is_gone_is_told_only_after_expiry() {
    let clock = ManualClock::new();
    let mut issuer = Server::issuer();
    let source = builder(&clock).token_endpoint(issuer.url("/")).build().unwrap();
    assert_eq!(ask(&source).await, "t1");
    issuer.cut_off();
    clock.advance(seconds(3599));
    assert_eq!(ask(&source).await, "t1");
    clock.advance(seconds(61));
    let error = source.token().await.unwrap_err();
    assert!(matches!(error.cause, Cause::Unreachable(_)), "{error}");
    assert_eq!(error.expired_for, Some(seconds(60)));
    let told = error.to_string();
    assert!(told.contains("refused") && told.contains("expired 60 s ago"), "{told}");
}

#[tokio::test]
async fn attempts_back_off_as_the_server_asks_or_from_one_second_to_sixty() {
    let clock = ManualClock::new();
    let issuer = Server::start(|_, _| Reply::new(503, ""));
    issuer.will(Reply::token("old", r#""expires_in":3600"#));
    issuer.will(Reply::new(429, "").with("retry-after", "100"));
    let source = builder(&clock).token_endpoint(issuer.url("/")).build().unwrap();
    assert_eq!(ask(&source).await, "old");
    clock.advance(seconds(1800));
    assert_eq!(ask(&source).await, "old");
    let mut attempts = 2;
    for pause_s in [100, 2, 4, 8, 16, 32, 60, 60] {
        clock.advance(seconds(pause_s - 1));
        assert_eq!(ask(&source).await, "old");
        assert_eq!(issuer.seen().len(), attempts, "{pause_s} s are not over");
        clock.advance(seconds(1));
        assert_eq!(ask(&source).await, "old");
        attempts += 1;
        assert_eq!(issuer.seen().len(), attempts, "{pause_s} s are over");
    }
    issuer.will(Reply::token("new", r#""expires_in":3600"#));
    clock.advance(seconds(60));
    assert_eq!(ask(&source).await, "old");
    assert_eq!(ask(&source).await, "new");
}
