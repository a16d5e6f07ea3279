//! `POST /oauth/revoke` (RFC 7009): a client kills one of its own tokens.

use axum::{extract::State, response::Response};
use hallpass_core::{
    Mutation,
    audit::Actor,
    grant::{Login, Refusal},
    introspection,
};
use hallpass_store::StoreError;
use hallpass_token::{
    revocation::Presented,
    verify::{self, Policy},
};
use http::StatusCode;
use tracing::{error, info};

use super::{Call, OAuthError, error::no_store};
use crate::app::App;

/// `POST /oauth/revoke`. Answers 200 with `{}` for what is dead anyway (§2.2), and never for a
/// death that could not be written.
pub(crate) async fn revoke(State(app): State<App>, call: Call) -> Result<Response, OAuthError> {
    let now = app.clock.now();
    let done = || no_store(StatusCode::OK, &serde_json::json!({}));
    let mutation = {
        let params = call.params()?;
        params.refuse_repeats()?;
        let login = Login::exactly_one(call.authorization(), &params)?;
        let directory = app.live.fresh(now)?;
        call.authenticate(&app, &login, directory, now).await?;
        let token = params
            .at_most_once("token")?
            .ok_or(Refusal::InvalidRequest("token is missing: send the token to revoke"))?;
        let audiences = directory.catalog();
        let audiences = audiences.iter().map(|api| api.audience.as_str());
        let Ok(policy) = Policy::new(app.config.issuer.as_str(), audiences) else {
            return Ok(done());
        };
        let keys = app.live.keys.verifying();
        let policy = policy.with_jwt_type(true);
        let Ok(verified) = verify::verify(token, &keys, &policy, now.as_secs()) else {
            return Ok(done());
        };
        introspection::may_revoke(&login.client_id, &verified.claims)?;
        if app.live.feed.is_dead(&Presented::of(&verified.claims, &verified.kid), now) {
            return Ok(done());
        }
        Mutation::RevokeToken {
            client_id: login.client_id.parse().map_err(|_| OAuthError::Internal)?,
            jti: verified.claims.jti,
            exp_s: verified.claims.exp,
        }
    };
    let Mutation::RevokeToken { client_id, jti, .. } = &mutation else {
        return Err(OAuthError::Internal);
    };
    let address = call.from.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into());
    let actor = Actor::Credential { client_id: client_id.clone(), address };
    match app.live.commit(&mutation, &actor).await {
        Ok(change) => {
            info!(client.id = %client_id, token.id = jti, change.seq = change.seq, "Revoked a token");
            Ok(done())
        }
        // Deleted in between: all of its tokens are dead.
        Err(StoreError::Conflict(_)) => Ok(done()),
        Err(why) => {
            error!(%why, "Cannot revoke a token");
            Err(Refusal::TemporarilyUnavailable { retry_after_s: 5 }.into())
        }
    }
}
