//! What strangers send to get around the rules, or to keep the gateway busy.

use std::fmt::Write as _;

use crate::world::{RULES, World};

/// What nginx would ask, with more headers.
fn question(target: &str, more: &str) -> String {
    format!(
        "GET /nginx HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Original-Method: GET\r\n\
         X-Original-URI: {target}\r\n{more}\r\n"
    )
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test]
async fn tricks_with_headers_end_in_a_refusal() {
    let world = World::start("", RULES).await;
    let token = world.issuer.token("books:read");
    let good = format!("Authorization: Bearer {token}\r\n");
    let many = (0..200).fold(String::new(), |mut text, n| {
        let _ = write!(text, "X-{n}: x\r\n");
        text
    });
    let long = format!("X-Long: {}\r\n", "x".repeat(100_000));
    let huge = format!("Authorization: Bearer {}\r\n", "x".repeat(60_000));
    for (name, request, wanted) in [
        ("as it should be", question("/v1/books", &good), "200"),
        ("two tokens", question("/v1/books", &format!("{good}{good}")), "400"),
        (
            "a token and a login",
            question("/v1/books", &format!("{good}Authorization: Basic YTpi\r\n")),
            "400",
        ),
        ("a token in two lines", question("/v1/books", &good.replace(".", ".\r\n ")), "400"),
        (
            "two targets",
            question("/v1/books", &format!("{good}X-Original-URI: /health\r\n")),
            "400",
        ),
        ("a target by another name", question("/v1/books", "X_Original_URI: /health\r\n"), "401"),
        ("a huge token", question("/v1/books", &huge), "401"),
        ("too many headers", question("/health", &many), "431"),
        ("a head without end", question("/health", &long), "431"),
        ("no HTTP", "\x16\x03\x01\x02".to_owned(), "400"),
        ("two lengths", question("/health", "Content-Length: 0\r\nContent-Length: 5\r\n"), "400"),
    ] {
        let answer = world.raw(request.as_bytes()).await;
        assert_eq!(status(&answer), wanted, "{name}: {answer}");
    }
    assert_eq!(world.status("GET", "/v1/books", Some(&token)).await, 200);
}

#[tokio::test]
async fn whoever_says_nothing_loses_the_place() {
    let world = World::start("header_timeout_s = 1\nconnections_at_most = 2", RULES).await;
    let silent = [&b""[..], b"PRI * HT", b"GET /nginx HTTP/1.1\r\nHost: "];
    let silent = silent.map(|bytes| world.raw(bytes));
    let answered = async {
        // Two places for three who say nothing, and one who does.
        assert_eq!(world.status("GET", "/health", None).await, 200);
    };
    tokio::join!(futures_util::future::join_all(silent), answered);
}
