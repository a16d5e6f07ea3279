//! The metadata documents (RFC 8414, and OpenID's for clients that look only there). Built from
//! the configuration, never from the Host header.

use axum::{extract::State, response::Response};
use hallpass_token::jose::Algorithm;
use http::HeaderMap;
use serde::Serialize;

use crate::{app::App, cached, routes};

const CLIENT_AUTHENTICATION: [&str; 2] = ["client_secret_basic", "client_secret_post"];

#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    /// Clients refuse documents without it, though there is none.
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    /// Required even though empty: there is nothing to authorize.
    response_types_supported: [&'static str; 0],
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 2],
    revocation_endpoint_auth_methods_supported: [&'static str; 2],
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    /// RFC 9701 §7.
    introspection_signing_alg_values_supported: Vec<Algorithm>,
    /// Hallpass's own: where the revocation feed is.
    revocation_feed_uri: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    openid: Option<OpenId>,
}

/// What OpenID clients insist on.
#[derive(Serialize)]
struct OpenId {
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<Algorithm>,
}

/// `GET /.well-known/oauth-authorization-server` (RFC 8414 §3).
pub(crate) async fn authorization_server(State(app): State<App>, headers: HeaderMap) -> Response {
    document(&app, &headers, None)
}

/// `GET /.well-known/openid-configuration`, for clients that look only there.
pub(crate) async fn openid_configuration(State(app): State<App>, headers: HeaderMap) -> Response {
    let openid = OpenId {
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: algorithms(&app),
    };
    document(&app, &headers, Some(openid))
}

fn algorithms(app: &App) -> Vec<Algorithm> {
    let mut algorithms = app.live.keys.algorithms();
    algorithms.sort_by_key(ToString::to_string);
    algorithms
}

fn document(app: &App, headers: &HeaderMap, openid: Option<OpenId>) -> Response {
    let config = &app.config;
    let metadata = Metadata {
        issuer: &config.issuer,
        authorization_endpoint: config.url(routes::AUTHORIZE),
        token_endpoint: config.url(routes::TOKEN),
        jwks_uri: config.url(routes::JWKS),
        revocation_endpoint: config.url(routes::REVOKE),
        introspection_endpoint: config.url(routes::INTROSPECT),
        response_types_supported: [],
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        revocation_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        introspection_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
        introspection_signing_alg_values_supported: algorithms(app),
        revocation_feed_uri: config.url(routes::FEED),
        openid,
    };
    cached::json(headers, &metadata, config.jwks_max_age_s)
}
