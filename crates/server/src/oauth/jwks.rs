//! `GET /.well-known/jwks.json`: the public keys (RFC 7517), in any cache's reach.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use serde_json::json;

use crate::{app::App, cached};

/// `GET /.well-known/jwks.json`.
pub(crate) async fn jwks(State(app): State<App>, headers: HeaderMap) -> Response {
    let keys = app.live.keys.published(app.clock.now());
    cached::json(&headers, &json!({ "keys": keys }), app.config.jwks_max_age_s)
}
