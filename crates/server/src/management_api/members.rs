//! `/api/v1/organizations/{organization_id}/members` and `…/invitations`: who belongs to an
//! organization, and who is asked to. People join by themselves, by the link of an invitation.

use axum::{extract::State, response::Response};
use hallpass_core::{
    Email, InvitationId, OrganizationId, Person, PersonId,
    organization::{Invitation, Member},
    permission::{Permission, Role},
    text::Name,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Problem, answer,
    body::{Ids, Json},
    once::{Key, Made, Secret, body_of, once},
    problem,
    program::Program,
    time::Moment,
};
use crate::{app::App, mail, management::members as acts};

/// A person who belongs to an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
struct MemberView {
    #[schema(value_type = String)]
    person_id: PersonId,
    #[schema(value_type = String)]
    name: Name,
    #[schema(value_type = String)]
    email: Email,
    /// `owner`, `admin`, `developer` or `auditor`.
    #[schema(value_type = String)]
    role: Role,
    #[schema(value_type = String, format = DateTime)]
    since: Moment,
    /// Whether they can sign in with a passkey; otherwise a password is all.
    has_passkey: bool,
}

impl MemberView {
    fn of((member, person): (Member, Person)) -> Self {
        Self {
            person_id: member.person_id,
            name: person.name,
            email: person.email,
            role: member.role,
            since: Moment(member.since),
            has_passkey: !person.passkeys.is_empty(),
        }
    }
}

/// Somebody who is asked to become a member.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(super) struct InvitationView {
    #[schema(value_type = String)]
    id: InvitationId,
    #[schema(value_type = String)]
    email: Email,
    #[schema(value_type = String)]
    role: Role,
    invited_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Moment,
}

impl From<Invitation> for InvitationView {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email,
            role: invitation.role,
            invited_by: invitation.invited_by,
            created_at: Moment(invitation.created_at),
            expires_at: Moment(invitation.expires_at),
        }
    }
}

/// The members of an organization.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Members {
    /// In the order in which they came; 1000 at most.
    items: Vec<MemberView>,
}

/// The invitations of an organization.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invitations {
    /// Those that are still good; 100 at most.
    items: Vec<InvitationView>,
}

/// An invitation that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeInvitation {
    invitation: InvitationView,
    /// The link, in this answer alone: whoever follows it becomes a member. Send it to the person
    /// whom it is for, and to nobody else.
    link: Option<String>,
    /// Whether it was mailed to them.
    mailed: bool,
    /// In a repeated answer: why there is no link.
    #[serde(skip_serializing_if = "Option::is_none")]
    link_remark: Option<String>,
}

/// What a member becomes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    /// `owner`, `admin`, `developer` or `auditor`.
    #[schema(value_type = String)]
    role: Role,
}

/// Whom to ask.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInvitation {
    #[schema(value_type = String)]
    email: Email,
    /// `owner`, `admin`, `developer` or `auditor`.
    #[schema(value_type = String)]
    role: Role,
    /// Mail the link to them, too, if the installation has a mail server.
    #[serde(default)]
    mail: bool,
}

/// List the members of an organization.
#[utoipa::path(get, path = "/api/v1/organizations/{organization_id}/members", tag = "Members",
    params(("organization_id" = String, Path, description = "Whose")),
    security(("token" = ["members:read"])),
    responses(
        (status = 200, description = "Its members", body = Members),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn list(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
) -> Result<Response, Problem> {
    let all = acts::list(&app.act(&program.caller), &id).await?;
    let items = all.members.into_iter().map(MemberView::of).collect();
    Ok(answer::json(StatusCode::OK, &Members { items }))
}

/// Make a member something else. Owners are made and unmade with `owners:write`.
#[utoipa::path(patch, path = "/api/v1/organizations/{organization_id}/members/{person_id}",
    tag = "Members",
    params(("organization_id" = String, Path, description = "Where"),
        ("person_id" = String, Path, description = "Who")),
    security(("token" = ["members:write"])), request_body = NewRole,
    responses(
        (status = 204, description = "Done"),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn set_role(
    State(app): State<App>,
    program: Program,
    Ids((id, person_id)): Ids<(OrganizationId, PersonId)>,
    Json { value, .. }: Json<NewRole>,
) -> Result<Response, Problem> {
    acts::set_role(&app.act(&program.caller), &id, &person_id, value.role).await?;
    Ok(answer::nothing())
}

/// Take a member out. What they made stays: it belongs to the organization.
#[utoipa::path(delete, path = "/api/v1/organizations/{organization_id}/members/{person_id}",
    tag = "Members",
    params(("organization_id" = String, Path, description = "Where"),
        ("person_id" = String, Path, description = "Who")),
    security(("token" = ["members:write"])),
    responses(
        (status = 204, description = "Done"),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn remove(
    State(app): State<App>,
    program: Program,
    Ids((id, person_id)): Ids<(OrganizationId, PersonId)>,
) -> Result<Response, Problem> {
    acts::remove(&app.act(&program.caller), &id, &person_id).await?;
    Ok(answer::nothing())
}

/// List the invitations of an organization that are still good.
#[utoipa::path(get, path = "/api/v1/organizations/{organization_id}/invitations",
    tag = "Members",
    params(("organization_id" = String, Path, description = "Whose")),
    security(("token" = ["members:read"])),
    responses(
        (status = 200, description = "Its invitations", body = Invitations),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn invitations(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
) -> Result<Response, Problem> {
    let all = acts::list(&app.act(&program.caller), &id).await?;
    let items = all.invitations.into_iter().map(InvitationView::from).collect();
    Ok(answer::json(StatusCode::OK, &Invitations { items }))
}

/// Ask somebody to become a member, in place of an earlier invitation to the same address.
#[utoipa::path(post, path = "/api/v1/organizations/{organization_id}/invitations",
    tag = "Members",
    params(("organization_id" = String, Path, description = "Where to"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes asking again safe")),
    security(("token" = ["members:write"])), request_body = NewInvitation,
    responses(
        (status = 201, description = "Made", body = MadeInvitation),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn invite(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
    key: Key,
    Json { value, digest }: Json<NewInvitation>,
) -> Result<Response, Problem> {
    let (own, caller) = (app.clone(), program.caller.clone());
    let work = async move {
        let act = own.act(&caller);
        let organization = act.organization(&id, Permission::ManageMembers).await?;
        let made = acts::invite(&act, &id, value.email, value.role).await?;
        let link = own.config.url(&format!("/invitations/{}", made.link.expose()));
        let path = format!("/api/v1/organizations/{id}/invitations/{}", made.invitation.id);
        let mailed = value.mail
            && mail::tries_to_invite(&own.config, &organization, &made.invitation, &link).await;
        let invitation = made.invitation.into();
        let shape = MadeInvitation { invitation, link: None, mailed, link_remark: None };
        let secrets = Secret::member("link", &link);
        Ok(Made { path, body: body_of(&shape)?, version: None, secrets })
    };
    once(&app, &program, (key, digest), work).await
}

/// Take an invitation back.
#[utoipa::path(delete,
    path = "/api/v1/organizations/{organization_id}/invitations/{invitation_id}",
    tag = "Members",
    params(("organization_id" = String, Path, description = "Where to"),
        ("invitation_id" = String, Path, description = "Which")),
    security(("token" = ["members:write"])),
    responses(
        (status = 204, description = "Done"),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn withdraw(
    State(app): State<App>,
    program: Program,
    Ids((id, invitation_id)): Ids<(OrganizationId, InvitationId)>,
) -> Result<Response, Problem> {
    acts::withdraw(&app.act(&program.caller), &id, &invitation_id).await?;
    Ok(answer::nothing())
}
