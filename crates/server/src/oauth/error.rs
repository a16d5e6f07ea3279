//! How a refusal looks in HTTP: always JSON, whatever `Accept` says, never empty, never cached.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use hallpass_core::grant::{Refusal, Unproven, login::Via};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// Why there is no answer of the good kind.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum OAuthError {
    /// The core refuses, a login that came this way, if one came.
    Refused(Refusal, Option<Via>),
    /// More than 64 KiB.
    BodyTooLarge,
    /// The body did not arrive in time.
    BodyTooSlow,
    /// The connection broke, or its framing did.
    BodyBroken,
    /// Another method than the endpoint has.
    MethodNotAllowed,
    /// No such path.
    NotFound,
    /// A defect of ours. The log has more.
    Internal,
}

impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal, None)
    }
}

#[derive(Serialize)]
struct Members<'a> {
    error: &'a str,
    error_description: &'a str,
}

impl OAuthError {
    /// The `error` member.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal, _) => refusal.code(),
            Self::Internal => "server_error",
            _ => "invalid_request",
        }
    }

    /// The same, of a login that came by another way.
    pub(super) fn with_via(self, via: Via) -> Self {
        match self {
            Self::Refused(refusal, Some(_)) => Self::Refused(refusal, Some(via)),
            other => other,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Refused(Refusal::TooManyFailures { .. }, _) => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(Refusal::TemporarilyUnavailable { .. }, _) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            // Who logs in by the header gets its 401 (RFC 6749 §5.2); who logs in by the body
            // gets 400, since two popular Java libraries lose the body of a 401.
            Self::Refused(Refusal::Unproven(Unproven::Missing), _)
            | Self::Refused(Refusal::Unproven(_) | Refusal::InvalidClient(_), Some(Via::Basic)) => {
                StatusCode::UNAUTHORIZED
            }
            Self::Refused(..) | Self::BodyBroken => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let description = match &self {
            Self::Refused(refusal, _) => refusal.description(),
            Self::BodyTooLarge => "the body is larger than 64 KiB".into(),
            Self::BodyTooSlow => "the body did not arrive in time; send it at once".into(),
            Self::BodyBroken => "the body could not be read to its end".into(),
            Self::MethodNotAllowed => {
                "this endpoint does not have this method; the Allow header says which it has (a \
                 redirect from http to https turns a POST into a GET)"
                    .into()
            }
            Self::NotFound => {
                "there is nothing at this path; /.well-known/oauth-authorization-server lists the \
                 endpoints"
                    .into()
            }
            Self::Internal => {
                "the server met a defect of its own; its log has more under this request id".into()
            }
        };
        let body = Members { error: self.code(), error_description: &description };
        let mut response = no_store(self.status(), &body);
        let headers = response.headers_mut();
        if self.status() == StatusCode::UNAUTHORIZED {
            let challenge = r#"Basic realm="hallpass", error="invalid_client", charset="UTF-8""#;
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Self::Refused(
            Refusal::TooManyFailures { retry_after_s }
            | Refusal::TemporarilyUnavailable { retry_after_s },
            _,
        ) = &self
        {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
        }
        if let Self::Refused(Refusal::TooManyFailures { retry_after_s }, _) = &self {
            headers.insert("ratelimit-remaining", HeaderValue::from_static("0"));
            headers.insert("ratelimit-reset", HeaderValue::from(*retry_after_s));
        }
        response
    }
}

/// JSON that no cache may keep (RFC 6749 §5.1).
pub(super) fn no_store(status: StatusCode, body: &impl Serialize) -> Response {
    // Our own types of strings and numbers always serialize.
    let mut bytes = Vec::with_capacity(1024);
    if serde_json::to_writer(&mut bytes, body).is_err() {
        bytes = b"{}".to_vec();
    }
    no_store_json(status, bytes)
}

/// The same, of JSON that is written already.
pub(super) fn no_store_json(status: StatusCode, json: impl Into<Body>) -> Response {
    let mut response = Response::new(json.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(8);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
