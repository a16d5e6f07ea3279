//! What happens around every request: an id, a place in the numbers, a line in the log, and an
//! answer even when a handler panics.

use std::{
    convert::Infallible,
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use axum::{
    Router,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use hallpass_core::grant::Refusal;
use http::{HeaderName, HeaderValue, Method, Request, Version, header};
use hyper::body::Incoming;
use tower::ServiceExt;
use tracing::{Instrument, debug, error, info};

use crate::{
    app::App,
    entropy,
    metrics::Endpoint,
    oauth::{self, OAuthError},
    routes, trace,
    web::{
        arrival::{Arrival, RequestId},
        error_page::PageError,
        headers,
    },
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Numbers requests: a random start, so that ids of different runs and nodes differ.
#[derive(Debug)]
pub(crate) struct RequestIds(AtomicU64);

impl RequestIds {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(u64::from_le_bytes(entropy::bytes())))
    }

    fn next(&self) -> RequestId {
        RequestId(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Answers one request.
pub(crate) async fn serve(
    app: &App,
    router: &Router,
    ids: &RequestIds,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let begun = Instant::now();
    let endpoint = routes::endpoint(request.uri().path(), &app.config);
    let is_alone = request.version() < Version::HTTP_2;
    let method = word(request.method());
    let id = ids.next();
    let is_from_a_person = endpoint != Endpoint::Token && routes::is_from_a_person(&request);
    let arrival = Arrival { peer, id };
    let trusted = &app.config.trusted_proxies;
    let span = trace::request(arrival, method, endpoint, request.headers(), trusted);
    let answer = answer(app, router, arrival, request).instrument(span.clone());
    let answer = AssertUnwindSafe(answer);
    let mut response = answer.catch_unwind().await.unwrap_or_else(|_| {
        app.metrics.panics.inc();
        error!(request.id = %id, endpoint = endpoint.word(), "A handler panicked");
        if is_from_a_person {
            headers::finish(app, Some(arrival), None, PageError::Internal.into_response())
        } else {
            OAuthError::Internal.into_response()
        }
    });
    let status = response.status().as_u16();
    trace::answered(&span, response.status());
    let took = begun.elapsed();
    app.metrics.answered(endpoint, status, took);
    let endpoint_word = endpoint.word();
    // Tokens and health checks that went well come by the thousand.
    if status < 400 && matches!(endpoint, Endpoint::Token | Endpoint::Health) {
        debug!(request.id = %id, method, endpoint = endpoint_word, status, ?took, %peer, "Answered");
    } else {
        info!(request.id = %id, method, endpoint = endpoint_word, status, ?took, %peer, "Answered");
    }
    response.headers_mut().insert(REQUEST_ID, id.header());
    if is_alone && app.draining.is_cancelled() {
        // Whoever called on this connection calls elsewhere next time. One that was idle when the
        // node closes it could have a request on its way.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

async fn answer(
    app: &App,
    router: &Router,
    arrival: Arrival,
    request: Request<Incoming>,
) -> Response {
    if !has_one_host(&request) {
        return wrong_host();
    }
    if request.uri().path() == routes::TOKEN && request.method() == Method::POST {
        // The one path where the router's own work is worth saving: a tenth of a token.
        return oauth::issue_arrived(app, arrival, request).await.into_response();
    }
    let mut request = request.map(axum::body::Body::new);
    request.extensions_mut().insert(arrival);
    match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The method for the log: a closed list, whatever strangers send. A long one would fill the log,
/// and a secret that slipped into the request line would stay in it.
fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "other",
    }
}

/// RFC 9112 §3.2: a request with two hosts may be meant for another, and a proxy before us may
/// have read the other one. Over HTTP/2 the host stands in the address.
fn has_one_host<B>(request: &Request<B>) -> bool {
    match request.headers().get_all(header::HOST).iter().count() {
        0 => request.version() != Version::HTTP_11,
        hosts => hosts == 1,
    }
}

fn wrong_host() -> Response {
    let refusal = Refusal::InvalidRequest("the request must have one Host header, and only one");
    let mut response = OAuthError::from(refusal).into_response();
    // Whoever is unsure where the request goes is unsure where it ends.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
