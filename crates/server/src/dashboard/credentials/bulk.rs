//! Pausing and rotating several credentials at once. Whoever asks sees first which ones; what
//! cannot be done to one of them does not hold up the others.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use hallpass_core::{ClientId, Credential, permission::Permission, secret::Secret};
use http::HeaderMap;
use serde::Deserialize;

use super::{
    confirm::{Choices, Confirm},
    draft::own_date,
    opened::{api, list_path},
    rotate,
    shown_once::{self, ShownOnce},
};
use crate::{
    app::App,
    dashboard::page::{Page, Place},
    management::{bulk, credentials},
    web::{error_page::PageError, flash::Flash, form::Form, redirect::Redirect, visitor::Here},
};

/// Under which name the new secrets travel.
const ROTATED: &str = "rotated";

/// What can be done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Deed {
    Pause,
    Rotate,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Sent {
    r#do: Deed,
    #[serde(default)]
    id: Vec<ClientId>,
    /// When the other secrets end.
    #[serde(default)]
    others: String,
}

impl Sent {
    /// What the address of the question says. Ids need no decoding; what is none is left out.
    fn asked(query: &str) -> Option<Self> {
        let value = |name| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(move |(key, _)| *key == name).map(|(_, value)| value)
        };
        let deed = match value("do").next()? {
            "pause" => Deed::Pause,
            "rotate" => Deed::Rotate,
            _ => return None,
        };
        let id = value("id").filter_map(|id| id.parse().ok()).collect();
        Some(Self { r#do: deed, id, others: String::new() })
    }
}

/// The chosen credentials, if they are this organization's and the person may change them.
async fn chosen(app: &App, here: &Here, ids: &[ClientId]) -> Result<Vec<Credential>, PageError> {
    if ids.is_empty() {
        return Err(PageError::BadInput("tick at least one credential in the list".to_owned()));
    }
    if ids.len() > bulk::AT_MOST {
        return Err(PageError::BadInput(format!(
            "{} credentials are ticked; at most {} can be changed in one go",
            ids.len(),
            bulk::AT_MOST
        )));
    }
    let act = app.act(&here.visitor.caller);
    Ok(bulk::find(&act, Some(&here.organization.id), ids).await?)
}

/// `GET …/credentials/bulk`.
pub(super) async fn ask(
    State(app): State<App>,
    here: Here,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let unreadable = || PageError::BadInput("the address does not say what to do".to_owned());
    let asked = Sent::asked(&query.unwrap_or_default()).ok_or_else(unreadable)?;
    let chosen = chosen(&app, &here, &asked.id).await?;
    if asked.r#do == Deed::Rotate {
        here.visitor.must_have_confirmed()?;
    }
    let page = page_of(&here, asked.r#do.question(chosen.len()));
    let back = page.url(&list_path(&here));
    let names: Vec<&str> = chosen.iter().map(|own| own.settings.name.as_str()).collect();
    let mut hidden: Vec<(&'static str, String)> =
        asked.id.iter().map(|id| ("id", id.to_string())).collect();
    hidden.push(("do", asked.r#do.word().to_owned()));
    let choices = (asked.r#do == Deed::Rotate).then(|| Choices {
        name: "others",
        legend: "Their other secrets end",
        options: rotate::overlaps(app.clock.now())
            .into_iter()
            .map(|(value, words)| (value, words, String::new()))
            .collect(),
        usual: rotate::USUAL_OVERLAP,
    });
    Confirm {
        says: vec![format!("{}.", names.join(", ")), asked.r#do.says().to_owned()],
        hidden,
        choices,
        button: asked.r#do.button(),
        kind: "primary",
        icon: if asked.r#do == Deed::Pause { "pause" } else { "rotate" },
        action: format!("{back}/bulk"),
        back,
        page,
    }
    .show()
}

/// `POST …/credentials/bulk`.
pub(super) async fn act(
    State(app): State<App>,
    here: Here,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let chosen = chosen(&app, &here, &sent.id).await?;
    match sent.r#do {
        Deed::Pause => {
            bulk::pause(&app.act(&here.visitor.caller), chosen).await?;
            let list = Redirect::to(&app, &list_path(&here));
            Ok(list.saying(Flash::CredentialsPaused).into_response())
        }
        Deed::Rotate => {
            here.visitor.must_have_confirmed()?;
            let others = own_date(&sent.others).map_err(PageError::BadInput)?;
            let secrets = rotate_all(&app, &here, chosen, others).await?;
            let shown = ShownOnce::called(&app, &here.visitor, ROTATED);
            let path = format!("{}/rotated", list_path(&here));
            Ok(Redirect::to(&app, &path).setting(shown.cookie(&app, &secrets)?).into_response())
        }
    }
}

/// Adds a secret to each, and returns them all as lines of id and secret.
async fn rotate_all(
    app: &App,
    here: &Here,
    chosen: Vec<Credential>,
    others: hallpass_core::Timestamp,
) -> Result<Secret, PageError> {
    let act = app.act(&here.visitor.caller);
    let mut lines = zeroize::Zeroizing::new(String::new());
    for each in bulk::rotate(&act, chosen, Some(others)).await? {
        if let Ok(secret) = each.outcome {
            lines.push_str(each.credential.client_id.as_str());
            lines.push(' ');
            lines.push_str(secret.expose());
            lines.push('\n');
        }
    }
    Ok(Secret::presented(lines.to_string()))
}

#[derive(Template)]
#[template(path = "dashboard/credentials/rotated.html")]
struct Rotated {
    page: Page,
    list: String,
    issuer: String,
    token_endpoint: String,
    rows: Vec<NewSecret>,
}

/// A credential and its new secret.
struct NewSecret {
    client_id: String,
    name: String,
    href: String,
    secret: Secret,
    audience: String,
    scope: String,
}

/// `GET …/credentials/rotated`.
pub(super) async fn rotated(
    State(app): State<App>,
    here: Here,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let shown = ShownOnce::called(&app, &here.visitor, ROTATED);
    let arrived = shown.arrived(&app, &headers);
    let was_shown = arrived.is_some();
    let act = app.act(&here.visitor.caller);
    let apis = app.store.apis().await?;
    let page = page_of(&here, "New secrets".to_owned());
    let list = page.url(&list_path(&here));
    let mut rows = Vec::new();
    let lines = arrived.unwrap_or_else(|| Secret::presented(String::new()));
    for (id, secret) in lines.expose().lines().filter_map(|line| line.split_once(' ')) {
        let Ok(client_id) = id.parse::<ClientId>() else { continue };
        let own = credentials::find(&act, &client_id, Permission::ReadCredentials).await?;
        let grant = own.settings.grants.first();
        let audience = grant.and_then(|grant| api(&apis, &grant.api_id));
        rows.push(NewSecret {
            href: format!("{list}/{client_id}/rotate"),
            name: own.settings.name.to_string(),
            client_id: id.to_owned(),
            secret: Secret::presented(secret.to_owned()),
            audience: audience.map_or_else(String::new, |api| api.audience.to_string()),
            scope: grant.map_or_else(String::new, |grant| grant.scopes.to_string()),
        });
    }
    let issuer = app.config.issuer.clone();
    let token_endpoint = app.config.url(crate::routes::TOKEN);
    let rotated = Rotated { page, list, issuer, token_endpoint, rows };
    shown_once::show(&app, &rotated, was_shown)
}

fn page_of(here: &Here, title: String) -> Page {
    let page = here.visitor.page.clone().titled(title).at(Place::Credentials);
    page.below("Credentials", &list_path(here))
}

impl Deed {
    fn word(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Rotate => "rotate",
        }
    }

    fn question(self, count: usize) -> String {
        let what = super::words::counted(count as u64, "credential");
        match self {
            Self::Pause => format!("Pause {what}?"),
            Self::Rotate => format!("Rotate the secrets of {what}?"),
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Pause => {
                "They get no tokens until they are resumed, and their live tokens die at every \
                 connected verifier within a second."
            }
            Self::Rotate => {
                "Each gets a second secret, which is shown once on the next page. Both work until \
                 the other ones end, so nothing stops working on the way."
            }
        }
    }

    fn button(self) -> &'static str {
        match self {
            Self::Pause => "Pause credentials",
            Self::Rotate => "Add new secrets",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_credentials_and_nothing_else() {
        let id = ClientId::from_entropy([1; 16]);
        for (query, wanted) in [
            (format!("id={id}&do=pause"), Some((Deed::Pause, 1))),
            (format!("do=rotate&id={id}&id={id}&id=a%20b&q=id={id}"), Some((Deed::Rotate, 2))),
            ("do=pause".to_owned(), Some((Deed::Pause, 0))),
            (format!("id={id}&do=revoke"), None),
            (String::new(), None),
        ] {
            let asked = Sent::asked(&query).map(|sent| (sent.r#do, sent.id.len()));
            assert_eq!(asked, wanted, "{query}");
        }
    }
}
