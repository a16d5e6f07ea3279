//! Guided rotation: add a second secret, watch the traffic move over, retire the first when it has
//! gone quiet. Nothing stops working on the way: both secrets get tokens until the old one ends.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use hallpass_core::{Timestamp, secret::Secret};
use http::HeaderMap;
use serde::Deserialize;

use super::{
    draft::{own_date, typed},
    opened::{Opened, api},
    ready,
    secrets::Row,
    shown_once::{self, ShownOnce},
    words,
};
use crate::{
    app::App,
    dashboard::{
        page::{self, Page},
        time::Moment,
        typed::sentence,
    },
    management::{
        ManagementError,
        moving::{self, Moving},
        secrets as acts,
    },
    web::{error_page::PageError, form::Form, redirect::Redirect},
};

/// How long the other secrets go on, as the form offers it: seconds and words.
const OVERLAPS: [(u64, &str); 4] =
    [(3600, "1 hour"), (86_400, "24 hours"), (7 * 86_400, "7 days"), (30 * 86_400, "30 days")];

/// The overlap that is chosen if nobody chooses: long enough for a weekend.
pub(super) const USUAL_OVERLAP: usize = 2;

/// What the form sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    note: String,
    /// When the new one ends: empty for never, or a date in UTC.
    ends: String,
    /// When the others end: empty for as before, `own`, or a date.
    others: String,
    own_others: String,
}

/// How the traffic has moved.
#[derive(Template)]
#[template(path = "dashboard/credentials/moving.html")]
struct MovingPart {
    credential: String,
    href: String,
    rows: Vec<Share>,
    /// How much of the last 24 hours' traffic uses the newest secret, of 100.
    moved: u64,
    has_traffic: bool,
    quiet_after: String,
    is_done: bool,
    may_write: bool,
}

/// The traffic of one secret.
struct Share {
    row: Row,
    last_hour: String,
    last_day: String,
    is_newest: bool,
    ends: Option<Moment>,
}

#[derive(Template)]
#[template(path = "dashboard/credentials/rotate.html")]
struct Rotate {
    page: Page,
    credential: String,
    href: String,
    client_id: String,
    /// The new secret, if this is the time that it is shown.
    secret: Option<Secret>,
    file: String,
    issuer: String,
    token_endpoint: String,
    audience: String,
    scope: String,
    moving: Option<String>,
    step: usize,
    sent: Sent,
    others: Vec<(String, String)>,
    secret_must_end: Option<String>,
    wrong_note: String,
    wrong_ends: String,
    wrong_others: String,
    may_write: bool,
    can_be_added: bool,
}

/// `GET …/{client_id}/rotate`.
pub(super) async fn page(
    State(app): State<App>,
    opened: Opened,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let shown = ShownOnce::called(&app, opened.visitor(), opened.own.client_id.as_str());
    let secret = shown.arrived(&app, &headers);
    let was_shown = secret.is_some();
    let rotate = Rotate::of(&app, &opened, Sent::fresh(app.clock.now()), secret).await?;
    shown_once::show(&app, &rotate, was_shown)
}

/// `POST …/{client_id}/rotate`.
pub(super) async fn add(
    State(app): State<App>,
    opened: Opened,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    opened.visitor().must_have_confirmed()?;
    let mut rotate = Rotate::of(&app, &opened, sent, None).await?;
    let Some(wanted) = rotate.wanted() else { return page::again(&rotate) };
    match acts::add(&opened.act(&app), &opened.own.client_id, wanted).await {
        Ok(made) => {
            let shown = ShownOnce::of(&app, opened.visitor(), &opened.own.client_id);
            let cookie = shown.cookie(&app, &made.secret)?;
            Ok(Redirect::to(&app, &opened.path("/rotate")).setting(cookie).into_response())
        }
        Err(ManagementError::Invalid { field: "others_expire_at", why }) => {
            rotate.wrong_others = sentence(&why);
            page::again(&rotate)
        }
        Err(ManagementError::Invalid { why, .. }) => {
            rotate.wrong_ends = sentence(&why);
            page::again(&rotate)
        }
        Err(ManagementError::Policy(why)) => {
            rotate.wrong_ends = sentence(&why.to_string());
            page::again(&rotate)
        }
        Err(why) => Err(why.into()),
    }
}

/// `GET …/{client_id}/rotate/moving`: the traffic alone, for a page that watches it.
pub(super) async fn moving(State(app): State<App>, opened: Opened) -> Result<Response, PageError> {
    page::show(&MovingPart::of(&app, &opened).await?)
}

impl Sent {
    fn fresh(now: Timestamp) -> Self {
        Self { others: typed(now.plus_secs(OVERLAPS[USUAL_OVERLAP].0)), ..Self::default() }
    }
}

/// The ends to choose from for the other secrets, each with its date spelled out.
pub(super) fn overlaps(now: Timestamp) -> Vec<(String, String)> {
    let spelled = |(secs, name): (u64, &str)| {
        let at = now.plus_secs(secs);
        (typed(at), format!("In {name} · {}", words::date(at)))
    };
    OVERLAPS.map(spelled).to_vec()
}

impl Rotate {
    async fn of(
        app: &App,
        opened: &Opened,
        sent: Sent,
        secret: Option<Secret>,
    ) -> Result<Self, PageError> {
        let now = app.clock.now();
        let own = &opened.own;
        let apis = app.store.apis().await?;
        let grant = own.settings.grants.first();
        let audience = grant.and_then(|grant| api(&apis, &grant.api_id));
        let usable = own.usable_secrets(now).count();
        let moving = if usable > 1 { Some(MovingPart::of(app, opened).await?) } else { None };
        let is_done = moving.as_ref().is_some_and(|moving| moving.is_done);
        let mut others = overlaps(now);
        if own_date(&sent.others).is_ok() && others.iter().all(|(value, _)| *value != sent.others) {
            let date = own_date(&sent.others).map_or_else(|_| String::new(), words::date);
            others.insert(0, (sent.others.clone(), date));
        }
        others.push(("own".to_owned(), "On a date of your own".to_owned()));
        others.push((String::new(), "As before: an overlap without an end is a risk".to_owned()));
        let page = opened.page_below("Rotate the secret");
        let life = opened.here.organization.policy.secret_life_at_most_s;
        Ok(Self {
            credential: page.url(&opened.path("")),
            href: page.url(&opened.path("/rotate")),
            client_id: own.client_id.to_string(),
            file: ready::file_name(own),
            issuer: app.config.issuer.clone(),
            token_endpoint: app.config.url(crate::routes::TOKEN),
            audience: audience.map_or_else(String::new, |api| api.audience.to_string()),
            scope: grant.map_or_else(String::new, |grant| grant.scopes.to_string()),
            step: match usable {
                _ if is_done => 3,
                0 | 1 => 1,
                _ => 2,
            },
            moving: moving
                .map(|moving| moving.render())
                .transpose()
                .map_err(|_| PageError::Internal)?,
            secret_must_end: life.map(words::span),
            wrong_note: String::new(),
            wrong_ends: String::new(),
            wrong_others: String::new(),
            may_write: opened.may_write(),
            can_be_added: !matches!(
                own.status,
                hallpass_core::credential::Status::Revoked { .. }
                    | hallpass_core::credential::Status::Pending { .. }
            ),
            others,
            secret,
            sent,
            page,
        })
    }

    /// The secret that is wanted; otherwise says at its field what is wrong.
    fn wanted(&mut self) -> Option<acts::Wanted> {
        let note = self.sent.note.parse().map_err(|why| self.wrong_note = format!("{why}")).ok();
        let date = |text: &str| match text {
            "" => Ok(None),
            text => own_date(text).map(Some),
        };
        let ends = date(&self.sent.ends).map_err(|why| self.wrong_ends = sentence(&why)).ok();
        let others = match self.sent.others.as_str() {
            "own" => own_date(&self.sent.own_others).map(Some),
            other => date(other),
        };
        let others = others.map_err(|why| self.wrong_others = sentence(&why)).ok();
        Some(acts::Wanted { note: note?, expires_at: ends?, others_expire_at: others? })
    }
}

impl MovingPart {
    async fn of(app: &App, opened: &Opened) -> Result<Self, PageError> {
        let act = opened.act(app);
        let moving = Moving::of(&act, &opened.own).await?;
        let share = |(place, share): (usize, &moving::Share)| {
            let row = Row::of(opened, share, act.now);
            Share {
                last_hour: words::count(share.last_hour),
                last_day: words::count(share.last_day),
                is_newest: place == 0,
                ends: row.ends,
                row,
            }
        };
        let page = &opened.visitor().page;
        Ok(Self {
            credential: page.url(&opened.path("")),
            href: page.url(&opened.path("/rotate/moving")),
            moved: moving.moved().unwrap_or(0),
            has_traffic: moving.moved().is_some(),
            quiet_after: words::span(moving.quiet_after_s),
            is_done: moving.is_done(),
            may_write: opened.may_write(),
            rows: moving.usable().enumerate().map(share).collect(),
        })
    }
}
