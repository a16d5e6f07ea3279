//! Add API credential. Id and secret exist when the form opens: `POST …/credentials` makes a
//! pending credential and leads on to `…/{client_id}/new`, which shows the secret this once.
//! What is sent from there says what the credential is for, and lets it get tokens.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use hallpass_core::{
    Api, Conflict, Timestamp,
    credential::{Settings, Status},
    secret::Secret,
};
use http::HeaderMap;
use serde::Deserialize;

use super::{
    draft::{ApiChoice, Draft, Wrong},
    opened::{self, Opened, approvals_path, list_path},
    shown_once::{self, ShownOnce},
    summary,
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
        credentials::{self, Finished, Step},
        secrets,
    },
    web::{error_page::PageError, flash::Flash, form::Form, redirect::Redirect, visitor::Here},
};

/// What a credential is called until its maker has given it a name.
const UNNAMED: &str = "New credential";

/// What follows a credential that was discarded or approved.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Then {
    /// `again` for a new one at once, `approvals` for those that wait as well.
    pub(super) then: String,
}

#[derive(Template)]
#[template(path = "dashboard/credentials/new.html")]
struct New {
    page: Page,
    /// Its own address.
    href: String,
    discard: String,
    client_id: String,
    /// In the clear, if this is the time that it is shown.
    secret: Option<Secret>,
    kept: String,
    stored: bool,
    ends_at: Moment,
    draft: Draft,
    wrong: Wrong,
    wrong_whole: String,
    apis: Vec<ApiChoice>,
    has_apis: bool,
    ends: Vec<(String, String)>,
    needs_addresses: bool,
    secret_ends: Option<String>,
    summary: String,
    issuer: String,
    token_endpoint: String,
}

/// `POST …/credentials`.
pub(super) async fn prepare(State(app): State<App>, here: Here) -> Result<Redirect, PageError> {
    make(&app, &here).await
}

async fn make(app: &App, here: &Here) -> Result<Redirect, PageError> {
    here.visitor.must_have_confirmed()?;
    let act = app.act(&here.visitor.caller);
    let name = UNNAMED.parse().map_err(|_| PageError::Internal)?;
    let settings = Settings::new(name, Vec::new());
    let made = credentials::prepare(&act, &here.organization.id, settings).await?;
    let shown = ShownOnce::of(app, &here.visitor, &made.credential.client_id);
    let cookie = shown.cookie(app, &made.secret)?;
    Ok(Redirect::to(app, &opened::path(&made.credential, "/new")).setting(cookie))
}

/// `GET …/{client_id}/new`.
pub(super) async fn form(
    State(app): State<App>,
    opened: Opened,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    if let Some(elsewhere) = finished_already(&app, &opened) {
        return Ok(elsewhere.into_response());
    }
    let shown = ShownOnce::of(&app, opened.visitor(), &opened.own.client_id);
    let secret = shown.arrived(&app, &headers);
    let was_shown = secret.is_some();
    let apis = opened.offered(&app).await?;
    let new = New::of(&app, &opened, Draft::fresh(&apis), &apis, secret)?;
    shown_once::show(&app, &new, was_shown)
}

/// `POST …/{client_id}/new`.
pub(super) async fn finish(
    State(app): State<App>,
    // Whoever is at home elsewhere learns nothing, not even this much.
    _: Here,
    opened: Result<Opened, PageError>,
    Form(draft): Form<Draft>,
) -> Result<Response, PageError> {
    // Whoever took longer than half an hour must hear why nothing is here any more.
    let opened = opened.map_err(|why| match why {
        PageError::NotFound => PageError::Conflict(Conflict::PendingExpired),
        why => why,
    })?;
    if let Some(elsewhere) = finished_already(&app, &opened) {
        return Ok(elsewhere.into_response());
    }
    let apis = opened.offered(&app).await?;
    let shown = ShownOnce::of(&app, opened.visitor(), &opened.own.client_id);
    // Whoever has the file does not need to see the secret again.
    let is_stored = !draft.stored.is_empty();
    let secret = if is_stored { None } else { shown.brought_back(&draft.kept) };
    let mut new = New::of(&app, &opened, draft, &apis, secret)?;
    let (settings, note) = match new.draft.settings(&apis) {
        Ok(good) => good,
        Err(wrong) => {
            new.wrong = *wrong;
            return new.again();
        }
    };
    if new.draft.r#do == "preview" {
        return new.show();
    }
    if !is_stored {
        new.wrong_whole = "Download the file first, or tick that the secret is stored: it cannot \
                           be shown again."
            .to_owned();
        return new.again();
    }
    let act = opened.act(&app);
    let client_id = &opened.own.client_id;
    if let Some(secret) = opened.own.secrets.first() {
        secrets::note(&act, client_id, &secret.id, note).await?;
    }
    match credentials::finish(&act, client_id, settings).await {
        Ok((_, finished)) => {
            let flash = match finished {
                Finished::Active => Flash::CredentialAdded,
                Finished::AwaitsApproval => Flash::ApprovalAsked,
            };
            Ok(Redirect::to(&app, &opened.path("/ready")).saying(flash).into_response())
        }
        Err(why) => {
            new.refused(why)?;
            new.again()
        }
    }
}

/// `POST …/{client_id}/new/summary`: the one sentence, as the form stands.
pub(super) async fn sum_up(
    State(app): State<App>,
    opened: Opened,
    Form(draft): Form<Draft>,
) -> Result<String, PageError> {
    let apis = opened.offered(&app).await?;
    Ok(sum_up_draft(&draft, &apis, &opened))
}

/// `POST …/{client_id}/discard`: starts over, or lets it be.
pub(super) async fn discard(
    State(app): State<App>,
    opened: Opened,
    Form(Then { then }): Form<Then>,
) -> Result<Redirect, PageError> {
    credentials::step(&opened.act(&app), &opened.own.client_id, Step::Discard).await?;
    if then == "again" {
        return make(&app, &opened.here).await;
    }
    let path =
        if then == "approvals" { approvals_path(&opened.here) } else { list_path(&opened.here) };
    Ok(Redirect::to(&app, &path).saying(Flash::CredentialDiscarded))
}

/// Where to go if there is nothing left to fill in: after Back, or after a second click.
fn finished_already(app: &App, opened: &Opened) -> Option<Redirect> {
    match opened.own.status {
        Status::Pending { .. } if opened.own.approval_asked_by.is_none() => None,
        _ => Some(Redirect::to(app, &opened.path("/ready"))),
    }
}

fn sum_up_draft(draft: &Draft, apis: &[Api], opened: &Opened) -> String {
    let policy = opened.here.organization.policy.clone();
    match draft.settings(apis) {
        Ok((settings, _)) => summary::sentence(&settings, apis, policy),
        Err(wrong) => summary::unfinished(wrong.name.is_empty(), wrong.apis.is_empty()).to_owned(),
    }
}

impl New {
    fn show(&self) -> Result<Response, PageError> {
        if self.secret.is_some() { page::show_secret(self) } else { page::show(self) }
    }

    fn again(&self) -> Result<Response, PageError> {
        let mut response = self.show()?;
        *response.status_mut() = page::AGAIN;
        Ok(response)
    }

    fn of(
        app: &App,
        opened: &Opened,
        draft: Draft,
        apis: &[Api],
        secret: Option<Secret>,
    ) -> Result<Self, PageError> {
        let now = app.clock.now();
        let shown = ShownOnce::of(app, opened.visitor(), &opened.own.client_id);
        let kept = secret.as_ref().map(|secret| shown.kept(secret)).transpose()?;
        let page = opened.page("Add API credential");
        let policy = &opened.here.organization.policy;
        let ends_at = match opened.own.status {
            Status::Pending { expires_at } => expires_at,
            _ => now,
        };
        let secret_ends = opened.own.secrets.first().and_then(|secret| secret.expires_at);
        Ok(Self {
            href: page.url(&opened.path("/new")),
            discard: page.url(&opened.path("/discard")),
            client_id: opened.own.client_id.to_string(),
            kept: kept.unwrap_or_default(),
            stored: !draft.stored.is_empty(),
            ends_at: Moment::new(ends_at, now),
            apis: draft.choices(apis),
            has_apis: apis.iter().any(|api| !api.id.is_management()),
            ends: draft.ends(now),
            needs_addresses: policy.allow_list_required,
            secret_ends: secret_ends.map(|at: Timestamp| super::words::date(at)),
            summary: sum_up_draft(&draft, apis, opened),
            draft,
            wrong: Wrong::default(),
            wrong_whole: String::new(),
            issuer: app.config.issuer.clone(),
            token_endpoint: app.config.url(crate::routes::TOKEN),
            secret,
            page,
        })
    }

    /// Says at its field what the act itself refused.
    fn refused(&mut self, why: ManagementError) -> Result<(), PageError> {
        let at = match &why {
            ManagementError::Invalid { field: "expires_at", .. } => &mut self.wrong.ends,
            ManagementError::Invalid { field: "grants" | "scopes", .. }
            | ManagementError::NotFound("API") => &mut self.wrong.apis,
            ManagementError::Policy(policy) => {
                self.wrong.addresses = vec![sentence(&policy.to_string())];
                return Ok(());
            }
            _ => return Err(why.into()),
        };
        *at = match why {
            ManagementError::Invalid { why, .. } => sentence(&why),
            why => sentence(&why.to_string()),
        };
        Ok(())
    }
}
