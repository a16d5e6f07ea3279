//! What follows a form that went well: the next page, by GET, so that neither Reload nor Back
//! sends the form again.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::{error_page::PageError, flash::Flash};
use crate::app::App;

/// The way to the next page.
#[derive(Debug)]
pub struct Redirect {
    location: Option<HeaderValue>,
    cookies: Vec<HeaderValue>,
    app: App,
}

impl Redirect {
    /// To a path of ours, without the issuer's: `/account`. Never to what a request brings.
    pub fn to(app: &App, path: &str) -> Self {
        let location = HeaderValue::from_str(&format!("{}{path}", app.config.issuer_path()));
        Self { location: location.ok(), cookies: Vec::new(), app: app.clone() }
    }

    /// And says there what has been done.
    #[must_use]
    pub fn saying(mut self, flash: Flash) -> Self {
        self.cookies.extend(flash.cookie(&self.app.config));
        self
    }

    /// And sets another cookie.
    #[must_use]
    pub fn setting(mut self, cookie: HeaderValue) -> Self {
        self.cookies.push(cookie);
        self
    }
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        let Some(location) = self.location else { return PageError::Internal.into_response() };
        let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
        for cookie in self.cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}
