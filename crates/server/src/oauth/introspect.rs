//! `POST /oauth/introspect` (RFC 7662): an API asks whether a token for it is alive, and may have the
//! answer signed (RFC 9701).

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, State},
    response::Response,
};
use hallpass_core::{
    Timestamp,
    grant::{Authenticated, Login, Refusal, login::Via},
    introspection::{self, Introspection, SignedIntrospection},
};
use hallpass_token::{
    claims::Claims,
    jose::Algorithm,
    revocation::Presented,
    verify::{self, Policy},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};

use super::{
    Call, OAuthError,
    error::{no_store, no_store_json},
};
use crate::app::App;

/// The type of a signed answer (RFC 9701 §5), in `typ`; after `application/` its media type.
const SIGNED: &str = "token-introspection+jwt";

const SIGNED_MEDIA: &str = "application/token-introspection+jwt";

/// Whether the caller asks for a signed answer (RFC 9701 §4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct WantsSigned(bool);

impl WantsSigned {
    fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
        Self(lines.flat_map(|line| line.split(',')).any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_it = parts.next().is_some_and(|media| media.eq_ignore_ascii_case(SIGNED_MEDIA));
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
            is_it && weight != Some(0.0)
        }))
    }
}

impl<S: Sync> FromRequestParts<S> for WantsSigned {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// `POST /oauth/introspect`, for APIs' own credentials only.
pub(crate) async fn introspect(
    State(app): State<App>,
    WantsSigned(wants_signed): WantsSigned,
    call: Call,
) -> Result<Response, OAuthError> {
    let now = app.clock.now();
    let directory = app.live.fresh(now)?;
    let params = call.params()?;
    params.refuse_repeats()?;
    let login = Login::exactly_one(call.authorization(), &params)?;
    // RFC 7662 §2.3 wants 401 by whichever way a login came that fails.
    let client = call.authenticate(&app, &login, directory, now).await;
    let client = client.map_err(|why| why.with_via(Via::Basic))?;
    introspection::may_introspect(&client)?;
    let token = params
        .at_most_once("token")?
        .ok_or(Refusal::InvalidRequest("token is missing: send the token to look at"))?;
    let claims = live_claims(&app, &client, token, now);
    let answer = claims.as_ref().map(Introspection::of_live_token).unwrap_or_default();
    if !wants_signed {
        return Ok(no_store(StatusCode::OK, &answer));
    }
    let algorithm = introspection::algorithm(&client, &app.live.directory.catalog());
    let signed = SignedIntrospection {
        iss: &app.config.issuer,
        aud: &login.client_id,
        iat: now.as_secs(),
        token_introspection: answer,
    };
    sign(&app, algorithm, &signed, now)
}

/// The answer as a JWT.
fn sign(
    app: &App,
    algorithm: Algorithm,
    answer: &SignedIntrospection<'_>,
    now: Timestamp,
) -> Result<Response, OAuthError> {
    let key = app.live.keys.signing(algorithm, now).ok_or(OAuthError::Internal)?;
    let payload = serde_json::to_vec(answer).map_err(|_| OAuthError::Internal)?;
    let jwt = key.sign_other(SIGNED, &payload).map_err(|_| OAuthError::Internal)?;
    let mut response = no_store_json(StatusCode::OK, jwt);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(SIGNED_MEDIA));
    Ok(response)
}

/// The claims of a token that is good in every respect; the signature is checked first.
fn live_claims(app: &App, client: &Authenticated, token: &str, now: Timestamp) -> Option<Claims> {
    let audiences = introspection::audiences(client, &app.live.directory.catalog());
    let policy = Policy::new(app.config.issuer.as_str(), audiences).ok()?;
    let policy = policy.with_jwt_type(true).with_leeway_s(0).ok()?;
    let keys = app.live.keys.verifying();
    let verified = verify::verify(token, &keys, &policy, now.as_secs()).ok()?;
    let presented = Presented::of(&verified.claims, &verified.kid);
    (!app.live.feed.is_dead(&presented, now)).then_some(verified.claims)
}
