//! The end of a node: what has begun is finished, what would go on for ever is ended, and nothing
//! new begins.

use hallpass_core::usage::Ending;
use hallpass_store::Store;
use tokio::net::TcpStream;

use crate::{
    node::{Node, ask_token, client_id, eventually},
    wire::{Listening, Wire, on_the_wire},
};

const FORM: &str = "grant_type=client_credentials";

async fn node(grace_s: u64) -> Listening {
    let start = Node::start().with_config(|config| config.shutdown_grace_s = grace_s);
    start.with_credential("reports").await.listen().await.keeping_house()
}

/// Begins a token request, and waits until the node waits for its body.
async fn begin(request: &mut Wire<TcpStream>) {
    let ask = ask_token("reports").header("content-type", crate::ask::FORM);
    let ask = ask.header("content-length", &FORM.len().to_string());
    request.say(on_the_wire(&ask.header("expect", "100-continue"))).await;
    assert_eq!(request.until("\r\n\r\n").await.unwrap(), "HTTP/1.1 100 Continue\r\n\r\n");
}

async fn refuses_connections(node: &Listening) {
    for address in [node.public, node.metrics] {
        let refused = async || TcpStream::connect(address).await.is_err();
        eventually("a refused connection", refused).await;
    }
}

#[tokio::test]
async fn open_requests_finish_open_streams_end_and_nothing_new_begins() {
    let mut node = node(10).await;
    let (mut request, mut stream, mut idle) =
        (node.dial().await, node.dial().await, node.dial().await);
    idle.say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(idle.answer().await.unwrap().status, 200);
    stream.say("GET /revocations/stream HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    stream.until("event: heartbeat").await.unwrap();
    begin(&mut request).await;

    node.app.closing.cancel();
    assert_eq!(idle.rest().await, "", "an idle connection is closed");
    assert!(stream.rest().await.ends_with("0\r\n\r\n"), "the stream ends in good order");
    refuses_connections(&node).await;
    request.say(FORM).await;
    assert_eq!(request.answer().await.unwrap().status, 200);
    assert_eq!(request.rest().await, "", "and then it is closed");
    node.close().await;
}

#[tokio::test]
async fn a_node_that_drains_answers_everything_and_asks_for_no_more() {
    let mut node = node(10).await;
    let mut kept = node.dial().await;
    let ask = async |wire: &mut Wire<TcpStream>, path: &str| {
        wire.say(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        wire.answer().await.unwrap()
    };
    assert_eq!(ask(&mut kept, "/readyz").await.status, 200);

    let closes = http::HeaderValue::from_static("close");
    node.app.draining.cancel();
    let ready = ask(&mut kept, "/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.headers["connection"]), (503, &closes));
    assert_eq!(kept.rest().await, "", "a connection that was kept is closed after its answer");
    let jwks = ask(&mut node.dial().await, "/.well-known/jwks.json").await;
    assert_eq!((jwks.status.as_u16(), &jwks.headers["connection"]), (200, &closes));
    node.token("reports").await;
    node.close().await;
}

#[tokio::test]
async fn requests_that_do_not_finish_are_not_waited_for_longer_than_the_grace() {
    let mut node = node(0).await;
    let mut request = node.dial().await;
    begin(&mut request).await;
    node.close().await;
    refuses_connections(&node).await;
}

#[tokio::test]
async fn what_was_counted_is_written_before_the_end() {
    let mut node = node(10).await;
    for _ in 0..3 {
        node.token("reports").await;
    }
    node.close().await;
    let usage = node.other_store().usage(&client_id("reports"), 0).await.unwrap();
    let counted: Vec<_> = usage.iter().map(|row| (row.slot.ending, row.count)).collect();
    assert_eq!(counted, [(Ending::Issued, 3)]);
}
