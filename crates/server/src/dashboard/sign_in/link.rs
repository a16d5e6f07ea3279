//! Signing in by a link that was printed or sent, once. Looking at the page uses nothing up:
//! mail programs follow links too.

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::{Person, audit::Actor, opaque::Opaque, session::Means};

use super::claim;
use crate::{
    app::App,
    dashboard::page::{self, Page},
    management::{Caller, Power, people},
    web::{error_page::PageError, flash::Flash, form::Path, redirect::Redirect, visitor::Stranger},
};

#[derive(Template)]
#[template(path = "dashboard/sign_in/link.html")]
struct ByLink {
    page: Page,
    person: Person,
}

/// `GET /sign-in/link/{token}`.
pub(super) async fn page(
    State(app): State<App>,
    Path(token): Path<String>,
    page: Page,
) -> Result<Response, PageError> {
    let nobody = Caller { actor: Actor::Server, power: Power::Nobody };
    let person = people::let_in_by(&app.act(&nobody), &Opaque::presented(&token)).await?;
    page::show(&ByLink { page: page.titled("Sign in").narrow(), person })
}

/// `POST /sign-in/link/{token}`.
pub(super) async fn sign_in(
    State(app): State<App>,
    Path(token): Path<String>,
    stranger: Stranger,
) -> Result<Redirect, PageError> {
    let text = Opaque::presented(&token);
    let nobody = Caller { actor: Actor::Server, power: Power::Nobody };
    let person = people::let_in_by(&app.act(&nobody), &text).await?;
    let themselves = Caller::person(&person, &[], stranger.address);
    let person = people::use_link(&app.act(&themselves), &text).await?;
    if people::can_sign_in(&person) {
        claim::let_in(&app, &stranger, &person, Means::Link, "/").await
    } else {
        let way = claim::let_in(&app, &stranger, &person, Means::Link, "/account").await?;
        Ok(way.saying(Flash::NoWayBack))
    }
}
