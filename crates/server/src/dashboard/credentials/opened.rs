//! The credential that a path names, for whoever may see it. One of another organization is not
//! there, whatever is asked of it.

use axum::extract::FromRequestParts;
use hallpass_core::{Api, ClientId, Credential, Scopes, permission::Permission};
use http::request::Parts;
use serde::Deserialize;

use crate::{
    app::App,
    dashboard::page::{Page, Place},
    management::{Act, credentials, scopes},
    web::{
        error_page::PageError,
        form::Path,
        visitor::{Here, Visitor},
    },
};

#[derive(Deserialize)]
struct Named {
    client_id: ClientId,
}

/// A credential, and who looks at it.
#[derive(Debug)]
pub(super) struct Opened {
    /// Who looks, and where.
    pub here: Here,
    /// The credential.
    pub own: Credential,
}

impl FromRequestParts<App> for Opened {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let here = Here::from_request_parts(parts, app).await?;
        let Path(Named { client_id }) = Path::from_request_parts(parts, app).await?;
        let act = app.act(&here.visitor.caller);
        let own = credentials::find(&act, &client_id, Permission::ReadCredentials).await?;
        if own.organization_id == here.organization.id {
            Ok(Self { here, own })
        } else {
            Err(PageError::NotFound)
        }
    }
}

impl Opened {
    /// Who looks.
    pub(super) fn visitor(&self) -> &Visitor {
        &self.here.visitor
    }

    /// An act of theirs, now.
    pub(super) fn act<'a>(&'a self, app: &'a App) -> Act<'a> {
        app.act(&self.here.visitor.caller)
    }

    /// Whether they may change it; for what the page shows.
    pub(super) fn may_write(&self) -> bool {
        self.here.may(Permission::WriteCredentials)
    }

    /// The path of a page of this credential, without the issuer's.
    pub(super) fn path(&self, end: &str) -> String {
        path(&self.own, end)
    }

    /// The APIs to choose from. Hallpass's own comes last, with the scopes that whoever looks may
    /// give, and those that the credential has.
    pub(super) async fn offered(&self, app: &App) -> Result<Vec<Api>, PageError> {
        let mut apis = app.store.apis().await?;
        let grantable = scopes::grantable(&self.visitor().caller, &self.own.organization_id);
        for api in apis.iter_mut().filter(|api| api.id.is_management()) {
            let had = self.own.settings.grants.iter().filter(|grant| grant.api_id == api.id);
            let had = had.flat_map(|grant| grant.scopes.iter());
            api.scopes = Scopes::from_words(grantable.iter().chain(had));
        }
        apis.sort_by_key(|api| api.id.is_management());
        Ok(apis)
    }

    /// A page about this credential.
    pub(super) fn page(&self, title: impl Into<String>) -> Page {
        let list = list_path(&self.here);
        self.here
            .visitor
            .page
            .clone()
            .titled(title)
            .at(Place::Credentials)
            .below("Credentials", &list)
    }

    /// A page below the credential's own.
    pub(super) fn page_below(&self, title: impl Into<String>) -> Page {
        self.page(title).below(self.own.settings.name.as_str(), &self.path(""))
    }
}

/// The path of a page of a credential, without the issuer's.
pub(super) fn path(own: &Credential, end: &str) -> String {
    format!("/organizations/{}/credentials/{}{end}", own.organization_id, own.client_id)
}

/// The path of those that wait for approval, without the issuer's.
pub(super) fn approvals_path(here: &Here) -> String {
    format!("/organizations/{}/approvals", here.organization.id)
}

/// The path of the list, without the issuer's.
pub(super) fn list_path(here: &Here) -> String {
    format!("/organizations/{}/credentials", here.organization.id)
}

/// The API of this id.
pub(super) fn api<'a>(apis: &'a [Api], id: &hallpass_core::ApiId) -> Option<&'a Api> {
    apis.iter().find(|api| api.id == *id)
}
