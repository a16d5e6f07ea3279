//! Signing in with a recovery code, which is used up. Wrong codes, used ones and those of
//! nobody are told the same.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use hallpass_core::{opaque::Opaque, session::Means};
use serde::Deserialize;

use super::claim::{self, Claim};
use crate::{
    app::App,
    dashboard::page::{self, Page},
    management::{Caller, account},
    web::{error_page::PageError, flash::Flash, form::Form, visitor::Stranger},
};

const WRONG: &str = "The address or the code is wrong, or the code has been used.";

#[derive(Template)]
#[template(path = "dashboard/sign_in/recover.html")]
struct Recover {
    page: Page,
    email: String,
    wrong: &'static str,
}

#[derive(Debug, Deserialize)]
pub(super) struct Codes {
    email: String,
    code: String,
}

/// `GET /recover`.
pub(super) async fn page(page: Page) -> Result<Response, PageError> {
    let page = page.titled("Use a recovery code").narrow();
    page::show(&Recover { page, email: String::new(), wrong: "" })
}

/// `POST /recover`.
pub(super) async fn sign_in(
    State(app): State<App>,
    stranger: Stranger,
    page: Page,
    Form(typed): Form<Codes>,
) -> Result<Response, PageError> {
    let claim = Claim::begin(&app, &stranger, &typed.email).await?;
    let code = Opaque::typed_code(&typed.code);
    if let Some(person) = claim.person.clone() {
        let themselves = Caller::person(&person, &[], stranger.address);
        let is_right = account::use_recovery_code(&app.act(&themselves), &person, &code).await?;
        if is_right && let Some(person) = claim.proved() {
            let means = Means::RecoveryCode;
            let way = claim::let_in(&app, &stranger, &person, means, "/account").await?;
            return Ok(way.saying(Flash::Recovered).into_response());
        }
    }
    app.metrics.signed_in("wrong");
    let page = page.titled("Use a recovery code").narrow();
    page::again(&Recover { page, email: typed.email, wrong: WRONG })
}
