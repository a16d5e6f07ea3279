//! The OpenAPI document: made of the routes themselves, so that none is missing, and of what
//! stands beside the code for the OAuth endpoints. It is the same for everybody, and public.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use crate::{app::App, cached, config::Config, management::scopes};

/// How long a copy of the document may be used, in seconds.
const MAX_AGE_S: u64 = 300;

/// The OAuth endpoints and the feed, which are no part of the management API.
const OAUTH: &str = include_str!("openapi/oauth.json");

const ABOUT: &str = "What the dashboard does for people, for programs: through the same code. \
                     Tokens come from the token endpoint of this installation, for the audience \
                     of the management API. Reference: docs/reference/management-api.md.";

/// The document of an installation.
pub fn document(config: &Config) -> Value {
    let mut document = of_routes(super::document());
    let oauth: Value = serde_json::from_str(OAUTH).unwrap_or_default();
    merge(&mut document, &oauth);
    let scopes: Map<String, Value> = scopes::all()
        .iter()
        .map(|scope| (scope.to_owned(), scopes::meaning(scope).unwrap_or_default().into()))
        .collect();
    let own = json!({
        "info": {
            "title": "Hallpass",
            "description": ABOUT,
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "servers": [{ "url": config.issuer.trim_end_matches('/') }],
        "components": { "securitySchemes": { "token": {
            "type": "oauth2",
            "flows": { "clientCredentials": {
                "tokenUrl": config.url(crate::routes::TOKEN),
                "scopes": scopes,
            } },
        } } },
    });
    merge(&mut document, &own);
    document
}

fn of_routes(document: OpenApi) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if let Some(handler) = operation.get("operationId").and_then(Value::as_str) {
                operation["operationId"] = operation_id(path, handler).into();
            }
        }
    }
    document
}

/// A name for an operation that no other has, for programs that are made from the document: the
/// handler's, and what the path is about.
fn operation_id(path: &str, handler: &str) -> String {
    let words = path.trim_start_matches("/api/v1/").split('/').map(|word| word.replace('-', "_"));
    let about = words.filter(|word| !word.starts_with('{') && word != handler);
    [handler.to_owned()].into_iter().chain(about).collect::<Vec<_>>().join("_")
}

/// Lays members over those that are there.
fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                merge(under.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}

/// `GET /api/v1/openapi.json`.
pub(super) async fn show(State(app): State<App>, headers: HeaderMap) -> Response {
    cached::json(&headers, &document(&app.config), MAX_AGE_S)
}
