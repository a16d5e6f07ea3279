//! Answers that caches may keep: with an ETag, so that asking again costs next to nothing.

use axum::response::Response;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

/// JSON that may be kept for `max_age_s` seconds; 304 if the asker has it.
pub(crate) fn json(headers: &HeaderMap, body: &impl Serialize, max_age_s: u64) -> Response {
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest.as_ref()[..12]));
    tagged(headers, Bytes::from(bytes), &tag, &format!("public, max-age={max_age_s}"))
}

/// A JSON text under a given ETag and Cache-Control.
pub(crate) fn tagged(headers: &HeaderMap, body: Bytes, tag: &str, cache: &str) -> Response {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().any(|line| {
        line.to_str().is_ok_and(|line| {
            let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
            let weakly = |one: &str| opaque(one) == opaque(tag);
            line.trim() == "*" || line.split(',').any(weakly)
        })
    });
    let mut response = if known {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        Response::new(body.into())
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [(header::ETAG, tag), (header::CACHE_CONTROL, cache)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    response
}
