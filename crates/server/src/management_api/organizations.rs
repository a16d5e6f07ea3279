//! `/api/v1/organizations`: the caller's own; with scopes of operators, all of them.

use axum::{extract::State, response::Response};
use hallpass_core::{
    Image, Organization, OrganizationId,
    organization::{OrganizationStatus, Policy},
    text::Name,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem, answer,
    body::{Ids, IfMatch, Json, Params},
    once::{Key, Made, body_of, once},
    page::{self, Address},
    problem,
    program::Program,
    time::Moment,
};
use crate::{app::App, management::organizations as acts};

const PATH: &str = "/api/v1/organizations";

/// An organization's rules for its credentials.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = Policy)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyBody {
    /// Every new secret must end, within this many seconds; `null`: it need not.
    secret_life_at_most_s: Option<u64>,
    /// Every credential must have an IP allow-list.
    allow_list_required: bool,
    /// A new credential becomes active only when somebody approves it.
    approval_required: bool,
}

impl From<Policy> for PolicyBody {
    fn from(policy: Policy) -> Self {
        Self {
            secret_life_at_most_s: policy.secret_life_at_most_s,
            allow_list_required: policy.allow_list_required,
            approval_required: policy.approval_required,
        }
    }
}

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organization)]
pub(super) struct OrganizationView {
    #[schema(value_type = String)]
    id: OrganizationId,
    #[schema(value_type = String)]
    name: Name,
    /// `active` or `suspended`.
    status: &'static str,
    policy: PolicyBody,
    /// How many belong to it.
    members: usize,
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
    /// When it was last suspended, if it ever was.
    #[schema(value_type = Option<String>, format = DateTime)]
    suspended_at: Option<Moment>,
}

impl From<&Organization> for OrganizationView {
    fn from(own: &Organization) -> Self {
        Self {
            id: own.id.clone(),
            name: own.name.clone(),
            status: match own.status {
                OrganizationStatus::Active => "active",
                OrganizationStatus::Suspended => "suspended",
            },
            policy: own.policy.clone().into(),
            members: own.members.len(),
            created_at: Moment(own.created_at),
            suspended_at: own.suspended_at.map(Moment),
        }
    }
}

/// An organization to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrganization {
    /// Unique in the installation.
    #[schema(value_type = String)]
    name: Name,
}

/// Which page is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Rows of a page: 1 to 200, 50 unless said.
    limit: Option<usize>,
    /// The place where the page before ended; `next` has it.
    after: Option<String>,
}

/// List the organizations that the caller may know of, by name: its own, or all of them.
#[utoipa::path(get, path = "/api/v1/organizations", tag = "Organizations", params(Wanted),
    security(("token" = []), ("token" = ["organizations:read"])),
    responses(
        (status = 200, description = "A page of organizations",
            body = inline(page::Page<OrganizationView>)),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn list(
    State(app): State<App>,
    program: Program,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Problem> {
    let limit = page::limit(wanted.limit)?;
    let place: Option<(Name, OrganizationId)> = page::place(wanted.after.as_deref())?;
    let mut rows = acts::list(&app.act(&program.caller)).await?;
    let order = |one: &Organization| (one.name.clone(), one.id.clone());
    rows.sort_by_key(order);
    rows.retain(|row| place.as_ref().is_none_or(|place| order(row) > *place));
    rows.truncate(limit + 1);
    let address = Address::new(PATH).with("limit", wanted.limit);
    let how = (
        |row: &Organization| page::cursor(&order(row)),
        |row: Organization| OrganizationView::from(&row),
    );
    Ok(page::show(&app, &address, limit, rows, how))
}

/// Make an organization, without members.
#[utoipa::path(post, path = "/api/v1/organizations", tag = "Organizations",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes asking again safe")),
    security(("token" = ["organizations:write"])), request_body = NewOrganization,
    responses(
        (status = 201, description = "Made", body = OrganizationView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn create(
    State(app): State<App>,
    program: Program,
    key: Key,
    Json { value: new, digest }: Json<NewOrganization>,
) -> Result<Response, Problem> {
    let (own, caller) = (app.clone(), program.caller.clone());
    let work = async move {
        let made = acts::add(&own.act(&caller), new.name).await?;
        Ok(Made {
            path: format!("{PATH}/{}", made.id),
            body: body_of(&OrganizationView::from(&made))?,
            version: Some(Image::Organization(made).version()),
            secrets: Vec::new(),
        })
    };
    once(&app, &program, (key, digest), work).await
}

/// Show an organization.
#[utoipa::path(get, path = "/api/v1/organizations/{organization_id}", tag = "Organizations",
    params(("organization_id" = String, Path, description = "Which")),
    security(("token" = []), ("token" = ["organizations:read"])),
    responses(
        (status = 200, description = "The organization", body = OrganizationView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn show(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
) -> Result<Response, Problem> {
    let known = acts::list(&app.act(&program.caller)).await?;
    let own = known.into_iter().find(|one| one.id == id).ok_or_else(Problem::not_found)?;
    Ok(shown(own))
}

/// Call an organization otherwise.
#[utoipa::path(patch, path = "/api/v1/organizations/{organization_id}", tag = "Organizations",
    params(("organization_id" = String, Path, description = "Which"),
        ("If-Match" = String, Header, description = "The ETag of the version that you have seen")),
    security(("token" = ["settings:write"])), request_body = NewOrganization,
    responses(
        (status = 200, description = "Renamed", body = OrganizationView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn rename(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
    if_match: IfMatch,
    Json { value, .. }: Json<NewOrganization>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller).only_if(Some(if_match.required()?));
    Ok(shown(acts::rename(&act, &id, value.name).await?))
}

/// Set an organization's rules for its credentials, all of them.
#[utoipa::path(put, path = "/api/v1/organizations/{organization_id}/policy",
    tag = "Organizations",
    params(("organization_id" = String, Path, description = "Which"),
        ("If-Match" = String, Header,
            description = "The ETag of the version of the organization that you have seen")),
    security(("token" = ["settings:write"])), request_body = PolicyBody,
    responses(
        (status = 200, description = "Set", body = OrganizationView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn set_policy(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
    if_match: IfMatch,
    Json { value, .. }: Json<PolicyBody>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller).only_if(Some(if_match.required()?));
    let policy = Policy {
        secret_life_at_most_s: value.secret_life_at_most_s,
        allow_list_required: value.allow_list_required,
        approval_required: value.approval_required,
    };
    Ok(shown(acts::set_policy(&act, &id, policy).await?))
}

/// Refuse all credentials of an organization and kill all of their tokens, until resumed.
#[utoipa::path(post, path = "/api/v1/organizations/{organization_id}/suspend",
    tag = "Organizations",
    params(("organization_id" = String, Path, description = "Which")),
    security(("token" = ["organizations:write"])),
    responses(
        (status = 200, description = "Suspended", body = OrganizationView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn suspend(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
    IfMatch(seen): IfMatch,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller).only_if(seen.as_ref());
    left(&acts::suspend(&act, &id).await?)
}

/// End a suspension. What was killed stays dead.
#[utoipa::path(post, path = "/api/v1/organizations/{organization_id}/resume",
    tag = "Organizations",
    params(("organization_id" = String, Path, description = "Which")),
    security(("token" = ["organizations:write"])),
    responses(
        (status = 200, description = "Active again", body = OrganizationView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn resume(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
    IfMatch(seen): IfMatch,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller).only_if(seen.as_ref());
    left(&acts::resume(&act, &id).await?)
}

fn shown(own: Organization) -> Response {
    let view = OrganizationView::from(&own);
    answer::versioned(StatusCode::OK, &view, &Image::Organization(own).version())
}

fn left(change: &hallpass_core::Change) -> Result<Response, Problem> {
    match &change.effect {
        hallpass_core::change::Effect::Put(Image::Organization(own)) => Ok(shown(own.clone())),
        _ => Err(Problem::internal()),
    }
}
