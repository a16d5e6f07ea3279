//! What load balancers and Prometheus ask.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde_json::json;

use crate::app::App;

/// `GET /healthz`: the process answers.
pub(crate) async fn health() -> Response {
    answer(StatusCode::OK, &json!({ "status": "ok" }))
}

/// `GET /readyz`: whether to send traffic here: not while closing, not when blind for too long.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let now = app.clock.now();
    let staleness_s = now.millis_since(app.live.as_of()) / 1000;
    let (status, word) = if app.draining.is_cancelled() || app.closing.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "closing")
    } else if app.live.fresh(now).is_err() {
        (StatusCode::SERVICE_UNAVAILABLE, "stale")
    } else {
        (StatusCode::OK, "ready")
    };
    let body = json!({
        "status": word,
        "change_seq": app.live.applied(),
        "staleness_s": staleness_s,
    });
    answer(status, &body)
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(app): State<App>) -> Response {
    app.metrics.state.look(&app, app.clock.now()).await;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.text()).into_response()
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}
