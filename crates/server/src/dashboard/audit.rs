//! The audit log as people read it: of an organization, and for operators of everything. What is
//! asked for stands in the address; the same address with `.csv` or `.json` is a file.

mod asked;
mod export;
pub(super) mod words;

use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use hallpass_core::{
    OrganizationId,
    audit::{Actor, Event},
    permission::Permission,
};
use hallpass_store::Chain;

use self::asked::Asked;
use super::{
    page::{self, Page, Place},
    time::Moment,
};
use crate::{
    app::App,
    management::{ManagementError, audit},
    web::{
        error_page::PageError,
        form::Query,
        visitor::{Here, OperatorHere, Visitor},
    },
};

/// Events on one page.
const PAGE: usize = 50;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/organizations/{organization}/audit", get(of_organization))
        .route("/organizations/{organization}/audit.csv", get(export::csv_of_organization))
        .route("/organizations/{organization}/audit.json", get(export::json_of_organization))
        .route("/audit", get(of_all))
        .route("/audit.csv", get(export::csv_of_all))
        .route("/audit.json", get(export::json_of_all))
}

struct Row {
    seq: u64,
    says: &'static str,
    tone: &'static str,
    subject: String,
    /// Where the subject is looked at; empty if nowhere.
    href: String,
    by: String,
    /// All that they did; empty if they have no id.
    by_href: String,
    at: Moment,
    from: String,
    detail: String,
}

#[derive(Template)]
#[template(path = "dashboard/audit/list.html")]
struct List {
    page: Page,
    asked: Asked,
    path: String,
    rows: Vec<Row>,
    empty: &'static str,
    kinds: Vec<(&'static str, &'static str)>,
    actors: Vec<(String, String)>,
    is_of_all: bool,
    /// The organizations, for an operator to choose from.
    organizations: Vec<(String, String)>,
    chain: Option<(Chain, Moment)>,
    csv: String,
    json: String,
    first: String,
    next: String,
}

async fn of_organization(
    State(app): State<App>,
    here: Here,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    if !here.may(Permission::ReadAudit) {
        return Err(ManagementError::Forbidden(Permission::ReadAudit.verb()).into());
    }
    let id = here.organization.id.clone();
    let path = format!("/organizations/{id}/audit");
    let page = here.visitor.page.clone().titled("Audit log").at(Place::Audit);
    show(&app, &here.visitor, page, (Some(id), path), asked).await
}

async fn of_all(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let page = visitor.page.clone().titled("Audit log of all").at(Place::WholeAudit);
    show(&app, &visitor, page, (None, "/audit".to_owned()), asked).await
}

async fn show(
    app: &App,
    visitor: &Visitor,
    page: Page,
    (id, path): (Option<OrganizationId>, String),
    mut asked: Asked,
) -> Result<Response, PageError> {
    let act = app.act(&visitor.caller);
    let filter = asked.read(id.as_ref());
    let mut events = match &filter {
        Some(filter) => audit::list(&act, filter, asked.before(), PAGE + 1).await?,
        None => Vec::new(),
    };
    let more = events.len() > PAGE;
    events.truncate(PAGE);
    let next = events.last().filter(|_| more).map(|last| asked.following(last.seq));
    let base = page.url("");
    let rows = events.iter().map(|event| row(event, &base, &path, &asked, act.now)).collect();
    let address = |asked: &Asked, end: &str| page.url(&asked.address(&format!("{path}{end}")));
    let whole = asked.first();
    page::show(&List {
        rows,
        empty: if asked.is_narrow() {
            "Nothing like this has happened. Ask for more days, or for everything."
        } else {
            "Nothing has happened here yet."
        },
        kinds: words::kinds(),
        actors: actors(app, id.as_ref(), &asked).await?,
        organizations: if id.is_none() { organizations(app).await? } else { Vec::new() },
        is_of_all: id.is_none(),
        chain: app.audit_check.last().map(|(chain, at)| (chain, Moment::new(at, act.now))),
        csv: address(&whole, ".csv"),
        json: address(&whole, ".json"),
        first: if asked.before.is_empty() { String::new() } else { address(&whole, "") },
        next: next.map_or_else(String::new, |next| address(&next, "")),
        path: page.url(&path),
        asked,
        page,
    })
}

fn row(event: &Event, base: &str, path: &str, asked: &Asked, now: hallpass_core::Timestamp) -> Row {
    Row {
        seq: event.seq,
        says: words::says(&event.action),
        tone: words::tone(&event.action),
        subject: event.subject.clone(),
        href: href(event, base),
        by: event.actor.to_string(),
        by_href: event
            .actor
            .id()
            .map_or_else(String::new, |id| format!("{base}{}", asked.by(id).address(path))),
        at: Moment::new(event.at, now),
        from: from(&event.actor),
        detail: detail(event),
    }
}

/// Where somebody who reads of a thing can look at it.
fn href(event: &Event, base: &str) -> String {
    let subject = &event.subject;
    match (&event.organization_id, event.action.split('.').next().unwrap_or_default()) {
        (Some(own), "credential" | "secret" | "token") => {
            format!("{base}/organizations/{own}/credentials/{subject}")
        }
        (Some(own), "member") => format!("{base}/organizations/{own}/members"),
        (Some(own), "organization" | "webhook") => format!("{base}/organizations/{own}/settings"),
        (None, "api") => format!("{base}/apis/{subject}"),
        (None, "key") => format!("{base}/keys"),
        _ => String::new(),
    }
}

/// What else the event says; mostly empty.
pub(super) fn detail(event: &Event) -> String {
    match event.detail.as_object() {
        Some(detail) if !detail.is_empty() => {
            serde_json::to_string_pretty(detail).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// The address that somebody acted from.
pub(super) fn from(actor: &Actor) -> String {
    match actor {
        Actor::Person { address, .. } | Actor::Finder { address } => {
            address.map(|address| address.to_string()).unwrap_or_default()
        }
        Actor::Credential { address, .. } => address.to_string(),
        Actor::Operator { .. } | Actor::Server => String::new(),
    }
}

/// The people whom a reader may want to choose from, and whoever is chosen.
async fn actors(
    app: &App,
    id: Option<&OrganizationId>,
    asked: &Asked,
) -> Result<Vec<(String, String)>, PageError> {
    let mut ids = Vec::new();
    let operators = app.store.operators().await?;
    if let Some(id) = id
        && let Some(hallpass_core::Image::Organization(own)) =
            app.store.image(&hallpass_core::change::Key::Organization(id.clone())).await?
    {
        ids.extend(own.members.into_iter().map(|member| member.person_id));
    }
    if id.is_none() {
        ids.extend(operators.into_iter().map(|person| person.id));
    }
    if let Ok(chosen) = asked.who.parse()
        && !ids.contains(&chosen)
    {
        ids.push(chosen);
    }
    let people = app.store.people(&ids).await?;
    let mut actors = vec![(String::new(), "Anybody".to_owned())];
    actors.extend(people.iter().map(|one| (one.id.to_string(), one.email.to_string())));
    if !asked.who.is_empty() && actors.iter().all(|(id, _)| *id != asked.who) {
        actors.push((asked.who.clone(), asked.who.clone()));
    }
    Ok(actors)
}

async fn organizations(app: &App) -> Result<Vec<(String, String)>, PageError> {
    let mut all = vec![(String::new(), "All organizations".to_owned())];
    let found = app.store.organizations().await?;
    all.extend(found.iter().map(|own| (own.id.to_string(), own.name.to_string())));
    Ok(all)
}
