//! Why there is no page, said on one: what happened, why, and what to do now. A handler returns
//! the error; `headers.rs` renders it, since only there is known where links begin.

use std::borrow::Cow;

use askama::Template;
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use hallpass_core::{Conflict, grant::Refusal};
use hallpass_store::StoreError;
use http::{HeaderValue, StatusCode, header};

use crate::{
    app::App,
    dashboard::page::{self, Page, SignedIn},
    management::ManagementError,
    passwords::Busy,
    web::redirect::Redirect,
};

/// Why there is no page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PageError {
    /// No error: the way to another page first, such as the one for signing in. A path of ours.
    Elsewhere(String),
    /// Nothing is there, or nothing that this person may know of.
    NotFound,
    /// Another method than the page has.
    MethodNotAllowed,
    /// Signed in, but not allowed: a sentence that says who is.
    Forbidden(String),
    /// A form that another site made the browser send.
    CrossSite,
    /// What was sent cannot be used: a sentence without its full stop.
    BadInput(String),
    /// The state is not what the form's maker saw.
    Conflict(Conflict),
    /// Too often.
    TooManyTries {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// The database is away, or this node has not seen it for too long.
    Unavailable {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// The database went away while something was written: it may be there or not.
    Uncertain,
    /// A defect of ours. The log has more.
    Internal,
}

/// Seconds to wait where nobody knows better.
const SOON_S: u64 = 5;

impl From<Conflict> for PageError {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::NotFound(_) => Self::NotFound,
            conflict => Self::Conflict(conflict),
        }
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => conflict.into(),
            why @ (StoreError::Full | StoreError::Unavailable(_)) => {
                tracing::warn!(%why, "A page could not reach the database");
                Self::Unavailable { retry_after_s: SOON_S }
            }
            why @ StoreError::Uncertain(_) => {
                tracing::error!(%why, "What became of a page's write is not known");
                Self::Uncertain
            }
            why => {
                tracing::error!(%why, "A page could not read the database");
                Self::Internal
            }
        }
    }
}

impl From<Busy> for PageError {
    fn from(Busy: Busy) -> Self {
        Self::TooManyTries { retry_after_s: SOON_S }
    }
}

impl From<ManagementError> for PageError {
    fn from(error: ManagementError) -> Self {
        match error {
            ManagementError::NotFound(_) => Self::NotFound,
            ManagementError::Conflict(conflict) => conflict.into(),
            ManagementError::Store(error) => error.into(),
            why @ ManagementError::Key(_) => {
                tracing::error!(%why, "A page could not make a signing key");
                Self::Internal
            }
            why @ (ManagementError::Forbidden(_) | ManagementError::NotOperator) => {
                Self::Forbidden(why.to_string())
            }
            why @ (ManagementError::Invalid { .. } | ManagementError::Policy(_)) => {
                Self::BadInput(why.to_string())
            }
        }
    }
}

/// A directory that is too old to decide by.
impl From<Refusal> for PageError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TemporarilyUnavailable { retry_after_s } => {
                Self::Unavailable { retry_after_s }
            }
            refusal => Self::BadInput(refusal.description().into_owned()),
        }
    }
}

#[derive(Template)]
#[template(path = "dashboard/error.html")]
struct ErrorPage {
    page: Page,
    status: StatusCode,
    what: Cow<'static, str>,
    todo: &'static str,
    request_id: String,
}

impl PageError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Elsewhere(_) => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Forbidden(_) | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::BadInput(_) => StatusCode::BAD_REQUEST,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooManyTries { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } | Self::Uncertain => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Elsewhere(_) => "Another page comes first",
            Self::NotFound => "There is nothing here",
            Self::MethodNotAllowed => "This page cannot do that",
            Self::Forbidden(_) => "You may not do this",
            Self::CrossSite => "This form came from another site",
            Self::BadInput(_) => "This cannot be used",
            Self::Conflict(_) => "This was not done",
            Self::TooManyTries { .. } => "Too many tries",
            Self::Unavailable { .. } => "Not available just now",
            Self::Uncertain => "It may have been done",
            Self::Internal => "Something broke on our side",
        }
    }

    fn what(&self) -> Cow<'static, str> {
        match self {
            Self::Elsewhere(_) => "The browser is sent there.".into(),
            Self::NotFound => "No page has this address, or it belongs to an organization that \
                               you are not a member of."
                .into(),
            Self::MethodNotAllowed => "The address exists, but not for this kind of request; \
                                       most likely a form was sent twice or saved as a bookmark."
                .into(),
            Self::Forbidden(why) => sentence(why).into(),
            Self::CrossSite => "Nothing was changed: the browser says that the form was sent \
                                from a page that is not part of this dashboard."
                .into(),
            Self::BadInput(why) => sentence(why).into(),
            Self::Conflict(conflict) => sentence(&conflict.to_string()).into(),
            Self::TooManyTries { retry_after_s } => {
                format!("The next try is possible in {retry_after_s} seconds.").into()
            }
            Self::Unavailable { .. } => "The server cannot reach its database, so nothing was \
                                         changed. Tokens go on working."
                .into(),
            Self::Uncertain => {
                "The database went away while the server was writing, so nobody knows \
                                yet whether it was written."
                    .into()
            }
            Self::Internal => "The server met a defect of its own. Its log has more under the \
                               number below."
                .into(),
        }
    }

    fn todo(&self) -> &'static str {
        match self {
            Self::Elsewhere(_) => "If nothing happens, go to the start page.",
            Self::NotFound => "Check the address, or start from the start page.",
            Self::MethodNotAllowed => "Open the page anew and send the form from there.",
            Self::Forbidden(_) => {
                "Nothing was changed. Ask one of them to do it, or to change your role."
            }
            Self::CrossSite => {
                "If you meant to do this, open the page in the dashboard and do it there. If \
                 not, someone may have tried to trick you, without success."
            }
            Self::BadInput(_) => "Go back, change it, and send it again.",
            Self::Conflict(_) => {
                "Someone may have been faster. Go back, load the page anew and look at how \
                 things stand."
            }
            Self::TooManyTries { .. } => "Wait until then. Nobody is locked out.",
            Self::Unavailable { .. } => "Try again in a few seconds.",
            Self::Uncertain => "Look whether it is there before you do it again.",
            Self::Internal => {
                "Try again. If it happens once more, tell whoever runs this installation."
            }
        }
    }

    /// An answer without a body yet; what goes around pages gives it one.
    pub(crate) fn undressed(self) -> Response<Body> {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }

    /// Whether the page says who is signed in. Not after a form of another site, which is not
    /// theirs; nor in trouble of ours, when asking the store would make it worse.
    pub(crate) fn is_framed(&self) -> bool {
        !matches!(
            self,
            Self::Elsewhere(_) | Self::CrossSite | Self::Unavailable { .. } | Self::Internal
        )
    }

    /// The page, in the frame of whoever is signed in.
    pub(crate) fn page(&self, app: &App, person: Option<SignedIn>, request_id: String) -> Response {
        if let Self::Elsewhere(path) = self {
            return Redirect::to(app, path).into_response();
        }
        let template = ErrorPage {
            page: Page { person, ..Page::new(app, self.title()).narrow() },
            status: self.status(),
            what: self.what(),
            todo: self.todo(),
            request_id,
        };
        let mut response = page::with_status(self.status(), &template)
            .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
        if let Self::TooManyTries { retry_after_s } | Self::Unavailable { retry_after_s } = self {
            let seconds = HeaderValue::from(*retry_after_s);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        self.undressed()
    }
}

/// Reasons are written to follow a colon: `the secret is already retired`.
fn sentence(reason: &str) -> String {
    let mut chars = reason.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if reason.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}
