//! Signing in and out. Whoever cannot be let in learns the same, whatever the reason was.

mod claim;
mod confirm;
mod link;
pub(super) mod newcomer;
mod passkey;
mod password;
mod recover;
mod sso;

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};

use serde::Deserialize;

pub(super) use self::{claim::let_in, passkey::carrying};
use super::page::Page;
use crate::{
    app::App,
    management::sessions,
    web::{
        error_page::PageError, flash::Flash, form::Query, next::Next, redirect::Redirect, session,
        visitor::Visitor,
    },
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/sign-in", get(page).post(password::sign_in))
        .route("/sign-in/passkey", post(passkey::sign_in))
        .route("/sign-in/passkey/options", post(passkey::options))
        .route("/confirm/passkey", post(passkey::confirm))
        .route("/sign-in/sso", post(sso::ask))
        .route("/sign-in/sso/{organization_id}/callback", get(sso::callback))
        .route("/sign-in/sso/{organization_id}", get(sso::begin))
        .route("/sign-in/link/{token}", get(link::page).post(link::sign_in))
        .route("/recover", get(recover::page).post(recover::sign_in))
        .route("/confirm", get(confirm::page).post(confirm::confirm))
        .route("/sign-out", post(sign_out))
}

/// Where to go on to.
#[derive(Debug, Deserialize)]
pub(super) struct OnTo {
    pub(super) next: Option<String>,
}

/// `GET /sign-in`.
async fn page(
    State(app): State<App>,
    visitor: Option<Visitor>,
    page: Page,
    Query(on_to): Query<OnTo>,
) -> Result<Response, PageError> {
    let next = Next::asked(on_to.next.as_deref());
    if visitor.is_some() {
        return Ok(Redirect::to(&app, next.as_str()).into_response());
    }
    password::show(&app, page, next)
}

/// `POST /sign-out`. Signing out twice is no mistake.
async fn sign_out(State(app): State<App>, visitor: Option<Visitor>) -> Result<Redirect, PageError> {
    if let Some(visitor) = visitor {
        let act = app.act(&visitor.caller);
        sessions::end(&act, &visitor.person, &visitor.session.id).await?;
    }
    let mut away = Redirect::to(&app, "/sign-in").saying(Flash::SignedOut);
    if let Some(cookie) = session::end(&app.config) {
        away = away.setting(cookie);
    }
    Ok(away)
}
