//! Nodes are restarted one by one, as for an upgrade, while clients and programs go on. Nothing
//! excuses a failed request here.

use std::time::{Duration, Instant};

use anyhow::Result;
use hallpass_store::throwaway::Cluster;

use super::NO_POSTGRES;
use crate::{
    dice::Dice,
    plan::Plan,
    reckoning::Database,
    record::Fault,
    world::{Shape, World, keep_log},
};

/// How often every node is restarted.
const TIMES: u64 = 10;

/// Longer than the load balancer needs to hear of it.
pub(super) const DRAIN: [&str; 2] = ["--shutdown-drain-s", "1"];

pub(super) async fn run(plan: &Plan, dice: Dice) -> Result<Vec<String>> {
    let Some(cluster) = Cluster::durable() else { return Ok(vec![NO_POSTGRES.to_owned()]) };
    let url = cluster.url(&cluster.create(None).await);
    let shape = Shape {
        name: "rolling",
        database: Some(url.clone()),
        node_databases: Vec::new(),
        nodes: 3,
        options: &DRAIN,
    };
    let mut world = World::start(plan, shape, dice).await?;
    let writers = world.write();
    let open = world.record.begin(Fault::Rolling);
    let (mut ends, mut starts) = (Vec::new(), Vec::new());
    for _ in 0..if plan.small { 1 } else { TIMES } {
        for node in 0..world.nodes.len() {
            let (end, start) = restart(&world, node).await?;
            ends.push(end);
            starts.push(start);
        }
    }
    world.record.end(open);
    world.rest(writers).await?;
    let restarts = ends.len();
    let longest = |all: Vec<Duration>| all.into_iter().max().unwrap_or_default();
    let mut lines = vec![format!(
        "{restarts} restarts; a node ended within {:.2?} and was ready within {:.2?}",
        longest(ends),
        longest(starts)
    )];
    let outcome = world.close(&Database::Server(url)).await;
    if outcome.is_err() {
        keep_log(&plan.folder, "postgres.log", &cluster);
    }
    lines.extend(outcome?);
    Ok(lines)
}

/// Restarts a node, and goes on when it takes part again. How long its end and its start took.
pub(super) async fn restart(world: &World, number: usize) -> Result<(Duration, Duration)> {
    let node = &world.nodes[number];
    let begun = Instant::now();
    node.stop().await?;
    let end = begun.elapsed();
    let begun = Instant::now();
    node.start().await?;
    let start = begun.elapsed();
    world.until("a node's part in the load", || world.shared.balancer.sends_to(number)).await?;
    // The others have their share of the writes meanwhile.
    let before = world.shared.changes();
    world.until("changes", || world.shared.changes() > before + 5).await?;
    Ok((end, start))
}
