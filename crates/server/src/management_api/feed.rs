//! `/api/v1/feed`: how much this node knows, and how far the revocation feed has come.

use axum::{extract::State, response::Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Problem, answer, problem, program::Program, time::Moment};
use crate::{app::App, routes};

/// Where the feed stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Feed)]
pub(super) struct FeedView {
    /// Number of the last death.
    seq: u64,
    /// The time up to which the answering node has seen every change.
    #[schema(value_type = String, format = DateTime)]
    as_of: Moment,
    /// Number of the last change that the answering node has applied.
    change_seq: u64,
    /// Entries that are live.
    entries: usize,
    /// Verifiers that read the answering node's stream.
    readers: usize,
    /// The whole live set.
    snapshot_uri: String,
    /// What dies, as it does.
    stream_uri: String,
}

/// Show where the revocation feed stands.
#[utoipa::path(get, path = "/api/v1/feed", tag = "Feed", security(("token" = [])),
    responses(
        (status = 200, description = "Where it stands", body = FeedView),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn show(State(app): State<App>, _: Program) -> Result<Response, Problem> {
    let view = FeedView {
        seq: app.live.feed.seq(),
        as_of: Moment(app.live.as_of()),
        change_seq: app.live.applied(),
        entries: app.live.feed.len(),
        readers: app.live.feed.readers().len(),
        snapshot_uri: app.config.url(routes::FEED),
        stream_uri: app.config.url(routes::FEED_STREAM),
    };
    Ok(answer::json(StatusCode::OK, &view))
}
