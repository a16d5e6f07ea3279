//! The leak desk, for anybody: show a secret that you have found, see whether it is alive, and
//! retire it by one more click. No page of it ever repeats a secret or names an owner.

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use hallpass_core::{audit::Actor, secret};
use serde::Deserialize;

use super::page::{self, Page};
use crate::{
    app::App,
    management::{
        Act, Caller, Power,
        leaks::{self, Finding, Proof, Verdict},
    },
    web::{
        error_page::PageError, flash::Flash, form::Form, limits, redirect::Redirect,
        visitor::Stranger,
    },
};

/// Secrets that are looked up at once.
const AT_MOST: usize = 100;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/leaks", get(desk).post(shown))
}

#[derive(Template)]
#[template(path = "dashboard/leaks/desk.html")]
struct Desk {
    page: Page,
    wrong: &'static str,
    /// How a program reports.
    line: String,
}

#[derive(Template)]
#[template(path = "dashboard/leaks/found.html")]
struct Found {
    page: Page,
    rows: Vec<Row>,
    alive: usize,
    proofs: Vec<String>,
}

impl Found {
    fn button(&self) -> String {
        match self.alive {
            0 => "Kill tokens".to_owned(),
            1 => "Retire secret".to_owned(),
            many => format!("Retire {many} secrets"),
        }
    }
}

/// One secret that was shown.
struct Row {
    /// Its last four characters, if it is whole.
    last_four: String,
    verdict: Verdict,
}

impl Row {
    fn tone(&self) -> &'static str {
        match self.verdict {
            Verdict::Alive => "bad",
            Verdict::Damaged => "warn",
            Verdict::Retired | Verdict::AlreadyDead => "good",
            Verdict::Unknown | Verdict::NotOurs => "idle",
        }
    }

    fn word(&self) -> &'static str {
        match self.verdict {
            Verdict::Alive => "Alive",
            Verdict::Damaged => "Damaged",
            Verdict::Retired | Verdict::AlreadyDead => "Dead",
            Verdict::Unknown | Verdict::NotOurs => "Unknown",
        }
    }

    fn meaning(&self) -> &'static str {
        match self.verdict {
            Verdict::Alive => "It opens something here, and everybody who has it can use it.",
            Verdict::Damaged => {
                "It begins like a secret, but its checksum is wrong: characters are missing or \
                 changed. If you have more of it, show that."
            }
            Verdict::Retired | Verdict::AlreadyDead => {
                "It opens nothing: it was retired, it expired, or its credential was revoked."
            }
            Verdict::Unknown | Verdict::NotOurs => {
                "It has the form of a secret, but this installation has not made it, or has \
                 removed its credential."
            }
        }
    }
}

/// `GET /leaks`.
async fn desk(State(app): State<App>, page: Page) -> Result<Response, PageError> {
    page::show(&empty(&app, page, ""))
}

fn empty(app: &App, page: Page, wrong: &'static str) -> Desk {
    let page = page.titled("Leak desk");
    let url = app.config.url("/api/v1/leaks");
    let line =
        format!("curl {url} -H 'Content-Type: application/json' -d '{{\"secrets\": [\"hps_…\"]}}'");
    Desk { page, wrong, line }
}

/// What is sent: a text first, then what was proven by it.
#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    text: String,
    #[serde(default)]
    proof: Vec<String>,
}

/// `POST /leaks`. The answer to a text is no redirect: nothing of it may stand in an address.
async fn shown(
    State(app): State<App>,
    Stranger { address, .. }: Stranger,
    page: Page,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let left = app.leak_reports.count(&limits::network(address), app.clock.now());
    if left.more.is_none() {
        app.metrics.leak_reports_limited.inc();
        return Err(PageError::TooManyTries { retry_after_s: left.resets_s });
    }
    let finder = Caller { actor: Actor::Finder { address }, power: Power::Nobody };
    let act = app.act(&finder);
    if sent.proof.is_empty() {
        return look(&app, &act, page, &sent.text).await;
    }
    let opened = sent.proof.iter().take(AT_MOST);
    let proofs: Vec<_> =
        opened.filter_map(|text| Proof::opened(text, act.pepper, act.now)).collect();
    if proofs.is_empty() {
        let wrong = "The page before this one has waited too long. Show the text again.";
        return page::again(&empty(&app, page, wrong));
    }
    for proof in &proofs {
        leaks::retire(&act, proof).await?;
    }
    Ok(Redirect::to(&app, "/leaks").saying(Flash::LeakRetired).into_response())
}

async fn look(app: &App, act: &Act<'_>, page: Page, text: &str) -> Result<Response, PageError> {
    let found = secret::found_in(text, AT_MOST);
    if found.is_empty() {
        let wrong = "There is nothing in it that looks like a secret of Hallpass: they begin with \
                     hps_ and have 53 characters.";
        return page::again(&empty(app, page, wrong));
    }
    let (mut rows, mut proofs) = (Vec::new(), Vec::new());
    for one in found {
        let Finding { verdict, proofs: own } = leaks::look(act, one).await?;
        let is_whole = !matches!(verdict, Verdict::Damaged | Verdict::NotOurs);
        let last_four = if is_whole { one[one.len() - 4..].to_owned() } else { String::new() };
        proofs.extend(own.iter().map(|proof| proof.sealed(act.pepper, act.now)));
        rows.push(Row { last_four, verdict });
    }
    let alive = rows.iter().filter(|row| row.verdict == Verdict::Alive).count();
    let page = page.titled("What was found").below("Leak desk", "/leaks");
    page::show(&Found { page, rows, alive, proofs })
}
