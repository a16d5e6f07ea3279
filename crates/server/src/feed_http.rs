//! The revocation feed over HTTP: `GET /revocations` and its stream. docs/feed.md is the
//! specification; this is its server side.

use std::{collections::VecDeque, convert::Infallible};

use axum::{
    Extension,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use hallpass_core::{grant::Refusal, usage::product};
use hallpass_token::feed::Event;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Deserialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{
    app::App,
    cached,
    feed::Frame,
    oauth::OAuthError,
    readers::Reading,
    web::{address, arrival::Arrival},
};

const AS_OF: HeaderName = HeaderName::from_static("hallpass-as-of");

/// `GET /revocations`: everything that is dead. `hallpass-as-of` is there on a 304 too, so that
/// asking again proves freshness without the body.
pub(crate) async fn snapshot(State(app): State<App>, headers: HeaderMap) -> Response {
    let as_of = app.live.as_of();
    let (version, body) = app.live.feed.snapshot(as_of);
    // Weak: `as_of` moves on while what is dead stays the same.
    let tag = format!("W/\"{version}\"");
    let mut response = cached::tagged(&headers, body, &tag, "no-cache");
    response.headers_mut().insert(AS_OF, HeaderValue::from(as_of.as_secs()));
    response
}

/// Where a reader stands.
#[derive(Debug, Deserialize)]
pub(crate) struct Place {
    after: Option<String>,
}

/// `GET /revocations/stream?after=SEQ`: server-sent events from there on. A reconnecting
/// `EventSource` says where it stands by `Last-Event-ID`.
pub(crate) async fn stream(
    State(app): State<App>,
    place: Result<Query<Place>, QueryRejection>,
    arrival: Option<Extension<Arrival>>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let unreadable =
        Refusal::InvalidRequest("after must be the sequence number of an event: digits");
    let Ok(Query(place)) = place else { return Err(unreadable.into()) };
    let last_event = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let after = match last_event.or(place.after.as_deref()) {
        None => app.live.feed.seq(),
        Some(text) => text.parse().map_err(|_| unreadable)?,
    };
    let trusted = &app.config.trusted_proxies;
    let from = arrival.and_then(|here| address::caller(here.peer.ip(), &headers, trusted));
    let library = headers.get(header::USER_AGENT).map_or("", |name| product(name.as_bytes()));
    let reading = app.live.feed.readers().join((from, library), app.clock.now(), after);
    let events = Events::join(app, reading, after);
    let body = Body::from_stream(stream::unfold(events, |mut events| async {
        events.next().await.map(|bytes| (Ok::<_, Infallible>(bytes), events))
    }));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would otherwise hold events back until its buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// One reader's stream.
struct Events {
    app: App,
    waiting: VecDeque<Bytes>,
    /// `None` once the stream is to end.
    receiver: Option<Receiver<Frame>>,
    last: u64,
    reading: Reading,
}

impl Events {
    fn join(app: App, reading: Reading, after: u64) -> Self {
        let (missed, receiver) = app.live.feed.follow(after);
        let mut waiting = VecDeque::new();
        let mut last = after;
        match missed {
            Some(missed) => {
                for frame in missed {
                    last = frame.seq.unwrap_or(last);
                    waiting.push_back(frame.bytes);
                }
            }
            None => {
                app.metrics.feed_resets.inc();
                last = app.live.feed.seq();
                waiting.push_back(Bytes::from(Event::Reset { seq: last }.to_sse()));
            }
        }
        waiting.push_back(Bytes::from(app.live.feed.heartbeat(app.live.as_of()).to_sse()));
        Self { app, waiting, receiver: Some(receiver), last, reading }
    }

    async fn next(&mut self) -> Option<Bytes> {
        if let Some(bytes) = self.waiting.pop_front() {
            if self.waiting.is_empty() {
                self.reading.has(self.last);
            }
            return Some(bytes);
        }
        loop {
            let receiver = self.receiver.as_mut()?;
            let frame = tokio::select! {
                () = self.app.closing.cancelled() => return None,
                frame = receiver.recv() => frame,
            };
            match frame {
                // Seen already, among what was missed.
                Ok(Frame { seq: Some(seq), .. }) if seq <= self.last => {}
                Ok(Frame { seq, bytes, last }) => {
                    if last {
                        self.receiver = None;
                    }
                    self.last = seq.unwrap_or(self.last);
                    self.reading.has(self.last);
                    return Some(bytes);
                }
                Err(RecvError::Lagged(_)) => {
                    self.receiver = None;
                    self.app.metrics.feed_resets.inc();
                    let seq = self.app.live.feed.seq();
                    return Some(Bytes::from(Event::Reset { seq }.to_sse()));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
