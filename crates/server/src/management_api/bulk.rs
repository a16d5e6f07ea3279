//! `/api/v1/credentials/bulk/…`: several credentials in one go. What cannot be done to one of them
//! does not hold up the others, and is said.

use axum::{extract::State, response::Response};
use hallpass_core::ClientId;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{
    Problem, answer,
    body::Json,
    once::{Key, Made, Secret, body_of, once},
    problem,
    program::Program,
    time::Moment,
};
use crate::{
    app::App,
    management::bulk::{self as acts, Each},
};

/// Which credentials are to be paused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PauseSeveral {
    /// 1 to 25. If one of them is not there, nothing is done.
    #[schema(value_type = Vec<String>)]
    client_ids: Vec<ClientId>,
}

/// Which credentials are to get another secret.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateSeveral {
    /// 1 to 25. If one of them is not there, nothing is done.
    #[schema(value_type = Vec<String>)]
    client_ids: Vec<ClientId>,
    /// When their other secrets stop working; unless said they go on.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    others_expire_at: Option<Moment>,
}

/// What came of one credential.
#[derive(Debug, Serialize, ToSchema)]
struct Paused {
    #[schema(value_type = String)]
    client_id: ClientId,
    /// Whether it was done.
    done: bool,
    /// Why it was not.
    detail: Option<String>,
}

/// What came of each, in the order in which they were named.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PausedSeveral {
    items: Vec<Paused>,
}

/// What came of one credential, and its new secret.
#[derive(Serialize, ToSchema)]
struct Rotated {
    #[schema(value_type = String)]
    client_id: ClientId,
    /// Whether it was done.
    done: bool,
    /// Why it was not.
    detail: Option<String>,
    /// In the first answer alone: keep it now. `null` in a repeated one.
    client_secret: Option<String>,
    /// In a repeated answer: why there is no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_remark: Option<String>,
}

/// What came of each, in the order in which they were named.
#[derive(Serialize, ToSchema)]
pub(super) struct RotatedSeveral {
    items: Vec<Rotated>,
}

fn why<T>(each: &Each<T>) -> Option<String> {
    each.outcome.as_ref().err().map(ToString::to_string)
}

/// Pause several credentials.
#[utoipa::path(post, path = "/api/v1/credentials/bulk/pause", tag = "Credentials",
    security(("token" = ["credentials:write"])), request_body = PauseSeveral,
    responses(
        (status = 200, description = "What came of each", body = PausedSeveral),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn pause(
    State(app): State<App>,
    program: Program,
    Json { value, .. }: Json<PauseSeveral>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller);
    let chosen = acts::find(&act, None, &value.client_ids).await?;
    let paused = |each: Each<()>| Paused {
        detail: why(&each),
        done: each.outcome.is_ok(),
        client_id: each.credential.client_id,
    };
    let items = acts::pause(&act, chosen).await?.into_iter().map(paused).collect();
    Ok(answer::json(StatusCode::OK, &PausedSeveral { items }))
}

/// Add a secret to each of several credentials. Their secrets are in this answer, and in no other.
#[utoipa::path(post, path = "/api/v1/credentials/bulk/rotate", tag = "Credentials",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes asking again safe")),
    security(("token" = ["credentials:write"])), request_body = RotateSeveral,
    responses(
        (status = 201, description = "What came of each", body = RotatedSeveral),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn rotate(
    State(app): State<App>,
    program: Program,
    key: Key,
    Json { value, digest }: Json<RotateSeveral>,
) -> Result<Response, Problem> {
    let (own, caller) = (app.clone(), program.caller.clone());
    let work = async move {
        let act = own.act(&caller);
        let chosen = acts::find(&act, None, &value.client_ids).await?;
        let end = value.others_expire_at.map(|at| at.0);
        let (mut items, mut secrets) = (Vec::new(), Vec::new());
        for each in acts::rotate(&act, chosen, end).await? {
            let at = format!("/items/{}/client_secret", items.len());
            items.push(Rotated {
                detail: why(&each),
                done: each.outcome.is_ok(),
                client_id: each.credential.client_id,
                client_secret: None,
                client_secret_remark: None,
            });
            secrets.extend(
                each.outcome
                    .ok()
                    .map(|secret| Secret { at, text: Zeroizing::new(secret.expose().to_owned()) }),
            );
        }
        let path = "/api/v1/credentials".to_owned();
        Ok(Made { path, body: body_of(&RotatedSeveral { items })?, version: None, secrets })
    };
    once(&app, &program, (key, digest), work).await
}
