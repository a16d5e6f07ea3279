//! Good answers: JSON that no cache keeps, with the version of what it shows.

use axum::response::Response;
use hallpass_core::change::Version;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{app::App, web::allowance::Left};

/// JSON under a status.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // Our own types of strings and numbers always serialize.
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(bytes.into());
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// JSON of a thing that has a version, for `If-Match`.
pub(super) fn versioned(status: StatusCode, body: &impl Serialize, version: &Version) -> Response {
    let mut response = json(status, body);
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Says where what was made is found.
pub(super) fn located(app: &App, path: &str, response: &mut Response) {
    if let Ok(url) = HeaderValue::from_str(&app.config.url(path)) {
        response.headers_mut().insert(header::LOCATION, url);
    }
}

/// Nothing to show.
pub(super) fn nothing() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// What every answer has.
pub(super) fn never_kept(headers: &mut HeaderMap) {
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
}

/// What is left of a caller's minute, as headers say it.
pub(super) struct RateLimit(Left);

impl RateLimit {
    pub(super) fn of(left: Left) -> Self {
        Self(left)
    }

    pub(super) fn is_exceeded(&self) -> bool {
        self.0.more.is_none()
    }

    pub(super) fn resets_s(&self) -> u64 {
        self.0.resets_s
    }

    pub(super) fn write(&self, headers: &mut HeaderMap) {
        for (name, value) in [
            ("ratelimit-limit", u64::from(self.0.at_most)),
            ("ratelimit-remaining", u64::from(self.0.more.unwrap_or(0))),
            ("ratelimit-reset", self.0.resets_s),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}
