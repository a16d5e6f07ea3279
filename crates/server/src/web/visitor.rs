//! Who looks at a page, as arguments of its handler. A page that asks for a [`Visitor`] is shown
//! to nobody else; one that asks for [`Here`] or [`OperatorHere`] does not exist for others.

use std::{convert::Infallible, net::IpAddr};

use axum::extract::{FromRequestParts, OptionalFromRequestParts, RawPathParams};
use hallpass_core::{
    Image, Organization, OrganizationId, Person, Session, Timestamp, change::Key,
    permission::Permission,
};
use http::{HeaderMap, request::Parts};

use super::{address, arrival::Arrival, error_page::PageError, next::Next, session};
use crate::{
    app::App,
    dashboard::page::{self, Page, SignedIn},
    management::Caller,
};

/// How long a proof of who somebody is suffices for what cannot be undone, in seconds.
pub const CONFIRMED_S: u64 = 15 * 60;

/// A person who is signed in.
#[derive(Debug)]
pub struct Visitor {
    /// Who.
    pub person: Person,
    /// By which session.
    pub session: Session,
    /// Those that the person belongs to, by name.
    pub organizations: Vec<Organization>,
    /// With what power they act.
    pub caller: Caller,
    /// The page to fill.
    pub page: Page,
    /// Where they come back to after a detour.
    next: Next,
    now: Timestamp,
}

impl Visitor {
    async fn of(parts: &mut Parts, app: &App) -> Result<Option<Self>, PageError> {
        let Some((person, session)) = session::of(app, &parts.headers).await? else {
            return Ok(None);
        };
        let organizations = app.store.organizations_of(&person.id).await?;
        let caller = Caller::person(&person, &organizations, address(app, parts));
        let never: Result<Page, Infallible> = Page::from_request_parts(parts, app).await;
        let mut page = match never {
            Ok(page) => page,
            Err(never) => match never {},
        };
        page.person = Some(signed_in(&person, &organizations));
        let (next, now) = (Next::of(parts, app), app.clock.now());
        Ok(Some(Self { person, session, organizations, caller, page, next, now }))
    }

    /// Sends the person to `/confirm` unless they have proved lately who they are, as everything
    /// wants that cannot be undone. They come back to the page that they were on.
    pub fn must_have_confirmed(&self) -> Result<(), PageError> {
        if self.session.is_confirmed(CONFIRMED_S, self.now) {
            Ok(())
        } else {
            Err(PageError::Elsewhere(self.next.after("/confirm")))
        }
    }
}

impl FromRequestParts<App> for Visitor {
    /// To `/sign-in`, and from there back.
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let visitor = Self::of(parts, app).await?;
        visitor.ok_or_else(|| PageError::Elsewhere(Next::of(parts, app).after("/sign-in")))
    }
}

impl OptionalFromRequestParts<App> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, PageError> {
        Self::of(parts, app).await
    }
}

/// A person who is signed in, at an organization of theirs, or an operator at any: the one that
/// the path names as `organization`.
#[derive(Debug)]
pub struct Here {
    /// Who.
    pub visitor: Visitor,
    /// Where.
    pub organization: Organization,
}

impl Here {
    /// Whether the person may do this here; for what the page shows. What they do is checked by
    /// the act itself.
    pub fn may(&self, permission: Permission) -> bool {
        self.visitor.caller.may(permission, &self.organization.id)
    }
}

impl FromRequestParts<App> for Here {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let mut visitor =
            <Visitor as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let id = organization_of_path(parts, app).await.ok_or(PageError::NotFound)?;
        let own = visitor.organizations.iter().find(|own| own.id == id).cloned();
        let organization = match own {
            Some(own) => own,
            None if visitor.caller.is_operator() => {
                match app.store.image(&Key::Organization(id)).await? {
                    Some(Image::Organization(found)) => found,
                    _ => return Err(PageError::NotFound),
                }
            }
            None => return Err(PageError::NotFound),
        };
        if let Some(signed_in) = &mut visitor.page.person {
            signed_in.here = Some(entry(&organization, &visitor.person));
        }
        Ok(Self { visitor, organization })
    }
}

/// A person with power over the installation.
#[derive(Debug)]
pub struct OperatorHere(pub Visitor);

impl FromRequestParts<App> for OperatorHere {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let visitor = <Visitor as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        if visitor.caller.is_operator() { Ok(Self(visitor)) } else { Err(PageError::NotFound) }
    }
}

/// From where a request comes and by what, for people who are not signed in yet.
#[derive(Clone, Debug)]
pub struct Stranger {
    /// Their address, if known.
    pub address: Option<IpAddr>,
    /// When their request arrived.
    pub arrived_at: Timestamp,
    /// What they bring.
    pub headers: HeaderMap,
}

impl FromRequestParts<App> for Stranger {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let headers = parts.headers.clone();
        Ok(Self { address: address(app, parts), arrived_at: app.clock.now(), headers })
    }
}

fn address(app: &App, parts: &Parts) -> Option<IpAddr> {
    let peer = parts.extensions.get::<Arrival>()?.peer.ip();
    address::caller(peer, &parts.headers, &app.config.trusted_proxies)
}

/// Who is signed in, for the frame of a page that has no handler, such as an error. Nobody, should
/// the store not say.
pub(crate) async fn frame(app: &App, headers: &HeaderMap, path: &str) -> Option<SignedIn> {
    let (person, _) = session::of(app, headers).await.ok()??;
    let organizations = app.store.organizations_of(&person.id).await.ok()?;
    let mut frame = signed_in(&person, &organizations);
    let mut parts = path.split('/').skip_while(|part| *part != "organizations").skip(1);
    let id = parts.next();
    frame.here = frame.organizations.iter().find(|own| Some(own.id.as_str()) == id).cloned();
    Some(frame)
}

/// A person as the layout shows them.
fn signed_in(person: &Person, organizations: &[Organization]) -> SignedIn {
    SignedIn {
        name: person.name.to_string(),
        email: person.email.to_string(),
        is_operator: person.is_operator,
        organizations: organizations.iter().map(|one| entry(one, person)).collect(),
        here: None,
    }
}

/// An organization as the layout shows it.
fn entry(organization: &Organization, person: &Person) -> page::Organization {
    let role = organization.member(&person.id).map(|member| member.role.word());
    page::Organization {
        id: organization.id.to_string(),
        name: organization.name.to_string(),
        role: role.unwrap_or_default().to_owned(),
    }
}

async fn organization_of_path(parts: &mut Parts, app: &App) -> Option<OrganizationId> {
    let params = RawPathParams::from_request_parts(parts, app).await.ok()?;
    params.iter().find(|(name, _)| *name == "organization")?.1.parse().ok()
}
