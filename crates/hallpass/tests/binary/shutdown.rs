//! The end that was asked for: open requests are answered, streams end, and what was counted in
//! memory is written.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::{
    node::Node,
    place::{Place, text},
    process::within_limit,
    stream::Stream,
};

/// How soon a server is gone when nobody makes it wait. Far below its grace of ten seconds.
const SOON: Duration = Duration::from_secs(5);

/// A token request of which the last byte is still to come.
struct Unfinished {
    connection: TcpStream,
    last: u8,
}

impl Unfinished {
    fn send(node: &Node, body: &str) -> Self {
        let mut connection = TcpStream::connect(node.address).unwrap();
        connection.set_read_timeout(Some(SOON)).unwrap();
        let (last, most) = body.as_bytes().split_last().unwrap();
        write!(
            connection,
            "POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n",
            body.len()
        )
        .unwrap();
        connection.write_all(most).unwrap();
        Self { connection, last: *last }
    }

    fn finish(mut self) -> String {
        self.connection.write_all(&[self.last]).unwrap();
        let mut answer = String::new();
        self.connection.read_to_string(&mut answer).unwrap();
        answer
    }
}

#[tokio::test]
async fn a_server_that_is_told_to_end_finishes_what_it_has_begun() {
    let place = Place::set_up().await;
    let login = place.reader("reports").await;
    // Usage would be written long after this test.
    let mut node = Node::start(&place, &["--usage-flush-s", "3600"]).await;
    let mut stream = Stream::open(&node, 0).await;
    node.token(&login).await.unwrap();
    let silent = TcpStream::connect(node.address).unwrap();
    let body = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        login.client_id, login.secret
    );
    let open = node.metric("hallpass_connections").await;
    let unfinished: Vec<_> = (0..8).map(|_| Unfinished::send(&node, &body)).collect();
    let accepted = async { while node.metric("hallpass_connections").await < open + 8 {} };
    within_limit("eight open requests", accepted).await;
    let shown = place.ask(&["credential", "show", "reports"]).await;
    assert!(shown["secrets"][0]["last_used_at"].is_null());

    let told = Instant::now();
    node.process().terminate();
    node.process().says("Closing").await.unwrap();
    for request in unfinished {
        let answer = request.finish();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("\"access_token\""), "{answer}");
    }
    while stream.next().await.is_some() {}
    let ended = node.stop().await;
    assert!(told.elapsed() < SOON, "it took {:?}", told.elapsed());
    assert!(!ended.stderr.contains("did not finish in time"), "{}", ended.stderr);
    drop(silent);

    let shown = place.ask(&["credential", "show", "reports"]).await;
    text(&shown["secrets"][0], "last_used_at");
}

#[tokio::test]
async fn a_server_that_is_told_to_end_waits_until_load_balancers_have_noticed() {
    let place = Place::set_up().await;
    let login = place.reader("reports").await;
    // Longer than this test may take: it is the second signal that ends it.
    let mut node = Node::start(&place, &["--shutdown-drain-s", "600"]).await;
    assert!(node.get("/readyz").await.is_ok());
    node.process().terminate();
    node.process().says("Draining").await.unwrap();
    let unready = async { while node.get("/readyz").await.is_ok() {} };
    within_limit("503 from /readyz", unready).await;
    let refused = node.get("/readyz").await.unwrap_err();
    assert_eq!(refused.status, 503, "{refused:?}");
    node.token(&login).await.unwrap();
    node.stop().await;
}

#[tokio::test]
async fn a_client_that_never_finishes_is_waited_for_only_so_long() {
    let place = Place::set_up().await;
    let mut node = Node::start(&place, &["--shutdown-grace-s", "1"]).await;
    let open = node.metric("hallpass_connections").await;
    let never = Unfinished::send(&node, "grant_type=client_credentials");
    let accepted = async { while node.metric("hallpass_connections").await <= open {} };
    within_limit("an open request", accepted).await;
    node.process().terminate();
    node.process().says("did not finish in time").await.unwrap();
    node.stop().await;
    drop(never);
}
