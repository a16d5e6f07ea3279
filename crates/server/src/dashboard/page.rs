//! What the layout needs to know of a page: title, place, and who is looking at it. It must never
//! ask the store: whoever makes the page brings what it shows.

use std::convert::Infallible;

use askama::Template;
use axum::{
    extract::FromRequestParts,
    response::{Html, IntoResponse, Response},
};
use http::{StatusCode, request::Parts};

use super::assets;
use crate::{
    app::App,
    web::{compression, error_page::PageError, flash::Flash},
};

/// A page before its content. As an argument of a handler it knows who is signed in and what has
/// just happened.
#[derive(Clone, Debug)]
pub struct Page {
    /// The issuer's path: what every link begins with.
    pub base: String,
    /// For the browser's tab, and mostly the heading too.
    pub title: String,
    /// Who is signed in.
    pub person: Option<SignedIn>,
    /// What the step before this page has done.
    pub flash: Option<Flash>,
    /// The pages above this one.
    pub trail: Vec<Link>,
    /// Which entry of the navigation is this one.
    pub place: Option<Place>,
    /// A page of few words, such as a form.
    pub is_narrow: bool,
}

/// Who is signed in, as far as the layout shows it. Put into the request by the sign-in check.
#[derive(Clone, Debug, Default)]
pub struct SignedIn {
    /// How the person is called.
    pub name: String,
    /// Where mail reaches them.
    pub email: String,
    /// Has power over the installation.
    pub is_operator: bool,
    /// Those that the person may switch between.
    pub organizations: Vec<Organization>,
    /// The organization of this page: one of those above, or for operators any.
    pub here: Option<Organization>,
}

/// An organization, as the switcher shows it.
#[derive(Clone, Debug, Default)]
pub struct Organization {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What the person is there; empty if nothing.
    pub role: String,
}

impl Organization {
    /// Its first letter, for the little square.
    pub fn monogram(&self) -> String {
        self.name.chars().next().map(|c| c.to_uppercase().collect()).unwrap_or_default()
    }
}

/// A link.
#[derive(Clone, Debug)]
pub struct Link {
    /// What it says.
    pub label: String,
    /// Where it goes.
    pub href: String,
}

/// A tab: a link to a page beside this one.
#[derive(Clone, Debug)]
pub struct Tab {
    /// What it says.
    pub label: String,
    /// Where it goes.
    pub href: String,
    /// Whether this page is it.
    pub is_current: bool,
}

/// The entries of the navigation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "each is the page of its name")]
pub enum Place {
    Credentials,
    Approvals,
    Members,
    Audit,
    Settings,
    Organizations,
    Apis,
    Keys,
    Nodes,
    Operators,
    WholeAudit,
}

/// A part of the navigation.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its heading; empty for none.
    pub title: &'static str,
    /// Its links.
    pub entries: Vec<Entry>,
}

/// A link of the navigation.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it says.
    pub label: String,
    /// Its drawing.
    pub icon: &'static str,
    /// Where it goes.
    pub href: String,
    /// Whether this page is it.
    pub is_current: bool,
}

const OF_ORGANIZATIONS: [(Place, &str, &str, &str); 5] = [
    (Place::Credentials, "Credentials", "key", "credentials"),
    (Place::Approvals, "Approvals", "check", "approvals"),
    (Place::Members, "Members", "people", "members"),
    (Place::Audit, "Audit log", "list", "audit"),
    (Place::Settings, "Settings", "settings", "settings"),
];

const OF_OPERATORS: [(Place, &str, &str, &str); 6] = [
    (Place::Organizations, "Organizations", "building", "organizations"),
    (Place::Apis, "APIs", "api", "apis"),
    (Place::Keys, "Signing keys", "shield", "keys"),
    (Place::Nodes, "Nodes and verifiers", "nodes", "nodes"),
    (Place::Operators, "Operators", "account", "operators"),
    (Place::WholeAudit, "Audit log of all", "list", "audit"),
];

/// Organizations of a person that the navigation names; the list has the others.
const WAYS_IN: usize = 5;

impl Page {
    /// A page that nobody is signed in to.
    pub fn new(app: &App, title: impl Into<String>) -> Self {
        Self {
            base: app.config.issuer_path().to_owned(),
            title: title.into(),
            person: None,
            flash: None,
            trail: Vec::new(),
            place: None,
            is_narrow: false,
        }
    }

    /// The same under this title.
    #[must_use]
    pub fn titled(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    /// The same with this entry of the navigation marked.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        Self { place: Some(place), ..self }
    }

    /// The same, below another page; `path` without the issuer's.
    #[must_use]
    pub fn below(mut self, label: impl Into<String>, path: &str) -> Self {
        self.trail.push(Link { label: label.into(), href: self.url(path) });
        self
    }

    /// The same, in a narrow column.
    #[must_use]
    pub fn narrow(self) -> Self {
        Self { is_narrow: true, ..self }
    }

    /// The address of a page; `path` without the issuer's.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The address of a file.
    pub fn asset(&self, name: &str) -> String {
        self.url(&assets::path(name))
    }

    /// The organization that the page is about.
    pub fn organization(&self) -> Option<&Organization> {
        self.person.as_ref()?.here.as_ref()
    }

    /// The navigation of the person who is signed in.
    pub fn navigation(&self) -> Vec<Group> {
        let Some(person) = &self.person else { return Vec::new() };
        let group =
            |title, prefix: String, entries: &[(Place, &'static str, &'static str, &str)]| {
                let entry = |&(place, label, icon, end): &(Place, &str, _, &str)| Entry {
                    label: label.to_owned(),
                    icon,
                    href: format!("{prefix}/{end}"),
                    is_current: self.place == Some(place),
                };
                Group { title, entries: entries.iter().map(entry).collect() }
            };
        let mut groups = Vec::new();
        if let Some(here) = &person.here {
            let prefix = format!("{}/organizations/{}", self.base, here.id);
            groups.push(group("", prefix, &OF_ORGANIZATIONS));
        } else if !person.organizations.is_empty() {
            groups.push(self.ways_in(person));
        }
        if person.is_operator {
            groups.push(group("Installation", self.base.clone(), &OF_OPERATORS));
        }
        groups
    }

    /// From a page of no organization to those of the person.
    fn ways_in(&self, person: &SignedIn) -> Group {
        let named = person.organizations.iter().take(WAYS_IN).map(|own| Entry {
            label: own.name.clone(),
            icon: "building",
            href: self.url(&format!("/organizations/{}/credentials", own.id)),
            is_current: false,
        });
        let all = Entry {
            label: "All organizations".to_owned(),
            icon: "list",
            href: self.url("/organizations"),
            is_current: self.place == Some(Place::Organizations),
        };
        // Operators have that entry below.
        let all = (!person.is_operator).then_some(all);
        Group { title: "Your organizations", entries: named.chain(all).collect() }
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let flash = Flash::of(&parts.headers, &app.config);
        let person = parts.extensions.get::<SignedIn>().cloned();
        Ok(Self { person, flash, ..Self::new(app, "") })
    }
}

/// Renders a page.
///
/// # Errors
/// A template that fails is a defect.
pub fn show(template: &impl Template) -> Result<Response, PageError> {
    with_status(StatusCode::OK, template)
}

/// Renders a page that shows a secret, or a link that lets somebody in.
///
/// # Errors
/// As [`show`].
pub fn show_secret(template: &impl Template) -> Result<Response, PageError> {
    show(template).map(compression::with_secret)
}

/// The status of a form that is shown again.
pub(crate) const AGAIN: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// Renders a form once more, with what is wrong with it.
///
/// # Errors
/// As [`show`].
pub fn again(template: &impl Template) -> Result<Response, PageError> {
    with_status(AGAIN, template)
}

/// Renders a page under another status.
///
/// # Errors
/// As [`show`].
pub fn with_status(status: StatusCode, template: &impl Template) -> Result<Response, PageError> {
    match template.render() {
        Ok(text) => Ok((status, Html(text)).into_response()),
        Err(why) => {
            tracing::error!(%why, "A template failed");
            Err(PageError::Internal)
        }
    }
}
