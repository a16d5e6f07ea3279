//! `/api/v1/audit-chain`: whether the audit log is as it was written. It holds the events of every
//! organization, so it is for whoever may read all of them.

use axum::{extract::State, response::Response};
use hallpass_core::permission::Permission;
use hallpass_store::Chain;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Problem, answer, problem, program::Program, time::Moment};
use crate::app::App;

/// What the last check of this node has found.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = AuditChain)]
pub(super) struct ChainView {
    /// When it was checked; `null`: not since the node started.
    #[schema(value_type = Option<String>, format = DateTime)]
    checked_at: Option<Moment>,
    /// Whether no event was edited, added or removed.
    whole: Option<bool>,
    /// How many events it has, if it is whole.
    events: Option<u64>,
    /// The first event that is not as it was written.
    broken_seq: Option<u64>,
}

impl ChainView {
    fn of(app: &App) -> Self {
        let Some((chain, at)) = app.audit_check.last() else { return Self::default() };
        let (events, broken_seq) = match chain {
            Chain::Whole { events } => (Some(events), None),
            Chain::Broken { seq } => (None, Some(seq)),
        };
        let whole = Some(broken_seq.is_none());
        Self { checked_at: Some(Moment(at)), whole, events, broken_seq }
    }
}

/// Show what the last check of the audit log has found.
#[utoipa::path(get, path = "/api/v1/audit-chain", tag = "Audit",
    security(("token" = ["audit:read-all"])),
    responses(
        (status = 200, description = "What was found", body = ChainView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn show(State(app): State<App>, program: Program) -> Result<Response, Problem> {
    program.caller.must_everywhere(Permission::ReadAudit)?;
    Ok(answer::json(StatusCode::OK, &ChainView::of(&app)))
}

/// Recompute the chain of hashes of the audit log. This reads all of it.
#[utoipa::path(post, path = "/api/v1/audit-chain/verify", tag = "Audit",
    security(("token" = ["audit:read-all"])),
    responses(
        (status = 200, description = "What was found", body = ChainView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn verify(State(app): State<App>, program: Program) -> Result<Response, Problem> {
    program.caller.must_everywhere(Permission::ReadAudit)?;
    app.audit_check.run(&app).await?;
    Ok(answer::json(StatusCode::OK, &ChainView::of(&app)))
}
