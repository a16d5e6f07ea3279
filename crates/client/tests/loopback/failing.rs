//! No token at all: what callers are told, and that nothing secret is in it.

use std::time::Duration;

use hallpass_client::{AuthorizedClient, Cause, ManualClock, TokenError};

use crate::server::{Reply, SECRET, Server, builder, in_time};

async fn failure(reply: Reply) -> (TokenError, usize) {
    let issuer = Server::issuer();
    issuer.will(reply);
    let url = issuer.url("/oauth/token?key=hush");
    let source = builder(&ManualClock::new()).token_endpoint(url).build().unwrap();
    let error = source.token().await.unwrap_err();
    // The same error, without another request, until the pause is over.
    assert_eq!(source.token().await.unwrap_err(), error);
    assert_eq!(error.at, issuer.url("/oauth/token"));
    (error, issuer.seen().len())
}

#[tokio::test]
async fn a_failure_says_what_happened_and_what_to_do() {
    let refusal = |status, error: &str| {
        let told = format!("{SECRET} is not right");
        Reply::new(status, format!(r#"{{"error":"{error}","error_description":"{told}"}}"#))
    };
    let huge = format!(r#"{{"access_token":"{}","token_type":"Bearer"}}"#, "x".repeat(1 << 20));
    for (reply, told) in [
        (refusal(401, "invalid_client"), "[secret] is not right; check client id and secret"),
        (refusal(400, "invalid_scope"), "refused with `invalid_scope`: [secret] is not right; ask"),
        (refusal(400, "invalid_target"), "check the audience or resource"),
        (refusal(503, "temporarily_unavailable"), "(status 503: [secret] is not right); wait"),
        (Reply::new(500, ""), "is unavailable (status 500); wait, or tell its operator"),
        (Reply::new(429, "").with("retry-after", "90"), "next attempt in 90 s"),
        (Reply::new(200, "garbage"), "not JSON"),
        (Reply::new(200, "<html>"), "a web page"),
        (Reply::new(200, huge), "longer than 65536 bytes"),
        (Reply::new(200, "{}"), "`access_token` is missing"),
        (Reply::new(404, ""), "no token endpoint at this URL"),
    ] {
        let (error, requests) = failure(reply).await;
        let all = format!("{error} {error:?}");
        assert!(error.to_string().contains(told), "{error}");
        assert!(error.to_string().contains("next attempt in "), "{error}");
        assert!(!all.contains("hush"), "{all}");
        assert_eq!(requests, 1);
    }
}

#[tokio::test]
async fn refusals_are_typed() {
    let body = r#"{"error":"invalid_client","error_description":"the secret expired"}"#;
    let (error, _) = failure(Reply::new(401, body)).await;
    let Cause::Refused(refusal) = error.cause else { panic!("{error}") };
    assert_eq!((refusal.status, refusal.error.as_str()), (401, "invalid_client"));
    assert_eq!(refusal.description.as_deref(), Some("the secret expired"));
    assert_eq!(error.retry_in, Duration::from_secs(1));
    assert_eq!(error.expired_for, None);
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_secret() {
    let elsewhere = Server::issuer();
    for status in [301, 302, 303, 307, 308] {
        let (error, _) = failure(Reply::new(status, "").with("location", elsewhere.url("/"))).await;
        assert!(error.to_string().contains("redirects are not followed"), "{error}");
    }
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn an_issuer_that_never_answers_or_is_not_there_is_unreachable() {
    let silent = Server::issuer();
    silent.hold(true);
    let mut gone = Server::issuer();
    gone.cut_off();
    for (issuer, told) in [(silent, "no answer in time"), (gone, "refused")] {
        let source = builder(&ManualClock::new()).token_endpoint(issuer.url("/"));
        let source = source.timeout(Duration::from_millis(100)).build().unwrap();
        let error = in_time(source.token()).await.unwrap_err();
        assert!(matches!(&error.cause, Cause::Unreachable(why) if why.contains(told)), "{error}");
    }
}

#[tokio::test]
async fn neither_secret_nor_token_is_printed() {
    let issuer = Server::issuer();
    issuer.will(Reply::token("sesame", r#""expires_in":60"#));
    let source = builder(&ManualClock::new()).token_endpoint(issuer.url("/")).build().unwrap();
    let token = source.token().await.unwrap();
    let client = AuthorizedClient::new(source.clone()).unwrap();
    let printed = format!("{source:?} {token:?} {client:?} {:?}", token.authorization());
    assert!(!printed.contains("hush") && !printed.contains("sesame"), "{printed}");
}
