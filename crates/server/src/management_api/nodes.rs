//! `/api/v1/nodes`, `/api/v1/followers` and `/api/v1/findings`: how much each node knows, who
//! follows the revocation feed, and what needs attention. For programs that watch an installation.

use std::{net::IpAddr, sync::Arc};

use axum::{extract::State, response::Response};
use hallpass_core::{Timestamp, permission::Duty};
use hallpass_store::Node;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Problem, answer, problem, program::Program, time::Moment};
use crate::{
    app::App,
    health::{self, Finding},
    management::nodes as acts,
    presence,
    readers::Reader,
};

/// Followers that are shown: those that have been told least.
const FOLLOWERS_AT_MOST: usize = 100;

/// A node, as it last reported. Times are by its own clock.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Node)]
struct NodeView {
    name: String,
    /// Where its public endpoints listen.
    address: String,
    /// Whether it is the one that answers.
    is_this: bool,
    /// `healthy`, `blind` (it has not seen every change for seconds) or `silent`.
    standing: String,
    version: String,
    issuer: String,
    #[schema(value_type = String, format = DateTime)]
    started_at: Moment,
    /// When it reported.
    #[schema(value_type = String, format = DateTime)]
    said_at: Moment,
    /// Up to when it had seen every change.
    #[schema(value_type = String, format = DateTime)]
    as_of: Moment,
    /// Number of the last change that it had applied.
    change_seq: u64,
    /// Changes that it had not applied yet.
    behind: u64,
}

impl NodeView {
    fn of(app: &App, node: Node, now: Timestamp) -> Self {
        let standing = health::standing(&node, now).to_ascii_lowercase();
        let behind = node.behind();
        let report = node.report;
        Self {
            is_this: report.name == presence::name(app) && report.address == app.address(),
            standing,
            name: report.name,
            address: report.address.to_string(),
            version: report.version,
            issuer: report.issuer,
            started_at: Moment(report.started_at),
            said_at: Moment(report.said_at),
            as_of: Moment(report.as_of),
            change_seq: report.applied,
            behind,
        }
    }
}

/// The nodes of an installation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Nodes {
    /// By name and address.
    items: Vec<NodeView>,
}

/// List the nodes, each as it last reported.
#[utoipa::path(get, path = "/api/v1/nodes", tag = "Nodes",
    security(("token" = ["nodes:read"])),
    responses(
        (status = 200, description = "All nodes", body = Nodes),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn list(State(app): State<App>, program: Program) -> Result<Response, Problem> {
    let act = app.act(&program.caller);
    let all = acts::list(&act).await?.into_iter();
    let items = all.map(|node| NodeView::of(&app, node, act.now)).collect();
    Ok(answer::json(StatusCode::OK, &Nodes { items }))
}

/// Who follows the revocation feed of the answering node.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Follower)]
struct FollowerView {
    #[schema(value_type = Option<String>)]
    address: Option<IpAddr>,
    /// What its `User-Agent` names first.
    library: Box<str>,
    #[schema(value_type = String, format = DateTime)]
    since: Moment,
    /// Number of the last death that was sent to it.
    sent_seq: u64,
    /// Deaths that have not been sent to it yet.
    behind: u64,
}

/// Who follows the feed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Followers {
    /// Those that have been told least; 100 at most.
    items: Vec<FollowerView>,
    /// How many there are.
    count: usize,
}

/// List who follows the revocation feed of the answering node.
#[utoipa::path(get, path = "/api/v1/followers", tag = "Nodes",
    security(("token" = ["nodes:read"])),
    responses(
        (status = 200, description = "Its followers", body = Followers),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn followers(
    State(app): State<App>,
    program: Program,
) -> Result<Response, Problem> {
    program.caller.must_have(Duty::ReadNodes)?;
    let newest = app.live.feed.seq();
    let readers = app.live.feed.readers();
    let follower = |reader: Arc<Reader>| FollowerView {
        address: reader.address,
        library: reader.library.clone(),
        since: Moment(reader.since),
        sent_seq: reader.sent(),
        behind: newest.saturating_sub(reader.sent()),
    };
    let items = readers.slowest(FOLLOWERS_AT_MOST).into_iter().map(follower).collect();
    Ok(answer::json(StatusCode::OK, &Followers { items, count: readers.len() }))
}

/// What was found of one thing that may be wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
struct FindingView {
    /// Whether all is well with it.
    fine: bool,
    /// What was found, and what to do.
    says: String,
}

impl From<Finding> for FindingView {
    fn from(Finding { fine, says }: Finding) -> Self {
        Self { fine, says }
    }
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Findings {
    /// How many need attention.
    troubles: usize,
    items: Vec<FindingView>,
}

/// Look for what needs attention, as the answering node sees it.
#[utoipa::path(get, path = "/api/v1/findings", tag = "Nodes",
    security(("token" = ["nodes:read"])),
    responses(
        (status = 200, description = "What was found", body = Findings),
        (status = "default", description = "A problem", body = problem::Body)))]
pub(super) async fn findings(
    State(app): State<App>,
    program: Program,
) -> Result<Response, Problem> {
    let act = app.act(&program.caller);
    let nodes = acts::list(&act).await?;
    let all = health::of_installation(&app, Some(&nodes), act.now).await?;
    let troubles = all.iter().filter(|one| !one.fine).count();
    let items = all.into_iter().map(FindingView::from).collect();
    Ok(answer::json(StatusCode::OK, &Findings { troubles, items }))
}
