//! Every URL, in one table.

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};

use crate::{
    app::App,
    config::Config,
    dashboard, feed_http,
    management_api::{self, Problem},
    metrics::Endpoint,
    oauth::{self, OAuthError},
    ops,
    web::{arrival::Arrival, error_page::PageError, headers, visitor},
};

pub(crate) const TOKEN: &str = "/oauth/token";
pub(crate) const AUTHORIZE: &str = "/oauth/authorize";
pub(crate) const REVOKE: &str = "/oauth/revoke";
pub(crate) const INTROSPECT: &str = "/oauth/introspect";
pub(crate) const JWKS: &str = "/.well-known/jwks.json";
pub(crate) const FEED: &str = "/revocations";
pub(crate) const FEED_STREAM: &str = "/revocations/stream";
const METADATA: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";
const HEALTH: &str = "/healthz";
const READY: &str = "/readyz";
const METRICS: &str = "/metrics";

/// Where programs ask, which are always answered in JSON.
const FOR_PROGRAMS: [&str; 4] = ["/oauth", "/.well-known/", FEED, "/api/"];

/// What the public listener answers.
pub fn public(app: &App) -> Router {
    let table = Router::new()
        .route(TOKEN, post(oauth::issue))
        .route(AUTHORIZE, get(oauth::authorize).post(oauth::authorize))
        .route(REVOKE, post(oauth::revoke))
        .route(INTROSPECT, post(oauth::introspect))
        .route(JWKS, get(oauth::jwks))
        .route(METADATA, get(oauth::authorization_server))
        .route(OPENID, get(oauth::openid_configuration))
        .route(FEED, get(feed_http::snapshot))
        .route(FEED_STREAM, get(feed_http::stream))
        .route(HEALTH, get(ops::health))
        .route(READY, get(ops::ready))
        .merge(dashboard::routes(app))
        .merge(management_api::routes(app));
    let path = app.config.issuer_path();
    let table = if path.is_empty() {
        table
    } else {
        // An issuer with a path: proxies may pass the path on or not, and RFC 8414 §3.1 puts the
        // well-known part before it.
        let behind = Router::new().nest(path, table.clone());
        table.merge(behind).route(&format!("{METADATA}{path}"), get(oauth::authorization_server))
    };
    table
        .fallback(async |State(app): State<App>, request: Request| {
            let to_programs = (OAuthError::NotFound, Problem::not_found());
            refusal(&app, request.map(drop), to_programs, PageError::NotFound).await
        })
        .method_not_allowed_fallback(async |State(app): State<App>, request: Request| {
            let to_programs = (OAuthError::MethodNotAllowed, Problem::method_not_allowed());
            refusal(&app, request.map(drop), to_programs, PageError::MethodNotAllowed).await
        })
        .with_state(app.clone())
}

/// Each surface refuses in its own shape.
async fn refusal(
    app: &App,
    request: Request<()>,
    to_programs: (OAuthError, Problem),
    to_people: PageError,
) -> Response {
    if is_from_a_person(&request) {
        let arrival = request.extensions().get::<Arrival>().copied();
        let person = visitor::frame(app, request.headers(), request.uri().path()).await;
        headers::finish(app, arrival, person, to_people.into_response())
    } else if inner(app.config.issuer_path(), request.uri().path()).starts_with("/api/") {
        to_programs.1.response(app)
    } else {
        to_programs.0.into_response()
    }
}

/// A path without the issuer's.
fn inner<'p>(issuer_path: &str, path: &'p str) -> &'p str {
    path.strip_prefix(issuer_path).unwrap_or(path)
}

/// Whether somebody looks at the answer: then an error is a page; programs get JSON.
pub(crate) fn is_from_a_person<B>(request: &http::Request<B>) -> bool {
    let path = request.uri().path();
    !FOR_PROGRAMS.iter().any(|part| path.contains(part)) && headers::wants_page(request)
}

/// What the metrics listener answers.
pub fn metrics(app: &App) -> Router {
    let table = Router::new()
        .route(METRICS, get(ops::metrics))
        .route(HEALTH, get(ops::health))
        .route(READY, get(ops::ready));
    table
        .fallback(async || OAuthError::NotFound)
        .method_not_allowed_fallback(async || OAuthError::MethodNotAllowed)
        .with_state(app.clone())
}

/// The endpoint of a path, for metrics and logs: a closed list, whatever strangers ask for.
pub(crate) fn endpoint(path: &str, config: &Config) -> Endpoint {
    if path == TOKEN {
        return Endpoint::Token;
    }
    let inner = inner(config.issuer_path(), path);
    if inner.starts_with("/api/") {
        return Endpoint::ManagementApi;
    }
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
        return Endpoint::Metadata;
    }
    if dashboard::owns(inner) { Endpoint::Dashboard } else { Endpoint::Other }
}
