//! Calls of an API: the token goes along, a 401 is mended once, and the token goes nowhere else.

use std::{convert::Infallible, pin::Pin, task, time::Duration};

use hallpass_client::{AuthorizedClient, CallError, Cause, ManualClock, TokenSource};
use tokio::task::JoinSet;

use crate::server::{Reply, Server, builder, in_time};

struct Scene {
    clock: ManualClock,
    issuer: Server,
    api: Server,
    source: TokenSource,
    client: AuthorizedClient,
}

/// An API that refuses these tokens, and takes all others.
fn scene(refused: &'static [&'static str]) -> Scene {
    let clock = ManualClock::new();
    let issuer = Server::issuer();
    let api = Server::start(|_, seen| {
        let token = seen.authorization.strip_prefix("Bearer ").unwrap();
        Reply::new(if refused.contains(&token) { 401 } else { 200 }, "")
    });
    let source = builder(&clock).token_endpoint(issuer.url("/")).build().unwrap();
    let client = AuthorizedClient::new(source.clone()).unwrap();
    Scene { clock, issuer, api, source, client }
}

impl Scene {
    async fn call(&self) -> u16 {
        let call = self.client.http().get(self.api.url("/v1/books"));
        in_time(self.client.send(call)).await.unwrap().status().as_u16()
    }

    /// The tokens that the API has seen.
    fn tokens(&self) -> Vec<String> {
        let seen = self.api.seen().into_iter();
        seen.map(|seen| seen.authorization.replace("Bearer ", "")).collect()
    }
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_unless_it_was_fresh() {
    let all: &[&str] = &["t1", "t2", "t3", "t4"];
    for (what, refused, held, status, tokens, fetches) in [
        ("no trouble", &[][..], true, 200, &["t1"][..], 1),
        ("a dead token", &["t1"], true, 200, &["t1", "t2"], 2),
        ("an API that takes none", all, true, 401, &["t1", "t2"], 2),
        ("a fresh token", &["t1"], false, 401, &["t1"], 1),
    ] {
        let scene = scene(refused);
        if held {
            scene.source.token().await.unwrap();
        }
        assert_eq!(scene.call().await, status, "{what}");
        assert_eq!(scene.tokens(), tokens, "{what}");
        assert_eq!(scene.issuer.seen().len(), fetches, "{what}");
    }
}

#[tokio::test]
async fn an_api_that_takes_no_token_does_not_cost_a_fetch_per_call() {
    let scene = scene(&["t1", "t2", "t3", "t4"]);
    scene.source.token().await.unwrap();
    for _ in 0..10 {
        assert_eq!(scene.call().await, 401);
    }
    assert_eq!(scene.issuer.seen().len(), 2);
    for (pause_s, fetches) in [(1, 3), (1, 3), (1, 4)] {
        scene.clock.advance(Duration::from_secs(pause_s));
        scene.call().await;
        assert_eq!(scene.issuer.seen().len(), fetches);
    }
    // Its second thoughts end the pauses: the next refusal is mended at once.
    scene.clock.advance(Duration::from_secs(4));
    assert_eq!(scene.call().await, 200);
    scene.api.will(Reply::new(401, ""));
    assert_eq!(scene.call().await, 200);
    assert_eq!(scene.issuer.seen().len(), 6);
}

#[tokio::test]
async fn many_callers_refused_together_cause_one_fetch() {
    let scene = scene(&["t1"]);
    scene.source.token().await.unwrap();
    scene.api.hold(true);
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let (client, url) = (scene.client.clone(), scene.api.url("/"));
        calls.spawn(async move { client.send(client.http().get(url)).await.unwrap().status() });
    }
    scene.api.has_seen(50).await;
    scene.api.hold(false);
    assert!(in_time(calls.join_all()).await.iter().all(|status| *status == 200));
    assert_eq!(scene.issuer.seen().len(), 2);
}

#[tokio::test]
async fn only_the_current_token_can_be_invalidated() {
    let scene = scene(&[]);
    let first = scene.source.token().await.unwrap();
    scene.source.invalidate(&first);
    let second = scene.source.token().await.unwrap();
    scene.source.invalidate(&first);
    assert_eq!(scene.source.token().await.unwrap().as_str(), second.as_str());
    assert_eq!(scene.issuer.seen().len(), 2);

    // An issuer that hands out the same token again: then it is the refused one.
    scene.source.invalidate(&second);
    scene.issuer.will(Reply::token("t2", r#""expires_in":60"#));
    scene.source.token().await.unwrap();
    scene.source.invalidate(&second);
    assert_eq!(scene.source.token().await.unwrap().as_str(), "t4");
}

#[tokio::test]
async fn the_second_request_is_the_first_with_another_token() {
    let scene = scene(&["t1"]);
    scene.source.token().await.unwrap();
    let call = scene.client.http().post(scene.api.url("/v1/books?x=1"));
    let call = call.bearer_auth("forgotten").body("title=Emma").build().unwrap();
    assert_eq!(scene.client.execute(call).await.unwrap().status(), 200);
    let [first, second] = scene.api.seen().try_into().unwrap();
    assert_eq!((first.path.as_str(), first.body.as_str()), ("/v1/books?x=1", "title=Emma"));
    assert_eq!((&first.path, &first.body), (&second.path, &second.body));
    assert_eq!(scene.tokens(), ["t1", "t2"]);
}

/// A body that can be sent only once.
struct Once(Option<&'static [u8]>);

impl http_body::Body for Once {
    type Data = &'static [u8];
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut task::Context<'_>,
    ) -> task::Poll<Option<Result<http_body::Frame<Self::Data>, Infallible>>> {
        task::Poll::Ready(self.0.take().map(|data| Ok(http_body::Frame::data(data))))
    }
}

#[tokio::test]
async fn a_streamed_body_is_not_sent_twice_but_the_token_is_dropped() {
    let scene = scene(&["t1"]);
    scene.source.token().await.unwrap();
    let call = scene.client.http().post(scene.api.url("/"));
    let call = call.body(reqwest::Body::wrap(Once(Some(b"stream"))));
    assert_eq!(scene.client.send(call).await.unwrap().status(), 401);
    assert_eq!(scene.api.seen()[0].body, "stream");
    assert_eq!(scene.call().await, 200);
    assert_eq!(scene.tokens(), ["t1", "t2"]);
}

#[tokio::test]
async fn a_refused_token_that_cannot_be_replaced_tells_why() {
    let scene = scene(&["t1"]);
    scene.source.token().await.unwrap();
    scene.issuer.will(Reply::new(401, r#"{"error":"invalid_client"}"#));
    let error = scene.client.send(scene.client.http().get(scene.api.url("/"))).await.unwrap_err();
    let CallError::Token(error) = error else { panic!("{error}") };
    assert!(matches!(error.cause, Cause::Refused(_)), "{error}");
}

#[tokio::test]
async fn the_token_goes_to_no_other_place() {
    let scene = scene(&[]);
    let elsewhere = Server::start(|_, _| Reply::new(200, ""));
    let http = scene.client.http();

    scene.api.will(Reply::new(302, "").with("location", elsewhere.url("/")));
    assert_eq!(scene.call().await, 302);

    let error = scene.client.send(http.get("http://api.example.com/v1")).await.unwrap_err();
    assert!(matches!(&error, CallError::Insecure(at) if at == "http://api.example.com"));

    let bound = scene.client.clone().only_to(scene.api.url("/v1/").parse().unwrap());
    let error = bound.send(http.get(elsewhere.url("/v1/"))).await.unwrap_err();
    assert!(matches!(error, CallError::OtherOrigin(_)), "{error}");
    assert_eq!(bound.send(http.get(scene.api.url("/v2"))).await.unwrap().status(), 200);

    assert_eq!(elsewhere.seen().len(), 0);
}
