//! What went wrong, as problem details (RFC 9457). The one place of the management API that maps
//! errors to status codes. `code` never changes; `type` is where this installation explains it.

use axum::response::{IntoResponse, Response};
use hallpass_core::{Conflict, grant::Refusal};
use hallpass_store::StoreError;
use hallpass_token::Rejection;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::{answer, challenge};
use crate::{
    app::App,
    management::{Denied, ManagementError, scopes},
};

/// Seconds to wait where nobody knows better.
const SOON_S: u64 = 5;

/// What went wrong, by kind: each is a `code`, a title and a status, and has a paragraph in the
/// reference.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Unauthorized,
    Forbidden,
    AddressNotAllowed,
    NotFound,
    MethodNotAllowed,
    Malformed,
    Invalid,
    NotJson,
    TooLarge,
    TooSlow,
    Conflict,
    OutcomeUnknown,
    Changed,
    KeyReused,
    VersionMissing,
    TooMany,
    Unavailable,
    Internal,
}

impl Kind {
    /// Every kind, as the reference lists them.
    pub(crate) const ALL: [Self; 18] = [
        Self::Malformed,
        Self::Unauthorized,
        Self::Forbidden,
        Self::AddressNotAllowed,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooSlow,
        Self::Conflict,
        Self::OutcomeUnknown,
        Self::Changed,
        Self::TooLarge,
        Self::NotJson,
        Self::Invalid,
        Self::KeyReused,
        Self::VersionMissing,
        Self::TooMany,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Code, title and status.
    pub(crate) fn parts(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::Malformed => ("malformed", "Not readable", StatusCode::BAD_REQUEST),
            Self::Unauthorized => ("unauthorized", "No good token", StatusCode::UNAUTHORIZED),
            Self::Forbidden => ("forbidden", "Not allowed", StatusCode::FORBIDDEN),
            Self::AddressNotAllowed => {
                ("address-not-allowed", "Not from this address", StatusCode::FORBIDDEN)
            }
            Self::NotFound => ("not-found", "Not there", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => {
                ("method-not-allowed", "No such method", StatusCode::METHOD_NOT_ALLOWED)
            }
            Self::TooSlow => ("too-slow", "The body came too slowly", StatusCode::REQUEST_TIMEOUT),
            Self::Conflict => ("conflict", "Not possible in this state", StatusCode::CONFLICT),
            Self::OutcomeUnknown => {
                ("outcome-unknown", "The outcome is not known", StatusCode::CONFLICT)
            }
            Self::KeyReused => {
                ("key-reused", "The key was used before", StatusCode::UNPROCESSABLE_ENTITY)
            }
            Self::Changed => {
                ("changed", "Changed since you looked", StatusCode::PRECONDITION_FAILED)
            }
            Self::TooLarge => ("too-large", "The body is too large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::NotJson => ("not-json", "Not JSON", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::Invalid => ("invalid", "A value is wrong", StatusCode::UNPROCESSABLE_ENTITY),
            Self::VersionMissing => {
                ("version-missing", "If-Match is missing", StatusCode::PRECONDITION_REQUIRED)
            }
            Self::TooMany => ("too-many", "Too many requests", StatusCode::TOO_MANY_REQUESTS),
            Self::Internal => {
                ("internal", "A defect of the server", StatusCode::INTERNAL_SERVER_ERROR)
            }
            Self::Unavailable => {
                ("unavailable", "Not available just now", StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }
}

/// One value that is wrong.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Where in the body, such as `grants[0].scopes`; or the parameter's name.
    pub(crate) field: String,
    /// What is wrong with it, and what would be right.
    pub(crate) detail: String,
}

/// Why there is no answer of the good kind.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    challenge: Option<HeaderValue>,
    retry_after_s: Option<u64>,
}

/// Problem details (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body<'a> {
    /// Where this installation explains the problem.
    #[serde(rename = "type")]
    kind: String,
    /// The same for every problem of this kind, in every installation.
    #[schema(example = "not-found")]
    code: &'a str,
    /// The kind in words.
    title: &'a str,
    /// The status of the answer.
    status: u16,
    /// What happened this time, and what to do.
    detail: &'a str,
    /// The values that are wrong, if that is what it is.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { kind, detail, errors: Vec::new(), challenge: None, retry_after_s: None }
    }

    /// One wrong value.
    pub(crate) fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let error = FieldError { field: field.into(), detail: detail.into() };
        let detail = format!("{}: {}", error.field, error.detail);
        Self { errors: vec![error], ..Self::new(Kind::Invalid, detail) }
    }

    /// Nothing is there, or nothing that the caller may know of.
    pub(crate) fn not_found() -> Self {
        Self::new(Kind::NotFound, "there is nothing at this path, or you have no access to it")
    }

    /// The path has other methods.
    pub(crate) fn method_not_allowed() -> Self {
        let detail = "this path does not have this method; the Allow header says which it has";
        Self::new(Kind::MethodNotAllowed, detail)
    }

    /// The caller's minute is used up.
    pub(crate) fn too_many(retry_after_s: u64) -> Self {
        let detail = format!("wait {retry_after_s} seconds, and ask more slowly");
        Self { retry_after_s: Some(retry_after_s), ..Self::new(Kind::TooMany, detail) }
    }

    /// A defect of ours.
    pub(crate) fn internal() -> Self {
        let detail = "the server met a defect of its own; its log has more under the request id \
                      of this answer";
        Self::new(Kind::Internal, detail)
    }

    /// Whether what was asked for may have been done all the same.
    pub(super) fn is_of_unknown_outcome(&self) -> bool {
        self.kind == Kind::OutcomeUnknown
    }

    /// The same, with a time to wait.
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    fn unavailable(retry_after_s: u64) -> Self {
        let detail = "the server cannot reach its database; nothing was changed";
        Self { retry_after_s: Some(retry_after_s), ..Self::new(Kind::Unavailable, detail) }
    }

    /// The answer, as long as only its kind matters.
    pub(crate) fn dress(&self, app: &App, response: &mut Response) {
        let (code, title, status) = self.kind.parts();
        let body = Body {
            kind: app.config.url(&format!("/api/docs#{code}")),
            code,
            title,
            status: status.as_u16(),
            detail: &self.detail,
            errors: &self.errors,
        };
        // Strings and numbers always serialize.
        *response.body_mut() = serde_json::to_vec(&body).unwrap_or_default().into();
        *response.status_mut() = status;
        self.head(response.headers_mut());
    }

    fn head(&self, headers: &mut HeaderMap) {
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        headers.remove(header::CONTENT_LENGTH);
        if let Some(challenge) = &self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge.clone());
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }

    /// The whole answer, for what is refused before any handler.
    pub(crate) fn response(&self, app: &App) -> Response {
        let mut response = Response::default();
        self.dress(app, &mut response);
        answer::never_kept(response.headers_mut());
        response
    }
}

/// An answer without a body yet; what goes around the handlers gives it one.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.parts().2.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let kind = match rejection {
            Rejection::InvalidRequest(_) => Kind::Malformed,
            Rejection::InsufficientScope { .. } => Kind::Forbidden,
            Rejection::Unavailable(_) => return Self::unavailable(SOON_S),
            _ => Kind::Unauthorized,
        };
        let challenge = Some(challenge::of(&rejection));
        Self { challenge, ..Self::new(kind, rejection.description()) }
    }
}

/// A directory that is too old to decide by.
impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TemporarilyUnavailable { retry_after_s } => Self::unavailable(retry_after_s),
            refusal => Self::new(Kind::Malformed, refusal.description()),
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        ManagementError::denied(denied, "thing").into()
    }
}

impl From<ManagementError> for Problem {
    fn from(error: ManagementError) -> Self {
        let detail = error.to_string();
        match error {
            // The path names it.
            ManagementError::NotFound(_) | ManagementError::Conflict(Conflict::NoSuchSecret) => {
                Self::new(Kind::NotFound, detail)
            }
            ManagementError::Forbidden(verb) => {
                let challenge = scopes::lacking(verb).map(challenge::insufficient_scope);
                let detail = format!("this token may not {verb}");
                Self { challenge, ..Self::new(Kind::Forbidden, detail) }
            }
            ManagementError::NotOperator => {
                let detail = "this is power over the installation, and the token has no scope for \
                              it; operators grant such scopes";
                Self::new(Kind::Forbidden, detail)
            }
            ManagementError::Invalid { field, why } => Self::invalid(field, why),
            ManagementError::Policy(violation) => {
                Self::new(Kind::Invalid, format!("policy: {violation}"))
            }
            ManagementError::Conflict(Conflict::ChangedMeanwhile) => {
                Self::new(Kind::Changed, detail)
            }
            ManagementError::Conflict(_) => Self::new(Kind::Conflict, detail),
            ManagementError::Key(why) => {
                tracing::error!(why, "The management API cannot make a signing key");
                Self::internal()
            }
            ManagementError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => ManagementError::from(conflict).into(),
            why @ (StoreError::Full | StoreError::Unavailable(_)) => {
                tracing::warn!(%why, "The management API cannot reach the database");
                Self::unavailable(SOON_S)
            }
            why @ StoreError::Uncertain(_) => {
                tracing::error!(%why, "What became of a program's write is not known");
                let detail = "the database went away while this was written; look whether it is \
                              there before you ask again";
                Self::new(Kind::OutcomeUnknown, detail)
            }
            why => {
                tracing::error!(%why, "The management API cannot read the database");
                Self::internal()
            }
        }
    }
}
