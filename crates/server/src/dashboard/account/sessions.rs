//! Where a person is signed in, and ending that.

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::opaque::OpaqueDigest;

use super::browser;
use crate::{
    app::App,
    dashboard::{
        page::{self, Page},
        time::Moment,
    },
    management::sessions,
    web::{
        error_page::PageError, flash::Flash, form::Path, redirect::Redirect, session,
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "dashboard/account/sessions.html")]
struct Sessions {
    page: Page,
    rows: Vec<Row>,
}

struct Row {
    id: OpaqueDigest,
    browser: String,
    address: String,
    means: &'static str,
    begun: Moment,
    seen: Moment,
    is_this: bool,
}

/// `GET /account/sessions`.
pub(super) async fn page(State(app): State<App>, visitor: Visitor) -> Result<Response, PageError> {
    let act = app.act(&visitor.caller);
    let found = sessions::list(&act, &visitor.person, app.config.session_idle_s).await?;
    let row = |seen: hallpass_store::SeenSession| Row {
        browser: browser::name(seen.session.browser.as_str()),
        address: seen.session.address.map_or_else(|| "unknown".to_owned(), |at| at.to_string()),
        means: seen.session.means.word(),
        begun: Moment::new(seen.session.begun_at, act.now),
        seen: Moment::new(seen.seen_at, act.now),
        is_this: seen.session.id == visitor.session.id,
        id: seen.session.id,
    };
    let rows = found.into_iter().map(row).collect();
    let page = visitor.page.titled("Sessions").below("Account", "/account");
    page::show(&Sessions { page, rows })
}

/// `POST /account/sessions/{id}/end`. Ending one that is over is no mistake.
pub(super) async fn end(
    State(app): State<App>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Redirect, PageError> {
    let id = OpaqueDigest::from(id.as_str());
    sessions::end(&app.act(&visitor.caller), &visitor.person, &id).await?;
    if id == visitor.session.id {
        return Ok(signed_out(&app));
    }
    Ok(Redirect::to(&app, "/account/sessions").saying(Flash::SessionEnded))
}

/// `POST /account/sessions`: ends all of them, this one too.
pub(super) async fn end_all(
    State(app): State<App>,
    visitor: Visitor,
) -> Result<Redirect, PageError> {
    sessions::end_all(&app.act(&visitor.caller), &visitor.person).await?;
    Ok(signed_out(&app))
}

fn signed_out(app: &App) -> Redirect {
    let away = Redirect::to(app, "/sign-in").saying(Flash::SignedOut);
    match session::end(&app.config) {
        Some(cookie) => away.setting(cookie),
        None => away,
    }
}
