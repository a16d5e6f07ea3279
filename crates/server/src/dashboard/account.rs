//! A person's own account: how they are called, how they prove who they are, where they are
//! signed in.

mod browser;
mod passkeys;
mod password;
mod recovery_codes;
mod sessions;

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hallpass_core::text::Name;
use serde::Deserialize;

use super::{
    page::{self, Page},
    typed::sentence,
};
use crate::{
    app::App,
    management::account,
    web::{error_page::PageError, flash::Flash, form::Form, redirect::Redirect, visitor::Visitor},
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/account", get(page))
        .route("/account/name", post(rename))
        .route("/account/password", get(password::page).post(password::set))
        .route("/account/passkeys", get(passkeys::page).post(passkeys::add))
        .route("/account/passkeys/options", post(passkeys::options))
        .route("/account/passkeys/{id}/name", post(passkeys::rename))
        .route("/account/passkeys/{id}/remove", post(passkeys::remove))
        .route("/account/recovery-codes", post(recovery_codes::renew))
        .route("/account/sessions", get(sessions::page).post(sessions::end_all))
        .route("/account/sessions/{id}/end", post(sessions::end))
}

#[derive(Template)]
#[template(path = "dashboard/account/page.html")]
struct Account {
    page: Page,
    name: String,
    email: String,
    has_password: bool,
    passkeys: usize,
    recovery_codes: usize,
    organizations: Vec<page::Organization>,
    wrong_name: String,
}

impl Account {
    fn of(visitor: Visitor, name: String, wrong_name: String) -> Self {
        let person = &visitor.person;
        let signed_in = visitor.page.person.as_ref();
        Self {
            name,
            email: person.email.to_string(),
            has_password: person.password.is_some(),
            passkeys: person.passkeys.len(),
            recovery_codes: person.recovery_codes.len(),
            organizations: signed_in.map(|one| one.organizations.clone()).unwrap_or_default(),
            page: visitor.page.titled("Account").narrow(),
            wrong_name,
        }
    }
}

/// `GET /account`.
async fn page(visitor: Visitor) -> Result<Response, PageError> {
    let name = visitor.person.name.to_string();
    page::show(&Account::of(visitor, name, String::new()))
}

#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

/// `POST /account/name`.
async fn rename(
    State(app): State<App>,
    visitor: Visitor,
    Form(typed): Form<Named>,
) -> Result<Response, PageError> {
    let name = match typed.name.parse::<Name>() {
        Ok(name) => name,
        Err(why) => return page::again(&Account::of(visitor, typed.name, sentence(&why))),
    };
    account::rename(&app.act(&visitor.caller), &visitor.person, name).await?;
    Ok(Redirect::to(&app, "/account").saying(Flash::Saved).into_response())
}
