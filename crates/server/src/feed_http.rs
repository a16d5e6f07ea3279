//! The revocation feed over HTTP: `GET /revocations` and its stream. docs/feed.md is the
//! specification; this is its server side.

use std::convert::Infallible;

use axum::{
    Extension,
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use hallpass_core::{grant::Refusal, usage::product};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Deserialize;

use crate::{
    app::App,
    cached,
    feed::Events,
    oauth::OAuthError,
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
    let events = Events::join(app.live.clone(), app.closing.clone(), after);
    let all = (app, reading, events);
    let body = Body::from_stream(stream::unfold(all, |(app, reading, mut events)| async {
        let bytes = events.next().await?;
        if let Some(told) = events.told() {
            reading.has(told);
        }
        if events.takes_reset() {
            app.metrics.feed_resets.inc();
        }
        Some((Ok::<_, Infallible>(bytes), (app, reading, events)))
    }));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would otherwise hold events back until its buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}
