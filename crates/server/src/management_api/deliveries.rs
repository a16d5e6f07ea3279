//! `/api/v1/organizations/{organization_id}/deliveries`: what an organization was told lately, at
//! its webhooks and by mail, and what came of it.

use axum::{extract::State, response::Response};
use hallpass_core::{
    DeliveryId, OrganizationId, PersonId, WebhookId,
    delivery::{Answer, Delivery, State as Progress, Target, Try},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem, answer,
    body::{Ids, Params},
    page::{self, Address},
    problem,
    program::Program,
    time::Moment,
};
use crate::{app::App, management::webhooks as acts};

/// Which page is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Rows of a page: 1 to 200, 50 unless said.
    limit: Option<usize>,
    /// The place where the page before ended; `next` has it.
    after: Option<String>,
}

/// One try to deliver.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryTry)]
struct TryView {
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    /// How long it took, in milliseconds.
    took_ms: u64,
    /// Whether the receiver, or the mail server, took it.
    taken: bool,
    /// What the receiver answered, if it did.
    status: Option<u16>,
    /// Why it did not.
    trouble: Option<String>,
}

impl From<Try> for TryView {
    fn from(one: Try) -> Self {
        let taken = one.answer.is_good();
        let (status, trouble) = match one.answer {
            Answer::Taken => (None, None),
            Answer::Status(status) => (Some(status), None),
            Answer::Trouble(why) => (None, Some(why)),
        };
        Self { at: Moment(one.at), took_ms: one.took_ms, taken, status, trouble }
    }
}

/// A notice on its way to one webhook, or to one member by mail.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(super) struct DeliveryView {
    /// The same at every try: the `webhook-id` of the message.
    #[schema(value_type = String)]
    id: DeliveryId,
    /// What it tells, as `subject.verb`.
    what: String,
    /// The webhook that it goes to; or it has a `person_id`.
    #[schema(value_type = Option<String>)]
    webhook_id: Option<WebhookId>,
    /// The member to whom it is mailed.
    #[schema(value_type = Option<String>)]
    person_id: Option<PersonId>,
    /// `waiting`, `delivered` or `given_up`.
    state: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
    /// When it is tried next, while it waits.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Moment>,
    /// What was tried, oldest first.
    tries: Vec<TryView>,
    /// The message, as it is sent.
    #[schema(value_type = Object)]
    message: Value,
}

impl From<Delivery> for DeliveryView {
    fn from(own: Delivery) -> Self {
        let (webhook_id, person_id) = match own.target {
            Target::Webhook(id) => (Some(id), None),
            Target::Mail(id) => (None, Some(id)),
        };
        Self {
            id: own.id,
            what: own.what,
            webhook_id,
            person_id,
            state: match own.state {
                Progress::Waiting => "waiting",
                Progress::Delivered => "delivered",
                Progress::GivenUp => "given_up",
            },
            created_at: Moment(own.created_at),
            due_at: (own.state == Progress::Waiting).then_some(Moment(own.due_at)),
            tries: own.tries.into_iter().map(TryView::from).collect(),
            message: serde_json::from_str(&own.body).unwrap_or_default(),
        }
    }
}

/// List what an organization was told lately, the newest first.
#[utoipa::path(get, path = "/api/v1/organizations/{organization_id}/deliveries", tag = "Notices",
    params(("organization_id" = String, Path, description = "Whose"), Wanted),
    security(("token" = ["settings:write"])),
    responses(
        (status = 200, description = "A page of deliveries",
            body = inline(page::Page<DeliveryView>)),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn list(
    State(app): State<App>,
    program: Program,
    Ids(id): Ids<OrganizationId>,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Problem> {
    let limit = page::limit(wanted.limit)?;
    let before: Option<DeliveryId> = page::place(wanted.after.as_deref())?;
    let act = app.act(&program.caller);
    let rows = acts::deliveries(&act, &id, before.as_ref(), limit + 1).await?;
    let address = Address::new(format!("/api/v1/organizations/{id}/deliveries"));
    let address = address.with("limit", wanted.limit);
    let how = (|row: &Delivery| page::cursor(&row.id), DeliveryView::from);
    Ok(page::show(&app, &address, limit, rows, how))
}

/// Show a delivery.
#[utoipa::path(get, path = "/api/v1/organizations/{organization_id}/deliveries/{delivery_id}",
    tag = "Notices",
    params(("organization_id" = String, Path, description = "Whose"),
        ("delivery_id" = String, Path, description = "Which")),
    security(("token" = ["settings:write"])),
    responses(
        (status = 200, description = "The delivery", body = DeliveryView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn show(
    State(app): State<App>,
    program: Program,
    Ids((id, delivery_id)): Ids<(OrganizationId, DeliveryId)>,
) -> Result<Response, Problem> {
    let own = acts::delivery(&app.act(&program.caller), &id, &delivery_id).await?;
    Ok(answer::json(StatusCode::OK, &DeliveryView::from(own)))
}

/// Send a delivery again, whatever came of it before.
#[utoipa::path(post,
    path = "/api/v1/organizations/{organization_id}/deliveries/{delivery_id}/send-again",
    tag = "Notices",
    params(("organization_id" = String, Path, description = "Whose"),
        ("delivery_id" = String, Path, description = "Which")),
    security(("token" = ["settings:write"])),
    responses(
        (status = 200, description = "On its way", body = DeliveryView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn send_again(
    State(app): State<App>,
    program: Program,
    Ids((id, delivery_id)): Ids<(OrganizationId, DeliveryId)>,
) -> Result<Response, Problem> {
    let own = acts::send_again(&app.act(&program.caller), &id, &delivery_id).await?;
    Ok(answer::json(StatusCode::OK, &DeliveryView::from(own)))
}
