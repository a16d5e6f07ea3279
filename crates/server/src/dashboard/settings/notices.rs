//! Where the organization hears of its credentials: by mail to its owners and admins, and at its
//! webhooks.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::{
    notice::Kind,
    webhook::{WEBHOOKS_AT_MOST, Webhook},
};
use serde::Deserialize;

use crate::{
    app::App,
    dashboard::page::{self, Page, Tab},
    mail,
    management::{organizations, webhooks},
    web::{error_page::PageError, flash::Flash, form::Form, redirect::Redirect, visitor::Here},
};

struct Row {
    id: String,
    url: String,
    kinds: String,
    is_paused: bool,
}

/// A kind of notice as a form offers it.
pub(super) struct Choice {
    pub(super) word: &'static str,
    pub(super) meaning: &'static str,
    pub(super) is_chosen: bool,
}

/// Every kind, those in `chosen` ticked.
pub(super) fn choices(chosen: &BTreeSet<Kind>) -> Vec<Choice> {
    let choice = |kind: &Kind| Choice {
        word: kind.word(),
        meaning: kind.meaning(),
        is_chosen: chosen.contains(kind),
    };
    Kind::ALL.iter().map(choice).collect()
}

/// The kinds of these words; what is none is left out.
pub(super) fn kinds(words: &[String]) -> BTreeSet<Kind> {
    words.iter().filter_map(|word| word.parse().ok()).collect()
}

#[derive(Template)]
#[template(path = "dashboard/settings/notices.html")]
struct Notices {
    page: Page,
    tabs: Vec<Tab>,
    href: String,
    rows: Vec<Row>,
    mailed: Vec<Choice>,
    has_mail: bool,
    is_full: bool,
}

pub(super) async fn page(State(app): State<App>, here: Here) -> Result<Response, PageError> {
    let act = app.act(&here.visitor.caller);
    let webhooks = webhooks::list(&act, &here.organization.id).await?;
    let row = |webhook: &Webhook| Row {
        id: webhook.id.to_string(),
        url: webhook.url.to_string(),
        kinds: webhook.kinds.iter().map(|kind| kind.short()).collect::<Vec<_>>().join(", "),
        is_paused: webhook.is_paused,
    };
    let page = super::page(&here, "Notices");
    page::show(&Notices {
        tabs: super::tabs(&here, &page, "/notices"),
        href: page.url(&super::path(&here, "")),
        rows: webhooks.iter().map(row).collect(),
        mailed: choices(&here.organization.mailed),
        has_mail: mail::is_set_up(&app.config),
        is_full: webhooks.len() >= WEBHOOKS_AT_MOST,
        page,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Mailed {
    kinds: Vec<String>,
}

pub(super) async fn set_mailed(
    State(app): State<App>,
    here: Here,
    Form(mailed): Form<Mailed>,
) -> Result<Redirect, PageError> {
    let act = app.act(&here.visitor.caller);
    organizations::set_mailed(&act, &here.organization.id, kinds(&mailed.kinds)).await?;
    Ok(Redirect::to(&app, &super::path(&here, "/notices")).saying(Flash::Saved))
}
