//! Proving again who one is, before what cannot be undone. Ends where the person was going.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{OnTo, claim::Claim};
use crate::{
    app::App,
    dashboard::page::{self, Page},
    management::sessions,
    passwords::Password,
    web::{
        error_page::PageError,
        form::{Form, Query},
        next::Next,
        redirect::Redirect,
        visitor::{Stranger, Visitor},
    },
};

const WRONG: &str = "This is not your password.";

#[derive(Template)]
#[template(path = "dashboard/sign_in/confirm.html")]
struct Confirm {
    page: Page,
    email: String,
    next: Next,
    has_password: bool,
    has_passkeys: bool,
    /// Where the person proves it at their organization.
    sign_on: Option<String>,
    wrong: &'static str,
}

impl Confirm {
    fn of(app: &App, visitor: Visitor, next: Next, wrong: &'static str) -> Self {
        let vouching = visitor.organizations.iter().find(|own| {
            let issuer = own.sign_on.as_ref().map(|sign_on| sign_on.issuer.as_str());
            visitor.person.subjects.iter().any(|known| Some(known.issuer.as_str()) == issuer)
        });
        let sign_on = vouching.map(|own| {
            let path = format!("/sign-in/sso/{}?anew=1&next={next:#}", own.id);
            visitor.page.url(&path)
        });
        Self {
            sign_on,
            email: visitor.person.email.to_string(),
            has_password: visitor.person.password.is_some(),
            has_passkeys: app.config.passkey_site().is_some()
                && !visitor.person.passkeys.is_empty(),
            page: visitor.page.titled("Is it you?").narrow(),
            next,
            wrong,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Proof {
    password: Password,
    next: Option<String>,
}

/// `GET /confirm`.
pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Query(on_to): Query<OnTo>,
) -> Result<Response, PageError> {
    page::show(&Confirm::of(&app, visitor, Next::asked(on_to.next.as_deref()), ""))
}

/// `POST /confirm`. A guess at an open screen counts like a guess at the door.
pub(super) async fn confirm(
    State(app): State<App>,
    stranger: Stranger,
    visitor: Visitor,
    Form(proof): Form<Proof>,
) -> Result<Response, PageError> {
    let next = Next::asked(proof.next.as_deref());
    let claim = Claim::begin(&app, &stranger, visitor.person.email.as_str()).await?;
    let digest = visitor.person.password.as_ref();
    if app.passwords.matches(proof.password, digest).await? && claim.proved().is_some() {
        let act = app.act(&visitor.caller);
        sessions::confirm(&act, &visitor.person, &visitor.session.id).await?;
        return Ok(Redirect::to(&app, next.as_str()).into_response());
    }
    app.metrics.signed_in("wrong");
    again(&app, visitor, next, WRONG)
}

/// The page, with what went wrong.
pub(super) fn again(
    app: &App,
    visitor: Visitor,
    next: Next,
    wrong: &'static str,
) -> Result<Response, PageError> {
    page::again(&Confirm::of(app, visitor, next, wrong))
}
