//! `/api/v1/credentials/{client_id}/secrets`. A secret is written once and read never.

use axum::{extract::State, response::Response};
use hallpass_core::{
    Change, ClientId, Credential, Image, SecretId, Timestamp, credential::LiveTokens,
    permission::Permission, text::Note,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Problem, answer,
    body::{Ids, IfMatch, Json},
    credentials::{self, CredentialView, SecretView},
    once::{Key, Made, Secret, body_of, once},
    problem,
    program::Program,
    time::Moment,
};
use crate::{
    app::App,
    management::{credentials as credential_acts, secrets as acts},
};

/// The secrets of a credential.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Secrets {
    /// Oldest first, the retired ones too.
    items: Vec<SecretView>,
}

/// A secret to be made.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NewSecret {
    /// Where it will be kept.
    #[schema(value_type = String)]
    note: Note,
    /// When it stops working; unless said: never, or as late as the policy allows.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Moment>,
    /// When the other secrets stop working; unless said they go on.
    #[schema(value_type = Option<String>, format = DateTime)]
    others_expire_at: Option<Moment>,
}

/// A secret that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeSecret {
    secret: SecretView,
    /// In the first answer alone: keep it now. `null` in a repeated one.
    client_secret: Option<String>,
    /// In a repeated answer: why there is no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_remark: Option<String>,
}

/// Where a secret is kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Noted {
    /// In its owner's words; empty: nobody says.
    #[schema(value_type = String)]
    note: Note,
}

/// What retiring does to live tokens.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Retire {
    /// Kill the tokens that it has minted, too.
    kill_tokens: bool,
}

/// List the secrets of a credential.
#[utoipa::path(get, path = "/api/v1/credentials/{client_id}/secrets", tag = "Secrets",
    params(("client_id" = String, Path, description = "Whose")),
    security(("token" = ["credentials:read"])),
    responses(
        (status = 200, description = "Its secrets", body = Secrets),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn list(
    State(app): State<App>,
    program: Program,
    Ids(client_id): Ids<ClientId>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller);
    let own = credential_acts::find(&act, &client_id, Permission::ReadCredentials).await?;
    let items = own.secrets.iter().map(|secret| SecretView::of(secret, act.now)).collect();
    Ok(answer::json(StatusCode::OK, &Secrets { items }))
}

/// Add a secret beside those that are there. Kills nothing.
#[utoipa::path(post, path = "/api/v1/credentials/{client_id}/secrets", tag = "Secrets",
    params(("client_id" = String, Path, description = "Whose"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes asking again safe")),
    security(("token" = ["credentials:write"])), request_body = NewSecret,
    responses(
        (status = 201, description = "Made", body = MadeSecret),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn create(
    State(app): State<App>,
    program: Program,
    Ids(client_id): Ids<ClientId>,
    key: Key,
    Json { value: new, digest }: Json<NewSecret>,
) -> Result<Response, Problem> {
    let (own, caller) = (app.clone(), program.caller.clone());
    let work = async move {
        let app = own;
        let act = app.act(&caller);
        let wanted = acts::Wanted {
            note: new.note,
            expires_at: new.expires_at.map(|at| at.0),
            others_expire_at: new.others_expire_at.map(|at| at.0),
        };
        let made = acts::add(&act, &client_id, wanted).await?;
        let secret = made.credential.secrets.last().ok_or_else(Problem::internal)?;
        let secret = SecretView::of(secret, act.now);
        let path = format!("/api/v1/credentials/{client_id}/secrets/{}", secret.id);
        let shape = MadeSecret { secret, client_secret: None, client_secret_remark: None };
        let body = body_of(&shape)?;
        let secrets = Secret::member("client_secret", made.secret.expose());
        Ok(Made { path, body, version: None, secrets })
    };
    once(&app, &program, (key, digest), work).await
}

/// Show a secret.
#[utoipa::path(get, path = "/api/v1/credentials/{client_id}/secrets/{secret_id}", tag = "Secrets",
    params(("client_id" = String, Path, description = "Whose"),
        ("secret_id" = String, Path, description = "Which")),
    security(("token" = ["credentials:read"])),
    responses(
        (status = 200, description = "What is known of it", body = SecretView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn show(
    State(app): State<App>,
    program: Program,
    Ids((client_id, secret_id)): Ids<(ClientId, SecretId)>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller);
    let own = credential_acts::find(&act, &client_id, Permission::ReadCredentials).await?;
    shown(own, &secret_id, act.now)
}

/// Say where a secret is kept.
#[utoipa::path(patch, path = "/api/v1/credentials/{client_id}/secrets/{secret_id}",
    tag = "Secrets",
    params(("client_id" = String, Path, description = "Whose"),
        ("secret_id" = String, Path, description = "Which"),
        ("If-Match" = String, Header, description = "The ETag of the version that you have seen")),
    security(("token" = ["credentials:write"])), request_body = Noted,
    responses(
        (status = 200, description = "Noted", body = SecretView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn update(
    State(app): State<App>,
    program: Program,
    Ids((client_id, secret_id)): Ids<(ClientId, SecretId)>,
    if_match: IfMatch,
    Json { value, .. }: Json<Noted>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller).only_if(Some(if_match.required()?));
    shown(acts::note(&act, &client_id, &secret_id, value.note).await?, &secret_id, act.now)
}

/// Retire a secret: it gets no more tokens.
#[utoipa::path(post, path = "/api/v1/credentials/{client_id}/secrets/{secret_id}/retire",
    tag = "Secrets",
    params(("client_id" = String, Path, description = "Whose"),
        ("secret_id" = String, Path, description = "Which")),
    security(("token" = ["credentials:write"])), request_body = Retire,
    responses(
        (status = 200, description = "Retired", body = CredentialView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn retire(
    State(app): State<App>,
    program: Program,
    Ids((client_id, secret_id)): Ids<(ClientId, SecretId)>,
    IfMatch(seen): IfMatch,
    Json { value: how, .. }: Json<Retire>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller).only_if(seen.as_ref());
    let live = if how.kill_tokens { LiveTokens::Kill } else { LiveTokens::Keep };
    done(&app, acts::retire(&act, &client_id, &secret_id, live).await)
}

/// Kill the live tokens of a secret, and keep the secret.
#[utoipa::path(post, path = "/api/v1/credentials/{client_id}/secrets/{secret_id}/kill-tokens",
    tag = "Secrets",
    params(("client_id" = String, Path, description = "Whose"),
        ("secret_id" = String, Path, description = "Which")),
    security(("token" = ["credentials:write"])),
    responses(
        (status = 200, description = "Killed", body = CredentialView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn kill_tokens(
    State(app): State<App>,
    program: Program,
    Ids((client_id, secret_id)): Ids<(ClientId, SecretId)>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller);
    done(&app, acts::kill_tokens(&act, &client_id, &secret_id).await)
}

/// Retire a secret that strangers have seen, even the last one, and kill its tokens.
#[utoipa::path(post, path = "/api/v1/credentials/{client_id}/secrets/{secret_id}/report-leaked",
    tag = "Secrets",
    params(("client_id" = String, Path, description = "Whose"),
        ("secret_id" = String, Path, description = "Which")),
    security(("token" = ["credentials:write"])),
    responses(
        (status = 200, description = "Retired", body = CredentialView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn report_leaked(
    State(app): State<App>,
    program: Program,
    Ids((client_id, secret_id)): Ids<(ClientId, SecretId)>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller);
    done(&app, acts::leaked(&act, &client_id, &secret_id).await)
}

fn done(
    app: &App,
    change: Result<Change, crate::management::ManagementError>,
) -> Result<Response, Problem> {
    credentials::left(app, &change?)
}

/// A secret, with the version of its credential, in whose row it is.
fn shown(own: Credential, id: &SecretId, now: Timestamp) -> Result<Response, Problem> {
    let view = SecretView::of(own.secret(id).ok_or_else(Problem::not_found)?, now);
    let version = Image::Credential(Box::new(own)).version();
    Ok(answer::versioned(StatusCode::OK, &view, &version))
}
