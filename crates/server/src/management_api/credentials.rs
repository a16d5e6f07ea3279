//! `/api/v1/credentials`: the credentials of the caller's organization; with a scope for all,
//! those of every organization.

mod shape;

use axum::{extract::State, response::Response};
use hallpass_core::{ClientId, Credential, Image, Timestamp, permission::Permission};
use hallpass_store::{CredentialFilter, Newest};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

pub(super) use self::shape::{CredentialView, SecretView};
use self::shape::{MadeCredential, NewCredential, PatchCredential, Recent};
use super::{
    Problem, answer,
    body::{Ids, IfMatch, Json, Params},
    once::{Key, Made, Secret, body_of, once},
    page::{self, Address},
    problem,
    program::Program,
};
use crate::{
    app::App,
    management::{
        credentials::{self as acts, Step},
        listing,
    },
};

/// Which credentials are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Those of this organization; `*`: of all. The caller's own unless said.
    organization_id: Option<String>,
    /// `pending`, `active`, `paused` or `revoked`.
    status: Option<String>,
    /// Those whose name or client id contains this.
    q: Option<String>,
    /// Those with this tag.
    tag: Option<String>,
    /// `true`: with the last use of each, and its tokens of the last 14 days.
    usage: Option<bool>,
    /// Rows of a page: 1 to 200, 50 unless said.
    limit: Option<usize>,
    /// The place where the page before ended; `next` has it.
    after: Option<String>,
}

/// List credentials, the newest first.
#[utoipa::path(get, path = "/api/v1/credentials", tag = "Credentials", params(Wanted),
    security(("token" = ["credentials:read"])),
    responses(
        (status = 200, description = "A page of credentials",
            body = inline(page::Page<CredentialView>)),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn list(
    State(app): State<App>,
    program: Program,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Problem> {
    let organization_id =
        program.organizations(&app, wanted.organization_id.as_deref(), Permission::ReadCredentials);
    let organization_id = organization_id.await?;
    let statuses = ["pending", "active", "paused", "revoked"];
    if wanted.status.as_ref().is_some_and(|status| !statuses.contains(&status.as_str())) {
        return Err(Problem::invalid("status", "one of pending, active, paused and revoked"));
    }
    let limit = page::limit(wanted.limit)?;
    let place: Option<(Timestamp, ClientId)> = page::place(wanted.after.as_deref())?;
    let place = place.map(|(created_at, client_id)| Newest { created_at, client_id });
    let address = Address::new("/api/v1/credentials")
        .with("organization_id", Some(organization_id.as_ref().map_or("*", |id| id.as_str())))
        .with("status", wanted.status.as_ref())
        .with("q", wanted.q.as_ref())
        .with("tag", wanted.tag.as_ref())
        .with("usage", wanted.usage)
        .with("limit", wanted.limit);
    let filter = CredentialFilter {
        organization_id: organization_id.clone(),
        status: wanted.status,
        text: wanted.q,
        tag: wanted.tag,
    };
    let (page, act) = ((place.as_ref(), limit + 1), app.act(&program.caller));
    let rows: Vec<(Credential, Option<Recent>)> = if wanted.usage.unwrap_or(false) {
        let listed = listing::newest(&act, organization_id.as_ref(), &filter, page).await?;
        listed.into_iter().map(Recent::of).collect()
    } else {
        let found = app.store.newest_credentials(&filter, page.0, page.1).await?;
        found.into_iter().map(|own| (own, None)).collect()
    };
    let catalog = app.live.directory.catalog();
    Ok(page::show(
        &app,
        &address,
        limit,
        rows,
        (
            |(row, _)| page::cursor(&(row.created_at, &row.client_id)),
            |(row, recent)| CredentialView::of(&row, &catalog, act.now).with(recent),
        ),
    ))
}

/// Make a credential. Its secret is in this answer, and in no other.
#[utoipa::path(post, path = "/api/v1/credentials", tag = "Credentials",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes asking again safe")),
    security(("token" = ["credentials:write"])), request_body = NewCredential,
    responses(
        (status = 201, description = "Made", body = MadeCredential),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn create(
    State(app): State<App>,
    program: Program,
    key: Key,
    Json { value: new, digest }: Json<NewCredential>,
) -> Result<Response, Problem> {
    let (own, caller) = (app.clone(), program.caller.clone());
    let id = new.organization_id.clone().unwrap_or_else(|| program.organization_id.clone());
    let work = async move {
        let app = own;
        let pending = new.pending;
        let settings = new.settings(&app.live.directory.catalog())?;
        let act = app.act(&caller);
        let made = if pending {
            acts::prepare_as(&act, &id, settings).await?
        } else {
            acts::add(&act, &id, settings).await?.0
        };
        let credential = view(&app, &made.credential);
        Ok(Made {
            path: format!("/api/v1/credentials/{}", made.credential.client_id),
            body: body_of(&MadeCredential::shown_as(credential))?,
            version: Some(Image::Credential(Box::new(made.credential)).version()),
            secrets: Secret::member("client_secret", made.secret.expose()),
        })
    };
    once(&app, &program, (key, digest), work).await
}

/// Show a credential.
#[utoipa::path(get, path = "/api/v1/credentials/{client_id}", tag = "Credentials",
    params(("client_id" = String, Path, description = "Which")),
    security(("token" = ["credentials:read"])),
    responses(
        (status = 200, description = "The credential", body = CredentialView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn show(
    State(app): State<App>,
    program: Program,
    Ids(client_id): Ids<ClientId>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller);
    let found = acts::find(&act, &client_id, Permission::ReadCredentials).await?;
    Ok(shown(&app, found))
}

/// Change a credential: a merge patch (RFC 7396), so that what is not mentioned stays.
#[utoipa::path(patch, path = "/api/v1/credentials/{client_id}", tag = "Credentials",
    params(("client_id" = String, Path, description = "Which"),
        ("If-Match" = String, Header, description = "The ETag of the version that you have seen")),
    security(("token" = ["credentials:write"])), request_body = PatchCredential,
    responses(
        (status = 200, description = "Changed", body = CredentialView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn update(
    State(app): State<App>,
    program: Program,
    Ids(client_id): Ids<ClientId>,
    if_match: IfMatch,
    Json { value: patch, .. }: Json<PatchCredential>,
) -> Result<Response, Problem> {
    let seen = if_match.required()?;
    let act = app.act(&program.caller).only_if(Some(seen));
    let own = acts::find(&act, &client_id, Permission::WriteCredentials).await?;
    let settings = patch.over(own.settings, &app.live.directory.catalog())?;
    let change = acts::update(&act, &client_id, settings).await?;
    left(&app, &change)
}

/// Remove what is left of a revoked credential.
#[utoipa::path(delete, path = "/api/v1/credentials/{client_id}", tag = "Credentials",
    params(("client_id" = String, Path, description = "Which")),
    security(("token" = ["credentials:write"])),
    responses(
        (status = 204, description = "Removed"),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn delete(
    State(app): State<App>,
    program: Program,
    Ids(client_id): Ids<ClientId>,
    IfMatch(seen): IfMatch,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller).only_if(seen.as_ref());
    acts::step(&act, &client_id, Step::Delete).await?;
    Ok(answer::nothing())
}

/// Let a pending credential get tokens; where approval is required, ask for it.
#[utoipa::path(post, path = "/api/v1/credentials/{client_id}/activate", tag = "Credentials",
    params(("client_id" = String, Path, description = "Which")),
    security(("token" = ["credentials:write"])),
    responses(
        (status = 200, description = "Active, or awaiting approval", body = CredentialView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn activate(
    State(app): State<App>,
    program: Program,
    Ids(client_id): Ids<ClientId>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller);
    let (now, _) = acts::activate(&act, &client_id).await?;
    Ok(shown(&app, now))
}

macro_rules! step {
    ($name:ident, $step:ident, $path:literal, $scope:literal, $what:literal) => {
        #[doc = $what]
        #[utoipa::path(post, path = $path, tag = "Credentials",
                    params(("client_id" = String, Path, description = "Which")),
                    security(("token" = [$scope])),
                    responses(
                        (status = 200, description = "Done", body = CredentialView),
                        (status = "default", description = "A problem", body = problem::Body)))]
        pub(super) async fn $name(
            State(app): State<App>,
            program: Program,
            Ids(client_id): Ids<ClientId>,
            IfMatch(seen): IfMatch,
        ) -> Result<Response, Problem> {
            let act = app.act(&program.caller).only_if(seen.as_ref());
            let change = acts::step(&act, &client_id, Step::$step).await?;
            left(&app, &change)
        }
    };
}
step!(
    approve,
    Approve,
    "/api/v1/credentials/{client_id}/approve",
    "credentials:approve",
    "Let a credential that awaits approval get tokens."
);
step!(
    pause,
    Pause,
    "/api/v1/credentials/{client_id}/pause",
    "credentials:write",
    "Refuse tokens and kill the live ones, until resumed."
);
step!(
    resume,
    Resume,
    "/api/v1/credentials/{client_id}/resume",
    "credentials:write",
    "End a pause. What was killed stays dead."
);
step!(
    revoke,
    Revoke,
    "/api/v1/credentials/{client_id}/revoke",
    "credentials:write",
    "End a credential for good, and kill all of its tokens."
);

/// Do away with a pending credential.
#[utoipa::path(post, path = "/api/v1/credentials/{client_id}/discard", tag = "Credentials",
    params(("client_id" = String, Path, description = "Which")),
    security(("token" = ["credentials:write"])),
    responses(
        (status = 204, description = "Gone"),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn discard(
    State(app): State<App>,
    program: Program,
    Ids(client_id): Ids<ClientId>,
) -> Result<Response, Problem> {
    acts::step(&app.act(&program.caller), &client_id, Step::Discard).await?;
    Ok(answer::nothing())
}

fn view(app: &App, credential: &Credential) -> CredentialView {
    CredentialView::of(credential, &app.live.directory.catalog(), app.clock.now())
}

/// A credential, with its version.
pub(super) fn shown(app: &App, credential: Credential) -> Response {
    let view = view(app, &credential);
    let version = Image::Credential(Box::new(credential)).version();
    answer::versioned(StatusCode::OK, &view, &version)
}

/// The credential that a change has left behind.
pub(super) fn left(app: &App, change: &hallpass_core::Change) -> Result<Response, Problem> {
    match acts::left_by(change) {
        Some(credential) => Ok(shown(app, credential.clone())),
        None => Ok(answer::nothing()),
    }
}
