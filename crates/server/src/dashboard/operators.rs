//! The operators: who has power over the installation. Somebody who cannot sign in yet gets a
//! link, shown in the answer that makes it and nowhere else.

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hallpass_core::{Email, Person};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    page::{self, Page, Place},
    time::Moment,
    typed::sentence,
};
use crate::{
    app::App,
    management::people::{self, LetIn},
    web::{
        error_page::PageError,
        flash::Flash,
        form::Form,
        redirect::Redirect,
        visitor::{OperatorHere, Visitor},
    },
};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/operators", get(list).post(add)).route("/operators/remove", post(remove))
}

struct Row {
    name: String,
    email: String,
    means: String,
    since: Moment,
    is_you: bool,
}

#[derive(Template)]
#[template(path = "dashboard/operators/list.html")]
struct List {
    page: Page,
    rows: Vec<Row>,
    email: String,
    wrong: String,
    /// For whom a link was made just now, and the link.
    link: Option<(String, Zeroizing<String>)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    email: String,
}

impl List {
    async fn of(app: &App, visitor: &Visitor) -> Result<Self, PageError> {
        let act = app.act(&visitor.caller);
        let row = |person: &Person| Row {
            name: person.name.to_string(),
            email: person.email.to_string(),
            means: means(person),
            since: Moment::new(person.created_at, act.now),
            is_you: person.id == visitor.person.id,
        };
        let rows = people::operators(&act).await?.iter().map(row).collect();
        let page = visitor.page.clone().titled("Operators").at(Place::Operators);
        Ok(Self { page, rows, email: String::new(), wrong: String::new(), link: None })
    }
}

fn means(person: &Person) -> String {
    let passkeys = match person.passkeys.len() {
        0 => None,
        1 => Some("1 passkey".to_owned()),
        count => Some(format!("{count} passkeys")),
    };
    let means: Vec<String> =
        person.password.iter().map(|_| "password".to_owned()).chain(passkeys).collect();
    if means.is_empty() { "a link only".to_owned() } else { means.join(", ") }
}

async fn list(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
) -> Result<Response, PageError> {
    page::show(&List::of(&app, &visitor).await?)
}

async fn add(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
    Form(named): Form<Named>,
) -> Result<Response, PageError> {
    visitor.must_have_confirmed()?;
    let email = match named.email.parse::<Email>() {
        Ok(email) => email,
        Err(why) => {
            let list = List::of(&app, &visitor).await?;
            return page::again(&List { email: named.email, wrong: sentence(&why), ..list });
        }
    };
    let LetIn { person, link } =
        people::add_operator(&app.act(&visitor.caller), email, None).await?;
    let Some(link) = link else {
        let done = Redirect::to(&app, "/operators").saying(Flash::AlreadyOperator);
        return Ok(done.into_response());
    };
    let url = Zeroizing::new(app.config.url(&format!("/sign-in/link/{}", link.expose())));
    let list = List::of(&app, &visitor).await?;
    page::show_secret(&List { link: Some((person.email.to_string(), url)), ..list })
}

async fn remove(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
    Form(named): Form<Named>,
) -> Result<Redirect, PageError> {
    visitor.must_have_confirmed()?;
    let email = named.email.parse::<Email>().map_err(|_| PageError::NotFound)?;
    people::remove_operator(&app.act(&visitor.caller), &email).await?;
    Ok(Redirect::to(&app, "/operators").saying(Flash::OperatorRemoved))
}
