//! `/api/v1/credentials/{client_id}/rotation`: how far a rotation has come, and which secrets can be
//! retired; and `…/sightings`: where a credential was used from, and by what.

use std::net::IpAddr;

use axum::{extract::State, response::Response};
use hallpass_core::{ClientId, SecretId, Timestamp, permission::Permission, usage::Sighting};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Problem, answer, body::Ids, problem, program::Program, time::Moment};
use crate::{
    app::App,
    management::{
        credentials,
        moving::{Moving, Share},
    },
};

/// A secret and its traffic.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SecretTraffic)]
struct ShareView {
    #[schema(value_type = String)]
    secret_id: SecretId,
    last_four: String,
    /// `usable`, `expired` or `retired`.
    status: &'static str,
    /// `never` (used), `in_use`, or `quiet`: unused for `quiet_after_s`.
    traffic: &'static str,
    /// Whether every program that used it has gone over to another.
    safe_to_retire: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Moment>,
    #[schema(value_type = Option<String>)]
    last_used_from: Option<IpAddr>,
    /// Tokens that it got and that may be alive: at most so many.
    live_tokens: u64,
    /// Tokens that it got in this hour.
    tokens_last_hour: u64,
    /// Tokens that it got in the last 24 hours.
    tokens_last_day: u64,
}

impl ShareView {
    fn of(share: Share, now: Timestamp) -> Self {
        let safe_to_retire = share.is_safe_to_retire();
        let used = share.last_used;
        Self {
            status: share.secret.status(now).word(),
            secret_id: share.secret.id,
            last_four: share.secret.last_four,
            traffic: share.traffic.word(),
            safe_to_retire,
            last_used_at: used.as_ref().map(|used| Moment(used.last_at)),
            last_used_from: used.and_then(|used| used.last_address),
            live_tokens: share.live_tokens,
            tokens_last_hour: share.last_hour,
            tokens_last_day: share.last_day,
        }
    }
}

/// How the traffic of a credential moves from secret to secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rotation)]
pub(super) struct MovingView {
    /// For how long a secret must be unused until nobody needs it, in seconds.
    quiet_after_s: u64,
    /// How much of the last 24 hours' traffic uses the newest secret, of 100; `null` without any.
    moved_percent: Option<u64>,
    /// Whether the newest secret is in use, and the others are not any more.
    is_done: bool,
    /// The newest first.
    secrets: Vec<ShareView>,
}

/// Show how far a rotation has come, and which secrets can be retired.
#[utoipa::path(get, path = "/api/v1/credentials/{client_id}/rotation", tag = "Secrets",
    params(("client_id" = String, Path, description = "Whose")),
    security(("token" = ["credentials:read"])),
    responses(
        (status = 200, description = "Its secrets and their traffic", body = MovingView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn show(
    State(app): State<App>,
    program: Program,
    Ids(client_id): Ids<ClientId>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller);
    let own = credentials::find(&act, &client_id, Permission::ReadCredentials).await?;
    let moving = Moving::of(&act, &own).await?;
    let view = MovingView {
        quiet_after_s: moving.quiet_after_s,
        moved_percent: moving.moved(),
        is_done: moving.is_done(),
        secrets: moving.shares.into_iter().map(|share| ShareView::of(share, act.now)).collect(),
    };
    Ok(answer::json(StatusCode::OK, &view))
}

/// Where a credential was used from, and by what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sighting)]
struct SightingView {
    /// `null`: not known.
    #[schema(value_type = Option<String>)]
    address: Option<IpAddr>,
    /// What the program's `User-Agent` names first; `null` if nothing.
    library: Option<Box<str>>,
    /// How many token requests.
    count: u64,
    #[schema(value_type = String, format = DateTime)]
    first_at: Moment,
    #[schema(value_type = String, format = DateTime)]
    last_at: Moment,
}

impl From<Sighting> for SightingView {
    fn from(one: Sighting) -> Self {
        Self {
            address: one.address,
            library: Some(one.library).filter(|library| !library.is_empty()),
            count: one.count,
            first_at: Moment(one.first_at),
            last_at: Moment(one.last_at),
        }
    }
}

/// The sightings of a credential.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sightings {
    /// The latest first; 200 at most.
    items: Vec<SightingView>,
}

/// Show from which addresses and by which client libraries a credential was used.
#[utoipa::path(get, path = "/api/v1/credentials/{client_id}/sightings", tag = "Credentials",
    params(("client_id" = String, Path, description = "Which")),
    security(("token" = ["credentials:read"])),
    responses(
        (status = 200, description = "Its sightings", body = Sightings),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn sightings(
    State(app): State<App>,
    program: Program,
    Ids(client_id): Ids<ClientId>,
) -> Result<Response, Problem> {
    let all = credentials::sightings(&app.act(&program.caller), &client_id).await?;
    let items = all.into_iter().map(SightingView::from).collect();
    Ok(answer::json(StatusCode::OK, &Sightings { items }))
}
