//! Signing in with a password. An unknown address takes as long and is told the same as a wrong
//! password.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use hallpass_core::session::Means;
use serde::Deserialize;

use super::claim::{self, Claim};
use crate::{
    app::App,
    dashboard::page::{self, Page},
    passwords::Password,
    web::{error_page::PageError, form::Form, next::Next, visitor::Stranger},
};

const WRONG: &str = "The address or the password is wrong.";

#[derive(Template)]
#[template(path = "dashboard/sign_in/page.html")]
struct SignIn {
    page: Page,
    email: String,
    next: Next,
    has_passkeys: bool,
    has_sign_on: bool,
    wrong: &'static str,
}

#[derive(Debug, Deserialize)]
pub(super) struct Login {
    email: String,
    password: Password,
    next: Option<String>,
}

impl SignIn {
    fn of(app: &App, page: Page, email: String, next: Next, wrong: &'static str) -> Self {
        let has_passkeys = app.config.passkey_site().is_some();
        let has_sign_on = !app.live.sign_on.is_empty();
        let page = page.titled("Sign in").narrow();
        Self { page, email, next, has_passkeys, has_sign_on, wrong }
    }

    /// One begins to type in the first field that is empty.
    fn focus(&self, is_here: bool) -> &'static str {
        if is_here { "autofocus" } else { "" }
    }
}

/// The page.
pub(super) fn show(app: &App, page: Page, next: Next) -> Result<Response, PageError> {
    page::show(&SignIn::of(app, page, String::new(), next, ""))
}

/// The page, with what went wrong.
pub(super) fn again(
    app: &App,
    page: Page,
    email: String,
    next: Next,
    wrong: &'static str,
) -> Result<Response, PageError> {
    page::again(&SignIn::of(app, page, email, next, wrong))
}

/// `POST /sign-in`.
pub(super) async fn sign_in(
    State(app): State<App>,
    stranger: Stranger,
    page: Page,
    Form(login): Form<Login>,
) -> Result<Response, PageError> {
    let next = Next::asked(login.next.as_deref());
    let claim = Claim::begin(&app, &stranger, &login.email).await?;
    let digest = claim.person.as_ref().and_then(|person| person.password.as_ref());
    if app.passwords.matches(login.password, digest).await?
        && let Some(person) = claim.proved()
    {
        let way = claim::let_in(&app, &stranger, &person, Means::Password, next.as_str()).await?;
        return Ok(way.into_response());
    }
    app.metrics.signed_in("wrong");
    again(&app, page, login.email, next, WRONG)
}
