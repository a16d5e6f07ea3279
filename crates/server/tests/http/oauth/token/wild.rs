//! Scripts in the wild: what HTTP clients and copied snippets really put on the wire, replayed
//! byte for byte over a socket. Whatever they send in good faith gets a token; what cannot be
//! read gets words that say why.

mod mistaken;
mod programs;
mod scripts;
mod tools;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    ask::claims,
    node::{BOOKS, Login, Node},
    wire::{Listening, Raw},
};

/// The headers of a request, a line each; `$HOST`, `$LENGTH` and `$BASIC` stand for their values.
type Head = &'static str;
/// Its body: `$ID`, `$SECRET`, `$AUDIENCE`, and the audience percent-encoded as `$ENCODED`,
/// or with its slashes escaped as `$SLASHED`.
type Body = &'static str;

/// The bytes of a request.
fn bytes(node: &Listening, head: &str, body: &str) -> Vec<u8> {
    let login = Login::of("reports");
    let (id, secret) = login.pair();
    let encoded = BOOKS.replace(':', "%3A").replace('/', "%2F");
    let body = body.replace("$ID", id).replace("$SECRET", secret);
    let body = body.replace("$AUDIENCE", BOOKS).replace("$ENCODED", &encoded);
    let body = body.replace("$SLASHED", &BOOKS.replace('/', r"\/"));
    let body = if head.contains("chunked") {
        format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
    } else {
        body
    };
    let head = head.replace("$HOST", &node.public.to_string());
    let head = head.replace("$LENGTH", &body.len().to_string());
    let head = head.replace("$BASIC", &STANDARD.encode(format!("{id}:{secret}")));
    format!("{}\r\n\r\n{body}", head.replace('\n', "\r\n")).into_bytes()
}

async fn replay(node: &Listening, head: &str, body: &str) -> Raw {
    let mut wire = node.dial().await;
    wire.say(bytes(node, head, body)).await;
    let mut answer = wire.answer().await.unwrap();
    // Whoever asked for it (`Expect`) may be told to go on before the answer comes.
    while answer.status == 100 {
        answer = wire.answer().await.unwrap();
    }
    answer
}

fn json(answer: &Raw) -> serde_json::Value {
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn what_clients_send_in_good_faith_gets_a_token() {
    let node = Node::start().with_credential("reports").await.listen().await;
    let all = [tools::REQUESTS, scripts::REQUESTS, programs::REQUESTS].concat();
    for (client, head, body) in all {
        let answer = replay(&node, head, body).await;
        let shown = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 200, "{client}: {shown}");
        // Never compressed, whatever is accepted: some scripts do not undo it.
        assert!(!answer.headers.contains_key("content-encoding"), "{client}");
        let claims = claims(json(&answer)["access_token"].as_str().unwrap());
        assert_eq!(claims["aud"], BOOKS, "{client}");
        assert_eq!(claims["scope"], "books:read books:write", "{client}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_with_what_to_send() {
    let node = Node::start().with_credential("reports").await.listen().await;
    for (client, head, body, words) in mistaken::REQUESTS {
        let answer = replay(&node, head, body).await;
        assert_eq!(answer.status, 400, "{client}");
        let json = json(&answer);
        assert_eq!(json["error"], "invalid_request", "{client}");
        assert_eq!(json["error_description"], *words, "{client}");
    }
}
