//! `/api/v1/keys`: what tokens are signed with. For operators' programs alone.

use axum::{extract::State, response::Response};
use hallpass_core::{
    Timestamp,
    ring::{KeyRecord, Ring},
};
use hallpass_token::jose::Algorithm;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Problem, answer,
    body::{Ids, Json},
    problem,
    program::Program,
    time::Moment,
};
use crate::{
    app::App,
    management::keys::{self as acts, Next},
};

/// A signing key, without its private half.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
struct KeyView {
    kid: String,
    /// `ES256`, `RS256` or `EdDSA`.
    #[schema(value_type = String)]
    algorithm: Algorithm,
    /// `published`, `signing`, `retired`, `gone` or `killed`.
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    published_at: Moment,
    #[schema(value_type = String, format = DateTime)]
    signs_from: Moment,
    #[schema(value_type = Option<String>, format = DateTime)]
    killed_at: Option<Moment>,
}

impl KeyView {
    fn of(ring: &Ring, key: &KeyRecord, now: Timestamp, longest_lifetime_s: u64) -> Self {
        Self {
            kid: key.kid.clone(),
            algorithm: ring.algorithm,
            status: ring.status(key, now, longest_lifetime_s).word(),
            published_at: Moment(key.published_at),
            signs_from: Moment(key.signs_from),
            killed_at: key.killed_at.map(Moment),
        }
    }
}

/// All keys.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Keys {
    /// By algorithm, the oldest first.
    items: Vec<KeyView>,
}

/// Which ring is to be rotated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    /// `ES256`, `RS256` or `EdDSA`.
    #[schema(value_type = String)]
    algorithm: Algorithm,
    /// The kid of the newest key that you have seen, so that two who rotate at once rotate once.
    after: Option<String>,
    /// Seconds for which the key is published before it signs; the setting's unless said.
    publish_lead_s: Option<u64>,
}

/// List the signing keys.
#[utoipa::path(get, path = "/api/v1/keys", tag = "Keys", security(("token" = ["keys:read"])),
    responses(
        (status = 200, description = "All keys", body = Keys),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn list(State(app): State<App>, program: Program) -> Result<Response, Problem> {
    Ok(answer::json(StatusCode::OK, &all(&app, &program).await?))
}

async fn all(app: &App, program: &Program) -> Result<Keys, Problem> {
    let act = app.act(&program.caller);
    let known = acts::list(&act).await?;
    let of = |ring: &Ring| {
        let view = |key| KeyView::of(ring, key, act.now, known.longest_lifetime_s);
        ring.keys.iter().map(view).collect::<Vec<_>>()
    };
    Ok(Keys { items: known.rings.iter().flat_map(of).collect() })
}

/// Publish the next key of a ring. It signs once every verifier has had time to fetch it.
#[utoipa::path(post, path = "/api/v1/keys/rotate", tag = "Keys",
    security(("token" = ["keys:write"])), request_body = Rotate,
    responses(
        (status = 200, description = "Published: all keys of the ring", body = Keys),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn rotate(
    State(app): State<App>,
    program: Program,
    Json { value, .. }: Json<Rotate>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller);
    let algorithm = value.algorithm;
    let lead_s = value.publish_lead_s.unwrap_or(app.config.key_publish_lead_s);
    if lead_s > 365 * 86_400 {
        return Err(Problem::invalid("publish_lead_s", "at most a year"));
    }
    let longest_lifetime_s = longest_lifetime_s(&app).await?;
    let rotated = acts::rotate(&act, Next { algorithm, lead_s, after: value.after }).await?;
    Ok(shown(&app, &rotated.ring, longest_lifetime_s))
}

/// Kill a compromised key, and every token that it has signed, of everybody. A new one signs at
/// once.
#[utoipa::path(post, path = "/api/v1/keys/{kid}/kill", tag = "Keys",
    params(("kid" = String, Path, description = "Which")),
    security(("token" = ["keys:write"])),
    responses(
        (status = 200, description = "Killed: all keys of the ring", body = Keys),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn kill(
    State(app): State<App>,
    program: Program,
    Ids(kid): Ids<String>,
) -> Result<Response, Problem> {
    let longest_lifetime_s = longest_lifetime_s(&app).await?;
    let killed = acts::kill(&app.act(&program.caller), &kid).await?;
    Ok(shown(&app, &killed.ring, longest_lifetime_s))
}

/// Read before anything is changed: a read that fails afterwards would deny the change.
async fn longest_lifetime_s(app: &App) -> Result<u64, Problem> {
    Ok(app.store.installation().await?.longest_lifetime_s)
}

/// The keys of a ring, for whoever has just changed it.
fn shown(app: &App, ring: &Ring, longest_lifetime_s: u64) -> Response {
    let now = app.clock.now();
    let items = ring.keys.iter().map(|key| KeyView::of(ring, key, now, longest_lifetime_s));
    answer::json(StatusCode::OK, &Keys { items: items.collect() })
}
