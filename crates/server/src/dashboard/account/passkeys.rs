//! A person's passkeys. Adding one needs script, since only script can ask the browser.

use askama::Template;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hallpass_core::{
    passkey::{ALGORITHMS, Registration},
    text::Name,
};
use serde::Deserialize;
use serde_json::json;
use tracing::info;

use crate::{
    app::App,
    dashboard::{
        page::{self, Page},
        sign_in::{carrying, let_in},
        time::Moment,
    },
    management::passkeys,
    web::{
        challenge,
        error_page::PageError,
        flash::Flash,
        form::{Form, Path},
        redirect::Redirect,
        visitor::{Stranger, Visitor},
    },
};

const NOT_MADE: &str = "The passkey could not be added. Try again, or with another device.";

#[derive(Template)]
#[template(path = "dashboard/account/passkeys.html")]
struct Passkeys {
    page: Page,
    rows: Vec<Row>,
    possible: bool,
    wrong: String,
}

struct Row {
    id: String,
    name: String,
    created: Moment,
    used: Option<Moment>,
}

impl Passkeys {
    fn of(app: &App, visitor: Visitor, wrong: String) -> Self {
        let now = app.clock.now();
        let row = |one: &hallpass_core::person::Passkey| Row {
            id: one.id.clone(),
            name: one.name.to_string(),
            created: Moment::new(one.created_at, now),
            used: one.last_used_at.map(|at| Moment::new(at, now)),
        };
        Self {
            rows: visitor.person.passkeys.iter().map(row).collect(),
            possible: app.config.passkey_site().is_some(),
            page: visitor.page.titled("Passkeys").below("Account", "/account"),
            wrong,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct NewPasskey {
    name: String,
    answer: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    name: String,
}

/// `GET /account/passkeys`.
pub(super) async fn page(State(app): State<App>, visitor: Visitor) -> Result<Response, PageError> {
    visitor.must_have_confirmed()?;
    page::show(&Passkeys::of(&app, visitor, String::new()))
}

/// `POST /account/passkeys/options`: what the browser asks the authenticator to make.
pub(super) async fn options(
    State(app): State<App>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    visitor.must_have_confirmed()?;
    let site = app.config.passkey_site().ok_or(PageError::NotFound)?;
    let (challenge, cookie) = challenge::issue(&app);
    let person = &visitor.person;
    let kinds = ALGORITHMS.map(|number| json!({ "type": "public-key", "alg": number }));
    let own = person.passkeys.iter().map(|one| json!({ "type": "public-key", "id": one.id }));
    let options = json!({
        "challenge": URL_SAFE_NO_PAD.encode(challenge),
        "rp": { "id": site.id, "name": "Hallpass" },
        "user": {
            "id": URL_SAFE_NO_PAD.encode(person.id.as_str()),
            "name": person.email,
            "displayName": person.name,
        },
        "pubKeyCredParams": kinds,
        "timeout": 300_000,
        "attestation": "none",
        "excludeCredentials": own.collect::<Vec<_>>(),
        "authenticatorSelection": { "residentKey": "required", "userVerification": "required" },
    });
    Ok(carrying(cookie, Json(options)))
}

/// `POST /account/passkeys`.
pub(super) async fn add(
    State(app): State<App>,
    stranger: Stranger,
    visitor: Visitor,
    Form(typed): Form<NewPasskey>,
) -> Result<Response, PageError> {
    visitor.must_have_confirmed()?;
    let site = app.config.passkey_site().ok_or(PageError::NotFound)?;
    let name = match typed.name.parse::<Name>() {
        Ok(name) => name,
        Err(why) => return page::again(&Passkeys::of(&app, visitor, why.to_string())),
    };
    let answer = serde_json::from_str::<Registration>(&typed.answer).ok();
    let challenge = challenge::answered(&app, &stranger.headers);
    let made = answer.zip(challenge).map(|(answer, given)| answer.check(&given, site.as_site()));
    let made = match made {
        Some(Ok(made)) => made,
        other => {
            info!(why = ?other.and_then(Result::err), "A passkey was not added");
            return page::again(&Passkeys::of(&app, visitor, NOT_MADE.to_owned()));
        }
    };
    passkeys::add(&app.act(&visitor.caller), &visitor.person, name, made).await?;
    let way = Redirect::to(&app, "/account/passkeys").saying(Flash::PasskeyAdded);
    Ok(way.into_response())
}

/// `POST /account/passkeys/{id}/name`.
pub(super) async fn rename(
    State(app): State<App>,
    Path(id): Path<String>,
    visitor: Visitor,
    Form(typed): Form<Named>,
) -> Result<Response, PageError> {
    visitor.must_have_confirmed()?;
    let name = match typed.name.parse::<Name>() {
        Ok(name) => name,
        Err(why) => return page::again(&Passkeys::of(&app, visitor, why.to_string())),
    };
    passkeys::rename(&app.act(&visitor.caller), &visitor.person, &id, name).await?;
    Ok(Redirect::to(&app, "/account/passkeys").saying(Flash::Saved).into_response())
}

/// `POST /account/passkeys/{id}/remove`. Ends every session but this one, which gets a new name.
pub(super) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    stranger: Stranger,
    visitor: Visitor,
) -> Result<Redirect, PageError> {
    visitor.must_have_confirmed()?;
    let person = passkeys::remove(&app.act(&visitor.caller), &visitor.person, &id).await?;
    let way = let_in(&app, &stranger, &person, visitor.session.means, "/account/passkeys").await?;
    Ok(way.saying(Flash::PasskeyRemoved))
}
