//! Requests that two readers could take for different ones. Each gets a refusal or nothing, then
//! the connection ends; what was smuggled in behind it is never answered.

use futures_util::future::join_all;

use crate::{node::Node, wire::Listening};

/// Stands behind every request below, and must not be answered.
const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// The end of the connection without an answer.
const HANGS_UP: u16 = 0;

fn with_headers(lines: &str) -> String {
    format!("POST /oauth/token HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n")
}

fn of_length(length: &str) -> String {
    with_headers(&format!("Content-Length: {length}\r\n")) + "abcdef"
}

fn in_coding(coding: &str) -> String {
    with_headers(&format!("Transfer-Encoding: {coding}\r\n")) + "0\r\n\r\n"
}

fn in_chunks(chunks: &str) -> String {
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    with_headers(&format!("{kind}Transfer-Encoding: chunked\r\n")) + chunks
}

async fn node() -> Listening {
    let node = Node::start().with_config(|config| {
        config.header_timeout_s = 1;
        config.body_timeout_s = 1;
    });
    node.await.listen().await
}

/// The status of every answer to these bytes, until the end of the connection.
async fn statuses(node: &Listening, bytes: Vec<u8>) -> (Vec<u16>, String) {
    let mut wire = node.dial().await;
    wire.say(bytes).await;
    let came = wire.rest().await;
    let lines = came.split("HTTP/1.1 ").skip(1);
    (lines.map(|line| line[..3].parse().unwrap()).collect(), came)
}

async fn check(node: &Listening, what: &str, bytes: Vec<u8>, allowed: &[u16]) {
    let mut bytes = bytes;
    bytes.extend_from_slice(SMUGGLED.as_bytes());
    let (statuses, came) = statuses(node, bytes).await;
    assert!(statuses.len() <= 1, "{what} was answered twice:\n{came}");
    let status = statuses.first().copied().unwrap_or(HANGS_UP);
    assert!(allowed.contains(&status), "{what}: {status}\n{came}");
    // Whoever is refused is told why, also where no handler has seen the request.
    let is_worded = came.contains(r#"{"error":"invalid_request","error_description":""#);
    assert!(status == HANGS_UP || is_worded, "{what}:\n{came}");
}

#[tokio::test]
async fn nothing_is_smuggled_behind_a_body_of_doubtful_length() {
    let node = node().await;
    let both = "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n";
    let both_reversed = "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n";
    let rows = [
        ("a length and chunks", with_headers(both) + "0\r\n\r\n"),
        ("chunks and a length", with_headers(both_reversed) + "0\r\n\r\n"),
        ("two lengths", with_headers("Content-Length: 6\r\nContent-Length: 5\r\n") + "abcdef"),
        ("a list of lengths", of_length("6, 5")),
        ("a signed length", of_length("+6")),
        ("a negative length", of_length("-6")),
        ("a hexadecimal length", of_length("0x6")),
        ("a fractional length", of_length("6.0")),
        ("no length", of_length("")),
        ("an endless length", of_length("99999999999999999999999")),
        ("a blank before the colon", with_headers("Content-Length : 6\r\n") + "abcdef"),
        (
            "another before the colon",
            with_headers("Transfer-Encoding\t: chunked\r\n") + "0\r\n\r\n",
        ),
        ("an unknown coding", in_coding("xchunked")),
        ("identity", in_coding("identity")),
        ("chunks, then something else", in_coding("chunked, identity")),
        ("two codings", with_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n")),
        ("a control character", in_coding("chunked\x0b")),
        ("a folded coding", with_headers("Transfer-Encoding:\r\n chunked\r\n") + "0\r\n\r\n"),
        ("chunks in HTTP/1.0", in_coding("chunked").replacen("HTTP/1.1", "HTTP/1.0", 1)),
        ("no size of the chunk", in_chunks("\r\n")),
        ("no number", in_chunks("zz\r\n")),
        ("a negative chunk", in_chunks("-1\r\n")),
        ("a prefixed chunk", in_chunks("0x5\r\nabcde\r\n0\r\n\r\n")),
        ("an endless chunk", in_chunks("FFFFFFFFFFFFFFFFF\r\n")),
        ("a chunk longer than said", in_chunks("3\r\nabcdef\r\n0\r\n\r\n")),
        ("a line feed in an extension", in_chunks("3;a\nb\r\nabc\r\n0\r\n\r\n")),
        ("line feeds for line ends", in_chunks("3\nabc\n0\n\n")),
    ];
    join_all(rows.map(|(what, bytes)| check(&node, what, bytes.into(), &[400, HANGS_UP]))).await;
}

#[tokio::test]
async fn nothing_is_smuggled_behind_a_doubtful_head() {
    let node = node().await;
    let get = |lines: &str| format!("GET /healthz HTTP/1.1\r\n{lines}\r\n");
    let fields: String = (0..200).map(|number| format!("X-{number}: 1\r\n")).collect();
    let rows = [
        ("two hosts", get("Host: localhost\r\nHost: evil.example\r\n"), &[400][..]),
        ("the same host twice", get("Host: localhost\r\nhost: localhost\r\n"), &[400]),
        ("no host", get("X: y\r\n"), &[400]),
        ("a folded field", get("Host: localhost\r\nX: a\r\n b\r\n"), &[400]),
        ("a folded first field", get(" Host: localhost\r\n"), &[400]),
        ("a field without colon", get("Host: localhost\r\nX\r\n"), &[400]),
        ("a field without name", get("Host: localhost\r\n: x\r\n"), &[400]),
        ("a blank in a name", get("Host: localhost\r\nX Y: z\r\n"), &[400]),
        ("a carriage return in a value", get("Host: localhost\r\nX: a\rb\r\n"), &[400]),
        ("a carriage return as line end", get("Host: localhost\rX: a\r\n"), &[400]),
        ("a line feed and half a field", get("Host: localhost\r\nX: a\nb\r\n"), &[400]),
        ("NUL in a value", get("Host: localhost\r\nX: a\0b\r\n"), &[400]),
        ("NUL in a name", get("Host: localhost\r\nX\0: b\r\n"), &[400]),
        ("NUL in the path", "GET /health\0z HTTP/1.1\r\nHost: x\r\n\r\n".into(), &[400]),
        ("a blank in the path", "GET /health z HTTP/1.1\r\nHost: x\r\n\r\n".into(), &[400]),
        ("no version", "GET /healthz\r\n\r\n".into(), &[400]),
        ("another version", "GET /healthz HTTP/3.0\r\nHost: x\r\n\r\n".into(), &[400]),
        ("no method", " /healthz HTTP/1.1\r\nHost: x\r\n\r\n".into(), &[400]),
        ("a method of signs", "G(T /healthz HTTP/1.1\r\nHost: x\r\n\r\n".into(), &[400]),
        ("too many fields", get(&format!("Host: localhost\r\n{fields}")), &[431]),
        (
            "a very long field",
            get(&format!("Host: x\r\nX: {}\r\n", "y".repeat(1 << 20))),
            &[431, HANGS_UP],
        ),
        (
            "a very long path",
            format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "y".repeat(1 << 17)),
            &[400, 414, 431, HANGS_UP],
        ),
        ("no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03\r\n\r\n".into(), &[400]),
    ];
    join_all(rows.map(|(what, bytes, allowed)| check(&node, what, bytes.into(), allowed))).await;
}
