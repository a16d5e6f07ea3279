//! The settings of an organization: its name, its rules for credentials, and where it hears of
//! them. Every member may read the rules; owners and admins change things.

mod deliveries;
mod general;
mod notices;
mod webhook;

use axum::{
    Router,
    routing::{get, post},
};

use super::page::{Page, Place, Tab};
use crate::{
    app::App,
    management::ManagementError,
    web::{error_page::PageError, visitor::Here},
};

use hallpass_core::permission::Permission;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/organizations/{organization}/settings", get(general::page))
        .route("/organizations/{organization}/settings/name", post(general::rename))
        .route("/organizations/{organization}/settings/policy", post(general::set_policy))
        .route(
            "/organizations/{organization}/settings/notices",
            get(notices::page).post(notices::set_mailed),
        )
        .route(
            "/organizations/{organization}/settings/webhooks/new",
            get(webhook::new).post(webhook::add),
        )
        .route(
            "/organizations/{organization}/settings/webhooks/{webhook}",
            get(webhook::edit).post(webhook::update),
        )
        .route(
            "/organizations/{organization}/settings/webhooks/{webhook}/secret",
            post(webhook::rotate_secret),
        )
        .route(
            "/organizations/{organization}/settings/webhooks/{webhook}/test",
            post(webhook::test),
        )
        .route(
            "/organizations/{organization}/settings/webhooks/{webhook}/remove",
            post(webhook::remove),
        )
        .route("/organizations/{organization}/settings/deliveries", get(deliveries::page))
        .route(
            "/organizations/{organization}/settings/deliveries/{delivery}/again",
            post(deliveries::send_again),
        )
}

/// Where a page of the settings is, without the issuer's path.
fn path(here: &Here, end: &str) -> String {
    format!("/organizations/{}/settings{end}", here.organization.id)
}

/// The page under this title.
fn page(here: &Here, title: &str) -> Page {
    here.visitor.page.clone().titled(title).at(Place::Settings)
}

/// Refuses those who may not change settings: URLs of webhooks may let people in elsewhere.
fn must_manage(here: &Here) -> Result<(), PageError> {
    if here.may(Permission::ManageSettings) {
        return Ok(());
    }
    Err(ManagementError::Forbidden(Permission::ManageSettings.verb()).into())
}

/// The tabs; those who may not change settings see the first.
fn tabs(here: &Here, page: &Page, current: &str) -> Vec<Tab> {
    let all = [("General", ""), ("Notices", "/notices"), ("Deliveries", "/deliveries")];
    let shown = if here.may(Permission::ManageSettings) { all.len() } else { 1 };
    let tab = |(label, end): &(&str, &str)| Tab {
        label: (*label).to_owned(),
        href: page.url(&path(here, end)),
        is_current: *end == current,
    };
    all[..shown].iter().map(tab).collect()
}
