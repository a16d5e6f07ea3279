//! What can be changed of a credential: its name and words, its access, its limits. Each is a form
//! of its own, so that nobody changes what they did not look at.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use hallpass_core::{Api, Credential, Timestamp, credential::Settings};

use super::{
    draft::{ApiChoice, Draft, Wrong},
    head::Head,
    opened::Opened,
};
use crate::{
    app::App,
    dashboard::{
        page::{self, Page},
        typed::sentence,
    },
    management::{ManagementError, credentials},
    web::{error_page::PageError, flash::Flash, form::Form, redirect::Redirect},
};

/// Which part of a credential.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    /// Name, description and tags.
    About,
    /// APIs and scopes.
    Access,
    /// End and addresses.
    Limits,
}

impl Part {
    /// The end of its address.
    fn end(self) -> &'static str {
        match self {
            Self::About => "/details",
            Self::Access => "/access",
            Self::Limits => "/limits",
        }
    }

    /// The tab under which it is found.
    fn tab(self) -> &'static str {
        match self {
            Self::About => "",
            Self::Access | Self::Limits => self.end(),
        }
    }

    /// The credential as it is, with this part as it was typed.
    fn over(self, own: &Credential, typed: Draft) -> Draft {
        let now = Draft::of(own);
        match self {
            Self::About => {
                Draft { name: typed.name, description: typed.description, tags: typed.tags, ..now }
            }
            Self::Access => {
                Draft { api: typed.api, scope: typed.scope, default_api: typed.default_api, ..now }
            }
            Self::Limits => Draft {
                ends: typed.ends,
                own_end: typed.own_end,
                addresses: typed.addresses,
                ..now
            },
        }
    }
}

#[derive(Template)]
#[template(path = "dashboard/credentials/edit.html")]
struct Edit {
    page: Page,
    head: Head,
    part: Part,
    action: String,
    draft: Draft,
    wrong: Wrong,
    apis: Vec<ApiChoice>,
    defaults: Vec<(String, String)>,
    ends: Vec<(String, String)>,
    needs_addresses: bool,
    may_change: bool,
}

impl Edit {
    async fn of(
        app: &App,
        opened: &Opened,
        part: Part,
        draft: Draft,
        apis: &[Api],
    ) -> Result<Self, PageError> {
        let (head, page) = Head::of(app, opened, part.tab()).await?;
        let now: Timestamp = app.clock.now();
        Ok(Self {
            action: format!("{}{}", head.href, part.end()),
            apis: draft.choices(apis),
            defaults: draft.defaults(apis),
            ends: draft.ends(now),
            needs_addresses: opened.here.organization.policy.allow_list_required,
            may_change: head.may_write && head.is_alive,
            wrong: Wrong::default(),
            page,
            head,
            part,
            draft,
        })
    }

    /// Says at its field what the act itself refused.
    fn refused(&mut self, why: ManagementError) -> Result<(), PageError> {
        match why {
            ManagementError::Invalid { field: "expires_at", why } => {
                self.wrong.ends = sentence(&why);
            }
            why @ ManagementError::Forbidden(_) if self.part == Part::Access => {
                self.wrong.apis = sentence(&why);
            }
            why @ ManagementError::Forbidden(_) => self.wrong.ends = sentence(&why),
            ManagementError::Invalid { why, .. } => self.wrong.apis = sentence(&why),
            ManagementError::Policy(why) => {
                self.wrong.addresses = vec![sentence(&why.to_string())];
            }
            why => return Err(why.into()),
        }
        Ok(())
    }
}

async fn show(app: App, opened: Opened, part: Part) -> Result<Response, PageError> {
    let apis = opened.offered(&app).await?;
    let draft = Draft::of(&opened.own);
    page::show(&Edit::of(&app, &opened, part, draft, &apis).await?)
}

async fn save(app: App, opened: Opened, part: Part, typed: Draft) -> Result<Response, PageError> {
    let apis = opened.offered(&app).await?;
    let draft = part.over(&opened.own, typed);
    let mut edit = Edit::of(&app, &opened, part, draft, &apis).await?;
    let ended = |settings: &Settings| settings.expires_at.is_some_and(|end| end <= app.clock.now());
    let settings = match edit.draft.settings(&apis) {
        // It would die at once, which the danger zone asks about first.
        Ok((settings, _)) if part == Part::Limits && ended(&settings) => {
            edit.wrong.ends =
                "The date lies in the past; to end it now, pause or revoke it".to_owned();
            return page::again(&edit);
        }
        // What this form does not show stays as it is.
        Ok((settings, _)) => {
            Settings { introspects: opened.own.settings.introspects.clone(), ..settings }
        }
        Err(wrong) => {
            edit.wrong = *wrong;
            return page::again(&edit);
        }
    };
    match credentials::update(&opened.act(&app), &opened.own.client_id, settings).await {
        Ok(_) => {
            let path = opened.path(part.tab());
            Ok(Redirect::to(&app, &path).saying(Flash::Saved).into_response())
        }
        Err(why) => {
            edit.refused(why)?;
            page::again(&edit)
        }
    }
}

/// `GET …/{client_id}/details`.
pub(super) async fn about(State(app): State<App>, opened: Opened) -> Result<Response, PageError> {
    show(app, opened, Part::About).await
}

/// `POST …/{client_id}/details`.
pub(super) async fn save_about(
    State(app): State<App>,
    opened: Opened,
    Form(typed): Form<Draft>,
) -> Result<Response, PageError> {
    save(app, opened, Part::About, typed).await
}

/// `GET …/{client_id}/access`.
pub(super) async fn access(State(app): State<App>, opened: Opened) -> Result<Response, PageError> {
    show(app, opened, Part::Access).await
}

/// `POST …/{client_id}/access`.
pub(super) async fn save_access(
    State(app): State<App>,
    opened: Opened,
    Form(typed): Form<Draft>,
) -> Result<Response, PageError> {
    save(app, opened, Part::Access, typed).await
}

/// `GET …/{client_id}/limits`.
pub(super) async fn limits(State(app): State<App>, opened: Opened) -> Result<Response, PageError> {
    show(app, opened, Part::Limits).await
}

/// `POST …/{client_id}/limits`.
pub(super) async fn save_limits(
    State(app): State<App>,
    opened: Opened,
    Form(typed): Form<Draft>,
) -> Result<Response, PageError> {
    save(app, opened, Part::Limits, typed).await
}
