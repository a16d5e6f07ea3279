//! `/api/v1/organizations/{organization_id}/mailed`: of what the owners and admins of an
//! organization hear by mail.

use std::collections::BTreeSet;

use axum::{extract::State, response::Response};
use hallpass_core::{Image, Organization, OrganizationId, notice::Kind, permission::Permission};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Problem, answer,
    body::{Ids, IfMatch, Json},
    problem,
    program::Program,
    webhooks::{Chosen, kinds},
};
use crate::{app::App, mail, management::organizations as acts};

/// What is mailed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mailed)]
pub(super) struct MailedView {
    /// Of these kinds of notices: see webhooks.
    #[schema(value_type = Vec<String>)]
    kinds: BTreeSet<Kind>,
    /// Whether the installation has a mail server: without one nothing is mailed.
    has_mail_server: bool,
}

/// What is to be mailed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetMailed {
    /// All of them; empty: nothing.
    #[schema(value_type = Vec<String>)]
    kinds: BTreeSet<Chosen>,
}

/// Show of what the owners and admins of an organization hear by mail.
#[utoipa::path(get, path = "/api/v1/organizations/{organization_id}/mailed", tag = "Notices",
    params(("organization_id" = String, Path, description = "Whose")),
    security(("token" = ["settings:write"])),
    responses(
        (status = 200, description = "What is mailed", body = MailedView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn show(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller);
    let own = act.organization(&id, Permission::ManageSettings).await?;
    Ok(shown(&app, own))
}

/// Set of what they hear by mail.
#[utoipa::path(put, path = "/api/v1/organizations/{organization_id}/mailed", tag = "Notices",
    params(("organization_id" = String, Path, description = "Whose"),
        ("If-Match" = String, Header, description = "The ETag of the version that you have seen")),
    security(("token" = ["settings:write"])), request_body = SetMailed,
    responses(
        (status = 200, description = "Set", body = MailedView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn set(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
    if_match: IfMatch,
    Json { value, .. }: Json<SetMailed>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller).only_if(Some(if_match.required()?));
    Ok(shown(&app, acts::set_mailed(&act, &id, kinds(value.kinds)).await?))
}

fn shown(app: &App, own: Organization) -> Response {
    let has_mail_server = mail::is_set_up(&app.config);
    let view = MailedView { kinds: own.mailed.clone(), has_mail_server };
    answer::versioned(StatusCode::OK, &view, &Image::Organization(own).version())
}
