//! Following an invitation: as somebody who is signed in, as somebody who must sign in first, or
//! as somebody new. Looking at the page uses nothing up.

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use hallpass_core::{OrganizationId, PersonId, audit::Actor, opaque::Opaque, session::Means};

use super::{
    page::{self, Page},
    sign_in::{
        let_in,
        newcomer::{Typed, Wrong},
    },
};
use crate::{
    app::App,
    entropy,
    management::{
        Caller, Power,
        members::{self, Invitee},
    },
    web::{
        error_page::PageError,
        flash::Flash,
        form::{Form, Path},
        next::Next,
        redirect::Redirect,
        visitor::{Stranger, Visitor},
    },
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/invitations/{token}", get(page).post(join))
        .route("/invitations/{token}/accept", get(page).post(accept))
}

/// For somebody who is signed in.
#[derive(Template)]
#[template(path = "dashboard/invitations/accept.html")]
struct Accept {
    page: Page,
    invitee: Invitee,
    token: String,
    email: String,
    is_meant: bool,
}

/// For somebody whose address has an account.
#[derive(Template)]
#[template(path = "dashboard/invitations/known.html")]
struct Known {
    page: Page,
    invitee: Invitee,
    sign_in: String,
}

/// For somebody new.
#[derive(Template)]
#[template(path = "dashboard/invitations/new.html")]
struct New {
    page: Page,
    invitee: Invitee,
    sign_in: String,
    name: String,
    wrong: Wrong,
}

fn nobody() -> Caller {
    Caller { actor: Actor::Server, power: Power::Nobody }
}

/// The way back to the invitation, by the page for signing in.
fn sign_in(page: &Page, token: &str) -> String {
    let back = format!("/invitations/{token}");
    page.url(&Next::asked(Some(&back)).after("/sign-in"))
}

/// `GET /invitations/{token}`.
async fn page(
    State(app): State<App>,
    Path(token): Path<String>,
    visitor: Option<Visitor>,
    page: Page,
) -> Result<Response, PageError> {
    let nobody = nobody();
    let invitee = members::invited_by(&app.act(&nobody), &Opaque::presented(&token)).await?;
    let title = format!("Join {}", invitee.organization.name);
    if let Some(visitor) = visitor {
        if invitee.organization.member(&visitor.person.id).is_some() {
            return Ok(there(&app, &invitee.organization.id)
                .saying(Flash::AlreadyMember)
                .into_response());
        }
        let is_meant = visitor.person.email == invitee.invitation.email;
        let email = visitor.person.email.to_string();
        let page = visitor.page.titled(title).narrow();
        return page::show(&Accept { page, invitee, token, email, is_meant });
    }
    let page = page.titled(title).narrow();
    let sign_in = sign_in(&page, &token);
    if invitee.person.is_some() {
        return page::show(&Known { page, invitee, sign_in });
    }
    page::show(&New { page, invitee, sign_in, name: String::new(), wrong: Wrong::default() })
}

/// `POST /invitations/{token}/accept`: somebody who is signed in.
async fn accept(
    State(app): State<App>,
    Path(token): Path<String>,
    visitor: Visitor,
) -> Result<Redirect, PageError> {
    let link = Opaque::presented(&token);
    let id = members::accept(&app.act(&visitor.caller), &link, &visitor.person).await?;
    Ok(there(&app, &id).saying(Flash::Joined))
}

/// `POST /invitations/{token}`: somebody new.
async fn join(
    State(app): State<App>,
    Path(token): Path<String>,
    stranger: Stranger,
    page: Page,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let nobody = nobody();
    let link = Opaque::presented(&token);
    let invitee = members::invited_by(&app.act(&nobody), &link).await?;
    let sign_in = sign_in(&page, &token);
    if invitee.person.is_some() {
        return Ok(Redirect::to(&app, &format!("/invitations/{token}")).into_response());
    }
    // The address is the invitation's, whatever the form says.
    let typed = Typed { email: invitee.invitation.email.to_string(), ..typed };
    let name = typed.name.clone();
    let newcomer = match typed.newcomer(&app).await? {
        Ok(newcomer) => newcomer,
        Err(wrong) => {
            let page = page.titled(format!("Join {}", invitee.organization.name)).narrow();
            return page::again(&New { page, invitee, sign_in, name, wrong });
        }
    };
    let actor = Actor::Person {
        person_id: PersonId::from_entropy(entropy::bytes()),
        email: newcomer.email.clone(),
        address: stranger.address,
    };
    let themselves = Caller { actor, power: Power::Nobody };
    let person = members::join(&app.act(&themselves), &link, newcomer).await?;
    let path = format!("/organizations/{}/credentials", invitee.organization.id);
    let way = let_in(&app, &stranger, &person, Means::Link, &path).await?;
    Ok(way.saying(Flash::Joined).into_response())
}

fn there(app: &App, id: &OrganizationId) -> Redirect {
    Redirect::to(app, &format!("/organizations/{id}/credentials"))
}
