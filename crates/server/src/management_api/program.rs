//! Who calls: a credential with a token for Hallpass's own API. The token is checked here, with
//! the node's own keys and feed; and its credential as the directory has it now, so that what was
//! revoked, narrowed or suspended a moment ago is refused at once.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use hallpass_core::{
    ClientId, OrganizationId, Scopes, Timestamp,
    audit::Actor,
    directory::{Directory, Entry, EntryStatus},
    id::NotAnId,
    permission::Permission,
};
use hallpass_token::{
    Rejection, bearer,
    claims::Claims,
    revocation::{Death, Presented},
    verify::{self, Policy},
};
use http::{Extensions, HeaderMap, header, request::Parts};

use super::{Problem, problem::Kind};
use crate::{
    app::App,
    management::{Caller, Power, own_api},
    web::{address, arrival::Arrival},
};

/// A program that was let in.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Its credential.
    pub(crate) client_id: ClientId,
    /// The credential's organization.
    pub(crate) organization_id: OrganizationId,
    /// What it may do.
    pub(crate) caller: Caller,
}

impl Program {
    /// Checks a request's token, and its credential.
    pub(super) async fn of(
        app: &App,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Self, Problem> {
        let now = app.clock.now();
        app.live.fresh(now)?;
        let claims = live_claims(app, token(headers)?, now)?;
        let trusted = &app.config.trusted_proxies;
        let arrival = extensions.get::<Arrival>();
        let from = arrival.and_then(|by| address::caller(by.peer.ip(), headers, trusted));
        let (organization_id, granted) = standing(app, &claims, from).await?;
        let asked: Scopes = claims.scope.parse().unwrap_or_default();
        let scopes = asked.intersection(&granted);
        let client_id: ClientId = claims.client_id.parse().map_err(|_| dead())?;
        let address = from.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into());
        let actor = Actor::Credential { client_id: client_id.clone(), address };
        let power = Power::Program { organization_id: organization_id.clone(), scopes };
        Ok(Self { client_id, organization_id, caller: Caller { actor, power } })
    }
}

impl Program {
    /// The organization whose things are asked for, if the program may do this there: its own
    /// unless another is named. `None`, for `*`: all of them.
    pub(super) async fn organizations(
        &self,
        app: &App,
        named: Option<&str>,
        permission: Permission,
    ) -> Result<Option<OrganizationId>, Problem> {
        let id = match named {
            Some("*") => {
                self.caller.must_everywhere(permission)?;
                return Ok(None);
            }
            Some(id) => id.parse().map_err(|why: NotAnId| {
                Problem::invalid("organization_id", format!("{why}; or * for all"))
            })?,
            None => self.organization_id.clone(),
        };
        app.act(&self.caller).organization(&id, permission).await?;
        Ok(Some(id))
    }
}

/// Put into the request by the check that goes around every handler.
impl FromRequestParts<App> for Program {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let program = parts.extensions.get::<Self>().cloned();
        program.ok_or_else(|| Rejection::NoToken.into())
    }
}

/// The token of the one Authorization header. Nothing else of a request is searched for one.
fn token(headers: &HeaderMap) -> Result<&str, Rejection> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let first = all.next();
    if all.next().is_some() {
        return Err(Rejection::InvalidRequest("more than one Authorization header"));
    }
    bearer::parse(first.map(|value| value.as_bytes()))
}

/// The claims of a token that is ours, for this API, in time, and not dead.
fn live_claims(app: &App, token: &str, now: Timestamp) -> Result<Claims, Rejection> {
    let audience = app.config.url(own_api::PATH);
    let policy = Policy::new(app.config.issuer.as_str(), [audience])
        .and_then(|policy| policy.with_leeway_s(0))
        .map_err(|_| Rejection::Unavailable("the issuer is not set"))?;
    // An operator may have set the row to `JWT`, for the sake of some client.
    let policy = policy.with_jwt_type(true);
    let keys = app.live.keys.verifying();
    let verified = verify::verify(token, &keys, &policy, now.as_secs())?;
    if app.live.feed.is_dead(&Presented::of(&verified.claims, &verified.kid), now) {
        return Err(Rejection::Revoked(Death::Credential));
    }
    Ok(verified.claims)
}

fn dead() -> Rejection {
    Rejection::Revoked(Death::Credential)
}

/// The credential's organization and what it is granted now, if it may call from there.
async fn standing(
    app: &App,
    claims: &Claims,
    from: Option<IpAddr>,
) -> Result<(OrganizationId, Scopes), Problem> {
    let look = |directory: &Directory| {
        directory.look_up(&claims.client_id, |entry| {
            entry.map(|entry| standing_of(entry, app, directory, from))
        })
    };
    let known = app.live.look(&claims.client_id, look, Option::is_some).await?;
    known.unwrap_or_else(|| Err(dead().into()))
}

fn standing_of(
    entry: &Entry,
    app: &App,
    directory: &Directory,
    from: Option<IpAddr>,
) -> Result<(OrganizationId, Scopes), Problem> {
    let organization_id = entry.organization_id();
    if entry.status() != EntryStatus::Active || directory.is_suspended(organization_id) {
        return Err(dead().into());
    }
    if !entry.allows(from) {
        let detail = "the credential's IP allow-list does not have the address that this request \
                      comes from";
        return Err(Problem::new(Kind::AddressNotAllowed, detail));
    }
    let slot = directory.catalog().by_audience(&app.config.url(own_api::PATH));
    let grant = entry.grants().iter().find(|grant| Some(grant.api) == slot);
    let scopes = grant.map(|grant| Scopes::clone(&grant.scopes)).unwrap_or_default();
    Ok((organization_id.clone(), scopes))
}
