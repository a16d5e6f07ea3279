//! Signing keys: where each stands, as a drawing over time and as a table; the next key, and the
//! emergency.

mod timeline;

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hallpass_token::jose::Algorithm;
use serde::Deserialize;

use self::timeline::Timeline;
use super::{
    certain::{Certain, Typed},
    page::{self, Page, Place},
    time::Moment,
};
use crate::{
    app::App,
    management::{
        Caller, ManagementError,
        apis::spoken,
        keys::{self, Next},
    },
    web::{
        error_page::PageError,
        flash::Flash,
        form::{Form, Path},
        redirect::Redirect,
        visitor::OperatorHere,
    },
};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/keys", get(list))
        .route("/keys/rotate", post(rotate))
        .route("/keys/{kid}/kill", get(ask_kill).post(kill))
}

#[derive(Template)]
#[template(path = "dashboard/keys/list.html")]
struct List {
    page: Page,
    rings: Vec<Ring>,
    lead: String,
    period: String,
}

struct Ring {
    algorithm: Algorithm,
    /// The kid of the newest key: what the form for the next one begins from.
    newest: String,
    keys: Vec<Key>,
    timeline: Timeline,
    /// When the next key is due by schedule.
    next: Option<Moment>,
}

struct Key {
    kid: String,
    /// Its first characters, which tell keys apart.
    short: String,
    status: &'static str,
    published: Moment,
    signs_from: Moment,
    signs_until: Option<Moment>,
    gone: Option<Moment>,
    killed: Option<Moment>,
    can_be_killed: bool,
}

async fn list(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
) -> Result<Response, PageError> {
    let rings = rings(&app, &visitor.caller).await?;
    page::show(&List {
        page: visitor.page.titled("Signing keys").at(Place::Keys),
        rings,
        lead: spoken(app.config.key_publish_lead_s),
        period: spoken(app.config.key_rotation_s),
    })
}

async fn rings(app: &App, caller: &Caller) -> Result<Vec<Ring>, PageError> {
    let act = app.act(caller);
    let found = keys::list(&act).await?;
    let (now, longest) = (act.now, found.longest_lifetime_s);
    let moment = |at| Moment::new(at, now);
    let rings = found.rings.iter().map(|ring| {
        let spans = ring.spans(now, longest);
        let key = |span: &hallpass_core::ring::Span<'_>| Key {
            kid: span.key.kid.clone(),
            short: short(&span.key.kid),
            status: span.status.word(),
            published: moment(span.key.published_at),
            signs_from: moment(span.key.signs_from),
            signs_until: span.signs_until.map(moment),
            gone: span.gone_at.map(moment),
            killed: span.key.killed_at.map(moment),
            can_be_killed: span.key.killed_at.is_none(),
        };
        let newest = ring.newest();
        Ring {
            algorithm: ring.algorithm,
            newest: newest.map(|key| key.kid.clone()).unwrap_or_default(),
            keys: spans.iter().rev().map(key).collect(),
            timeline: Timeline::of(&spans, now),
            next: newest.map(|key| moment(key.signs_from.plus_secs(app.config.key_rotation_s))),
        }
    });
    Ok(rings.collect())
}

/// A thumbprint is long, and its first characters tell keys apart.
fn short(kid: &str) -> String {
    kid.chars().take(8).collect()
}

#[derive(Debug, Deserialize)]
struct Rotate {
    algorithm: Algorithm,
    /// The newest key as the page showed it: so a form that is sent twice rotates once.
    after: String,
}

async fn rotate(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
    Form(rotate): Form<Rotate>,
) -> Result<Redirect, PageError> {
    visitor.must_have_confirmed()?;
    let next = Next {
        algorithm: rotate.algorithm,
        lead_s: app.config.key_publish_lead_s,
        after: Some(rotate.after),
    };
    keys::rotate(&app.act(&visitor.caller), next).await?;
    Ok(Redirect::to(&app, "/keys").saying(Flash::KeyPublished))
}

async fn ask_kill(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
    Path(kid): Path<String>,
) -> Result<Response, PageError> {
    certain(&app, &visitor.caller, visitor.page.clone(), &kid).await?.show()
}

async fn kill(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
    Path(kid): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    visitor.must_have_confirmed()?;
    let certain = certain(&app, &visitor.caller, visitor.page.clone(), &kid).await?;
    if let Some(again) = certain.unless(typed) {
        return again;
    }
    keys::kill(&app.act(&visitor.caller), &kid).await?;
    Ok(Redirect::to(&app, "/keys").saying(Flash::KeyKilled).into_response())
}

async fn certain(app: &App, caller: &Caller, page: Page, kid: &str) -> Result<Certain, PageError> {
    let act = app.act(caller);
    let found = keys::list(&act).await?;
    let ring = found.rings.iter().find(|ring| ring.keys.iter().any(|key| key.kid == kid));
    let ring = ring.ok_or(ManagementError::NotFound("signing key"))?;
    let key = ring.keys.iter().find(|key| key.kid == kid);
    let status = key.map(|key| ring.status(key, act.now, found.longest_lifetime_s).word());
    let page = page.titled("Kill this signing key?").at(Place::Keys);
    let page = page.below("Signing keys", "/keys");
    let name = short(kid);
    Ok(Certain {
        says: vec![
            format!(
                "{} key {kid} is {}. For a key that somebody else may hold: every live token that \
                 it has signed dies at every connected verifier within a second, and a new key \
                 signs at once.",
                ring.algorithm,
                status.unwrap_or("gone")
            ),
            "Every program whose token it has signed has to fetch a new one; those that wait for \
             a 401 see one. Verifiers fetch the new key as soon as they meet it."
                .to_owned(),
            "There is no way back. To change keys without any of this, rotate.".to_owned(),
        ],
        action: page.url(&format!("/keys/{kid}/kill")),
        back: page.url("/keys"),
        page,
        name,
        what: "the key's first eight characters",
        button: "Kill key",
        typed: String::new(),
        wrong: String::new(),
    })
}
