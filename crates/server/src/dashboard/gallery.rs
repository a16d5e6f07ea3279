//! Every part that pages are made of, on pages of their own, so that the browser tests can look
//! at each. Only tests have it: no release is built with this feature.

use askama::Template;
use axum::{Router, extract::State, response::Response, routing::get};
use hallpass_core::Conflict;
use serde::Deserialize;

use super::{
    chart::{Bars, Column, Spark},
    dressed,
    page::{self, Organization, Page, Place, SignedIn, Tab},
    time::Moment,
};
use crate::{
    app::App,
    management::ManagementError,
    routes,
    web::{
        error_page::PageError,
        flash::Flash,
        form::{Form, Path},
        redirect::Redirect,
    },
};

/// What the public listener answers, and the gallery below `/gallery`.
pub fn router(app: &App) -> Router {
    let pages = Router::new()
        .route("/gallery", get(parts))
        .route("/gallery/list", get(list))
        .route("/gallery/form", get(form).post(sent))
        .route("/gallery/errors/{name}", get(error));
    let pages = dressed(app, pages).with_state(app.clone());
    routes::public(app).merge(pages)
}

#[derive(Template)]
#[template(path = "dashboard/gallery/parts.html")]
struct Parts {
    page: Page,
    tabs: Vec<Tab>,
    bars: Bars,
    soon: Moment,
    past: Moment,
}

#[derive(Template)]
#[template(path = "dashboard/gallery/list.html")]
struct List {
    page: Page,
    rows: Vec<Row>,
}

struct Row {
    name: &'static str,
    id: &'static str,
    status: &'static str,
    spark: Spark,
    used: Moment,
}

#[derive(Template)]
#[template(path = "dashboard/gallery/form.html")]
struct FormPage {
    page: Page,
    email: String,
    wrong: &'static str,
}

fn person() -> SignedIn {
    let organization = |id: &str, name: &str, role: &str| Organization {
        id: id.to_owned(),
        name: name.to_owned(),
        role: role.to_owned(),
    };
    let here = organization("org_1", "Example Library", "owner");
    SignedIn {
        name: "Ada Example".to_owned(),
        email: "ada@example.com".to_owned(),
        is_operator: true,
        organizations: vec![here.clone(), organization("org_2", "Example Museum", "auditor")],
        here: Some(here),
    }
}

fn signed_in(page: Page, title: &str) -> Page {
    Page { person: Some(person()), ..page.titled(title) }.at(Place::Credentials)
}

async fn parts(State(app): State<App>, page: Page) -> Result<Response, PageError> {
    let now = app.clock.now();
    let tab = |label: &str, is_current| Tab {
        label: label.to_owned(),
        href: "/gallery".to_owned(),
        is_current,
    };
    let column = |hour: u64| {
        let issued = (hour * 37) % 90 + 10 * (hour % 5);
        Column { name: format!("{hour:02}:00"), values: vec![issued, issued / 4, hour % 3] }
    };
    page::show(&Parts {
        page: signed_in(page, "Nightly reports").below("Credentials", "/gallery/list"),
        tabs: vec![
            tab("Overview", true),
            tab("Secrets", false),
            tab("Access", false),
            tab("Limits", false),
            tab("Activity", false),
            tab("Danger", false),
        ],
        bars: Bars {
            title: "Tokens in the last 24 hours".to_owned(),
            unit: "Hour".to_owned(),
            series: ["Books API", "Loans API", "Refused"].map(str::to_owned).to_vec(),
            columns: (0..24).map(column).collect(),
        },
        soon: Moment::new(now.plus_secs(12 * 86_400 + 60), now),
        past: Moment::new(now.minus_secs(420), now),
    })
}

async fn list(State(app): State<App>, page: Page) -> Result<Response, PageError> {
    let now = app.clock.now();
    let row = |(at, (name, status)): (u64, (&'static str, &'static str))| Row {
        name,
        id: "cid_7Kq…w4Zt",
        status,
        spark: Spark::new(
            (0..14).map(|day| (day * (7 + at) * 13) % 40 * u64::from(at != 3)).collect(),
            "tokens in the last 14 days",
        ),
        used: Moment::new(now.minus_secs(60 + at * at * 9000), now),
    };
    let names = [
        ("Nightly reports", "Active"),
        ("Mobile app backend", "Active"),
        ("Partner import with a name that is longer than others", "Expiring"),
        ("Old integration", "Paused"),
        ("Trial", "Pending"),
        ("Laptop of a former colleague", "Revoked"),
    ];
    let rows = (0..).zip(names).map(row).collect();
    page::show(&List { page: signed_in(page, "Credentials"), rows })
}

async fn form(page: Page) -> Result<Response, PageError> {
    let page = page.titled("Sign in").narrow();
    page::show(&FormPage { page, email: String::new(), wrong: "" })
}

#[derive(Deserialize)]
struct Sent {
    name: String,
}

async fn sent(
    State(app): State<App>,
    page: Page,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    if sent.name.contains('@') {
        return Ok(axum::response::IntoResponse::into_response(
            Redirect::to(&app, "/gallery").saying(Flash::Saved),
        ));
    }
    let page = page.titled("Sign in").narrow();
    page::again(&FormPage {
        page,
        email: sent.name,
        wrong: "An e-mail address has an @, as in ada@example.com",
    })
}

async fn error(Path(name): Path<String>) -> PageError {
    match name.as_str() {
        "forbidden" => ManagementError::Forbidden("change credentials").into(),
        "conflict" => PageError::Conflict(Conflict::AlreadyRetired),
        "bad-input" => PageError::BadInput("the form lacks a field".to_owned()),
        "cross-site" => PageError::CrossSite,
        "too-many" => PageError::TooManyTries { retry_after_s: 30 },
        "unavailable" => PageError::Unavailable { retry_after_s: 5 },
        "uncertain" => PageError::Uncertain,
        "internal" => PageError::Internal,
        _ => PageError::NotFound,
    }
}
