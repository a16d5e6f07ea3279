//! The address that a load balancer names by the PROXY protocol: believed from where the operator
//! says, and from nowhere else.

use http::Method;

use crate::{
    ask::Ask,
    node::{Node, ask_token},
    wire::{Listening, on_the_wire},
};

const INSIDE: &str = "PROXY TCP4 203.0.113.9 192.0.2.1 1 443\r\n";
const OUTSIDE: &str = "PROXY TCP4 198.51.100.9 192.0.2.1 1 443\r\n";

/// A node behind a load balancer at 127.0.0.1, and a credential for callers in 203.0.113.0/24.
async fn node() -> Listening {
    let node = Node::start()
        .with_config(|config| {
            config.proxy_protocol_from = vec!["127.0.0.1/32".parse().unwrap()];
            config.header_timeout_s = 1;
        })
        .with_credential_that("reports", |settings| {
            settings.allow_list = vec!["203.0.113.0/24".parse().unwrap()];
        });
    node.await.listen().await
}

fn v2(ip: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C".to_vec();
    header.extend(ip);
    header.extend([192, 0, 2, 1, 0, 1, 1, 187]);
    header
}

#[tokio::test]
async fn the_caller_is_whom_the_load_balancer_names() {
    let node = node().await;
    for (header, status) in [
        (INSIDE.as_bytes().to_vec(), 200),
        (OUTSIDE.as_bytes().to_vec(), 400),
        (v2([203, 0, 113, 9]), 200),
        (v2([198, 51, 100, 9]), 400),
        // It does not know: then it is the load balancer itself, which is in no allow-list.
        (b"PROXY UNKNOWN\r\n".to_vec(), 400),
    ] {
        let mut wire = node.dial().await;
        wire.say([&header[..], &on_the_wire(&ask_token("reports"))].concat()).await;
        assert_eq!(wire.answer().await.unwrap().status, status, "{}", header.escape_ascii());
        // The header stands for the whole connection.
        wire.say(on_the_wire(&ask_token("reports"))).await;
        assert_eq!(wire.answer().await.unwrap().status, status, "{}", header.escape_ascii());
    }
}

#[tokio::test]
async fn a_load_balancer_must_send_it_whole_and_in_time() {
    let node = node().await;
    let cut_off = [
        ("none", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        ("a broken one", "PROXY TCP4 203.0.113.9 192.0.2.1 1\r\nGET /healthz HTTP/1.1\r\n\r\n"),
        ("half a line", "PROXY TCP4 203."),
        ("half a signature", "\r\n\r\n\0\r\nQ"),
        ("nothing", ""),
    ]
    .map(async |(what, begin)| {
        let mut wire = node.dial().await;
        wire.say(begin).await;
        assert_eq!(wire.rest().await, "", "{what}");
    });
    futures_util::future::join_all(cut_off).await;
}

#[tokio::test]
async fn from_anybody_else_it_is_no_header() {
    let node = node().await;
    let mut wire = node.dial_from(2).await;
    wire.say([INSIDE.as_bytes(), &on_the_wire(&ask_token("reports"))].concat()).await;
    let answer = wire.rest().await;
    assert!(answer.starts_with("HTTP/1.1 400") && !answer.contains("access_token"), "{answer}");
    let mut wire = node.dial_from(2).await;
    wire.say(on_the_wire(&Ask::new(Method::GET, "/healthz"))).await;
    assert_eq!(wire.answer().await.unwrap().status, 200, "and none is needed");
}
