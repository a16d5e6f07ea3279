//! Credentials that wait for approval: what each asks for, who asks, and the two buttons of its own
//! page. Owners and admins decide; everybody else who may see credentials sees the queue.

use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use hallpass_core::{Api, Credential, credential::Status, permission::Permission};
use hallpass_store::CredentialFilter;

use super::{
    page::{self, Page, Place},
    time::Moment,
};
use crate::{
    app::App,
    web::{error_page::PageError, visitor::Here},
};

/// Pending credentials that are looked through; an organization cannot have more.
const PENDING_AT_MOST: usize = 1000;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/organizations/{organization}/approvals", get(list))
}

/// What a credential asks for at one API.
struct Asked {
    api: String,
    /// Each with what it lets a program do, and whether another credential has it already.
    scopes: Vec<Scope>,
}

struct Scope {
    name: String,
    words: String,
    /// No active credential of the organization has it: the answer gives something new.
    is_new: bool,
}

struct Row {
    id: String,
    name: String,
    description: String,
    by: String,
    at: Moment,
    until: Moment,
    ends: Option<Moment>,
    addresses: Vec<String>,
    asks: Vec<Asked>,
}

#[derive(Template)]
#[template(path = "dashboard/approvals/list.html")]
struct List {
    page: Page,
    credentials: String,
    rows: Vec<Row>,
    empty: &'static str,
    can_approve: bool,
}

async fn list(State(app): State<App>, here: Here) -> Result<Response, PageError> {
    if !here.may(Permission::ReadCredentials) {
        return Err(PageError::NotFound);
    }
    let id = &here.organization.id;
    let of_status = |status: &str| CredentialFilter {
        organization_id: Some(id.clone()),
        status: Some(status.to_owned()),
        ..CredentialFilter::default()
    };
    let mut waiting = app.store.credentials(&of_status("pending"), None, PENDING_AT_MOST).await?;
    waiting.retain(|own| own.approval_asked_by.is_some());
    waiting.sort_by_key(|own| own.created_at);
    let has = if waiting.is_empty() {
        Vec::new()
    } else {
        app.store.credentials(&of_status("active"), None, PENDING_AT_MOST).await?
    };
    let (apis, now) = (app.store.apis().await?, app.clock.now());
    let page = here.visitor.page.clone().titled("Approvals").at(Place::Approvals);
    page::show(&List {
        credentials: page.url(&format!("/organizations/{id}/credentials")),
        rows: waiting.iter().map(|own| row(own, &apis, &has, now)).collect(),
        empty: if here.organization.policy.approval_required {
            "When a developer adds a credential, it waits here and gets no tokens until it is \
             approved."
        } else {
            "This organization asks for no approval: credentials are active at once. Owners and \
             admins change that in the settings."
        },
        can_approve: here.may(Permission::ApproveCredentials),
        page,
    })
}

fn row(own: &Credential, apis: &[Api], has: &[Credential], now: hallpass_core::Timestamp) -> Row {
    let settings = &own.settings;
    let until = match own.status {
        Status::Pending { expires_at } => expires_at,
        _ => now,
    };
    Row {
        id: own.client_id.to_string(),
        name: settings.name.to_string(),
        description: settings.description.to_string(),
        by: own.approval_asked_by.clone().unwrap_or_default(),
        at: Moment::new(own.created_at, now),
        until: Moment::new(until, now),
        ends: settings.expires_at.map(|at| Moment::new(at, now)),
        addresses: settings.allow_list.iter().map(ToString::to_string).collect(),
        asks: settings.grants.iter().filter_map(|grant| asked(grant, apis, has)).collect(),
    }
}

fn asked(
    grant: &hallpass_core::credential::Grant,
    apis: &[Api],
    has: &[Credential],
) -> Option<Asked> {
    let api = apis.iter().find(|api| api.id == grant.api_id)?;
    let is_held = |scope: &str| {
        let grants = has.iter().flat_map(|other| &other.settings.grants);
        grants.filter(|held| held.api_id == api.id).any(|held| held.scopes.contains(scope))
    };
    let scope = |scope: &str| Scope {
        name: scope.to_owned(),
        words: api.scope_description(scope).to_owned(),
        is_new: !is_held(scope),
    };
    let scopes = grant.scopes.iter().map(scope).collect();
    Some(Asked { api: api.name.to_string(), scopes })
}
