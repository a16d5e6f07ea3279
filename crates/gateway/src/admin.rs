//! Health and metrics, on a listener of their own. They are for operators, and say nothing of
//! single requests.

use http::{HeaderValue, Method, Request, Response, StatusCode, header};

use crate::{
    answer::{Body, Refusal, full},
    gateway::Gateway,
};

/// Answers what operators and load balancers ask; `None` at any other path.
pub(crate) fn health<B>(gateway: &Gateway, request: &Request<B>) -> Option<Response<Body>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    match request.uri().path() {
        "/healthz" => Some(json(StatusCode::OK, r#"{"status":"ok"}"#)),
        "/readyz" if gateway.closing().is_cancelled() => {
            Some(json(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"closing"}"#))
        }
        "/readyz" => {
            let status = gateway.verifier().status();
            // What is missing says `status` in words; keys come first.
            let (code, word) = match (status.ready, status.keys.is_empty(), status.feed.blind) {
                (true, _, false) => (StatusCode::OK, "ready"),
                (true, _, true) => (StatusCode::OK, "blind"),
                (false, true, _) => (StatusCode::SERVICE_UNAVAILABLE, "no_keys"),
                (false, false, _) => (StatusCode::SERVICE_UNAVAILABLE, "stale"),
            };
            Some(json(code, &format!(r#"{{"status":"{word}"}}"#)))
        }
        _ => None,
    }
}

/// Answers on the operators' listener.
pub(crate) fn answer<B>(gateway: &Gateway, request: &Request<B>) -> Response<Body> {
    if let Some(response) = health(gateway, request) {
        return response;
    }
    if request.uri().path() != "/metrics" {
        return Refusal::NothingHere.response(&hallpass_verifier::Challenge::default());
    }
    let own = gateway.metrics().text(gateway.routes());
    let mut response = Response::new(full(own + &gateway.verifier().metrics_text()));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn json(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(full(text.to_owned()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
