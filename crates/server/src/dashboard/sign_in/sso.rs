//! Signing in at one's own organization. The address says which; the provider says who.

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::{
    Email, Image, Organization, OrganizationId, Timestamp, audit::Actor, change::Key,
};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use tracing::warn;

use super::{claim, password};
use crate::{
    app::App,
    dashboard::page::{self, Page},
    management::{Caller, Power, sign_on as management},
    sign_on::{self, Brought, CARRIED, Way},
    web::{
        csrf,
        error_page::PageError,
        form::{Form, Path, Query},
        limits,
        next::Next,
        visitor::Stranger,
    },
};

const NO_DOMAIN: &str = "No organization signs in its people under this address. Use a password.";
const NO_ANSWER: &str = "That did not work at your organization's provider. Try again.";

/// On to the provider. A page and not an answer to the form: browsers let a form of ours end only
/// at ours.
#[derive(Template)]
#[template(path = "dashboard/sign_in/sso.html")]
struct Onward {
    page: Page,
    organization: String,
    way: String,
    /// Whether the browser goes on without being asked to.
    goes_by_itself: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    email: String,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Begin {
    next: Option<String>,
    /// To prove once more who one is.
    anew: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// `POST /sign-in/sso`.
pub(super) async fn ask(
    State(app): State<App>,
    page: Page,
    Form(asked): Form<Asked>,
) -> Result<Response, PageError> {
    let next = Next::asked(asked.next.as_deref());
    let id = asked.email.parse::<Email>().ok().and_then(|email| app.live.sign_on.of(&email));
    let Some(id) = id else { return password::again(&app, page, asked.email, next, NO_DOMAIN) };
    onward(&app, page, (&id, &next), true).await
}

async fn onward(
    app: &App,
    page: Page,
    (id, next): (&OrganizationId, &Next),
    goes_by_itself: bool,
) -> Result<Response, PageError> {
    let organization = organization(app, id).await?;
    if organization.sign_on.is_none() {
        return Err(PageError::NotFound);
    }
    let way = page.url(&next.after(&format!("/sign-in/sso/{id}")));
    let page = page.titled("Sign in").narrow();
    page::show(&Onward { page, organization: organization.name.to_string(), way, goes_by_itself })
}

/// `GET /sign-in/sso/{organization_id}`. A link on another site is followed only by whoever says
/// so: it could sign them in as somebody else, at a provider that asks nothing, unnoticed.
pub(super) async fn begin(
    State(app): State<App>,
    Path(id): Path<OrganizationId>,
    stranger: Stranger,
    page: Page,
    Query(begin): Query<Begin>,
) -> Result<Response, PageError> {
    let next = Next::asked(begin.next.as_deref());
    if csrf::comes_from_elsewhere(&stranger.headers) {
        return onward(&app, page, (&id, &next), false).await;
    }
    let organization = organization(&app, &id).await?;
    let Some(provider) = &organization.sign_on else { return Err(PageError::NotFound) };
    count(&app, &stranger)?;
    let fresh_from_s = begin.anew.is_some().then(|| app.clock.now().as_secs());
    match sign_on::begin(&app, id, provider, next.as_str(), fresh_from_s).await {
        Ok((way, url)) => {
            let location = HeaderValue::from_str(&url).map_err(|_| PageError::Internal)?;
            let go = (StatusCode::SEE_OTHER, [(header::LOCATION, location)]);
            Ok(super::carrying(CARRIED.hand_over(&app, &way), go))
        }
        Err(why) => {
            warn!(organization.id = %organization.id, %why, "Cannot begin single sign-on");
            password::again(&app, page, String::new(), next, NO_ANSWER)
        }
    }
}

/// `GET /sign-in/sso/{organization_id}/callback`. Only the browser that was sent there brings a
/// good answer, and only from the provider to which it was sent.
pub(super) async fn callback(
    State(app): State<App>,
    Path(id): Path<OrganizationId>,
    stranger: Stranger,
    page: Page,
    Query(answer): Query<Answer>,
) -> Result<Response, PageError> {
    let way: Option<Way> = CARRIED.take_back(&app, &stranger.headers);
    let way = way.filter(|way| {
        way.organization_id == id && answer.state.as_deref() == Some(way.state.as_str())
    });
    let (Some(way), Some(code), None) = (way, &answer.code, &answer.error) else {
        return refuse(&app, page, NO_ANSWER);
    };
    let organization = organization(&app, &way.organization_id).await?;
    let Some(provider) = &organization.sign_on else { return Err(PageError::NotFound) };
    count(&app, &stranger)?;
    let brought = Brought { code, issuer: answer.iss.as_deref() };
    let vouched = match sign_on::end(&app, provider, &way, brought).await {
        Ok(vouched) => vouched,
        Err(why) => {
            warn!(organization.id = %organization.id, %why, "Refused a provider's answer");
            return refuse(&app, page, NO_ANSWER);
        }
    };
    let nobody = Caller { actor: Actor::Server, power: Power::Nobody };
    let act = app.act(&nobody);
    match management::admit(&act, &organization, &vouched, stranger.address).await? {
        Ok(person) => {
            let next = Next::asked(Some(&way.next));
            let proved_at = vouched.proved_at_s.map(Timestamp::from_secs);
            let way = claim::let_in_vouched(&app, &stranger, &person, proved_at, next.as_str());
            let way = way.await?;
            Ok(super::carrying(CARRIED.forget(&app), way))
        }
        Err(why) => {
            app.metrics.signed_in("wrong");
            Err(PageError::BadInput(why.to_string()))
        }
    }
}

/// Counts a talk with a provider that a stranger asks for: each is requests of ours to somebody
/// else's server.
fn count(app: &App, stranger: &Stranger) -> Result<(), PageError> {
    let left = app.sign_ons.count(&limits::network(stranger.address), app.clock.now());
    if left.more.is_some() {
        return Ok(());
    }
    app.metrics.signed_in("limited");
    Err(PageError::TooManyTries { retry_after_s: left.resets_s })
}

fn refuse(app: &App, page: Page, why: &'static str) -> Result<Response, PageError> {
    app.metrics.signed_in("wrong");
    let again = password::again(app, page, String::new(), Next::default(), why)?;
    Ok(super::carrying(CARRIED.forget(app), again))
}

async fn organization(app: &App, id: &OrganizationId) -> Result<Organization, PageError> {
    match app.store.image(&Key::Organization(id.clone())).await? {
        Some(Image::Organization(organization)) => Ok(organization),
        _ => Err(PageError::NotFound),
    }
}
