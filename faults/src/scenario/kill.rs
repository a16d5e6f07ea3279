//! `kill -9` of nodes and of the database, again and again, in the middle of writes: with one node
//! on SQLite, then with three on PostgreSQL. After each round the database is reckoned up.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use hallpass_store::throwaway::Cluster;

use super::{NO_POSTGRES, headed};
use crate::{
    dice::Dice,
    plan::Plan,
    reckoning::Database,
    record::Fault,
    world::{Shape, World, keep_log},
};

/// What is killed in a round.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Victim {
    Node,
    AllNodes,
    Database,
    /// By the database's own immediate end, which is a crash that it knows of.
    DatabaseAtOnce,
    NodeAndDatabase,
}

/// What happens most to operators comes most.
const VICTIMS: [Victim; 8] = [
    Victim::Node,
    Victim::Node,
    Victim::Node,
    Victim::AllNodes,
    Victim::Database,
    Victim::Database,
    Victim::DatabaseAtOnce,
    Victim::NodeAndDatabase,
];

pub(super) async fn run(plan: &Plan, mut dice: Dice) -> Result<Vec<String>> {
    let mut lines = on_sqlite(plan, dice.fork()).await?;
    lines.extend(on_postgres(plan, dice).await?);
    Ok(lines)
}

async fn on_sqlite(plan: &Plan, dice: Dice) -> Result<Vec<String>> {
    let shape = Shape {
        name: "kill-sqlite",
        database: None,
        node_databases: Vec::new(),
        nodes: 1,
        options: &[],
    };
    let mut world = World::start(plan, shape, dice).await?;
    let database = Database::File(world.site.path("hallpass-data/hallpass.db"));
    for round in 1..=plan.rounds {
        world.record.must_be_clean()?;
        let writers = world.write();
        let enough = world.dice.between(1, 40) as usize;
        world.acknowledges(&writers, enough).await?;
        let open = world.record.begin(Fault::NodesKilled);
        world.nodes[0].kill()?;
        world.nodes[0].start().await?;
        world.recovers().await?;
        world.record.end(open);
        world.rest(writers).await?;
        reckon(&world, &database, round).await?;
    }
    let lines = world.close(&database).await?;
    Ok(headed(format!("one node on SQLite: {} rounds", plan.rounds), lines))
}

async fn on_postgres(plan: &Plan, dice: Dice) -> Result<Vec<String>> {
    let Some(cluster) = Cluster::durable() else {
        return Ok(vec![NO_POSTGRES.to_owned()]);
    };
    let url = cluster.url(&cluster.create(None).await);
    let shape = Shape {
        name: "kill-postgres",
        database: Some(url.clone()),
        node_databases: Vec::new(),
        nodes: 3,
        options: &[],
    };
    let world = World::start(plan, shape, dice).await?;
    let outcome = rounds(plan, world, &cluster, &Database::Server(url)).await;
    if outcome.is_err() {
        keep_log(&plan.folder, "postgres.log", &cluster);
    }
    let lines = outcome?;
    Ok(headed(format!("three nodes on PostgreSQL: {} rounds", plan.rounds), lines))
}

async fn rounds(
    plan: &Plan,
    mut world: World,
    cluster: &Cluster,
    database: &Database,
) -> Result<Vec<String>> {
    let mut longest = Duration::ZERO;
    for round in 1..=plan.rounds {
        world.record.must_be_clean()?;
        // Not the same one again and again where there are few rounds.
        let victim = match VICTIMS.get((round as usize * 2) - 1) {
            Some(victim) if plan.small => *victim,
            _ => *world.dice.one_of(&VICTIMS),
        };
        let writers = world.write();
        let enough = world.dice.between(1, 60) as usize;
        world.acknowledges(&writers, enough).await?;
        let begun = Instant::now();
        let kinds = match victim {
            Victim::Node => &[Fault::NodeKilled][..],
            Victim::AllNodes => &[Fault::NodesKilled],
            Victim::Database | Victim::DatabaseAtOnce => &[Fault::DatabaseKilled],
            Victim::NodeAndDatabase => &[Fault::NodeKilled, Fault::DatabaseKilled],
        };
        let open: Vec<_> = kinds.iter().map(|kind| world.record.begin(*kind)).collect();
        strike(&mut world, cluster, victim).await?;
        world.recovers().await?;
        for open in open {
            world.record.end(open);
        }
        longest = longest.max(begun.elapsed());
        world.rest(writers).await?;
        reckon(&world, database, round).await?;
    }
    let mut lines = world.close(database).await?;
    lines.push(format!("all three nodes took changes again after {longest:.1?} at the latest"));
    Ok(lines)
}

/// Kills, waits a moment, and starts again.
async fn strike(world: &mut World, cluster: &Cluster, victim: Victim) -> Result<()> {
    let number = world.dice.between(0, 2) as usize;
    let pause = world.dice.ms(0, 400);
    let killed: Vec<_> = match victim {
        Victim::Node | Victim::NodeAndDatabase => vec![world.nodes[number].clone()],
        Victim::AllNodes => world.nodes.clone(),
        Victim::Database | Victim::DatabaseAtOnce => Vec::new(),
    };
    for node in &killed {
        node.kill()?;
    }
    let database = || match victim {
        Victim::Database | Victim::NodeAndDatabase => cluster.kill(),
        Victim::DatabaseAtOnce => cluster.stop(),
        Victim::Node | Victim::AllNodes => {}
    };
    tokio::task::block_in_place(database);
    tokio::time::sleep(pause).await;
    if !matches!(victim, Victim::Node | Victim::AllNodes) {
        tokio::task::block_in_place(|| cluster.begin());
    }
    for node in &killed {
        node.spawn()?;
    }
    for node in &killed {
        node.answers().await?;
    }
    Ok(())
}

async fn reckon(world: &World, database: &Database, round: u64) -> Result<()> {
    let reckoning = world.reckon(database).await?;
    if reckoning.broken.is_empty() {
        return Ok(());
    }
    bail!("after round {round}: {}", reckoning.broken.join("\n  "))
}
