//! The dashboard: pages made by the server, with real links and forms. A page parses, calls
//! `management`, and renders; it decides nothing, and no page needs script to work.
//!
//! # How to add a page
//!
//! A subject is a folder here, with a `routes()` of its own that `routes` merges. A page is a
//! handler, and the typed template beside it:
//!
//! ```text
//! #[derive(Template)]
//! #[template(path = "dashboard/apis/list.html")]        // {% extends "dashboard/layout.html" %}
//! struct List { page: Page, apis: Vec<Row> }            // the layout asks for `page`
//!
//! async fn list(State(app): State<App>, page: Page) -> Result<Html, PageError> {
//!     let apis = …;
//!     page::show(&List { page: page.titled("APIs").at(Place::Apis), apis })
//! }
//! ```
//!
//! - **Template**: `{% extends "dashboard/layout.html" %}`, then
//!   `{% import "dashboard/ui.html" as ui %}`, then `{% block content %}…{% endblock %}`. The
//!   parts in `ui.html` are shown in `gallery.html`; use those, and add to both what is missing.
//!   No `style=`, no `on…=`, no inline script: the Content-Security-Policy refuses them.
//! - **Links** begin with `{{ page.base }}`: the issuer may have a path.
//! - **Forms** are `method="post"`, read by [`Form`], and answer a good one with
//!   [`Redirect::to`] (303), a message by `.saying(Flash::…)`. A form with mistakes is rendered
//!   again with [`page::again`] (422): an `error` at each field, and what was typed still there.
//! - **Errors** are a [`PageError`]; `?` turns conflicts and outages into one. Cross-site posts,
//!   bodies over 64 KiB and slow ones never reach a handler.
//! - **Secrets** go into a body that is shown once, by [`page::show_secret`]: never into a URL, a
//!   flash or a log.
//! - **Times** are `{{ ui::time(Moment::new(at, now)) }}`; charts are [`chart::Bars`] and
//!   [`chart::Spark`]; files of a page are added to [`assets`].
//! - **Metrics**: the first segment of a new path belongs in `owns`.
//! - **Tests**: the rule beside the code, the answer in `tests/http/dashboard`, and the journey
//!   in the browser (`crates/hallpass/tests/browser`), where `look` takes screenshots at both
//!   widths and in both themes, and checks the page for accessibility and errors.
//!
//! [`Form`]: crate::web::form::Form
//! [`Redirect::to`]: crate::web::redirect::Redirect::to
//! [`PageError`]: crate::web::error_page::PageError

mod account;
mod apis;
mod approvals;
pub mod assets;
mod audit;
mod certain;
pub mod chart;
mod credentials;
mod csv;
#[cfg(feature = "gallery")]
pub mod gallery;
pub mod icon;
mod invitations;
mod keys;
mod leaks;
mod members;
mod nodes;
mod operators;
mod organizations;
pub mod page;
mod query;
mod set_up;
mod settings;
mod sign_in;
mod start;
pub mod time;
mod typed;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};

use crate::{
    app::App,
    web::{compression, csrf, form, headers},
};

/// Every page of the dashboard, and its files.
pub(crate) fn routes(app: &App) -> Router<App> {
    let pages = Router::new()
        .route("/", get(start::page))
        .route("/assets/{name}", get(assets::file))
        .merge(account::routes())
        .merge(credentials::routes())
        .merge(apis::routes())
        .merge(approvals::routes())
        .merge(audit::routes())
        .merge(invitations::routes())
        .merge(keys::routes())
        .merge(members::routes())
        .merge(nodes::routes())
        .merge(operators::routes())
        .merge(organizations::routes())
        .merge(settings::routes())
        .merge(leaks::routes())
        .merge(set_up::routes())
        .merge(sign_in::routes());
    dressed(app, pages)
}

/// Puts around pages what all of them need.
pub fn dressed(app: &App, pages: Router<App>) -> Router<App> {
    pages
        .layer(DefaultBodyLimit::max(form::BODY_AT_MOST))
        .layer(csrf::layer(&app.config))
        .layer(middleware::from_fn_with_state(app.clone(), headers::dress))
        .layer(compression::layer())
}

/// Whether a path, without the issuer's, is one of ours.
pub(crate) fn owns(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    matches!(
        first,
        "" | "account"
            | "apis"
            | "assets"
            | "audit"
            | "audit.csv"
            | "audit.json"
            | "confirm"
            | "invitations"
            | "keys"
            | "leaks"
            | "nodes"
            | "operators"
            | "organizations"
            | "recover"
            | "setup"
            | "sign-in"
            | "sign-out"
    )
}
