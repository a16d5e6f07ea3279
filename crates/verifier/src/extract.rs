//! The caller in an axum handler, and refusals that a handler makes itself. It trusts what the
//! layer has put into the request, and never looks at the token.

use axum_core::{
    body::Body,
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use hallpass_token::Rejection;
use http::{StatusCode, header, request::Parts};

use crate::{caller::Caller, challenge::Challenge, layer::Anonymous};

/// The route has no [`RequireToken`](crate::RequireToken), or one that lets in the anonymous
/// where the handler wants a caller: a mistake in the program, so 500.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "no Caller in the request: put `verifier.layer()` around the route (without `or_anonymous`)"
)]
pub struct NotGuarded;

impl IntoResponse for NotGuarded {
    fn into_response(self) -> Response {
        tracing::error!("{self}");
        let body = r#"{"error":"server_error","error_description":"The route is not protected"}"#;
        let kind = [(header::CONTENT_TYPE, "application/json")];
        (StatusCode::INTERNAL_SERVER_ERROR, kind, body).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = NotGuarded;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NotGuarded> {
        parts.extensions.get::<Self>().cloned().ok_or(NotGuarded)
    }
}

/// None for the anonymous, behind [`or_anonymous`](crate::RequireToken::or_anonymous) alone.
impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = NotGuarded;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, NotGuarded> {
        let caller = parts.extensions.get::<Self>().cloned();
        if caller.is_none() && parts.extensions.get::<Anonymous>().is_none() {
            return Err(NotGuarded);
        }
        Ok(caller)
    }
}

/// A refusal that a handler found, as an answer: `caller.require_scope("books:write")?` in a
/// handler that returns `Result<_, Denied>`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Denied(pub Rejection);

impl From<Rejection> for Denied {
    fn from(rejection: Rejection) -> Self {
        Self(rejection)
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        Challenge::default().response::<Body>(&self.0)
    }
}
