//! Nodes, verifiers and health: how much this and every other node knows, who follows the feed,
//! and the checks of `hallpass doctor`. What this node cannot know is said, not guessed.

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};
use hallpass_core::Timestamp;
use hallpass_store::{Chain, Node as Reported};

use super::{
    page::{self, Page, Place},
    time::Moment,
};
use crate::{
    app::App,
    health::{self, Finding},
    management::nodes,
    presence,
    readers::Reader,
    web::{error_page::PageError, flash::Flash, redirect::Redirect, visitor::OperatorHere},
};

/// Followers that are shown: those that have been told least.
const FOLLOWERS_AT_MOST: usize = 100;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/nodes", get(page)).route("/nodes/verify-audit", post(verify))
}

#[derive(Template)]
#[template(path = "dashboard/nodes/page.html")]
struct Nodes {
    page: Page,
    node: Node,
    /// `None`: the database cannot be asked.
    nodes: Option<Vec<Row>>,
    findings: Vec<Finding>,
    troubles: usize,
    chain: Option<(Chain, Moment)>,
    followers: Vec<Follower>,
}

/// Who follows the feed.
struct Follower {
    address: String,
    library: String,
    since: Moment,
    sent: u64,
    behind: u64,
}

/// A node, as it last reported.
struct Row {
    name: String,
    address: String,
    is_this: bool,
    standing: &'static str,
    version: String,
    started: Moment,
    applied: u64,
    behind: u64,
    as_of: Moment,
    said: Moment,
}

impl Row {
    fn of(app: &App, node: Reported, now: Timestamp) -> Self {
        let (standing, behind) = (health::standing(&node, now), node.behind());
        let report = node.report;
        let moment = |at| Moment::new(at, now);
        Self {
            is_this: report.name == presence::name(app) && report.address == app.address(),
            standing,
            started: moment(report.started_at),
            applied: report.applied,
            behind,
            as_of: moment(report.as_of),
            said: moment(report.said_at),
            name: report.name,
            address: report.address.to_string(),
            version: report.version,
        }
    }
}

/// What this node knows of itself.
struct Node {
    issuer: String,
    version: &'static str,
    applied: u64,
    newest: Option<u64>,
    as_of: Moment,
    staleness_s: u64,
    max_staleness: String,
    is_blind: bool,
    feed_seq: u64,
    feed_entries: usize,
    readers: usize,
    credentials: usize,
    is_full: bool,
}

impl Node {
    /// How many changes the database has that this node has not applied.
    fn behind(&self) -> u64 {
        self.newest.map_or(0, |newest| newest.saturating_sub(self.applied))
    }
}

async fn page(
    State(app): State<App>,
    OperatorHere(visitor): OperatorHere,
) -> Result<Response, PageError> {
    let now = app.clock.now();
    let chain = app.audit_check.last();
    let nodes = nodes::list(&app.act(&visitor.caller)).await.ok();
    let findings = health::of_installation(&app, nodes.as_deref(), now).await?;
    page::show(&Nodes {
        page: visitor.page.titled("Nodes and verifiers").at(Place::Nodes),
        node: node(&app).await,
        nodes: nodes.map(|all| all.into_iter().map(|one| Row::of(&app, one, now)).collect()),
        troubles: findings.iter().filter(|one| !one.fine).count(),
        findings,
        chain: chain.map(|(chain, at)| (chain, Moment::new(at, now))),
        followers: followers(&app, now),
    })
}

fn followers(app: &App, now: Timestamp) -> Vec<Follower> {
    let newest = app.live.feed.seq();
    let slowest = app.live.feed.readers().slowest(FOLLOWERS_AT_MOST);
    let follower = |reader: Arc<Reader>| Follower {
        address: reader.address.map_or_else(|| "unknown".to_owned(), |own| own.to_string()),
        library: reader.library.to_string(),
        since: Moment::new(reader.since, now),
        sent: reader.sent(),
        behind: newest.saturating_sub(reader.sent()),
    };
    slowest.into_iter().map(follower).collect()
}

async fn node(app: &App) -> Node {
    let now = app.clock.now();
    let staleness_s = now.millis_since(app.live.as_of()) / 1000;
    Node {
        issuer: app.config.issuer.clone(),
        version: env!("CARGO_PKG_VERSION"),
        applied: app.live.applied(),
        // A node without its database says what it knows, and that it does not know more.
        newest: app.store.last_seq().await.ok(),
        as_of: Moment::new(app.live.as_of(), now),
        staleness_s,
        max_staleness: crate::management::apis::spoken(app.config.max_staleness_s),
        is_blind: staleness_s >= health::BLIND_S,
        feed_seq: app.live.feed.seq(),
        feed_entries: app.live.feed.len(),
        readers: app.live.feed.readers().len(),
        credentials: app.live.directory.len(),
        is_full: app.live.is_full(),
    }
}

/// `POST /nodes/verify-audit`: reads the whole audit log, which may take a while.
async fn verify(
    State(app): State<App>,
    OperatorHere(_): OperatorHere,
) -> Result<Redirect, PageError> {
    app.audit_check.run(&app).await?;
    Ok(Redirect::to(&app, "/nodes").saying(Flash::ChainChecked))
}
