//! Forms, queries and path segments as types. What cannot be read is answered with a page that
//! says so, and a body never takes more memory or time than it may.

use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum_extra::extract as lenient;
use http::{StatusCode, request::Parts};
use serde::de::DeserializeOwned;

use super::error_page::PageError;
use crate::app::App;

/// The largest form that is read, in bytes.
pub(crate) const BODY_AT_MOST: usize = 64 * 1024;

/// A posted form. Boxes of the same name make a `Vec`; mark it `#[serde(default)]`, since a form
/// does not mention boxes that are not ticked.
#[derive(Clone, Copy, Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &App) -> Result<Self, PageError> {
        let limit = Duration::from_secs(app.config.body_timeout_s);
        let read = lenient::Form::<T>::from_request(request, app);
        match tokio::time::timeout(limit, read).await {
            Ok(Ok(lenient::Form(form))) => Ok(Self(form)),
            Ok(Err(why)) if why.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(PageError::BadInput("the form is larger than 64 KiB".to_owned()))
            }
            // The reason names fields, and may quote what was typed into them: it stays here.
            Ok(Err(_)) => Err(PageError::BadInput(
                "the form lacks a field, or has one that cannot be read".to_owned(),
            )),
            Err(_) => Err(PageError::BadInput("the form did not arrive in time".to_owned())),
        }
    }
}

/// The query of an address, such as filters.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, PageError> {
        let unreadable = |_| {
            PageError::BadInput("the address has a part after ? that cannot be read".to_owned())
        };
        let read = axum::extract::Query::try_from_uri(&parts.uri).map_err(unreadable)?;
        Ok(Self(read.0))
    }
}

/// The segments of an address. Whatever does not parse is not there.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, app).await;
        read.map(|read| Self(read.0)).map_err(|_| PageError::NotFound)
    }
}
