//! The first token: how it is asked for, and that many callers ask once.

use std::time::Duration;

use hallpass_client::{AuthStyle, Builder, Cause, ManualClock, Secret};
use tokio::task::JoinSet;

use crate::server::{Reply, SECRET, Server, builder, in_time, quiet};

#[tokio::test]
async fn a_hundred_callers_cause_one_fetch() {
    for (reply, wanted) in
        [(Reply::token("one", r#""expires_in":60"#), Ok("one")), (Reply::new(503, ""), Err(503))]
    {
        let issuer = Server::issuer();
        issuer.will(reply);
        issuer.hold(true);
        let source = builder(&ManualClock::new()).token_endpoint(issuer.url("/")).build().unwrap();
        let mut callers = JoinSet::new();
        for _ in 0..100 {
            let source = source.clone();
            callers.spawn(async move { source.token().await });
        }
        issuer.has_seen(1).await;
        issuer.hold(false);
        for outcome in in_time(callers.join_all()).await {
            match (outcome, wanted) {
                (Ok(token), Ok(wanted)) => assert_eq!(token.as_str(), wanted),
                (Err(error), Err(wanted)) => {
                    assert_eq!(
                        error.cause,
                        Cause::Unavailable { status: wanted, description: None }
                    );
                }
                (outcome, wanted) => panic!("{outcome:?}, not {wanted:?}"),
            }
        }
        assert_eq!(issuer.seen().len(), 1);
    }
}

#[tokio::test]
async fn requests_are_as_rfc_6749_and_rfc_8707_say() {
    type Change = fn(Builder) -> Builder;
    let cases: [(&str, Change, &str, &str); 4] = [
        (SECRET, |b| b, "Basic cmVwb3J0czpocHNfaHVzaA==", "grant_type=client_credentials"),
        // `reports:a%20%3A%2B%25%C3%A9`, in base64.
        (
            "a :+%é",
            |b| b,
            "Basic cmVwb3J0czphJTIwJTNBJTJCJTI1JUMzJUE5",
            "grant_type=client_credentials",
        ),
        (
            "a &=é",
            |b| b.auth_style(AuthStyle::Body),
            "",
            "grant_type=client_credentials&client_id=reports&client_secret=a+%26%3D%C3%A9",
        ),
        (
            SECRET,
            |b| b.scope("x y").audience("https://a/").resource("https://b"),
            "Basic cmVwb3J0czpocHNfaHVzaA==",
            "grant_type=client_credentials&scope=x+y&audience=https%3A%2F%2Fa%2F\
             &resource=https%3A%2F%2Fb",
        ),
    ];
    for (secret, change, authorization, body) in cases {
        let issuer = Server::issuer();
        let builder = Builder::new("reports", Secret::new(secret));
        let source = change(builder).token_endpoint(issuer.url("/oauth/token?v=1"));
        assert_eq!(source.build().unwrap().token().await.unwrap().as_str(), "t1");
        let [seen] = issuer.seen().try_into().unwrap();
        assert_eq!(seen.path, "/oauth/token?v=1");
        assert_eq!(seen.authorization, authorization, "{secret}");
        assert_eq!(seen.body, body, "{secret}");
    }
}

#[tokio::test]
async fn a_token_endpoint_is_discovered_once_and_again_after_trouble() {
    let clock = ManualClock::new();
    let issuer = Server::issuer();
    let metadata = |path: &str| {
        let (own, endpoint) = (issuer.url("/tenant"), issuer.url(path));
        Reply::new(200, format!(r#"{{"issuer":"{own}","token_endpoint":"{endpoint}"}}"#))
    };
    let source = builder(&clock).issuer(issuer.url("/tenant")).build().unwrap();
    let mut seen = Vec::new();
    let mut fetch = async |replies: Vec<Reply>, works: bool| {
        replies.into_iter().for_each(|reply| issuer.will(reply));
        clock.advance(Duration::from_secs(3600));
        assert_eq!(source.token().await.is_ok(), works);
        let all: Vec<String> = issuer.seen().into_iter().map(|seen| seen.path).collect();
        let new = all[seen.len()..].to_vec();
        seen = all;
        new
    };
    let well_known = "/.well-known/oauth-authorization-server/tenant";
    assert_eq!(fetch(vec![metadata("/old")], true).await, [well_known, "/old"]);
    assert_eq!(fetch(vec![], true).await, ["/old"]);
    let refusal = Reply::new(400, r#"{"error":"invalid_scope"}"#);
    assert_eq!(fetch(vec![refusal], false).await, ["/old"]);
    assert_eq!(fetch(vec![Reply::new(404, "")], false).await, ["/old"]);
    assert_eq!(fetch(vec![metadata("/new")], true).await, [well_known, "/new"]);
    assert_eq!(fetch(vec![], true).await, ["/new"]);
}

#[tokio::test]
async fn metadata_of_another_issuer_never_see_the_secret() {
    let issuer = Server::issuer();
    let endpoint = issuer.url("/token");
    let other = format!(r#"{{"issuer":"https://other","token_endpoint":"{endpoint}"}}"#);
    issuer.will(Reply::new(200, other));
    let source = builder(&ManualClock::new()).issuer(issuer.url("")).build().unwrap();
    let error = source.token().await.unwrap_err();
    let wanted = Cause::WrongIssuer { wanted: issuer.url(""), found: "https://other".to_owned() };
    assert_eq!(error.cause, wanted);
    assert_eq!(issuer.seen().len(), 1);
    assert_eq!(issuer.seen()[0].authorization, "");
}

#[tokio::test]
async fn a_caller_who_gives_up_does_not_block_the_next() {
    let issuer = Server::issuer();
    issuer.hold(true);
    let source = builder(&ManualClock::new()).token_endpoint(issuer.url("/")).build().unwrap();
    let first = tokio::spawn({
        let source = source.clone();
        async move { source.token().await }
    });
    issuer.has_seen(1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    issuer.hold(false);
    assert_eq!(in_time(source.token()).await.unwrap().as_str(), "t2");
    quiet().await;
}

#[test]
fn a_runtime_that_stands_still_does_not_block_the_others() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let clock = ManualClock::new();
    let issuer = Server::issuer();
    let source = builder(&clock).token_endpoint(issuer.url("/"));
    let source = source.timeout(Duration::from_millis(300)).build().unwrap();
    let stopped = runtime();
    stopped.block_on(async {
        assert_eq!(source.token().await.unwrap().as_str(), "t1");
        quiet().await;
        issuer.hold(true);
        clock.advance(Duration::from_secs(1800));
        // Starts a refresh on this runtime, which nobody drives once `block_on` is over.
        assert_eq!(source.token().await.unwrap().as_str(), "t1");
    });
    issuer.hold(false);
    clock.advance(Duration::from_secs(1800));
    let token = runtime().block_on(in_time(source.token())).unwrap();
    assert_ne!(token.as_str(), "t1");

    // A runtime that was dropped in the midst of a refresh is no trouble either.
    drop(stopped);
    clock.advance(Duration::from_secs(3600));
    let next = runtime().block_on(in_time(source.token())).unwrap();
    assert_ne!(next.as_str(), token.as_str());
}
