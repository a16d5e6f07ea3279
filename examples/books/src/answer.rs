//! The envelope of every answer: `{"status":…,"message":…,"response":…}`.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

#[derive(Serialize)]
struct Envelope<'a, T> {
    status: u16,
    message: &'a str,
    response: &'a T,
}

fn envelope(status: StatusCode, message: &str, response: &impl Serialize) -> Response {
    let body = Envelope { status: status.as_u16(), message, response };
    (status, Json(body)).into_response()
}

/// 200.
pub(crate) fn ok(response: &impl Serialize) -> Response {
    envelope(StatusCode::OK, "OK", response)
}

/// 201.
pub(crate) fn created(response: &impl Serialize) -> Response {
    envelope(StatusCode::CREATED, "Created", response)
}

/// 400: what is wrong with the request.
pub(crate) fn bad_request(why: &str) -> Response {
    envelope(StatusCode::BAD_REQUEST, why, &())
}

/// 404: what is not there.
pub(crate) fn not_found(what: &str) -> Response {
    envelope(StatusCode::NOT_FOUND, what, &())
}
