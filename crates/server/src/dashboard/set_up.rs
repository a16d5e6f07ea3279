//! The first page that anybody sees of an installation: it makes the first operator. It is there
//! only for whoever has the link that the server prints, and only until there is an operator.

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use hallpass_core::{Conflict, audit::Actor, opaque::Opaque, session::Means};

use super::{
    page::{self, Page},
    sign_in::{
        let_in,
        newcomer::{Typed, Wrong},
    },
};
use crate::{
    app::App,
    management::{Caller, ManagementError, Power, people},
    web::{
        error_page::PageError,
        flash::Flash,
        form::{Form, Path},
        redirect::Redirect,
        visitor::Stranger,
    },
};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/setup/{token}", get(page).post(set_up))
}

#[derive(Template)]
#[template(path = "dashboard/set_up.html")]
struct SetUp {
    page: Page,
    name: String,
    email: String,
    wrong: Wrong,
}

/// `GET /setup/{token}`.
async fn page(
    State(app): State<App>,
    Path(token): Path<String>,
    page: Page,
) -> Result<Response, PageError> {
    let nobody = Caller { actor: Actor::Server, power: Power::Nobody };
    if !people::awaits_first_operator(&app.act(&nobody), &Opaque::presented(&token)).await? {
        return Err(PageError::NotFound);
    }
    let page = page.titled("Set up Hallpass").narrow();
    page::show(&SetUp { page, name: String::new(), email: String::new(), wrong: Wrong::default() })
}

/// `POST /setup/{token}`.
async fn set_up(
    State(app): State<App>,
    Path(token): Path<String>,
    stranger: Stranger,
    page: Page,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    let vault = app.live.keys.vault();
    let text = Opaque::presented(&token);
    let nobody = Caller { actor: Actor::Server, power: Power::Nobody };
    // Before the password is digested: strangers have no business to ask for that work.
    if !people::awaits_first_operator(&app.act(&nobody), &text).await? {
        return Err(PageError::NotFound);
    }
    let (name, email) = (typed.name.clone(), typed.email.clone());
    let newcomer = match typed.newcomer(&app).await? {
        Ok(newcomer) => newcomer,
        Err(wrong) => {
            let page = page.titled("Set up Hallpass").narrow();
            return page::again(&SetUp { page, name, email, wrong });
        }
    };
    let actor = Actor::Person {
        person_id: vault.first_operator_id(),
        email: newcomer.email.clone(),
        address: stranger.address,
    };
    let themselves = Caller { actor, power: Power::Nobody };
    let made = people::become_first_operator(&app.act(&themselves), &text, newcomer).await;
    let person = match made {
        Ok(person) => person,
        // Sent twice, or by two at once: the other one did it.
        Err(ManagementError::Conflict(Conflict::AlreadyExists(_))) => {
            return Ok(Redirect::to(&app, "/sign-in").into_response());
        }
        Err(why) => return Err(why.into()),
    };
    let way = let_in(&app, &stranger, &person, Means::Link, "/").await?;
    Ok(way.saying(Flash::SetUp).into_response())
}
