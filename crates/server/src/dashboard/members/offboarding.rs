//! `GET …/members/{person}/offboarding`: what somebody made, and which secrets they saw, from the
//! audit log. It works as well after they have left. Credentials stay when people go, so what is
//! to be done is to rotate the secrets that they know.

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::{
    ClientId, Credential, Image, PersonId, SecretId,
    audit::Event,
    change::Key,
    credential::{SecretStatus, Status},
    permission::Permission,
};
use hallpass_store::AuditFilter;

use crate::{
    app::App,
    dashboard::{
        page::{self, Page, Place},
        time::Moment,
    },
    web::{error_page::PageError, form::Path, visitor::Here},
};

/// Events that are read at most; who has done more than this is looked after in the audit log.
const EVENTS_AT_MOST: usize = 5000;

/// What shows somebody a secret.
const SHOWN_BY: [&str; 2] = ["credential.add", "secret.add"];

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
    if !here.may(Permission::ReadAudit) {
        let who = "only owners, admins and auditors see what others have done";
        return Err(PageError::Forbidden(who.to_owned()));
    }
    let id = &here.organization.id;
    let filter = AuditFilter {
        organization_id: Some(id.clone()),
        actor_id: Some(person.to_string()),
        ..AuditFilter::default()
    };
    let events = app.store.audit(&filter, None, EVENTS_AT_MOST + 1).await?;
    let is_member = here.organization.member(&person).is_some();
    // Somebody who never belonged here does not exist here.
    if !is_member && events.is_empty() {
        return Err(PageError::NotFound);
    }
    let found = app.store.people(std::slice::from_ref(&person)).await?;
    let name = found.first().map_or_else(|| person.to_string(), |own| own.name.to_string());
    let page = here.visitor.page.clone().titled(format!("What {name} made"));
    let page = page.at(Place::Members).below("Members", &format!("/organizations/{id}/members"));
    page::show(&Offboarding {
        rows: rows(&app, &events).await?,
        credentials: page.url(&format!("/organizations/{id}/credentials")),
        audit: page.url(&format!("/organizations/{id}/audit?who={person}")),
        is_cut: events.len() > EVENTS_AT_MOST,
        lede: if is_member {
            "Before they leave: which secrets they have seen."
        } else {
            "They have left. What they made stays: it belongs to the organization."
        },
        page,
    })
}

async fn rows(app: &App, events: &[Event]) -> Result<Vec<Row>, PageError> {
    let now = app.clock.now();
    let mut rows: Vec<Row> = Vec::new();
    for event in events.iter().filter(|event| SHOWN_BY.contains(&event.action.as_str())) {
        if rows.iter().any(|row| row.id == event.subject) {
            continue;
        }
        let Ok(id) = event.subject.parse::<ClientId>() else { continue };
        let Some(Image::Credential(own)) = app.store.image(&Key::Credential(id)).await? else {
            continue;
        };
        let is_usable = |id: &SecretId| {
            own.secret(id).is_some_and(|secret| secret.status(now) == SecretStatus::Usable)
        };
        let known = known_secrets(&own, events);
        let is_over = matches!(own.status, Status::Revoked { .. });
        rows.push(Row {
            id: own.client_id.to_string(),
            name: own.settings.name.to_string(),
            status: own.status.word(),
            made_it: has_made(&own, events),
            alive: known.iter().filter(|id| !is_over && is_usable(id)).count(),
            seen: Moment::new(event.at, now),
        });
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.alive > 0));
    Ok(rows)
}

fn has_made(own: &Credential, events: &[Event]) -> bool {
    events.iter().any(|e| e.action == "credential.add" && e.subject == own.client_id.as_str())
}

/// The secrets that they were shown: the first one of what they made, and those that they added.
fn known_secrets(own: &Credential, events: &[Event]) -> Vec<SecretId> {
    let first = own.secrets.first().filter(|_| has_made(own, events));
    let added = events
        .iter()
        .filter(|event| event.action == "secret.add" && event.subject == own.client_id.as_str());
    let added = added.filter_map(|event| event.detail["secret"].as_str()?.parse().ok());
    first.map(|secret| secret.id.clone()).into_iter().chain(added).collect()
}
