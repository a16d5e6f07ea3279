//! `/api/v1/organizations/{organization_id}/sign-on`: where an organization's people sign in, if not
//! here. Whoever sets it decides who its members are, so it has a scope of its own.

use axum::{extract::State, response::Response};
use hallpass_core::{
    Image, Organization, OrganizationId,
    organization::{Domain, ProviderIssuer},
    permission::Role,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    Problem, answer,
    body::{Ids, IfMatch, Json},
    problem,
    program::Program,
};
use crate::{app::App, management::sign_on as acts, sign_on::callback_path};

/// An organization's own OpenID Connect provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignOn)]
pub(super) struct SignOnView {
    #[schema(value_type = String)]
    issuer: ProviderIssuer,
    /// Who Hallpass is to the provider.
    client_id: String,
    /// The domains whose people sign in there.
    #[schema(value_type = Vec<String>)]
    domains: Vec<Domain>,
    /// What somebody becomes who signs in for the first time.
    #[schema(value_type = String)]
    default_role: Role,
    /// What the provider must be told.
    redirect_uri: String,
}

/// A provider to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetSignOn {
    /// The provider's issuer, an https URL.
    #[schema(value_type = String)]
    issuer: ProviderIssuer,
    /// Who Hallpass is to the provider.
    client_id: String,
    /// The secret that goes with that. It is sealed, and never shown.
    #[schema(value_type = String)]
    client_secret: Zeroizing<String>,
    /// The domains for whose addresses the provider may vouch.
    #[schema(value_type = Vec<String>)]
    domains: Vec<Domain>,
    /// `admin`, `developer` or `auditor`; `developer` unless said.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    default_role: Option<Role>,
}

/// Show where an organization's people sign in.
#[utoipa::path(get, path = "/api/v1/organizations/{organization_id}/sign-on",
    tag = "Organizations",
    params(("organization_id" = String, Path, description = "Whose")),
    security(("token" = ["sign-on:write"])),
    responses(
        (status = 200, description = "Its provider", body = SignOnView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn show(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
) -> Result<Response, Problem> {
    shown(&app, acts::of(&app.act(&program.caller), &id).await?)
}

/// Let the people of these domains sign in at their organization's provider.
#[utoipa::path(put, path = "/api/v1/organizations/{organization_id}/sign-on",
    tag = "Organizations",
    params(("organization_id" = String, Path, description = "Whose"),
        ("If-Match" = String, Header,
            description = "The ETag of the version of the organization that you have seen")),
    security(("token" = ["sign-on:write"])), request_body = SetSignOn,
    responses(
        (status = 200, description = "Set", body = SignOnView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn set(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
    if_match: IfMatch,
    Json { value, .. }: Json<SetSignOn>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller).only_if(Some(if_match.required()?));
    let wanted = acts::Wanted {
        issuer: value.issuer,
        client_id: value.client_id,
        client_secret: value.client_secret,
        domains: value.domains,
        default_role: value.default_role.unwrap_or(Role::Developer),
    };
    shown(&app, acts::set(&act, &id, wanted).await?)
}

/// Let them sign in here alone. Who they are to the provider is kept.
#[utoipa::path(delete, path = "/api/v1/organizations/{organization_id}/sign-on",
    tag = "Organizations",
    params(("organization_id" = String, Path, description = "Whose")),
    security(("token" = ["sign-on:write"])),
    responses(
        (status = 204, description = "Removed"),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn remove(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
    IfMatch(seen): IfMatch,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller).only_if(seen.as_ref());
    acts::remove(&act, &id).await?;
    Ok(answer::nothing())
}

fn shown(app: &App, own: Organization) -> Result<Response, Problem> {
    let sign_on = own.sign_on.as_ref().ok_or_else(Problem::not_found)?;
    let view = SignOnView {
        issuer: sign_on.issuer.clone(),
        client_id: sign_on.client_id.clone(),
        domains: sign_on.domains.clone(),
        default_role: sign_on.default_role,
        redirect_uri: app.config.url(&callback_path(&own.id)),
    };
    Ok(answer::versioned(StatusCode::OK, &view, &Image::Organization(own).version()))
}
