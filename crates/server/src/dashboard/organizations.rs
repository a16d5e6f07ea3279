//! The organizations: people see theirs; operators see all, add them, and suspend them, which is
//! one switch that kills everything they own.

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hallpass_core::{Conflict, organization::OrganizationStatus};
use serde::Deserialize;

use super::{
    certain::{Certain, Typed},
    page::{self, Page, Place},
    query::address,
    time::Moment,
    typed::sentence,
};
use crate::{
    app::App,
    management::{ManagementError, organizations},
    web::{
        error_page::PageError,
        flash::Flash,
        form::{Form, Query},
        redirect::Redirect,
        visitor::{Here, OperatorHere, Visitor},
    },
};

/// Organizations on one page.
const PAGE: usize = 100;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/organizations", get(list))
        .route("/organizations/new", get(new).post(add))
        .route("/organizations/{organization}", get(enter))
        .route("/organizations/{organization}/suspend", get(ask_suspend).post(suspend))
        .route("/organizations/{organization}/resume", post(resume))
}

/// What the list is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// A part of a name.
    q: String,
    /// Which page, from 0.
    page: usize,
}

struct Row {
    id: String,
    name: String,
    status: &'static str,
    members: usize,
    active: u64,
    all: u64,
    role: &'static str,
    since: Moment,
}

#[derive(Template)]
#[template(path = "dashboard/organizations/list.html")]
struct List {
    page: Page,
    rows: Vec<Row>,
    q: String,
    is_operator: bool,
    lede: &'static str,
    empty: &'static str,
    shown: String,
    first: String,
    next: String,
}

async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let act = app.act(&visitor.caller);
    let mut all = organizations::counted(&act).await?;
    let q = asked.q.trim().to_lowercase();
    all.retain(|one| {
        let own = &one.organization;
        q.is_empty() || own.name.as_str().to_lowercase().contains(&q) || own.id.as_str() == q
    });
    let row = |counted: &organizations::Counted| {
        let own = &counted.organization;
        Row {
            id: own.id.to_string(),
            name: own.name.to_string(),
            status: status(own.status),
            members: own.members.len(),
            active: counted.credentials.active,
            all: counted.credentials.all(),
            role: own.member(&visitor.person.id).map_or("", |member| member.role.word()),
            since: Moment::new(own.created_at, act.now),
        }
    };
    let from = asked.page.saturating_mul(PAGE).min(all.len());
    let to = (from + PAGE).min(all.len());
    let rows = all[from..to].iter().map(row).collect();
    let href = |page: usize| {
        let page = if page == 0 { String::new() } else { page.to_string() };
        visitor.page.url(&address("/organizations", &[("q", &asked.q), ("page", &page)]))
    };
    page::show(&List {
        rows,
        is_operator: visitor.caller.is_operator(),
        lede: if visitor.caller.is_operator() {
            "The customers of this installation; each owns its credentials."
        } else {
            "Those that you are a member of."
        },
        empty: if q.is_empty() {
            "Nobody has made you a member of one yet. Ask for an invitation."
        } else {
            "None has this in its name."
        },
        shown: match all.len() {
            0 => "None".to_owned(),
            count => format!("{}–{to} of {count}", from + 1),
        },
        first: if asked.page > 0 { href(0) } else { String::new() },
        next: if to < all.len() { href(asked.page + 1) } else { String::new() },
        q: asked.q.clone(),
        page: visitor.page.titled("Organizations").at(Place::Organizations),
    })
}

fn status(status: OrganizationStatus) -> &'static str {
    match status {
        OrganizationStatus::Active => "Active",
        OrganizationStatus::Suspended => "Suspended",
    }
}

#[derive(Template)]
#[template(path = "dashboard/organizations/new.html")]
struct New {
    page: Page,
    name: String,
    wrong: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
}

impl New {
    fn of(page: Page, name: String, wrong: String) -> Self {
        let page = page.titled("Add organization").at(Place::Organizations);
        Self { page: page.below("Organizations", "/organizations").narrow(), name, wrong }
    }
}

async fn new(OperatorHere(visitor): OperatorHere) -> Result<Response, PageError> {
    page::show(&New::of(visitor.page, String::new(), String::new()))
}

async fn add(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
    Form(named): Form<Named>,
) -> Result<Response, PageError> {
    let wrong = match named.name.parse() {
        Ok(name) => match organizations::add(&app.act(&visitor.caller), name).await {
            Ok(own) => {
                let path = format!("/organizations/{}/members", own.id);
                let done = Redirect::to(&app, &path).saying(Flash::OrganizationAdded);
                return Ok(done.into_response());
            }
            Err(ManagementError::Conflict(Conflict::Taken(_))) => {
                "Another organization has this name; choose another".to_owned()
            }
            Err(why) => return Err(why.into()),
        },
        Err(why) => sentence(&why),
    };
    page::again(&New::of(visitor.page, named.name, wrong))
}

/// `GET /organizations/{organization}`.
async fn enter(State(app): State<App>, here: Here) -> Redirect {
    Redirect::to(&app, &format!("/organizations/{}/credentials", here.organization.id))
}

async fn ask_suspend(
    State(app): State<App>,
    operator: OperatorHere,
    here: Here,
) -> Result<Response, PageError> {
    certain(&app, operator, here).await?.show()
}

async fn suspend(
    State(app): State<App>,
    operator: OperatorHere,
    here: Here,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    operator.0.must_have_confirmed()?;
    let id = here.organization.id.clone();
    let caller = here.visitor.caller.clone();
    if let Some(again) = certain(&app, operator, here).await?.unless(typed) {
        return again;
    }
    organizations::suspend(&app.act(&caller), &id).await?;
    let done = Redirect::to(&app, "/organizations").saying(Flash::OrganizationSuspended);
    Ok(done.into_response())
}

async fn certain(
    app: &App,
    OperatorHere(visitor): OperatorHere,
    here: Here,
) -> Result<Certain, PageError> {
    let own = organizations::find(&app.act(&visitor.caller), &here.organization.id).await?;
    let (name, counts) = (own.organization.name.to_string(), own.credentials);
    let page = here.visitor.page.titled(format!("Suspend {name}?")).at(Place::Organizations);
    let page = page.below("Organizations", "/organizations");
    Ok(Certain {
        says: vec![
            match counts.all() {
                0 => "It has no credentials yet. Those that it makes get no tokens.".to_owned(),
                all => format!(
                    "All of its {all} credentials, {} of them active, get no tokens from now on, \
                     and every live token of theirs is dead at every connected verifier within a \
                     second.",
                    counts.active
                ),
            },
            "Its members can still sign in and look. Nothing is deleted.".to_owned(),
            "Resuming is one click: its programs then fetch new tokens by themselves. Tokens that \
             are dead stay dead."
                .to_owned(),
        ],
        action: page.url(&format!("/organizations/{}/suspend", own.organization.id)),
        back: page.url("/organizations"),
        page,
        name,
        what: "the organization's name",
        button: "Suspend organization",
        typed: String::new(),
        wrong: String::new(),
    })
}

async fn resume(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
    here: Here,
) -> Result<Redirect, PageError> {
    organizations::resume(&app.act(&visitor.caller), &here.organization.id).await?;
    Ok(Redirect::to(&app, "/organizations").saying(Flash::OrganizationResumed))
}
