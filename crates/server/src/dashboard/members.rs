//! Members of an organization: who they are and what they may do, who is invited, and what to
//! look after when somebody leaves.

mod offboarding;

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hallpass_core::{
    Conflict, InvitationId, Organization, PersonId,
    organization::Invitation,
    permission::{Permission, Role},
};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    page::{self, Page, Place},
    time::Moment,
    typed::{field, sentence},
};
use crate::{
    app::App,
    mail,
    management::{
        ManagementError,
        members::{self, Invited},
    },
    web::{
        error_page::PageError,
        flash::Flash,
        form::{Form, Path},
        redirect::Redirect,
        visitor::Here,
    },
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/organizations/{organization}/members", get(list).post(invite))
        .route("/organizations/{organization}/members/{person}/role", post(set_role))
        .route("/organizations/{organization}/members/{person}/remove", post(remove))
        .route("/organizations/{organization}/members/{person}/offboarding", get(offboarding::page))
        .route(
            "/organizations/{organization}/members/invitations/{invitation}/withdraw",
            post(withdraw),
        )
}

struct Row {
    id: String,
    name: String,
    email: String,
    role: Role,
    since: Moment,
    second_factor: &'static str,
    is_you: bool,
    /// Whether whoever looks may make them something else.
    can_change: bool,
    can_remove: bool,
}

struct InvitationRow {
    id: String,
    email: String,
    role: Role,
    by: String,
    until: Moment,
    can_withdraw: bool,
}

/// What was typed into the form for inviting, and what is wrong with it.
#[derive(Default)]
struct Typed {
    email: String,
    role: String,
    wrong_email: String,
    wrong_role: String,
}

/// An invitation that was made just now.
struct Fresh {
    email: String,
    url: Zeroizing<String>,
    is_mailed: bool,
}

#[derive(Template)]
#[template(path = "dashboard/members/list.html")]
struct List {
    page: Page,
    href: String,
    rows: Vec<Row>,
    invitations: Vec<InvitationRow>,
    roles: Vec<(String, String)>,
    can_manage: bool,
    can_see_deeds: bool,
    typed: Typed,
    fresh: Option<Fresh>,
}

impl List {
    async fn of(app: &App, here: &Here) -> Result<Self, PageError> {
        let act = app.act(&here.visitor.caller);
        let members = members::list(&act, &here.organization.id).await?;
        let may_manage = |role: Role| {
            here.may(Permission::ManageMembers)
                && (role != Role::Owner || here.may(Permission::ManageOwners))
        };
        let row =
            |(member, person): &(hallpass_core::organization::Member, hallpass_core::Person)| {
                let is_you = person.id == here.visitor.person.id;
                Row {
                    id: person.id.to_string(),
                    name: person.name.to_string(),
                    email: person.email.to_string(),
                    role: member.role,
                    since: Moment::new(member.since, act.now),
                    second_factor: if person.passkeys.is_empty() { "password" } else { "passkey" },
                    is_you,
                    can_change: may_manage(member.role),
                    can_remove: is_you || may_manage(member.role),
                }
            };
        let invitation = |out: &Invitation| InvitationRow {
            id: out.id.to_string(),
            email: out.email.to_string(),
            role: out.role,
            by: out.invited_by.clone(),
            until: Moment::new(out.expires_at, act.now),
            can_withdraw: may_manage(out.role),
        };
        let roles = Role::ALL.into_iter().filter(|role| may_manage(*role));
        // Somebody must be the first owner; those who come later mostly are developers.
        let likely = if members.members.is_empty() { Role::Owner } else { Role::Developer };
        let page = here.visitor.page.clone().titled("Members").at(Place::Members);
        Ok(Self {
            href: page.url(&path(&here.organization)),
            rows: members.members.iter().map(row).collect(),
            invitations: members.invitations.iter().map(invitation).collect(),
            roles: roles.map(|role| (role.word().to_owned(), sentence(&role.meaning()))).collect(),
            can_manage: here.may(Permission::ManageMembers),
            can_see_deeds: here.may(Permission::ReadAudit),
            typed: Typed { role: likely.word().to_owned(), ..Typed::default() },
            fresh: None,
            page,
        })
    }
}

fn path(organization: &Organization) -> String {
    format!("/organizations/{}/members", organization.id)
}

async fn list(State(app): State<App>, here: Here) -> Result<Response, PageError> {
    page::show(&List::of(&app, &here).await?)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Invite {
    email: String,
    role: String,
}

async fn invite(
    State(app): State<App>,
    here: Here,
    Form(form): Form<Invite>,
) -> Result<Response, PageError> {
    here.visitor.must_have_confirmed()?;
    let mut typed = Typed::default();
    let email = field(form.email.trim(), &mut typed.wrong_email);
    let role = field(&form.role, &mut typed.wrong_role);
    if let (Some(email), Some(role)) = (email, role) {
        let act = app.act(&here.visitor.caller);
        match members::invite(&act, &here.organization.id, email, role).await {
            Ok(invited) => return show_invited(&app, &here, invited).await,
            Err(ManagementError::Conflict(why @ Conflict::AlreadyMember)) => {
                typed.wrong_email = sentence(&why);
            }
            Err(why) => return Err(why.into()),
        }
    }
    let typed = Typed { email: form.email, role: form.role, ..typed };
    page::again(&List { typed, ..List::of(&app, &here).await? })
}

/// The link is in this answer and nowhere else, but for the mail.
async fn show_invited(
    app: &App,
    here: &Here,
    Invited { invitation, link }: Invited,
) -> Result<Response, PageError> {
    let url = Zeroizing::new(app.config.url(&format!("/invitations/{}", link.expose())));
    let is_mailed = mail::tries_to_invite(&app.config, &here.organization, &invitation, &url).await;
    let fresh = Fresh { email: invitation.email.to_string(), url, is_mailed };
    page::show_secret(&List { fresh: Some(fresh), ..List::of(app, here).await? })
}

#[derive(Debug, Deserialize)]
struct Chosen {
    role: Role,
}

async fn set_role(
    State(app): State<App>,
    here: Here,
    Path((_, person)): Path<(String, PersonId)>,
    Form(chosen): Form<Chosen>,
) -> Result<Redirect, PageError> {
    here.visitor.must_have_confirmed()?;
    let act = app.act(&here.visitor.caller);
    members::set_role(&act, &here.organization.id, &person, chosen.role).await?;
    Ok(Redirect::to(&app, &path(&here.organization)).saying(Flash::RoleSet))
}

/// Removes a member; whoever may see it goes on to what is to be looked after.
async fn remove(
    State(app): State<App>,
    here: Here,
    Path((_, person)): Path<(String, PersonId)>,
) -> Result<Response, PageError> {
    here.visitor.must_have_confirmed()?;
    let act = app.act(&here.visitor.caller);
    members::remove(&act, &here.organization.id, &person).await?;
    let to = if person == here.visitor.person.id {
        "/organizations".to_owned()
    } else if here.may(Permission::ReadAudit) {
        format!("{}/{person}/offboarding", path(&here.organization))
    } else {
        path(&here.organization)
    };
    Ok(Redirect::to(&app, &to).saying(Flash::MemberRemoved).into_response())
}

async fn withdraw(
    State(app): State<App>,
    here: Here,
    Path((_, invitation)): Path<(String, InvitationId)>,
) -> Result<Redirect, PageError> {
    let act = app.act(&here.visitor.caller);
    members::withdraw(&act, &here.organization.id, &invitation).await?;
    Ok(Redirect::to(&app, &path(&here.organization)).saying(Flash::InvitationWithdrawn))
}
