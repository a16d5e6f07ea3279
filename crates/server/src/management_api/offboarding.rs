//! `/api/v1/organizations/{organization_id}/members/{person_id}/offboarding`: what somebody made,
//! and which secrets they saw, also after they have left.

use axum::{extract::State, response::Response};
use hallpass_core::{ClientId, OrganizationId, PersonId, SecretId, text::Name};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Problem, answer, body::Ids, problem, program::Program, time::Moment};
use crate::{
    app::App,
    management::offboarding::{self as acts, Known},
};

/// A credential of which somebody saw a secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KnownCredential)]
struct KnownView {
    #[schema(value_type = String)]
    client_id: ClientId,
    #[schema(value_type = String)]
    name: Name,
    /// `pending`, `active`, `paused` or `revoked`.
    status: &'static str,
    /// Whether they made it.
    made_it: bool,
    /// When they saw the last of its secrets that they saw.
    #[schema(value_type = String, format = DateTime)]
    seen_at: Moment,
    /// Secrets that they saw and that still work: rotate these.
    #[schema(value_type = Vec<String>)]
    alive: Vec<SecretId>,
}

impl From<Known> for KnownView {
    fn from(known: Known) -> Self {
        Self {
            client_id: known.credential.client_id,
            name: known.credential.settings.name,
            status: known.credential.status.word(),
            made_it: known.made_it,
            seen_at: Moment(known.seen_at),
            alive: known.alive,
        }
    }
}

/// What is to be looked after when somebody leaves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Offboarding)]
pub(super) struct OffboardingView {
    #[schema(value_type = String)]
    person_id: PersonId,
    /// Whether they still belong to the organization.
    is_member: bool,
    /// Whether they have done more than was looked at; the audit log has all of it.
    is_cut: bool,
    /// Those with secrets that still work first.
    items: Vec<KnownView>,
}

/// Show what a member, or somebody who has left, made, and which secrets they saw.
#[utoipa::path(get,
    path = "/api/v1/organizations/{organization_id}/members/{person_id}/offboarding",
    tag = "Members",
    params(("organization_id" = String, Path, description = "Where"),
        ("person_id" = String, Path, description = "Who")),
    security(("token" = ["audit:read"])),
    responses(
        (status = 200, description = "What they know", body = OffboardingView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn show(
    State(app): State<App>,
    program: Program,
    Ids((id, person_id)): Ids<(OrganizationId, PersonId)>,
) -> Result<Response, Problem> {
    let found = acts::of(&app.act(&program.caller), &id, &person_id).await?;
    let view = OffboardingView {
        person_id,
        is_member: found.is_member,
        is_cut: found.is_cut,
        items: found.known.into_iter().map(KnownView::from).collect(),
    };
    Ok(answer::json(StatusCode::OK, &view))
}
