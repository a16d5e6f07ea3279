//! The page after a credential was added: a line that gets a token, the same in the languages that
//! programs are written in, and a light that turns green at the first request.

use askama::Template;
use axum::{extract::State, response::Response};
use hallpass_core::{Credential, PersonId, Timestamp, credential::Status, permission::Permission};
use serde::Deserialize;

use super::{
    opened::{Opened, api},
    snippets::{LANGUAGES, Setting},
    words,
};
use crate::{
    app::App,
    dashboard::{
        page::{self, Page, Tab},
        time::Moment,
    },
    web::{error_page::PageError, form::Query},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The language of the lines, by the word for it in the address.
    lang: String,
}

/// The light.
#[derive(Template)]
#[template(path = "dashboard/credentials/light.html")]
struct Light {
    /// Where it asks again; empty once it is green.
    href: String,
    seen: Option<Moment>,
    from: String,
}

#[derive(Template)]
#[template(path = "dashboard/credentials/ready.html")]
struct Ready {
    page: Page,
    credential: String,
    light: String,
    lede: &'static str,
    is_pending: bool,
    /// Who can approve it.
    approvers: Vec<String>,
    step: usize,
    read_secret: String,
    curl: String,
    tabs: Vec<Tab>,
    language: &'static str,
    install: &'static str,
    lines: String,
    lifetime: String,
    audience: String,
}

/// `GET …/{client_id}/ready`.
pub(super) async fn page(
    State(app): State<App>,
    opened: Opened,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let own = &opened.own;
    let apis = app.store.apis().await?;
    let grant = own.settings.grants.first();
    let default_api = grant.and_then(|grant| api(&apis, &grant.api_id));
    let several = own.settings.grants.len() > 1;
    let setting = Setting {
        client_id: own.client_id.as_str(),
        token_endpoint: &app.config.url(crate::routes::TOKEN),
        issuer: app.config.issuer.trim_end_matches('/'),
        audience: default_api.map_or("", |api| api.audience.as_str()),
        names_audience: several,
    };
    let light = Light::of(&app, &opened).await?;
    let page = opened.page_below("Use it");
    let href = page.url(&opened.path("/ready"));
    let language = LANGUAGES.iter().find(|one| one.word == asked.lang).unwrap_or(&LANGUAGES[0]);
    let tab = |one: &super::snippets::Language| Tab {
        label: one.name.to_owned(),
        href: format!("{href}?lang={}#lines", one.word),
        is_current: one.word == language.word,
    };
    let is_pending = matches!(own.status, Status::Pending { .. });
    let file = file_name(own);
    page::show(&Ready {
        credential: page.url(&opened.path("")),
        step: if light.seen.is_some() { 3 } else { 2 },
        light: light.render().map_err(|_| PageError::Internal)?,
        approvers: if is_pending { approvers(&app, &opened).await? } else { Vec::new() },
        lede: if is_pending {
            "Once it is approved, one request with its id and secret gets a token."
        } else {
            "The credential is there. One request with its id and secret gets a token."
        },
        is_pending,
        read_secret: format!(
            "export CLIENT_SECRET=$(sed -n 's/.*\"client_secret\": \"\\(.*\\)\".*/\\1/p' {file})"
        ),
        curl: setting.curl(),
        tabs: LANGUAGES.iter().map(tab).collect(),
        language: language.name,
        install: language.install,
        lines: setting.lines(language),
        lifetime: words::span(default_api.map_or(86_400, |api| api.token_lifetime_s)),
        audience: setting.audience.to_owned(),
        page,
    })
}

/// `GET …/{client_id}/ready/light`: the light alone, for a page that waits.
pub(super) async fn light(State(app): State<App>, opened: Opened) -> Result<Response, PageError> {
    page::show(&Light::of(&app, &opened).await?)
}

impl Light {
    async fn of(app: &App, opened: &Opened) -> Result<Self, PageError> {
        let now: Timestamp = app.clock.now();
        let used = app.store.last_used(&opened.own.client_id).await?;
        let first = used.into_iter().min_by_key(|used| used.last_at);
        let from = first.as_ref().and_then(|used| used.last_address);
        let page = &opened.visitor().page;
        Ok(Self {
            href: match first {
                None => page.url(&opened.path("/ready/light")),
                Some(_) => String::new(),
            },
            seen: first.map(|used| Moment::new(used.last_at, now)),
            from: from.map_or_else(String::new, |from| from.to_string()),
        })
    }
}

/// What the browser calls the file: `hallpass-nightly-reports.json`.
pub(super) fn file_name(own: &Credential) -> String {
    let mut slug = String::new();
    for c in own.settings.name.as_str().to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    let slug = if slug.is_empty() { own.client_id.as_str() } else { slug };
    format!("hallpass-{slug}.json")
}

/// Names and addresses of those who may approve.
pub(super) async fn approvers(app: &App, opened: &Opened) -> Result<Vec<String>, PageError> {
    let may = |role: hallpass_core::permission::Role| role.may(Permission::ApproveCredentials);
    let members = opened.here.organization.members.iter().filter(|member| may(member.role));
    let ids: Vec<PersonId> = members.map(|member| member.person_id.clone()).collect();
    let people = app.store.people(&ids).await?;
    Ok(people.iter().map(|person| format!("{} ({})", person.name, person.email)).collect())
}

#[cfg(test)]
mod tests {
    use hallpass_core::{
        ClientId, OrganizationId, SecretId,
        credential::{NewSecret, Settings},
        secret::{Pepper, Secret},
    };

    use super::*;

    #[test]
    fn a_file_is_called_after_its_credential() {
        for (name, wanted) in [
            ("Nightly reports", "hallpass-nightly-reports.json"),
            ("../../etc/passwd; rm", "hallpass-etc-passwd-rm.json"),
            ("Übersicht", "hallpass-bersicht.json"),
            ("日本", "hallpass-hpc_00000000000000000000001.json"),
        ] {
            let secret = Secret::from_entropy([1; 32]);
            let id = SecretId::from_entropy([1; 16]);
            let new = NewSecret::new(id, &secret, &Pepper::new([9; 32]));
            let mut entropy = [0; 16];
            entropy[15] = 1;
            let ids = (ClientId::from_entropy(entropy), OrganizationId::from_entropy([2; 16]));
            let settings = Settings::new(name.parse().unwrap(), Vec::new());
            let made = (Timestamp::from_secs(1), "x");
            let own = Credential::pending(ids.0.clone(), ids.1, settings, &new, made);
            let wanted = wanted.replace("hpc_00000000000000000000001", ids.0.as_str());
            assert_eq!(file_name(&own), wanted);
        }
    }
}
