//! Every URL, in one table.

use axum::{
    Router,
    routing::{get, post},
};

use crate::{
    app::App,
    feed_http,
    metrics::Endpoint,
    oauth::{self, OAuthError},
    ops,
};

pub(crate) const TOKEN: &str = "/oauth/token";
pub(crate) const REVOKE: &str = "/oauth/revoke";
pub(crate) const INTROSPECT: &str = "/oauth/introspect";
pub(crate) const JWKS: &str = "/.well-known/jwks.json";
pub(crate) const FEED: &str = "/revocations";
const FEED_STREAM: &str = "/revocations/stream";
const METADATA: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";
const HEALTH: &str = "/healthz";
const READY: &str = "/readyz";
const METRICS: &str = "/metrics";

/// What the public listener answers.
pub fn public(app: &App) -> Router {
    let table = Router::new()
        .route(TOKEN, post(oauth::issue))
        .route(REVOKE, post(oauth::revoke))
        .route(INTROSPECT, post(oauth::introspect))
        .route(JWKS, get(oauth::jwks))
        .route(METADATA, get(oauth::authorization_server))
        .route(OPENID, get(oauth::openid_configuration))
        .route(FEED, get(feed_http::snapshot))
        .route(FEED_STREAM, get(feed_http::stream))
        .route(HEALTH, get(ops::health))
        .route(READY, get(ops::ready));
    let path = app.config.issuer_path();
    let table = if path.is_empty() {
        table
    } else {
        // An issuer with a path: proxies may pass the path on or not, and RFC 8414 §3.1 puts the
        // well-known part before it.
        let behind = Router::new().nest(path, table.clone());
        table.merge(behind).route(&format!("{METADATA}{path}"), get(oauth::authorization_server))
    };
    finish(table, app)
}

/// What the metrics listener answers.
pub fn metrics(app: &App) -> Router {
    let table = Router::new()
        .route(METRICS, get(ops::metrics))
        .route(HEALTH, get(ops::health))
        .route(READY, get(ops::ready));
    finish(table, app)
}

fn finish(table: Router<App>, app: &App) -> Router {
    table
        .fallback(async || OAuthError::NotFound)
        .method_not_allowed_fallback(async || OAuthError::MethodNotAllowed)
        .with_state(app.clone())
}

/// The endpoint of a path, for metrics and logs: a closed list, whatever strangers ask for.
pub(crate) fn endpoint(path: &str) -> Endpoint {
    for (end, endpoint) in [
        (TOKEN, Endpoint::Token),
        (FEED_STREAM, Endpoint::FeedStream),
        (FEED, Endpoint::Feed),
        (REVOKE, Endpoint::Revoke),
        (INTROSPECT, Endpoint::Introspect),
        (JWKS, Endpoint::Jwks),
        (HEALTH, Endpoint::Health),
        (READY, Endpoint::Health),
    ] {
        if path.ends_with(end) {
            return endpoint;
        }
    }
    if path.contains(METADATA) || path.contains(OPENID) {
        Endpoint::Metadata
    } else {
        Endpoint::Other
    }
}
