//! `/api/v1/audit-events`: who did what. Those of the caller's organization; with the scope for
//! all, those of every organization and of the installation itself.

use axum::{extract::State, response::Response};
use hallpass_core::{OrganizationId, audit::Event, permission::Permission};
use hallpass_store::AuditFilter;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    Problem,
    body::Params,
    page::{self, Address},
    problem,
    program::Program,
    time::Moment,
};
use crate::app::App;

const PATH: &str = "/api/v1/audit-events";

/// Which events are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Those of this organization; `*`: all. The caller's own unless said.
    organization_id: Option<String>,
    /// Those about the thing of this id.
    subject: Option<String>,
    /// What this person or client did.
    actor_id: Option<String>,
    /// Those whose action begins so, such as `credential.`.
    action: Option<String>,
    /// Those from this moment on.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Moment>,
    /// Those before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Moment>,
    /// Rows of a page: 1 to 200, 50 unless said.
    limit: Option<usize>,
    /// The place where the page before ended; `next` has it.
    after: Option<String>,
}

/// An event of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEvent)]
struct EventView {
    /// Number of the change that it belongs to.
    seq: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Moment,
    /// Who, by `kind`: `person`, `credential`, `operator`, `finder` or `server`.
    #[schema(value_type = Object)]
    actor: Value,
    /// Who, in words.
    actor_text: String,
    /// What was done, as `subject.verb`.
    action: String,
    /// The id of what it was done to.
    subject: String,
    #[schema(value_type = Option<String>)]
    organization_id: Option<OrganizationId>,
    /// More, by the kind of action.
    #[schema(value_type = Object)]
    detail: Value,
    /// Chains it to the event before.
    hash: String,
}

impl From<Event> for EventView {
    fn from(event: Event) -> Self {
        Self {
            seq: event.seq,
            at: Moment(event.at),
            actor: serde_json::to_value(&event.actor).unwrap_or_default(),
            actor_text: event.actor.to_string(),
            action: event.action,
            subject: event.subject,
            organization_id: event.organization_id,
            detail: event.detail,
            hash: event.hash,
        }
    }
}

/// List audit events, the newest first.
#[utoipa::path(get, path = "/api/v1/audit-events", tag = "Audit", params(Wanted),
    security(("token" = ["audit:read"])),
    responses(
        (status = 200, description = "A page of events", body = inline(page::Page<EventView>)),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn list(
    State(app): State<App>,
    program: Program,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Problem> {
    let organization_id =
        program.organizations(&app, wanted.organization_id.as_deref(), Permission::ReadAudit);
    let organization_id = organization_id.await?;
    let limit = page::limit(wanted.limit)?;
    let before: Option<u64> = page::place(wanted.after.as_deref())?;
    let address = Address::new(PATH)
        .with("organization_id", Some(organization_id.as_ref().map_or("*", |id| id.as_str())))
        .with("subject", wanted.subject.as_ref())
        .with("actor_id", wanted.actor_id.as_ref())
        .with("action", wanted.action.as_ref())
        .with("since", wanted.since.map(Moment::text))
        .with("until", wanted.until.map(Moment::text))
        .with("limit", wanted.limit);
    let filter = AuditFilter {
        organization_id,
        subject: wanted.subject,
        actor_id: wanted.actor_id,
        action: wanted.action,
        since: wanted.since.map(|at| at.0),
        until: wanted.until.map(|at| at.0),
    };
    let rows = app.store.audit(&filter, before, limit + 1).await?;
    let how = (|row: &Event| page::cursor(&row.seq), EventView::from);
    Ok(page::show(&app, &address, limit, rows, how))
}
