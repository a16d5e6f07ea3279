//! What this node says of itself, so that the page of any node shows all of them. It must never
//! hold anything up: a report that is not written is simply late.

use std::time::Duration;

use hallpass_core::Timestamp;
use hallpass_store::Report;
use tracing::debug;

use crate::app::App;

/// For the last word of a node that ends: whoever stops it waits for it.
const FAREWELL: Duration = Duration::from_secs(1);

/// Reports now and then until the node closes, and takes its report away then.
pub(crate) async fn keep(app: App) {
    let mut ticks = tokio::time::interval(Duration::from_secs(app.config.node_report_s));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let started_at = app.clock.now();
    loop {
        tokio::select! {
            () = app.closing.cancelled() => break,
            _ = ticks.tick() => {}
        }
        // Not a line for each: that the database is away is said once, by whoever follows its log.
        if let Err(why) = app.store.put_node(&report(&app, started_at)).await {
            debug!(%why, "Cannot report");
        }
    }
    let last_word = app.store.drop_node(name(&app), app.address());
    if !matches!(tokio::time::timeout(FAREWELL, last_word).await, Ok(Ok(()))) {
        debug!("Cannot take the report away");
    }
}

fn report(app: &App, started_at: Timestamp) -> Report {
    Report {
        name: name(app).to_owned(),
        address: app.address(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        issuer: app.config.issuer.clone(),
        started_at,
        said_at: app.clock.now(),
        every_s: app.config.node_report_s,
        as_of: app.live.as_of(),
        applied: app.live.applied(),
    }
}

/// What this node is called.
pub(crate) fn name(app: &App) -> &str {
    if app.config.node_name.is_empty() { "node" } else { &app.config.node_name }
}
