//! A verifier's view: the public keys, and the revocation stream as it comes in.

use std::collections::VecDeque;

use hallpass_server::clock::{Clock, SystemClock};
use hallpass_token::{
    feed::{Entry, Event, SseReader},
    revocation::{Presented, RevocationSet},
};
use reqwest::{Method, Response, StatusCode};

use crate::{
    node::{Jwks, Node},
    process::within_limit,
};

/// An open stream of the revocation feed.
pub(crate) struct Stream {
    response: Response,
    reader: SseReader,
    waiting: VecDeque<Event>,
    last: u64,
    set: RevocationSet,
}

impl Stream {
    /// Listens from event `after` on.
    pub(crate) async fn open(node: &Node, after: u64) -> Self {
        let request = node.request(Method::GET, &format!("/revocations/stream?after={after}"));
        let response = within_limit("a stream", request.send()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let (reader, waiting) = (SseReader::new(), VecDeque::new());
        Self { response, reader, waiting, last: after, set: RevocationSet::default() }
    }

    /// The next event; `None` once the stream has ended as it should.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        while self.waiting.is_empty() {
            let chunk = within_limit("an event", self.response.chunk()).await.unwrap()?;
            let events = self.reader.push(&chunk).into_iter();
            self.waiting.extend(events.map(|event| event.unwrap()));
        }
        self.waiting.pop_front()
    }

    /// The next death, which must follow the one before without a gap.
    pub(crate) async fn death(&mut self) -> Entry {
        loop {
            match self.next().await.expect("the stream ended") {
                Event::Revocation { seq, entry } => {
                    assert_eq!(seq, self.last + 1, "the stream has a gap");
                    self.last = seq;
                    self.set.apply(&entry);
                    return entry;
                }
                Event::Heartbeat { .. } => {}
                Event::Reset { seq } => panic!("the stream was reset at {seq}"),
            }
        }
    }

    /// Whether an API that listens here lets a token in.
    pub(crate) fn lets_in(&self, token: &str, jwks: &Jwks, audience: &str) -> bool {
        let Ok(verified) = jwks.verify(token, audience) else { return false };
        let presented = Presented::of(&verified.claims, &verified.kid);
        self.set.verdict(&presented, SystemClock.now().as_secs()).is_none()
    }
}
