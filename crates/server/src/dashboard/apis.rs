//! The APIs that tokens are for: operators list, add and change them. A change that somebody could
//! notice is shown before it is made.

mod form;

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use hallpass_core::{Api, ApiId, Conflict};

use self::form::{Draft, Wrong};
use super::page::{self, Page, Place};
use crate::{
    app::App,
    management::{ManagementError, apis},
    web::{
        error_page::PageError,
        flash::Flash,
        form::{Form, Path},
        redirect::Redirect,
        visitor::OperatorHere,
    },
};

/// Scopes of an API that its line names; the rest are counted.
const SHOWN: usize = 6;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/apis", get(list))
        .route("/apis/new", get(new).post(add))
        .route("/apis/{api}", get(edit).post(update))
}

#[derive(Template)]
#[template(path = "dashboard/apis/list.html")]
struct List {
    page: Page,
    apis: Vec<Api>,
}

impl List {
    /// How long its tokens live.
    fn lives(&self, api: &Api) -> String {
        apis::spoken(api.token_lifetime_s)
    }

    /// Scopes that are not named.
    fn more(&self, api: &Api) -> usize {
        api.scopes.iter().skip(SHOWN).count()
    }
}

#[derive(Template)]
#[template(path = "dashboard/apis/form.html")]
struct FormPage {
    page: Page,
    action: String,
    draft: Draft,
    wrong: Wrong,
    /// What a change means for tokens that are in use; shown before it is made.
    meaning: Vec<String>,
    is_new: bool,
}

impl FormPage {
    fn to_add(page: Page, draft: Draft, wrong: Wrong) -> Self {
        let page = page.titled("Add API").at(Place::Apis).below("APIs", "/apis").narrow();
        let action = page.url("/apis/new");
        Self { page, action, draft, wrong, meaning: Vec::new(), is_new: true }
    }

    fn to_change(page: Page, api: &Api, draft: Draft, wrong: Wrong) -> Self {
        let page = page.titled(api.name.as_str()).at(Place::Apis).below("APIs", "/apis").narrow();
        let action = page.url(&format!("/apis/{}", api.id));
        Self { page, action, draft, wrong, meaning: Vec::new(), is_new: false }
    }
}

async fn list(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
) -> Result<Response, PageError> {
    let apis = apis::list(&app.act(&visitor.caller)).await?;
    page::show(&List { page: visitor.page.titled("APIs").at(Place::Apis), apis })
}

async fn new(OperatorHere(visitor): OperatorHere) -> Result<Response, PageError> {
    page::show(&FormPage::to_add(visitor.page, Draft::default(), Wrong::default()))
}

async fn add(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
    Form(draft): Form<Draft>,
) -> Result<Response, PageError> {
    let wrong = match draft.read() {
        Ok(wanted) => match apis::add(&app.act(&visitor.caller), wanted).await {
            Ok(_) => {
                return Ok(Redirect::to(&app, "/apis").saying(Flash::ApiAdded).into_response());
            }
            Err(why) => wrong_of(why)?,
        },
        Err(wrong) => *wrong,
    };
    page::again(&FormPage::to_add(visitor.page, draft, wrong))
}

async fn edit(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
    Path(api): Path<ApiId>,
) -> Result<Response, PageError> {
    let api = apis::find(&app.act(&visitor.caller), &api).await?;
    let draft = Draft::of(&api);
    page::show(&FormPage::to_change(visitor.page, &api, draft, Wrong::default()))
}

async fn update(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
    Path(api): Path<ApiId>,
    Form(draft): Form<Draft>,
) -> Result<Response, PageError> {
    let act = app.act(&visitor.caller);
    let api = apis::find(&act, &api).await?;
    let wrong = match draft.read() {
        Ok(wanted) => {
            let meaning = apis::meaning(&api, &wanted);
            if !meaning.is_empty() && draft.sure != meaning.join(" ") {
                let form = FormPage::to_change(visitor.page, &api, draft, Wrong::default());
                return page::show(&FormPage { meaning, ..form });
            }
            match apis::update(&act, &api.id, wanted).await {
                Ok(_) => {
                    let done = Redirect::to(&app, "/apis").saying(Flash::ApiChanged);
                    return Ok(done.into_response());
                }
                Err(why) => wrong_of(why)?,
            }
        }
        Err(wrong) => *wrong,
    };
    page::again(&FormPage::to_change(visitor.page, &api, draft, wrong))
}

/// What is wrong with a field, if that is why it was refused.
fn wrong_of(why: ManagementError) -> Result<Wrong, PageError> {
    match why {
        ManagementError::Invalid { field: "token_lifetime", why } => {
            Ok(Wrong { lifetime: why, ..Wrong::default() })
        }
        ManagementError::Conflict(Conflict::Taken(_)) => Ok(Wrong {
            audience: "Another API has this audience; choose another".to_owned(),
            ..Wrong::default()
        }),
        other => Err(other.into()),
    }
}
