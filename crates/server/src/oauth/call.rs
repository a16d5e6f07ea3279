//! A POST to an OAuth endpoint, read in full and within bounds.

use std::{error::Error, net::IpAddr, pin::pin, time::Duration};

use axum::extract::FromRequest;
use bytes::Bytes;
use futures_util::FutureExt;
use hallpass_core::{
    ClientId, Timestamp,
    directory::Directory,
    grant::{self, Authenticated, Login, Params, Refusal, Unproven},
    usage::product,
};
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use tokio::time::{Instant, sleep_until};
use tracing::info;

use super::OAuthError;
use crate::{
    app::App,
    foreign_secrets::{FAILURES_TAKE, Proof},
    metrics::OutcomeLabels,
    web::{
        address,
        arrival::{Arrival, RequestId},
    },
};

/// The largest body that is read, in bytes.
const BODY_AT_MOST: usize = 64 * 1024;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Form,
    Json,
    Nothing,
}

/// A POST to an OAuth endpoint.
#[derive(Debug)]
pub(crate) struct Call {
    authorization: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    body: Bytes,
    kind: Kind,
    /// From where it came, as far as that is known.
    pub(crate) from: Option<IpAddr>,
    /// The request's id in the log.
    id: RequestId,
}

impl Call {
    /// Reads a request to its end.
    pub(crate) async fn read<B>(
        app: &App,
        arrival: Option<Arrival>,
        request: Request<B>,
    ) -> Result<Self, OAuthError>
    where
        B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
    {
        let (head, body) = request.into_parts();
        refuse_secrets_in_query(head.uri.query())?;
        if let Some(arrival) = arrival {
            refuse_what_came_in_the_clear(app, arrival, &head.headers)?;
        }
        let authorization = authorization(&head.headers)?;
        let user_agent = head.headers.get(header::USER_AGENT).cloned();
        let body = whole(body, app.config.body_timeout_s).await?;
        let kind = kind(&head.headers, &body)?;
        let trusted = &app.config.trusted_proxies;
        let from =
            arrival.and_then(|arrival| address::caller(arrival.peer.ip(), &head.headers, trusted));
        let id = arrival.map_or(RequestId(0), |arrival| arrival.id);
        Ok(Self { authorization, user_agent, body, kind, from, id })
    }

    /// The parameters of the body.
    pub(crate) fn params(&self) -> Result<Params<'_>, Refusal> {
        match self.kind {
            Kind::Form => Params::from_form(&self.body),
            Kind::Json => Params::from_json(&self.body),
            Kind::Nothing => Ok(Params::default()),
        }
    }

    /// Checks a login that came with this call, and counts it if it fails. At once, but for what
    /// only a slow check can tell.
    pub(crate) async fn authenticate(
        &self,
        app: &App,
        login: &Login<'_>,
        directory: &Directory,
        now: Timestamp,
    ) -> Result<Authenticated, OAuthError> {
        let result = match app.live.authenticate(login, now, self.from).await {
            Ok(client) => {
                app.failed_logins.succeeded(&login.client_id, self.from);
                Ok(client)
            }
            Err(Refusal::Unproven(how)) if directory.foreign() > 0 => {
                // Boxed: the rare case must not make all the others larger.
                Box::pin(self.authenticate_slowly(app, login, directory, how)).await
            }
            Err(Refusal::Unproven(how)) => {
                let counted = app.failed_logins.failed(&login.client_id, self.from);
                Err(self.refused(app, login, how, counted))
            }
            // The secret was right: no guess.
            Err(refusal) => Err(refusal),
        };
        result.map_err(|refusal| OAuthError::Refused(refusal, Some(login.via)))
    }

    /// The same for a login that nothing at hand proves, while there are imported secrets that
    /// nobody has used yet. All failures take as long, whoever's they are.
    async fn authenticate_slowly(
        &self,
        app: &App,
        login: &Login<'_>,
        directory: &Directory,
        how: Unproven,
    ) -> Result<Authenticated, Refusal> {
        let answered_at = Instant::now() + FAILURES_TAKE;
        let proof = app.foreign.prove(login, directory, &app.failed_logins, self.from).await;
        if let Some(outcome) = proof.word() {
            app.metrics.imported_checks.get_or_create(&OutcomeLabels { outcome }).inc();
        }
        let counted = match proof {
            Proof::Of(digest) | Proof::Recalled(digest) => {
                app.failed_logins.succeeded(&login.client_id, self.from);
                let now = app.clock.now();
                return grant::authenticate_proven(login, &digest, directory, now, self.from);
            }
            Proof::Busy => return Err(Refusal::TemporarilyUnavailable { retry_after_s: 5 }),
            Proof::Nothing => app.failed_logins.failed(&login.client_id, self.from),
            Proof::Wrong => Ok(()),
            Proof::TooMany { retry_after_s } => Err(retry_after_s),
        };
        let refusal = self.refused(app, login, how, counted);
        sleep_until(answered_at).await;
        Err(refusal)
    }

    /// How a failure is answered that has been counted: `Err` if it was one too many, with the
    /// seconds to wait.
    fn refused(
        &self,
        app: &App,
        login: &Login<'_>,
        how: Unproven,
        counted: Result<(), u64>,
    ) -> Refusal {
        self.log_failure(&app.live.directory, login, how);
        match counted {
            Ok(()) => Refusal::Unproven(how),
            Err(retry_after_s) => {
                app.metrics.too_many_failures.inc();
                Refusal::TooManyFailures { retry_after_s }
            }
        }
    }

    fn log_failure(&self, directory: &Directory, login: &Login<'_>, how: Unproven) {
        // Only an id that is known or of our own form is logged: what else came may be a secret.
        let id = login.client_id.parse::<ClientId>();
        let is_safe =
            |id: &ClientId| id.is_own() || directory.look_up(id.as_str(), |entry| entry.is_some());
        let id = id.as_ref().ok().filter(|id| is_safe(id));
        let id = id.map_or("(not a client id)", ClientId::as_str);
        info!(
            request.id = %self.id,
            client.id = id,
            address = ?self.from,
            ?how,
            "Client authentication failed"
        );
    }

    /// The client library, as far as it names itself.
    pub(crate) fn library(&self) -> &str {
        self.user_agent.as_ref().map_or("", |header| product(header.as_bytes()))
    }

    /// The Authorization header as it came.
    pub(crate) fn authorization(&self) -> Option<&[u8]> {
        self.authorization.as_ref().map(HeaderValue::as_bytes)
    }
}

impl FromRequest<App> for Call {
    type Rejection = OAuthError;

    async fn from_request(
        mut request: Request<axum::body::Body>,
        app: &App,
    ) -> Result<Self, OAuthError> {
        let arrival = request.extensions_mut().remove::<Arrival>();
        Self::read(app, arrival, request).await
    }
}

async fn whole<B>(body: B, timeout_s: u64) -> Result<Bytes, OAuthError>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    // What is announced too long is not waited for.
    if body.size_hint().lower() > BODY_AT_MOST as u64 {
        return Err(OAuthError::BodyTooLarge);
    }
    let mut whole = pin!(Limited::new(body, BODY_AT_MOST).collect());
    // A small body mostly comes with its head: then there is nothing to set a timer for.
    let ended = match whole.as_mut().now_or_never() {
        Some(ended) => ended,
        None => tokio::time::timeout(Duration::from_secs(timeout_s), whole)
            .await
            .map_err(|_| OAuthError::BodyTooSlow)?,
    };
    match ended {
        Ok(body) => Ok(body.to_bytes()),
        Err(why) if why.is::<LengthLimitError>() => Err(OAuthError::BodyTooLarge),
        Err(_) => Err(OAuthError::BodyBroken),
    }
}

/// The one Authorization header; two would be two methods (RFC 6749 §2.3).
fn authorization(headers: &HeaderMap) -> Result<Option<HeaderValue>, Refusal> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let first = all.next().cloned();
    if all.next().is_some() {
        return Err(Refusal::InvalidRequest("more than one Authorization header"));
    }
    Ok(first)
}

/// The kind of body, by its Content-Type; parameters such as charset say nothing new.
fn kind(headers: &HeaderMap, body: &Bytes) -> Result<Kind, Refusal> {
    if body.is_empty() {
        return Ok(Kind::Nothing);
    }
    let wrong = Refusal::InvalidRequest(
        "the Content-Type must be application/x-www-form-urlencoded or application/json",
    );
    // Of two, a proxy before us may have read the other one.
    let mut all = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return Err(wrong) };
    let value = value.to_str().unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(Kind::Form)
    } else if essence.eq_ignore_ascii_case("application/json") {
        Ok(Kind::Json)
    } else {
        Err(wrong)
    }
}

/// Secrets travel by TLS only (RFC 6749 §2.3.1, §3.2). What a proxy passed on in the clear has been
/// open to everybody on its way, so its sender should know. An issuer without TLS is on loopback.
fn refuse_what_came_in_the_clear(
    app: &App,
    arrival: Arrival,
    headers: &HeaderMap,
) -> Result<(), Refusal> {
    let trusted = &app.config.trusted_proxies;
    if app.config.issuer.starts_with("https:")
        && address::came_in_the_clear(arrival.peer.ip(), headers, trusted)
    {
        return Err(Refusal::InvalidRequest(
            "the request came over http, where everybody on the way can read secrets: send it to \
             the https address, and rotate what was sent",
        ));
    }
    Ok(())
}

/// Parameters in the URI are not the request's (RFC 6749 §2.3.1); a secret there has leaked into
/// logs already, so its sender should know.
fn refuse_secrets_in_query(query: Option<&str>) -> Result<(), Refusal> {
    let names = || query.unwrap_or_default().split('&').filter_map(|pair| pair.split('=').next());
    // A leak first: it is what has to be mended, whatever else stands there.
    if names().any(|name| matches!(name, "client_secret" | "token" | "client_assertion")) {
        return Err(Refusal::InvalidRequest(
            "secrets and tokens must not be in the URI, where logs keep them: send them in the \
             body, and rotate what was sent",
        ));
    }
    if names().any(|name| name == "grant_type") {
        return Err(Refusal::InvalidRequest(
            "grant_type came in the query: send the parameters in the body of the POST",
        ));
    }
    Ok(())
}
