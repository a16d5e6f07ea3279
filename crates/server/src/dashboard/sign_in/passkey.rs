//! Signing in with a passkey, and proving once more who one is. Whose passkey it is, the
//! authenticator says: nothing need be typed.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hallpass_core::{
    passkey::{Assertion, NoPasskey},
    session::Means,
};
use http::header;
use serde::Deserialize;
use serde_json::json;
use tracing::info;

use super::{claim, confirm, password};
use crate::{
    app::App,
    dashboard::page::Page,
    management::{
        Caller,
        passkeys::{self, Proved},
        sessions,
    },
    web::{
        challenge,
        error_page::PageError,
        form::Form,
        next::Next,
        redirect::Redirect,
        visitor::{Stranger, Visitor},
    },
};

const WRONG: &str = "That passkey does not work here.";

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    answer: String,
    next: Option<String>,
}

/// `POST /sign-in/passkey/options`: what the browser asks the authenticator. For somebody who is
/// signed in, only their own passkeys will do.
pub(super) async fn options(
    State(app): State<App>,
    visitor: Option<Visitor>,
) -> Result<Response, PageError> {
    let site = app.config.passkey_site().ok_or(PageError::NotFound)?;
    let (challenge, cookie) = challenge::issue(&app);
    let own = visitor.map(|visitor| visitor.person.passkeys).unwrap_or_default();
    let allowed: Vec<_> =
        own.iter().map(|one| json!({ "type": "public-key", "id": one.id })).collect();
    let options = json!({
        "challenge": URL_SAFE_NO_PAD.encode(challenge),
        "rpId": site.id,
        "timeout": 300_000,
        "userVerification": "required",
        "allowCredentials": allowed,
    });
    Ok(carrying(cookie, Json(options)))
}

/// An answer that hands a challenge to the browser.
pub(in crate::dashboard) fn carrying(
    cookie: Option<http::HeaderValue>,
    answer: impl IntoResponse,
) -> Response {
    let mut response = answer.into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// `POST /sign-in/passkey`.
pub(super) async fn sign_in(
    State(app): State<App>,
    stranger: Stranger,
    page: Page,
    Form(form): Form<Answer>,
) -> Result<Response, PageError> {
    let next = Next::asked(form.next.as_deref());
    match proved(&app, &stranger, &form.answer).await? {
        Ok(proved) => {
            let themselves = Caller::person(&proved.person, &[], stranger.address);
            let person = passkeys::used(&app.act(&themselves), &proved).await?;
            let means = Means::Passkey;
            let way = claim::let_in(&app, &stranger, &person, means, next.as_str()).await?;
            Ok(way.into_response())
        }
        Err(why) => {
            info!(%why, "A passkey was refused");
            app.metrics.signed_in("wrong");
            password::again(&app, page, String::new(), next, WRONG)
        }
    }
}

/// `POST /confirm/passkey`.
pub(super) async fn confirm(
    State(app): State<App>,
    stranger: Stranger,
    visitor: Visitor,
    Form(form): Form<Answer>,
) -> Result<Response, PageError> {
    let next = Next::asked(form.next.as_deref());
    let why = match proved(&app, &stranger, &form.answer).await? {
        Ok(proved) if proved.person.id == visitor.person.id => {
            let act = app.act(&visitor.caller);
            passkeys::used(&act, &proved).await?;
            sessions::confirm(&act, &visitor.person, &visitor.session.id).await?;
            return Ok(Redirect::to(&app, next.as_str()).into_response());
        }
        Ok(_) => NoPasskey::Other("person"),
        Err(why) => why,
    };
    info!(%why, "A passkey was refused");
    app.metrics.signed_in("wrong");
    confirm::again(&app, visitor, next, WRONG)
}

async fn proved(
    app: &App,
    stranger: &Stranger,
    answer: &str,
) -> Result<Result<Proved, NoPasskey>, PageError> {
    let site = app.config.passkey_site().ok_or(PageError::NotFound)?;
    let Ok(answer) = serde_json::from_str::<Assertion>(answer) else {
        return Ok(Err(NoPasskey::Malformed("JSON")));
    };
    let Some(challenge) = challenge::answered(app, &stranger.headers) else {
        return Ok(Err(NoPasskey::Other("challenge")));
    };
    Ok(passkeys::proved_by(&*app.store, &answer, &challenge, site.as_site()).await?)
}
