//! The primary database is killed under load, and its synchronous standby is promoted. Nodes know
//! both hosts, and find by themselves which of them takes writes.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hallpass_store::throwaway::Cluster;

use super::{NO_POSTGRES, headed};
use crate::{
    dice::Dice,
    plan::Plan,
    reckoning::Database,
    record::Fault,
    world::{Shape, WITHIN, World, keep_log},
};

/// How the primary ends, each time with servers of its own. One that hangs is the harder case:
/// its connections stay, and nobody answers on them.
const ENDS: [End; 4] = [End::Killed, End::Killed, End::Killed, End::Hangs];

#[derive(Clone, Copy)]
enum End {
    Killed,
    Hangs,
}

/// What was acknowledged before the primary dies, and again after that.
const CHANGES: usize = 60;

/// Two servers, of which one follows the other.
struct Pair {
    primary: Cluster,
    standby: Cluster,
    url: String,
}

impl Pair {
    /// Starts both; whatever the first acknowledges from then on, the second has.
    async fn start() -> Result<Option<Self>> {
        let Some(primary) = tokio::task::block_in_place(|| Cluster::listening(&[])) else {
            return Ok(None);
        };
        let name = primary.create(None).await;
        let standby = tokio::task::block_in_place(|| primary.standby(&[]));
        let synchronous = "ALTER SYSTEM SET synchronous_standby_names = 'standby'";
        for sql in [synchronous, "SELECT pg_reload_conf()"] {
            primary.sql("postgres", sql).await;
        }
        let follows = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'";
        let begun = Instant::now();
        while primary.sql("postgres", follows).await.is_empty() {
            ensure!(begun.elapsed() < WITHIN, "the standby does not follow");
        }
        let (one, other) = (primary.port(), standby.port());
        let url =
            format!("postgres://postgres@127.0.0.1:{one},127.0.0.1:{other}/{name}?sslmode=disable");
        Ok(Some(Self { primary, standby, url }))
    }
}

pub(super) async fn run(plan: &Plan, mut dice: Dice) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for (number, end) in ENDS[..if plan.small { 1 } else { ENDS.len() }].iter().enumerate() {
        let Some(pair) = Pair::start().await? else { return Ok(vec![NO_POSTGRES.to_owned()]) };
        let outcome = once(plan, &pair, (number, *end), dice.fork()).await;
        if matches!(end, End::Hangs) {
            tokio::task::block_in_place(|| pair.primary.kill());
        }
        if outcome.is_err() {
            keep_log(&plan.folder, "primary.log", &pair.primary);
            keep_log(&plan.folder, "standby.log", &pair.standby);
        }
        lines.extend(headed(format!("failover {}", number + 1), outcome?));
    }
    Ok(lines)
}

async fn once(
    plan: &Plan,
    pair: &Pair,
    (number, end): (usize, End),
    dice: Dice,
) -> Result<Vec<String>> {
    let name = format!("failover-{}", number + 1);
    let shape = Shape {
        name: &name,
        database: Some(pair.url.clone()),
        node_databases: Vec::new(),
        nodes: 3,
        options: &[],
    };
    let mut world = World::start(plan, shape, dice).await?;
    let writers = world.write();
    world.acknowledges(&writers, CHANGES).await?;

    let open = world.record.begin(Fault::DatabaseKilled);
    // Whoever watches the primary needs a moment to be sure.
    let moment = world.dice.ms(200, 1500);
    let killed = Instant::now();
    tokio::task::block_in_place(|| match end {
        End::Killed => pair.primary.kill(),
        End::Hangs => pair.primary.hold(),
    });
    tokio::time::sleep(moment).await;
    tokio::task::block_in_place(|| pair.standby.promote());
    let promoted = killed.elapsed();
    let first = world.next_change(killed).await?;
    world.recovers().await?;
    let all = killed.elapsed();
    world.record.end(open);

    let before = world.shared.changes();
    world
        .until("changes on the new primary", || world.shared.changes() >= before + CHANGES)
        .await?;
    world.rest(writers).await?;
    let how = match end {
        End::Killed => "killed",
        End::Hangs => "stopped, as if it hung",
    };
    let mut lines = vec![format!(
        "primary {how}; standby promoted after {promoted:.2?}; first change after {first:.2?}, {} \
         after the promotion; all nodes after {all:.2?}",
        ms(first.saturating_sub(promoted))
    )];
    // Only that of the standby, which takes writes now, is reckoned up.
    lines.extend(world.close(&Database::Server(pair.url.clone())).await?);
    Ok(lines)
}

fn ms(duration: Duration) -> String {
    format!("{} ms", duration.as_millis())
}
