//! `GET …/members/{person}/offboarding`: what somebody made, and which secrets they saw. It works as
//! well after they have left.

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::PersonId;

use crate::{
    app::App,
    dashboard::{
        page::{self, Page, Place},
        time::Moment,
    },
    management::offboarding::{self, Known},
    web::{error_page::PageError, form::Path, visitor::Here},
};

#[derive(Template)]
#[template(path = "dashboard/members/offboarding.html")]
struct Offboarding {
    page: Page,
    /// Where the organization's credentials are.
    credentials: String,
    /// Where everything is that they did.
    audit: String,
    lede: &'static str,
    rows: Vec<Row>,
    is_cut: bool,
}

/// A credential of which they saw a secret.
struct Row {
    id: String,
    name: String,
    status: &'static str,
    made_it: bool,
    /// Secrets that they saw and that still work.
    alive: usize,
    seen: Moment,
}

pub(super) async fn page(
    State(app): State<App>,
    here: Here,
    Path((_, person)): Path<(String, PersonId)>,
) -> Result<Response, PageError> {
    let act = app.act(&here.visitor.caller);
    let id = &here.organization.id;
    let found = offboarding::of(&act, id, &person).await?;
    let name = found.person.as_ref().map_or_else(|| person.to_string(), |own| own.name.to_string());
    let row = |known: &Known| Row {
        id: known.credential.client_id.to_string(),
        name: known.credential.settings.name.to_string(),
        status: known.credential.status.word(),
        made_it: known.made_it,
        alive: known.alive.len(),
        seen: Moment::new(known.seen_at, act.now),
    };
    let page = here.visitor.page.clone().titled(format!("What {name} made"));
    let page = page.at(Place::Members).below("Members", &format!("/organizations/{id}/members"));
    page::show(&Offboarding {
        rows: found.known.iter().map(row).collect(),
        credentials: page.url(&format!("/organizations/{id}/credentials")),
        audit: page.url(&format!("/organizations/{id}/audit?who={person}")),
        is_cut: found.is_cut,
        lede: if found.is_member {
            "Before they leave: which secrets they have seen."
        } else {
            "They have left. What they made stays: it belongs to the organization."
        },
        page,
    })
}
