//! Setting a password. Every session ends by it, and the browser in which it is done gets a new
//! one: whoever had a copy of the old one is out.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use hallpass_core::session::Means;
use serde::Deserialize;

use crate::{
    app::App,
    dashboard::{
        page::{self, Page},
        sign_in::let_in,
        typed::sentence,
    },
    management::account,
    passwords::Password,
    web::{
        error_page::PageError,
        flash::Flash,
        form::Form,
        visitor::{Stranger, Visitor},
    },
};

#[derive(Template)]
#[template(path = "dashboard/account/password.html")]
struct SetPassword {
    page: Page,
    email: String,
    wrong: String,
}

impl SetPassword {
    fn of(visitor: Visitor, wrong: String) -> Self {
        let email = visitor.person.email.to_string();
        let page = visitor.page.titled("Set password").below("Account", "/account").narrow();
        Self { page, email, wrong }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct NewPassword {
    password: Password,
}

/// `GET /account/password`.
pub(super) async fn page(visitor: Visitor) -> Result<Response, PageError> {
    visitor.must_have_confirmed()?;
    page::show(&SetPassword::of(visitor, String::new()))
}

/// `POST /account/password`.
pub(super) async fn set(
    State(app): State<App>,
    stranger: Stranger,
    visitor: Visitor,
    Form(typed): Form<NewPassword>,
) -> Result<Response, PageError> {
    visitor.must_have_confirmed()?;
    let person = &visitor.person;
    if let Err(why) = typed.password.check(&[person.name.as_str(), person.email.as_str()]) {
        return page::again(&SetPassword::of(visitor, sentence(&why)));
    }
    let digest = app.passwords.digest(typed.password).await?;
    let person = account::set_password(&app.act(&visitor.caller), person, digest).await?;
    let way = let_in(&app, &stranger, &person, Means::Password, "/account").await?;
    Ok(way.saying(Flash::PasswordSet).into_response())
}
