//! What was sent lately, and what came of it.

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::{
    DeliveryId, Person, PersonId, Timestamp,
    delivery::{Answer, Delivery, State as Progress, Target},
    notice,
};
use serde::Deserialize;

use crate::{
    app::App,
    dashboard::{
        page::{self, Page, Tab},
        query::address,
        time::Moment,
    },
    management::webhooks,
    web::{
        error_page::PageError,
        flash::Flash,
        form::{Path, Query},
        redirect::Redirect,
        visitor::Here,
    },
};

/// Deliveries on one page.
const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The last delivery of the page before.
    before: String,
}

struct Row {
    id: String,
    says: String,
    what: String,
    to: String,
    state: &'static str,
    tone: &'static str,
    at: Moment,
    next: Option<Moment>,
    tries: Vec<(Moment, String)>,
    can_send_again: bool,
}

#[derive(Template)]
#[template(path = "dashboard/settings/deliveries.html")]
struct Deliveries {
    page: Page,
    tabs: Vec<Tab>,
    href: String,
    rows: Vec<Row>,
    first: String,
    next: String,
}

pub(super) async fn page(
    State(app): State<App>,
    here: Here,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let act = app.act(&here.visitor.caller);
    let before: Option<DeliveryId> = asked.before.parse().ok();
    let id = &here.organization.id;
    let mut found = webhooks::deliveries(&act, id, before.as_ref(), PAGE + 1).await?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let people: Vec<PersonId> = found.iter().filter_map(mailed_to).collect();
    let people = app.store.people(&people).await?;
    let page = super::page(&here, "Deliveries");
    let path = super::path(&here, "/deliveries");
    let last = found.last().filter(|_| more).map(|last| last.id.to_string());
    page::show(&Deliveries {
        tabs: super::tabs(&here, &page, "/deliveries"),
        rows: found.iter().map(|one| row(one, to(&here, &people, one), act.now)).collect(),
        first: if before.is_some() { page.url(&path) } else { String::new() },
        next: last.map_or_else(String::new, |last| page.url(&address(&path, &[("before", &last)]))),
        href: page.url(&path),
        page,
    })
}

fn mailed_to(delivery: &Delivery) -> Option<PersonId> {
    match &delivery.target {
        Target::Mail(person) => Some(person.clone()),
        Target::Webhook(_) => None,
    }
}

/// Whom it goes to, in words. The path of a URL may let people in, so it is left out.
fn to(here: &Here, people: &[Person], delivery: &Delivery) -> String {
    match &delivery.target {
        Target::Webhook(id) => here.organization.webhook(id).map_or_else(
            || "a webhook that was removed".to_owned(),
            |own| own.url.authority().to_owned(),
        ),
        Target::Mail(id) => people
            .iter()
            .find(|person| person.id == *id)
            .map_or_else(|| id.to_string(), |person| person.email.to_string()),
    }
}

fn row(delivery: &Delivery, to: String, now: Timestamp) -> Row {
    let body: serde_json::Value = serde_json::from_str(&delivery.body).unwrap_or_default();
    let answer = |answer: &Answer| match answer {
        Answer::Taken => "taken by the mail server".to_owned(),
        Answer::Status(status) => format!("answered {status}"),
        Answer::Trouble(why) => why.clone(),
    };
    let tries = delivery.tries.iter().rev().map(|one| {
        (Moment::new(one.at, now), format!("{}, after {} ms", answer(&one.answer), one.took_ms))
    });
    let waits = delivery.state == Progress::Waiting;
    Row {
        id: delivery.id.to_string(),
        says: notice::said(&delivery.what, &body["data"]),
        what: delivery.what.clone(),
        to,
        state: delivery.state.word(),
        tone: match delivery.state {
            Progress::Waiting => "info",
            Progress::Delivered => "good",
            Progress::GivenUp => "bad",
        },
        at: Moment::new(delivery.created_at, now),
        next: (waits && !delivery.tries.is_empty()).then(|| Moment::new(delivery.due_at, now)),
        tries: tries.collect(),
        can_send_again: !waits,
    }
}

pub(super) async fn send_again(
    State(app): State<App>,
    here: Here,
    Path((_, id)): Path<(String, DeliveryId)>,
) -> Result<Redirect, PageError> {
    let act = app.act(&here.visitor.caller);
    webhooks::send_again(&act, &here.organization.id, &id).await?;
    Ok(Redirect::to(&app, &super::path(&here, "/deliveries")).saying(Flash::SentAgain))
}
