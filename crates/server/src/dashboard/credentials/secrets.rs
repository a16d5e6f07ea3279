//! The secrets of a credential: each with its note, its last use, its end, and what can be done to
//! it. The secrets themselves are nowhere: only their last four characters.

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::{
    SecretId, Timestamp,
    credential::{LiveTokens, SecretRecord, SecretStatus},
};
use serde::Deserialize;

use super::{
    confirm::{Choices, Confirm},
    head::Head,
    opened::Opened,
    words,
};
use crate::{
    app::App,
    dashboard::{
        page::{self, Page},
        time::Moment,
    },
    management::{
        moving::{Moving, Share, Traffic},
        secrets,
    },
    web::{
        error_page::PageError,
        flash::Flash,
        form::{Form, Path},
        redirect::Redirect,
    },
};

#[derive(Template)]
#[template(path = "dashboard/credentials/secrets.html")]
struct Secrets {
    page: Page,
    head: Head,
    rows: Vec<Row>,
    quiet_after: String,
}

/// A secret, as pages show it.
#[derive(Debug)]
pub(super) struct Row {
    /// Its id.
    pub id: SecretId,
    /// Its end, for matching against a vault: `…4Zta`.
    pub ends_in: String,
    /// Where it is kept.
    pub note: String,
    /// Its state.
    pub status: &'static str,
    /// When it was made, and by whom.
    pub made: Moment,
    /// By whom.
    pub made_by: String,
    /// When it ends, or has ended.
    pub ends: Option<Moment>,
    /// Its last use.
    pub last_used: Option<Moment>,
    /// From where.
    pub last_from: String,
    /// Tokens that may be alive.
    pub live: u64,
    /// What its traffic tells.
    pub traffic: Traffic,
    /// Whether it opens anything.
    pub is_usable: bool,
    /// Whether another one does, too.
    pub has_others: bool,
}

/// The secrets, the newest first, as pages show them.
fn rows(opened: &Opened, moving: &Moving, now: Timestamp) -> Vec<Row> {
    moving.shares.iter().map(|share| Row::of(opened, share, now)).collect()
}

impl Row {
    /// How a secret looks now.
    pub(super) fn of(opened: &Opened, share: &Share, now: Timestamp) -> Self {
        let secret = &share.secret;
        let status = match secret.status(now) {
            _ if secret.leaked_at.is_some() => "Leaked",
            SecretStatus::Retired => "Retired",
            SecretStatus::Expired => "Expired",
            SecretStatus::Usable if secret.expires_at.is_some() => "Expiring",
            SecretStatus::Usable => "Active",
        };
        let used = share.last_used.as_ref();
        let from = used.and_then(|used| used.last_address);
        Self {
            id: secret.id.clone(),
            ends_in: secret.ends_in(),
            note: secret.note.to_string(),
            status,
            made: Moment::new(secret.created_at, now),
            made_by: secret.created_by.clone(),
            ends: secret.retired_at.or(secret.expires_at).map(|at| Moment::new(at, now)),
            last_used: used.map(|used| Moment::new(used.last_at, now)),
            last_from: from.map_or_else(String::new, |from| from.to_string()),
            live: share.live_tokens,
            traffic: share.traffic,
            is_usable: share.is_usable,
            has_others: opened.own.usable_secrets(now).any(|other| other.id != secret.id),
        }
    }

    /// What its traffic tells.
    fn traffic_words(&self) -> &'static str {
        match self.traffic {
            Traffic::Never => "Never used",
            Traffic::InUse => "In use",
            Traffic::Quiet => "Quiet: safe to retire",
        }
    }

    /// The look of its light.
    fn light(&self) -> &'static str {
        match self.traffic {
            Traffic::Never => "",
            Traffic::InUse => "waiting still",
            Traffic::Quiet => "on",
        }
    }
}

/// `GET …/{client_id}/secrets`.
pub(super) async fn page(State(app): State<App>, opened: Opened) -> Result<Response, PageError> {
    let (head, page) = Head::of(&app, &opened, "/secrets").await?;
    let act = opened.act(&app);
    let moving = Moving::of(&act, &opened.own).await?;
    let rows = rows(&opened, &moving, act.now);
    let quiet_after = words::span(moving.quiet_after_s);
    page::show(&Secrets { page, head, rows, quiet_after })
}

#[derive(Deserialize)]
pub(super) struct Named {
    secret_id: SecretId,
}

/// One secret of the credential.
fn one<'a>(opened: &'a Opened, named: &Named) -> Result<&'a SecretRecord, PageError> {
    opened.own.secret(&named.secret_id).ok_or(PageError::NotFound)
}

#[derive(Deserialize)]
pub(super) struct Noted {
    note: String,
}

/// `POST …/secrets/{secret_id}/note`.
pub(super) async fn note(
    State(app): State<App>,
    opened: Opened,
    Path(named): Path<Named>,
    Form(noted): Form<Noted>,
) -> Result<Redirect, PageError> {
    let note = noted.note.parse().map_err(|why| PageError::BadInput(format!("{why}")))?;
    let secret = one(&opened, &named)?;
    secrets::note(&opened.act(&app), &opened.own.client_id, &secret.id, note).await?;
    Ok(Redirect::to(&app, &opened.path("/secrets")).saying(Flash::Saved))
}

/// What can be done to a secret beside noting and adding.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Deed {
    Retire,
    KillTokens,
    Leaked,
}

#[derive(Deserialize)]
pub(super) struct ToDo {
    secret_id: SecretId,
    deed: Deed,
}

/// `GET …/secrets/{secret_id}/{deed}`.
pub(super) async fn ask(
    State(app): State<App>,
    opened: Opened,
    Path(to_do): Path<ToDo>,
) -> Result<Response, PageError> {
    let named = Named { secret_id: to_do.secret_id };
    let secret = one(&opened, &named)?;
    if to_do.deed != Deed::Retire {
        opened.visitor().must_have_confirmed()?;
    }
    let act = opened.act(&app);
    let moving = Moving::of(&act, &opened.own).await?;
    let rows = rows(&opened, &moving, act.now);
    let row = rows.iter().find(|row| row.id == secret.id).ok_or(PageError::NotFound)?;
    let page = opened.page_below(format!("{} {}?", to_do.deed.verb(), row.ends_in));
    let back = page.url(&opened.path("/secrets"));
    let action = format!("{back}/{}/{}", secret.id, to_do.deed.word());
    Confirm {
        says: to_do.deed.says(row, &words::span(moving.quiet_after_s)),
        hidden: Vec::new(),
        choices: (to_do.deed == Deed::Retire).then(|| what_of_its_tokens(row)),
        button: to_do.deed.button(),
        kind: if to_do.deed == Deed::Retire { "primary" } else { "danger primary" },
        icon: "trash",
        page,
        action,
        back,
    }
    .show()
}

fn what_of_its_tokens(row: &Row) -> Choices {
    let live = words::counted(row.live, "token");
    Choices {
        name: "live",
        legend: "What becomes of the tokens that it got?",
        options: vec![
            (
                "keep".to_owned(),
                "They live until they end".to_owned(),
                "Nothing stops working: each ends by itself.".to_owned(),
            ),
            (
                "kill".to_owned(),
                "They die now".to_owned(),
                format!("At most {live}, at every verifier."),
            ),
        ],
        usual: 0,
    }
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct Decided {
    /// `kill` if its tokens are to die with it.
    live: String,
}

/// `POST …/secrets/{secret_id}/{deed}`.
pub(super) async fn act(
    State(app): State<App>,
    opened: Opened,
    Path(to_do): Path<ToDo>,
    Form(decided): Form<Decided>,
) -> Result<Redirect, PageError> {
    let (act, own) = (opened.act(&app), &opened.own.client_id);
    let id = &to_do.secret_id;
    let kills = to_do.deed != Deed::Retire || decided.live == "kill";
    if kills {
        opened.visitor().must_have_confirmed()?;
    }
    let flash = match to_do.deed {
        Deed::Retire => {
            let live = if kills { LiveTokens::Kill } else { LiveTokens::Keep };
            secrets::retire(&act, own, id, live).await?;
            Flash::SecretRetired
        }
        Deed::KillTokens => {
            secrets::kill_tokens(&act, own, id).await?;
            Flash::TokensKilled
        }
        Deed::Leaked => {
            secrets::leaked(&act, own, id).await?;
            Flash::LeakStopped
        }
    };
    Ok(Redirect::to(&app, &opened.path("/secrets")).saying(flash))
}

impl Deed {
    fn word(self) -> &'static str {
        match self {
            Self::Retire => "retire",
            Self::KillTokens => "kill-tokens",
            Self::Leaked => "leaked",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Retire => "Retire secret",
            Self::KillTokens => "Kill the tokens of secret",
            Self::Leaked => "Has somebody else seen secret",
        }
    }

    fn button(self) -> &'static str {
        match self {
            Self::Retire => "Retire secret",
            Self::KillTokens => "Kill tokens",
            Self::Leaked => "It leaked: kill it now",
        }
    }

    fn says(self, row: &Row, quiet_after: &str) -> Vec<String> {
        let live = words::counted(row.live, "token");
        let traffic = match (row.traffic, &row.last_used) {
            (Traffic::Never, _) | (_, None) => "Nobody has ever used it.".to_owned(),
            (Traffic::InUse, Some(used)) => format!(
                "It was used {}: the program that did so stops getting tokens. It is quiet once \
                 {quiet_after} pass without a request.",
                used.relative()
            ),
            (Traffic::Quiet, Some(used)) => {
                format!("It is quiet: its last use was {}.", used.relative())
            }
        };
        match self {
            Self::Retire => vec!["It gets no more tokens, for good.".to_owned(), traffic],
            Self::KillTokens => vec![
                format!(
                    "At most {live} that it got die at every connected verifier within a second."
                ),
                "The secret goes on working: its programs fetch new tokens by themselves."
                    .to_owned(),
            ],
            Self::Leaked => {
                let mut says = vec![
                    format!(
                        "The secret is retired at once, and at most {live} that it got die at \
                         every connected verifier within a second."
                    ),
                    traffic,
                ];
                if !row.has_others {
                    says.push(
                        "It is the only usable secret: until you add another, nothing gets a \
                         token with this credential."
                            .to_owned(),
                    );
                }
                says
            }
        }
    }
}
