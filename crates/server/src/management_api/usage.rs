//! `/api/v1/credentials/{client_id}/usage`: how often a credential got tokens, by hour.

use std::net::IpAddr;

use axum::{extract::State, response::Response};
use hallpass_core::{
    ApiId, ClientId, Credential, SecretId, Timestamp, permission::Permission, usage::Usage,
};
use hallpass_store::LastUsed;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem, answer,
    body::{Ids, Params},
    problem,
    program::Program,
    time::Moment,
};
use crate::{app::App, management::credentials};

const HOUR_S: u64 = 3600;

/// How far back usage is told when nothing else is said, in seconds.
const DEFAULT_S: u64 = 14 * 86_400;

/// How far back usage is told at most, in seconds: it bounds the answer.
const AT_MOST_S: u64 = 31 * 86_400;

/// From when on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    /// The first hour; at most 31 days ago, 14 unless said.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Moment>,
}

/// Token requests of one hour.
#[derive(Debug, Serialize, ToSchema)]
struct Hour {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    hour: Moment,
    /// By which secret; `null` if it has been removed.
    #[schema(value_type = Option<String>)]
    secret_id: Option<SecretId>,
    /// For which API; `null` if it never became clear.
    #[schema(value_type = Option<String>)]
    api_id: Option<ApiId>,
    /// `issued`, or `refused` although the secret was right.
    outcome: &'static str,
    /// How many.
    count: u64,
}

/// When a secret last got a token.
#[derive(Debug, Serialize, ToSchema)]
struct Last {
    #[schema(value_type = Option<String>)]
    secret_id: Option<SecretId>,
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    #[schema(value_type = Option<String>)]
    address: Option<IpAddr>,
}

/// How a credential was used.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Usage)]
pub(super) struct UsageView {
    #[schema(value_type = String, format = DateTime)]
    since: Moment,
    /// Hours in which something was asked, oldest first. Counts are written every few seconds.
    hours: Vec<Hour>,
    /// One row per secret that was ever used.
    last_used: Vec<Last>,
}

/// Show how a credential was used.
#[utoipa::path(get, path = "/api/v1/credentials/{client_id}/usage", tag = "Credentials",
    params(("client_id" = String, Path, description = "Which"), Since),
    security(("token" = ["credentials:read"])),
    responses(
        (status = 200, description = "Its usage", body = UsageView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn show(
    State(app): State<App>,
    program: Program,
    Ids(client_id): Ids<ClientId>,
    Params(Since { since }): Params<Since>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller);
    let own = credentials::find(&act, &client_id, Permission::ReadCredentials).await?;
    let since = since.map_or(act.now.minus_secs(DEFAULT_S), |since| since.0);
    if since < act.now.minus_secs(AT_MOST_S) {
        return Err(Problem::invalid("since", "at most 31 days ago"));
    }
    let hours = app.store.usage(&client_id, since.as_secs() / HOUR_S).await?;
    let last_used = app.store.last_used(&client_id).await?;
    let view = UsageView {
        since: Moment(since),
        hours: hours.into_iter().map(|row| hour(&own, row)).collect(),
        last_used: last_used.into_iter().map(|row| last(&own, row)).collect(),
    };
    Ok(answer::json(StatusCode::OK, &view))
}

fn secret_id(own: &Credential, place: u16) -> Option<SecretId> {
    own.secrets.get(usize::from(place)).map(|secret| secret.id.clone())
}

fn hour(own: &Credential, row: Usage) -> Hour {
    Hour {
        hour: Moment(Timestamp::from_secs(row.slot.hour * HOUR_S)),
        secret_id: secret_id(own, row.slot.secret),
        api_id: row.slot.api_id,
        outcome: row.slot.ending.word(),
        count: row.count,
    }
}

fn last(own: &Credential, row: LastUsed) -> Last {
    let secret_id = secret_id(own, row.secret);
    Last { secret_id, at: Moment(row.last_at), address: row.last_address }
}
