//! One webhook: adding, changing, trying and removing it. Its secret is in the answer that makes
//! it and nowhere else.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use hallpass_core::{Conflict, WebhookId, notice::Kind, webhook::Webhook};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::notices::{Choice, choices, kinds};
use crate::{
    app::App,
    dashboard::{
        page::{self, Page},
        typed::{field, sentence},
    },
    management::{
        ManagementError,
        webhooks::{self, Made, Wanted},
    },
    web::{
        error_page::PageError,
        flash::Flash,
        form::{Form, Path},
        redirect::Redirect,
        visitor::Here,
    },
};

/// A webhook as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Draft {
    url: String,
    kinds: Vec<String>,
    paused: String,
}

#[derive(Default)]
struct Wrong {
    url: String,
    kinds: String,
}

#[derive(Template)]
#[template(path = "dashboard/settings/webhook.html")]
struct FormPage {
    page: Page,
    action: String,
    back: String,
    draft: Draft,
    choices: Vec<Choice>,
    wrong: Wrong,
    is_new: bool,
}

#[derive(Template)]
#[template(path = "dashboard/settings/webhook_secret.html")]
struct SecretPage {
    page: Page,
    secret: Zeroizing<String>,
    url: String,
    back: String,
}

impl Draft {
    fn of(webhook: &Webhook) -> Self {
        Self {
            url: webhook.url.to_string(),
            kinds: webhook.kinds.iter().map(|kind| kind.word().to_owned()).collect(),
            paused: if webhook.is_paused { "yes".to_owned() } else { String::new() },
        }
    }

    fn read(&self, wrong: &mut Wrong) -> Option<Wanted> {
        let url = field(&self.url, &mut wrong.url);
        let kinds = kinds(&self.kinds);
        if kinds.is_empty() {
            wrong.kinds = "Choose at least one".to_owned();
            return None;
        }
        Some(Wanted { url: url?, kinds, is_paused: !self.paused.is_empty() })
    }
}

impl FormPage {
    fn of(here: &Here, id: Option<&WebhookId>, draft: Draft, wrong: Wrong) -> Self {
        let title = if id.is_some() { "Webhook" } else { "Add webhook" };
        let page = super::page(here, title).below("Notices", &super::path(here, "/notices"));
        let end = id.map_or_else(|| "new".to_owned(), ToString::to_string);
        Self {
            action: page.url(&super::path(here, &format!("/webhooks/{end}"))),
            back: page.url(&super::path(here, "/notices")),
            choices: choices(&kinds(&draft.kinds)),
            draft,
            wrong,
            is_new: id.is_none(),
            page: page.narrow(),
        }
    }
}

pub(super) async fn new(here: Here) -> Result<Response, PageError> {
    super::must_manage(&here)?;
    let all = Kind::ALL.map(|kind| kind.word().to_owned());
    let draft = Draft { kinds: all.into(), ..Draft::default() };
    page::show(&FormPage::of(&here, None, draft, Wrong::default()))
}

pub(super) async fn add(
    State(app): State<App>,
    here: Here,
    Form(draft): Form<Draft>,
) -> Result<Response, PageError> {
    super::must_manage(&here)?;
    let mut wrong = Wrong::default();
    if let Some(wanted) = draft.read(&mut wrong) {
        let act = app.act(&here.visitor.caller);
        match webhooks::add(&act, &here.organization.id, wanted).await {
            Ok(made) => return show_secret(&here, "Webhook added", made),
            Err(ManagementError::Conflict(why @ Conflict::TooMany(_))) => {
                wrong.url = sentence(&why);
            }
            Err(why) => return Err(why.into()),
        }
    }
    page::again(&FormPage::of(&here, None, draft, wrong))
}

pub(super) async fn edit(
    State(app): State<App>,
    here: Here,
    Path((_, id)): Path<(String, WebhookId)>,
) -> Result<Response, PageError> {
    let act = app.act(&here.visitor.caller);
    let webhook = webhooks::find(&act, &here.organization.id, &id).await?.webhook;
    page::show(&FormPage::of(&here, Some(&id), Draft::of(&webhook), Wrong::default()))
}

pub(super) async fn update(
    State(app): State<App>,
    here: Here,
    Path((_, id)): Path<(String, WebhookId)>,
    Form(draft): Form<Draft>,
) -> Result<Response, PageError> {
    let act = app.act(&here.visitor.caller);
    webhooks::find(&act, &here.organization.id, &id).await?;
    let mut wrong = Wrong::default();
    if let Some(wanted) = draft.read(&mut wrong) {
        webhooks::update(&act, &here.organization.id, &id, wanted).await?;
        return Ok(back(&app, &here).saying(Flash::Saved).into_response());
    }
    page::again(&FormPage::of(&here, Some(&id), draft, wrong))
}

pub(super) async fn rotate_secret(
    State(app): State<App>,
    here: Here,
    Path((_, id)): Path<(String, WebhookId)>,
) -> Result<Response, PageError> {
    here.visitor.must_have_confirmed()?;
    let act = app.act(&here.visitor.caller);
    let made = webhooks::rotate_secret(&act, &here.organization.id, &id).await?;
    show_secret(&here, "New secret", made)
}

pub(super) async fn test(
    State(app): State<App>,
    here: Here,
    Path((_, id)): Path<(String, WebhookId)>,
) -> Result<Redirect, PageError> {
    let act = app.act(&here.visitor.caller);
    webhooks::test(&act, &here.organization.id, &id).await?;
    Ok(Redirect::to(&app, &super::path(&here, "/deliveries")).saying(Flash::TestSent))
}

pub(super) async fn remove(
    State(app): State<App>,
    here: Here,
    Path((_, id)): Path<(String, WebhookId)>,
) -> Result<Redirect, PageError> {
    let act = app.act(&here.visitor.caller);
    webhooks::remove(&act, &here.organization.id, &id).await?;
    Ok(back(&app, &here).saying(Flash::WebhookRemoved))
}

fn show_secret(here: &Here, title: &str, made: Made) -> Result<Response, PageError> {
    let page = super::page(here, title).below("Notices", &super::path(here, "/notices")).narrow();
    page::show_secret(&SecretPage {
        secret: made.secret.expose(),
        url: made.webhook.url.to_string(),
        back: page.url(&super::path(here, "/notices")),
        page,
    })
}

fn back(app: &App, here: &Here) -> Redirect {
    Redirect::to(app, &super::path(here, "/notices"))
}
