//! `POST /oauth/token` (RFC 6749 §4.4): one signature, no I/O.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hallpass_core::{
    Timestamp,
    grant::{self, Authenticated, Grant, Refusal, Request, Success},
    usage::Ending,
};
use http::{HeaderName, HeaderValue, StatusCode};
use hyper::body::Incoming;
use tracing::error;

use super::{Call, OAuthError, error::no_store_json};
use crate::{app::App, entropy, metrics::OutcomeLabels, usage::Use, web::arrival::Arrival};

/// How long before its end a secret is warned about, in seconds.
const WARN_S: u64 = 30 * 86_400;

const SECRET_EXPIRES: HeaderName = HeaderName::from_static("hallpass-secret-expires");

/// `POST /oauth/token`.
pub(crate) async fn issue(State(app): State<App>, call: Call) -> Result<Issued, OAuthError> {
    answer(&app, &call).await
}

/// The same, for a request that has not been through the router.
pub(crate) async fn issue_arrived(
    app: &App,
    arrival: Arrival,
    request: http::Request<Incoming>,
) -> Result<Issued, OAuthError> {
    let call = Call::read(app, Some(arrival), request).await?;
    answer(app, &call).await
}

async fn answer(app: &App, call: &Call) -> Result<Issued, OAuthError> {
    let result = decide_and_sign(app, call).await;
    match &result {
        Ok(_) => app.metrics.issued.inc(),
        Err(why) => app.metrics.tokens.get_or_create(&OutcomeLabels { outcome: why.code() }).inc(),
    };
    result
}

async fn decide_and_sign(app: &App, call: &Call) -> Result<Issued, OAuthError> {
    let now = app.clock.now();
    let directory = app.live.fresh(now)?;
    let params = call.params()?;
    let request = grant::request::parse(call.authorization(), &params)?;
    let by = Some(request.login.via);
    let client = call.authenticate(app, &request.login, directory, now).await?;
    let decision = grant::decide(&request, &client, &directory.catalog(), now);
    count(app, call, &request, &client, (&decision, now));
    let grant = decision.map_err(|refusal| OAuthError::Refused(refusal, by))?;
    let token = sign(app, &request.login.client_id, &grant, now)?;
    Ok(Issued { token, grant })
}

fn sign(app: &App, client_id: &str, grant: &Grant, now: Timestamp) -> Result<String, OAuthError> {
    let Some(key) = app.live.keys.signing(grant.api.algorithm, now) else {
        // Housekeeping makes the first key of a new algorithm within moments.
        error!(algorithm = %grant.api.algorithm, "There is no key to sign with");
        return Err(Refusal::TemporarilyUnavailable { retry_after_s: 5 }.into());
    };
    let jti = URL_SAFE_NO_PAD.encode(entropy::token_id());
    let payload = grant.payload(&app.config.issuer, client_id, &jti);
    key.sign(grant.api.token_type, &payload).map_err(|why| {
        error!(%why, key.kid = key.kid(), "Cannot sign");
        OAuthError::Internal
    })
}

fn count(
    app: &App,
    call: &Call,
    request: &Request<'_>,
    client: &Authenticated,
    end: (&Result<Grant, Refusal>, Timestamp),
) {
    let (decision, at) = end;
    let used = Use {
        client_id: &request.login.client_id,
        secret: client.secret,
        api: decision.as_ref().ok().map(|grant| &grant.api),
        ending: if decision.is_ok() { Ending::Issued } else { Ending::Refused },
        at,
        address: call.from,
        library: call.library(),
    };
    if !app.usage.count(used) {
        app.metrics.usage_dropped.inc();
    }
}

/// A signed token and the decision behind it.
#[derive(Debug)]
pub(crate) struct Issued {
    token: String,
    grant: Grant,
}

impl IntoResponse for Issued {
    fn into_response(self) -> Response {
        let json = Success::new(&self.token, &self.grant).to_json();
        let mut response = no_store_json(StatusCode::OK, json);
        if let Some(end) = self.grant.ends_at
            && end.as_secs() < self.grant.issued_s + WARN_S
            && let Some(date) = imf_date(end)
        {
            response.headers_mut().insert(SECRET_EXPIRES, date);
        }
        response
    }
}

/// A date as HTTP headers write it (RFC 9110 §5.6.7).
fn imf_date(at: Timestamp) -> Option<HeaderValue> {
    let date = jiff::Timestamp::from_second(i64::try_from(at.as_secs()).ok()?).ok()?;
    let text = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&text).ok()
}
