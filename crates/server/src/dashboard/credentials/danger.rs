//! The danger zone: pause and resume, revoke, delete. Each says beforehand what it kills; a revoke
//! shows afterwards that the feed has carried it.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use hallpass_core::credential::Status;
use serde::Deserialize;

use super::{
    add::Then,
    confirm::Confirm,
    head::Head,
    opened::{Opened, approvals_path, list_path},
    words,
};
use crate::{
    app::App,
    dashboard::{
        page::{self, Page},
        time::Moment,
    },
    management::{
        credentials::{self, Step},
        live_tokens,
    },
    web::{error_page::PageError, flash::Flash, form::Form, redirect::Redirect},
};

/// Callers that are named.
const CALLERS: usize = 5;

/// What the form for revoking sends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    /// The credential's name, typed by hand.
    name: String,
}

#[derive(Template)]
#[template(path = "dashboard/credentials/danger.html")]
struct Danger {
    page: Page,
    head: Head,
    toll: Toll,
    typed: String,
    wrong: String,
    receipt: Option<Receipt>,
}

/// What a kill costs.
#[derive(Debug)]
struct Toll {
    live: u64,
    apis: String,
    callers: Vec<String>,
    last_used: Option<Moment>,
}

/// That the feed has carried a kill.
#[derive(Debug)]
struct Receipt {
    /// The number of the entry.
    feed_seq: u64,
    /// When it was killed.
    at: Option<Moment>,
    /// Until when the feed keeps it.
    until: Moment,
    /// Open streams of this node, each of which got it.
    readers: usize,
    /// Up to when this node knows everything.
    as_of: Moment,
}

impl Toll {
    async fn of(app: &App, opened: &Opened) -> Result<Self, PageError> {
        let now = app.clock.now();
        let own = &opened.own;
        let apis = app.store.apis().await?;
        let usage = app.store.usage(&own.client_id, live_tokens::since_hour(&apis, now)).await?;
        let used = app.store.last_used(&own.client_id).await?;
        let week_ago = now.minus_secs(7 * 86_400);
        let mut callers: Vec<String> = Vec::new();
        for one in app.store.sightings(&own.client_id).await? {
            let Some(address) = one.address.filter(|_| one.last_at >= week_ago) else { continue };
            let caller = match &*one.library {
                "" => address.to_string(),
                library => format!("{address} ({library})"),
            };
            if callers.len() < CALLERS && !callers.contains(&caller) {
                callers.push(caller);
            }
        }
        let last_at = used.iter().map(|used| used.last_at).max();
        Ok(Self {
            live: live_tokens::of_all(own, &usage, &apis, now),
            apis: words::listed(&words::apis(&own.settings.grants, &apis)),
            callers,
            last_used: last_at.map(|at| Moment::new(at, now)),
        })
    }
}

impl Receipt {
    fn of(app: &App, opened: &Opened) -> Option<Self> {
        let own = &opened.own;
        let at = match own.status {
            Status::Revoked { at } => Some(at),
            Status::Paused => None,
            Status::Active | Status::Pending { .. } => return None,
        };
        let now = app.clock.now();
        let (feed_seq, entry) = app.live.feed.find(&own.death()?.key())?;
        Some(Self {
            feed_seq,
            at: at.map(|at| Moment::new(at, now)),
            until: Moment::new(hallpass_core::Timestamp::from_secs(entry.until_s), now),
            readers: app.live.feed.readers().len(),
            as_of: Moment::new(app.live.as_of(), now),
        })
    }
}

impl Danger {
    async fn of(app: &App, opened: &Opened) -> Result<Self, PageError> {
        let (head, page) = Head::of(app, opened, "/danger").await?;
        let toll = Toll::of(app, opened).await?;
        let receipt = Receipt::of(app, opened);
        let (typed, wrong) = (String::new(), String::new());
        Ok(Self { page, head, toll, typed, wrong, receipt })
    }
}

/// `GET …/{client_id}/danger`.
pub(super) async fn page(State(app): State<App>, opened: Opened) -> Result<Response, PageError> {
    page::show(&Danger::of(&app, &opened).await?)
}

/// `GET …/{client_id}/pause`.
pub(super) async fn ask_pause(
    State(app): State<App>,
    opened: Opened,
) -> Result<Response, PageError> {
    let toll = Toll::of(&app, &opened).await?;
    let page = opened.page_below(format!("Pause {}?", opened.own.settings.name));
    Confirm {
        says: vec![
            format!("It gets no tokens until it is resumed. {}", toll.dies()),
            toll.callers(),
            "Resuming is one click; its programs then fetch new tokens by themselves.".to_owned(),
        ],
        hidden: Vec::new(),
        choices: None,
        button: "Pause credential",
        kind: "primary",
        icon: "pause",
        action: page.url(&opened.path("/pause")),
        back: page.url(&opened.path("")),
        page,
    }
    .show()
}

impl Toll {
    /// What becomes of its tokens.
    fn dies(&self) -> String {
        match self.live {
            0 => "No token of it is alive.".to_owned(),
            1 => "At most one live token of it dies at every connected verifier within a second."
                .to_owned(),
            live => format!(
                "At most {} live tokens of it die at every connected verifier within a second.",
                words::count(live)
            ),
        }
    }

    fn callers(&self) -> String {
        if self.callers.is_empty() {
            "Nobody was seen using it in the last seven days.".to_owned()
        } else {
            format!("Seen in the last seven days: {}.", words::listed(&self.callers))
        }
    }
}

async fn step(
    app: App,
    opened: Opened,
    step: Step,
    end: (&str, Flash),
) -> Result<Redirect, PageError> {
    credentials::step(&opened.act(&app), &opened.own.client_id, step).await?;
    Ok(Redirect::to(&app, &opened.path(end.0)).saying(end.1))
}

/// `POST …/{client_id}/pause`.
pub(super) async fn pause(State(app): State<App>, opened: Opened) -> Result<Redirect, PageError> {
    step(app, opened, Step::Pause, ("", Flash::CredentialPaused)).await
}

/// `POST …/{client_id}/resume`.
pub(super) async fn resume(State(app): State<App>, opened: Opened) -> Result<Redirect, PageError> {
    step(app, opened, Step::Resume, ("", Flash::CredentialResumed)).await
}

/// `POST …/{client_id}/approve`.
pub(super) async fn approve(
    State(app): State<App>,
    opened: Opened,
    Form(Then { then }): Form<Then>,
) -> Result<Redirect, PageError> {
    credentials::step(&opened.act(&app), &opened.own.client_id, Step::Approve).await?;
    let path = if then == "approvals" { approvals_path(&opened.here) } else { opened.path("") };
    Ok(Redirect::to(&app, &path).saying(Flash::CredentialApproved))
}

/// `POST …/{client_id}/revoke`.
pub(super) async fn revoke(
    State(app): State<App>,
    opened: Opened,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    opened.visitor().must_have_confirmed()?;
    let name = opened.own.settings.name.as_str();
    if typed.name.trim() != name {
        let mut danger = Danger::of(&app, &opened).await?;
        danger.wrong = format!("Type the name as it is, with capitals and blanks: {name}");
        danger.typed = typed.name;
        return page::again(&danger);
    }
    let end = ("/danger", Flash::CredentialRevoked);
    Ok(step(app, opened, Step::Revoke, end).await?.into_response())
}

/// `POST …/{client_id}/delete`.
pub(super) async fn delete(State(app): State<App>, opened: Opened) -> Result<Redirect, PageError> {
    opened.visitor().must_have_confirmed()?;
    credentials::step(&opened.act(&app), &opened.own.client_id, Step::Delete).await?;
    Ok(Redirect::to(&app, &list_path(&opened.here)).saying(Flash::CredentialDeleted))
}
