//! `POST /oauth/introspect` (RFC 7662): an API asks whether a token for it is alive.

use axum::{extract::State, response::Response};
use hallpass_core::{
    Timestamp,
    grant::{Authenticated, Login, Refusal, login::Via},
    introspection::{self, Introspection},
};
use hallpass_token::{
    claims::Claims,
    revocation::Presented,
    verify::{self, Policy},
};
use http::StatusCode;

use super::{Call, OAuthError, error::no_store};
use crate::app::App;

/// `POST /oauth/introspect`, for APIs' own credentials only.
pub(crate) async fn introspect(State(app): State<App>, call: Call) -> Result<Response, OAuthError> {
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
    Ok(no_store(StatusCode::OK, &answer))
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
