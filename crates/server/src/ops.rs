//! What load balancers and Prometheus ask.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde_json::json;

use crate::{app::App, metrics::KeyLabels};

/// `GET /healthz`: the process answers.
pub(crate) async fn health() -> Response {
    answer(StatusCode::OK, &json!({ "status": "ok" }))
}

/// `GET /readyz`: whether to send traffic here: not while closing, not when blind for too long.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    let now = app.clock.now();
    let staleness_s = now.millis_since(app.live.as_of()) / 1000;
    let (status, word) = if app.closing.is_cancelled() {
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
    let metrics = &app.metrics;
    let now = app.clock.now();
    metrics.credentials.set(app.live.directory.len() as i64);
    metrics.change_seq.set(app.live.applied() as i64);
    metrics.feed_seq.set(app.live.feed.seq() as i64);
    metrics.feed_entries.set(app.live.feed.len() as i64);
    metrics.feed_readers.set(app.live.feed.readers().len() as i64);
    metrics.staleness.set(now.millis_since(app.live.as_of()) as f64 / 1000.0);
    metrics.store_statements.set(app.store.counts().statements as i64);
    for ring in app.live.keys.rings() {
        if let Some(key) = ring.signing(now) {
            let labels = KeyLabels { algorithm: ring.algorithm.as_str() };
            let age = now.millis_since(key.signs_from) / 1000;
            metrics.key_age.get_or_create(&labels).set(age as i64);
        }
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], metrics.text()).into_response()
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, body.to_string()).into_response()
}
