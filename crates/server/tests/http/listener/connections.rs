//! Connections: how many, for how long, in which version, and what goes over one of them.

use std::time::Duration;

use http::Method;
use tokio::io::AsyncWriteExt;

use crate::{
    ask::Ask,
    node::{Login, Node, ask_token, eventually},
    wire::{Listening, client, on_the_wire, within},
};

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn impatient_node() -> Listening {
    let node = Node::start()
        .with_config(|config| {
            config.header_timeout_s = 1;
            config.body_timeout_s = 1;
            config.unread_timeout_s = 1;
        })
        .with_credential("reports");
    node.await.listen().await
}

#[tokio::test]
async fn whoever_is_slow_with_the_head_is_cut_off() {
    let node = impatient_node().await;
    let beginnings = [
        ("nothing at all", ""),
        ("one letter", "G"),
        ("half a head", "GET /healthz HTTP/1.1\r\nHost: loc"),
        ("half a preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nS"),
        ("empty lines", "\r\n\r\n"),
        ("one request, then nothing", HEALTH),
    ];
    let cut_off = beginnings.map(async |(what, begin)| {
        let mut wire = node.dial().await;
        wire.say(begin).await;
        let came = wire.rest().await;
        let answers = usize::from(begin == HEALTH);
        assert_eq!(came.matches("HTTP/1.1 200").count(), answers, "{what}: {came}");
        assert!(came.matches("HTTP/1.1").count() <= 1, "{what}: {came}");
    });
    futures_util::future::join_all(cut_off).await;
}

#[tokio::test]
async fn whoever_is_slow_with_the_body_hears_so() {
    let node = impatient_node().await;
    let head = on_the_wire(&ask_token("reports").header("content-length", "100"));
    let chunked = on_the_wire(&ask_token("reports").header("transfer-encoding", "chunked"));
    for head in [head, chunked] {
        let mut wire = node.dial().await;
        wire.say(head).await;
        wire.say("5\r\ngrant").await;
        let answer = wire.answer().await.unwrap();
        assert_eq!(answer.status, 408);
        assert_eq!(answer.headers["content-type"], "application/json");
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["error"], "invalid_request");
        // What comes late must not be taken for another request.
        wire.say(HEALTH).await;
        assert_eq!(wire.rest().await.matches("HTTP/1.1").count(), 0);
    }
}

#[tokio::test]
async fn whoever_does_not_read_is_cut_off() {
    let node = impatient_node().await;
    let mut wire = node.dial().await;
    // More answers than any buffer in between holds, and none of them is read.
    let asks = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(200);
    let ended = async { while wire.stream.write_all(asks.as_bytes()).await.is_ok() {} };
    within("the end of the connection", ended).await;
    eventually("no connection", async || node.app.metrics.connections.get() == 0).await;
}

#[tokio::test]
async fn a_body_that_is_announced_too_long_is_not_waited_for() {
    let node = Node::start().with_credential("reports").await.listen().await;
    let ask = ask_token("reports").header("content-type", crate::ask::FORM);
    for length in ["65537", "9223372036854775807"] {
        let mut wire = node.dial().await;
        wire.say(on_the_wire(&ask.clone().header("content-length", length))).await;
        let answer = wire.answer().await.unwrap();
        assert_eq!(answer.status, 413, "{length}");
    }
}

#[tokio::test]
async fn connections_over_the_cap_wait_for_their_turn() {
    let node = Node::start().with_config(|config| config.connections_at_most = 2).await;
    let node = node.listen().await;
    let (mut first, mut second) = (node.dial().await, node.dial().await);
    for wire in [&mut first, &mut second] {
        wire.say(HEALTH).await;
        assert_eq!(wire.answer().await.unwrap().status, 200);
    }
    let mut third = node.dial().await;
    third.say(HEALTH).await;
    let early = tokio::time::timeout(Duration::from_millis(100), third.until("HTTP/1.1"));
    assert!(early.await.is_err(), "the third was answered while two were open");
    assert_eq!(node.app.metrics.connections.get(), 2);
    drop(first);
    assert_eq!(third.answer().await.unwrap().status, 200);
    second.say(HEALTH).await;
    assert_eq!(second.answer().await.unwrap().status, 200);
    drop((second, third));
    eventually("no connection", async || node.app.metrics.connections.get() == 0).await;
}

#[tokio::test]
async fn a_connection_carries_many_requests_in_order() {
    let node = Node::start().with_credential("reports").await.listen().await;
    let mut wire = node.dial().await;
    let token = on_the_wire(&ask_token("reports").form("grant_type=client_credentials"));
    for _ in 0..3 {
        wire.say(&token).await;
        assert_eq!(wire.answer().await.unwrap().status, 200);
    }
    // All at once, and one of them refused.
    let refused = on_the_wire(&Ask::token().form("grant_type=client_credentials"));
    let missing = on_the_wire(&Ask::get("/nothing"));
    wire.say([&token[..], &refused, &missing, &token, HEALTH.as_bytes()].concat()).await;
    for status in [200, 401, 404, 200, 200] {
        assert_eq!(wire.answer().await.unwrap().status, status);
    }
    // Who asks to close is let go.
    wire.say(HEALTH.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await;
    assert!(wire.rest().await.contains("200 OK"));
}

#[tokio::test]
async fn every_answer_has_a_number_of_its_own() {
    let node = Node::start().await.listen().await;
    let mut wire = node.dial().await;
    let mut numbers = std::collections::HashSet::new();
    for _ in 0..10 {
        wire.say(HEALTH).await;
        let answer = wire.answer().await.unwrap();
        assert!(answer.headers.contains_key("date"), "clients learn our time by it");
        assert!(!answer.headers.contains_key("server"), "no banner");
        numbers.insert(answer.headers["x-request-id"].clone());
    }
    assert_eq!(numbers.len(), 10);
}

#[tokio::test]
async fn what_clients_do_beside_the_plain_request_is_understood() {
    let node = Node::start().with_credential("reports").await.listen().await;
    let kind = "content-type";
    let form = "grant_type=client_credentials";
    let length = form.len().to_string();

    let mut wire = node.dial().await;
    let ask = ask_token("reports").header(kind, crate::ask::FORM);
    let ask = ask.header("content-length", &length).header("expect", "100-continue");
    wire.say(on_the_wire(&ask)).await;
    assert_eq!(wire.until("\r\n\r\n").await.unwrap(), "HTTP/1.1 100 Continue\r\n\r\n");
    wire.say(form).await;
    assert_eq!(wire.answer().await.unwrap().status, 200);

    let ask = ask_token("reports").header(kind, crate::ask::FORM);
    wire.say(on_the_wire(&ask.header("transfer-encoding", "chunked"))).await;
    for chunk in ["b;x=y\r\ngrant_type=\r\n", "12\r\nclient_credentials\r\n", "0\r\nX: y\r\n\r\n"] {
        wire.say(chunk).await;
    }
    assert_eq!(wire.answer().await.unwrap().status, 200);

    for (what, request, status) in [
        ("HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", 200),
        ("a full address", "GET http://evil.example/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        ("an empty line before", "\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (
            "an upgrade to HTTP/2",
            "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
            200,
        ),
        ("the whole server", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        ("a tunnel", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", 404),
    ] {
        let mut wire = node.dial().await;
        wire.say(request).await;
        assert_eq!(wire.answer().await.unwrap().status, status, "{what}");
    }
}

#[tokio::test]
async fn head_is_answered_without_a_body() {
    let node = Node::start().await.listen().await;
    let mut wire = node.dial().await;
    wire.say(HEALTH.replace("GET", "HEAD")).await;
    let head = wire.until("\r\n\r\n").await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-length: 15"), "{head}");
    wire.say(HEALTH.replace("GET /healthz", "HEAD /revocations/stream")).await;
    let head = wire.until("\r\n\r\n").await.unwrap();
    assert!(head.contains("text/event-stream"), "{head}");
    // The next bytes are the next answer's.
    wire.say(HEALTH).await;
    assert_eq!(wire.answer().await.unwrap().status, 200);
}

#[tokio::test]
async fn http_2_is_spoken_to_whoever_knows() {
    let node = Node::start().with_credential("reports").await.listen().await;
    let client = client(|builder| builder.http2_prior_knowledge());
    let form = "grant_type=client_credentials";
    let asks = (0..50).map(|_| node.ask_by(&client, ask_token("reports").form(form)));
    for answer in futures_util::future::join_all(asks).await {
        answer.token();
    }
    assert_eq!(node.app.metrics.connections.get(), 1, "all of them on one connection");
    let url = format!("http://{}/healthz", node.public);
    let response = within("an answer", client.get(url).send()).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    let guess = Ask::token().basic((&Login::of("reports").id, "guess"));
    assert_eq!(node.ask_by(&client, guess).await.outcome(), (401, "invalid_client".to_owned()));
    let other = Ask::new(Method::PUT, "/oauth/token");
    assert_eq!(node.ask_by(&client, other).await.status, 405);
}

#[tokio::test]
async fn the_address_of_the_caller_is_the_connections() {
    let node = Node::start()
        .with_credential_that("reports", |settings| {
            settings.allow_list = vec!["127.0.0.7/32".parse().unwrap()];
        })
        .await
        .listen()
        .await;
    for (last_byte, status) in [(7, 200), (8, 400)] {
        let mut wire = node.dial_from(last_byte).await;
        wire.say(on_the_wire(&ask_token("reports").header("x-forwarded-for", "127.0.0.7"))).await;
        assert_eq!(wire.answer().await.unwrap().status, status, "{last_byte}");
    }
}
