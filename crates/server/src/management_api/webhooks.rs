//! `/api/v1/organizations/{organization_id}/webhooks`: where an organization hears of its
//! credentials. A webhook's secret is in the answer that makes it, and in no other.

use std::collections::BTreeSet;

use axum::{extract::State, response::Response};
use hallpass_core::{
    OrganizationId, WebhookId,
    notice::{BadKind, Kind},
    webhook::{Webhook, WebhookUrl},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Problem, answer,
    body::{Ids, IfMatch, Json, Nothing, given},
    deliveries::DeliveryView,
    once::{Key, Made, Secret, body_of, once},
    problem,
    program::Program,
    time::Moment,
};
use crate::{
    app::App,
    management::webhooks::{self as acts, Found},
};

/// A kind of notice that can be chosen.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
pub(super) struct Chosen(pub(super) Kind);

impl TryFrom<String> for Chosen {
    type Error = BadKind;

    fn try_from(word: String) -> Result<Self, BadKind> {
        word.parse().map(Self)
    }
}

/// The kinds that were chosen.
pub(super) fn kinds(chosen: BTreeSet<Chosen>) -> BTreeSet<Kind> {
    chosen.into_iter().map(|one| one.0).collect()
}

/// A webhook. Its secret is not shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(super) struct WebhookView {
    #[schema(value_type = String)]
    id: WebhookId,
    #[schema(value_type = String)]
    url: WebhookUrl,
    /// Of what it hears: `expiring`, `unused`, `new_address`, `leaked`, `approval_asked`, `stopped`.
    #[schema(value_type = Vec<String>)]
    kinds: BTreeSet<Kind>,
    /// Whether it hears nothing for the time being.
    is_paused: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
    created_by: String,
}

impl From<Webhook> for WebhookView {
    fn from(own: Webhook) -> Self {
        Self {
            id: own.id,
            url: own.url,
            kinds: own.kinds,
            is_paused: own.is_paused,
            created_at: Moment(own.created_at),
            created_by: own.created_by,
        }
    }
}

/// The webhooks of an organization.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhooks {
    /// In the order in which they were made; 10 at most.
    items: Vec<WebhookView>,
}

/// A webhook to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWebhook {
    /// An https URL.
    #[schema(value_type = String, example = "https://hooks.example.com/hallpass")]
    url: WebhookUrl,
    /// Of what it hears; of everything unless said.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    kinds: Option<BTreeSet<Chosen>>,
    /// Make it without calling it yet.
    #[serde(default)]
    is_paused: bool,
}

/// A change of a webhook: what is not mentioned stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PatchWebhook {
    /// An https URL.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String)]
    url: Option<WebhookUrl>,
    /// Of what it hears, all of it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<String>)]
    kinds: Option<BTreeSet<Chosen>>,
    /// `true`: it hears nothing until this is `false` again.
    #[serde(default, deserialize_with = "given")]
    is_paused: Option<bool>,
}

/// A webhook with its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeWebhook {
    webhook: WebhookView,
    /// What its messages are signed with, in the first answer alone. `null` in a repeated one.
    signing_secret: Option<String>,
    /// In a repeated answer: why there is no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_secret_remark: Option<String>,
}

/// List the webhooks of an organization.
#[utoipa::path(get, path = "/api/v1/organizations/{organization_id}/webhooks", tag = "Notices",
    params(("organization_id" = String, Path, description = "Whose")),
    security(("token" = ["settings:write"])),
    responses(
        (status = 200, description = "Its webhooks", body = Webhooks),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn list(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
) -> Result<Response, Problem> {
    let all = acts::list(&app.act(&program.caller), &id).await?;
    let items = all.into_iter().map(WebhookView::from).collect();
    Ok(answer::json(StatusCode::OK, &Webhooks { items }))
}

/// Make a webhook. Its secret is in this answer, and in no other.
#[utoipa::path(post, path = "/api/v1/organizations/{organization_id}/webhooks", tag = "Notices",
    params(("organization_id" = String, Path, description = "Whose"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes asking again safe")),
    security(("token" = ["settings:write"])), request_body = NewWebhook,
    responses(
        (status = 201, description = "Made", body = MadeWebhook),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn create(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
    key: Key,
    Json { value: new, digest }: Json<NewWebhook>,
) -> Result<Response, Problem> {
    let (own, caller) = (app.clone(), program.caller.clone());
    let work = async move {
        let kinds = new.kinds.map_or_else(|| Kind::ALL.into(), kinds);
        let wanted = acts::Wanted { url: new.url, kinds, is_paused: new.is_paused };
        made(&id, acts::add(&own.act(&caller), &id, wanted).await?)
    };
    once(&app, &program, (key, digest), work).await
}

/// Show a webhook.
#[utoipa::path(get, path = "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}",
    tag = "Notices",
    params(("organization_id" = String, Path, description = "Whose"),
        ("webhook_id" = String, Path, description = "Which")),
    security(("token" = ["settings:write"])),
    responses(
        (status = 200, description = "The webhook", body = WebhookView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn show(
    State(app): State<App>,
    program: Program,
    Ids((id, webhook_id)): Ids<(OrganizationId, WebhookId)>,
) -> Result<Response, Problem> {
    Ok(shown(acts::find(&app.act(&program.caller), &id, &webhook_id).await?))
}

/// Change, pause or resume a webhook: a merge patch (RFC 7396). Its secret stays.
#[utoipa::path(patch, path = "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}",
    tag = "Notices",
    params(("organization_id" = String, Path, description = "Whose"),
        ("webhook_id" = String, Path, description = "Which"),
        ("If-Match" = String, Header, description = "The ETag of the version that you have seen")),
    security(("token" = ["settings:write"])), request_body = PatchWebhook,
    responses(
        (status = 200, description = "Changed", body = WebhookView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn update(
    State(app): State<App>,
    program: Program,
    Ids((id, webhook_id)): Ids<(OrganizationId, WebhookId)>,
    if_match: IfMatch,
    Json { value: patch, .. }: Json<PatchWebhook>,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller).only_if(Some(if_match.required()?));
    let Found { webhook: own, .. } = acts::find(&act, &id, &webhook_id).await?;
    let wanted = acts::Wanted {
        url: patch.url.unwrap_or(own.url),
        kinds: patch.kinds.map_or(own.kinds, kinds),
        is_paused: patch.is_paused.unwrap_or(own.is_paused),
    };
    Ok(shown(acts::update(&act, &id, &webhook_id, wanted).await?))
}

/// Remove a webhook. What is on its way to it is given up.
#[utoipa::path(delete, path = "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}",
    tag = "Notices",
    params(("organization_id" = String, Path, description = "Whose"),
        ("webhook_id" = String, Path, description = "Which")),
    security(("token" = ["settings:write"])),
    responses(
        (status = 204, description = "Removed"),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn remove(
    State(app): State<App>,
    program: Program,
    Ids((id, webhook_id)): Ids<(OrganizationId, WebhookId)>,
    IfMatch(seen): IfMatch,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller).only_if(seen.as_ref());
    acts::remove(&act, &id, &webhook_id).await?;
    Ok(answer::nothing())
}

/// Give a webhook another secret. The old one signs nothing any more.
#[utoipa::path(post,
    path = "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}/rotate-secret",
    tag = "Notices",
    params(("organization_id" = String, Path, description = "Whose"),
        ("webhook_id" = String, Path, description = "Which"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes asking again safe")),
    security(("token" = ["settings:write"])),
    responses(
        (status = 201, description = "Made", body = MadeWebhook),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn rotate_secret(
    State(app): State<App>,
    program: Program,
    Ids((id, webhook_id)): Ids<(OrganizationId, WebhookId)>,
    key: Key,
    Nothing { digest }: Nothing,
) -> Result<Response, Problem> {
    let (own, caller) = (app.clone(), program.caller.clone());
    let work =
        async move { made(&id, acts::rotate_secret(&own.act(&caller), &id, &webhook_id).await?) };
    once(&app, &program, (key, digest), work).await
}

/// Send a test to a webhook, also to a paused one.
#[utoipa::path(post, path = "/api/v1/organizations/{organization_id}/webhooks/{webhook_id}/test",
    tag = "Notices",
    params(("organization_id" = String, Path, description = "Whose"),
        ("webhook_id" = String, Path, description = "Which"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes asking again safe")),
    security(("token" = ["settings:write"])),
    responses(
        (status = 201, description = "On its way", body = DeliveryView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn test(
    State(app): State<App>,
    program: Program,
    Ids((id, webhook_id)): Ids<(OrganizationId, WebhookId)>,
    key: Key,
    Nothing { digest }: Nothing,
) -> Result<Response, Problem> {
    let (own, caller) = (app.clone(), program.caller.clone());
    let work = async move {
        let delivery = acts::test(&own.act(&caller), &id, &webhook_id).await?;
        Ok(Made {
            path: format!("/api/v1/organizations/{id}/deliveries/{}", delivery.id),
            body: body_of(&DeliveryView::from(delivery))?,
            version: None,
            secrets: Vec::new(),
        })
    };
    once(&app, &program, (key, digest), work).await
}

fn shown(Found { webhook, version }: Found) -> Response {
    answer::versioned(StatusCode::OK, &WebhookView::from(webhook), &version)
}

fn made(id: &OrganizationId, made: acts::Made) -> Result<Made, Problem> {
    let secrets = Secret::member("signing_secret", &made.secret.expose());
    let webhook = WebhookView::from(made.webhook);
    let path = format!("/api/v1/organizations/{id}/webhooks/{}", webhook.id);
    let shape = MadeWebhook { webhook, signing_secret: None, signing_secret_remark: None };
    Ok(Made { path, body: body_of(&shape)?, version: Some(made.version), secrets })
}
