//! Half of the load that the machine can carry, for long, with one fault after the other. Memory
//! must not grow, and nothing may happen that the fault of the moment does not excuse.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use anyhow::Result;
use faults::line::Line;
use hallpass_store::throwaway::Cluster;

use super::NO_POSTGRES;
use crate::{
    dice::Dice,
    load::CLIENTS,
    plan::Plan,
    reckoning::Database,
    record::Fault,
    slope::slope,
    world::{Shape, World, keep_log},
};

/// Between two looks at the memory of the nodes.
const SAMPLE: Duration = Duration::from_secs(1);

/// A node is warm after this part of its life, and only then is its memory looked at.
const WARM: f64 = 0.25;

/// What is done, each as often as the others.
const FAULTS: [Fault; 4] =
    [Fault::NodeKilled, Fault::NodeHeld, Fault::DatabaseKilled, Fault::LineCut];

/// Memory in bytes, at seconds since the beginning, of each life of each node.
type Samples = Arc<Mutex<BTreeMap<(usize, u32), Vec<(f64, f64)>>>>;

pub(super) async fn run(plan: &Plan, dice: Dice) -> Result<Vec<String>> {
    let Some(cluster) = tokio::task::block_in_place(|| Cluster::listening(&[])) else {
        return Ok(vec![NO_POSTGRES.to_owned()]);
    };
    let outcome = soak(plan, &cluster, dice).await;
    if outcome.is_err() {
        keep_log(&plan.folder, "postgres.log", &cluster);
    }
    outcome
}

async fn soak(plan: &Plan, cluster: &Cluster, dice: Dice) -> Result<Vec<String>> {
    let name = cluster.create(None).await;
    let mut lines = Vec::new();
    for _ in 0..3 {
        let line = Line::lay().await?;
        line.join(([127, 0, 0, 1], cluster.port()).into());
        lines.push(line);
    }
    let url = |at: &str| format!("postgres://postgres@{at}/{name}?sslmode=disable");
    let shape = Shape {
        name: "soak",
        database: Some(url(&format!("127.0.0.1:{}", cluster.port()))),
        node_databases: lines.iter().map(|line| url(&line.address.to_string())).collect(),
        nodes: 3,
        options: &[],
    };
    let database = shape.database.clone().unwrap_or_default();
    let mut world = World::start(plan, shape, dice).await?;
    let rate = half_load(plan, &world).await;
    let writers = world.write();
    let samples = Samples::default();
    let sampling = tokio::spawn(sample(world.nodes.clone(), samples.clone()));
    let begun = Instant::now();
    // The logs of a run that broke are shorter the sooner it ends.
    while begun.elapsed().as_secs_f64() < plan.minutes * 60.0 && world.record.is_clean() {
        let pause = if plan.small { world.dice.ms(200, 1000) } else { world.dice.ms(1000, 8000) };
        tokio::time::sleep(pause).await;
        one_fault(&mut world, cluster, &lines).await?;
    }
    sampling.abort();
    let soaked = begun.elapsed().as_secs_f64() / 60.0;
    world.rest(writers).await?;
    let mut said = vec![format!("{soaked:.1} min at half of {rate:.0} tokens/s")];
    said.extend(growth(&samples));
    said.extend(world.close(&Database::Server(database)).await?);
    Ok(said)
}

/// Measures how many tokens a second there are at most, and lets the clients ask for half of that.
async fn half_load(plan: &Plan, world: &World) -> f64 {
    let pace = &world.shared.pace;
    pace.between_changes_ms.store(200, Ordering::Relaxed);
    pace.between_tokens_us.store(0, Ordering::Relaxed);
    let (before, begun) = (world.shared.tokens.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(if plan.small { 1 } else { 10 })).await;
    let tokens = world.shared.tokens.load(Ordering::Relaxed) - before;
    let rate = tokens as f64 / begun.elapsed().as_secs_f64();
    // As long as a token takes now: so each takes twice as long.
    let pause = CLIENTS as f64 / rate.max(1.0);
    pace.between_tokens_us.store((pause * 1e6) as u64, Ordering::Relaxed);
    rate
}

/// The first node is never killed, so that its memory tells of the whole time.
async fn one_fault(world: &mut World, cluster: &Cluster, lines: &[Line]) -> Result<()> {
    let fault = *world.dice.one_of(&FAULTS);
    let any = world.dice.between(0, 2) as usize;
    let mortal = world.dice.between(1, 2) as usize;
    let moment = world.dice.ms(100, 1500);
    let open = world.record.begin(fault);
    match fault {
        Fault::NodeKilled => {
            world.nodes[mortal].kill()?;
            tokio::time::sleep(moment).await;
            world.nodes[mortal].start().await?;
        }
        Fault::NodeHeld => {
            world.nodes[any].signal("STOP")?;
            tokio::time::sleep(moment).await;
            world.nodes[any].signal("CONT")?;
        }
        Fault::DatabaseKilled => {
            tokio::task::block_in_place(|| cluster.kill());
            tokio::time::sleep(moment).await;
            tokio::task::block_in_place(|| cluster.begin());
        }
        _ => {
            lines[any].cut();
            tokio::time::sleep(moment).await;
            lines[any].join(([127, 0, 0, 1], cluster.port()).into());
        }
    }
    world.recovers().await?;
    world.record.end(open);
    Ok(())
}

async fn sample(nodes: Vec<Arc<crate::node::Node>>, samples: Samples) {
    let begun = Instant::now();
    loop {
        for (number, node) in nodes.iter().enumerate() {
            if let (Some(id), Some(bytes)) = (node.id(), node.resident_bytes()) {
                let point = (begun.elapsed().as_secs_f64(), bytes as f64);
                let mut samples = samples.lock().unwrap_or_else(PoisonError::into_inner);
                samples.entry((number, id)).or_default().push(point);
            }
        }
        tokio::time::sleep(SAMPLE).await;
    }
}

/// How the memory of each node grew in its longest life.
fn growth(samples: &Samples) -> Vec<String> {
    let samples = samples.lock().unwrap_or_else(PoisonError::into_inner);
    let mut longest = BTreeMap::<usize, &Vec<(f64, f64)>>::new();
    for ((number, _), life) in samples.iter() {
        let known = longest.entry(*number).or_insert(life);
        if life.len() > known.len() {
            *known = life;
        }
    }
    let line = |(number, life): (usize, &Vec<(f64, f64)>)| {
        let warm = &life[(life.len() as f64 * WARM) as usize..];
        let per_h = slope(warm).map_or("no slope yet".to_owned(), |bytes_per_s| {
            format!("{:+.2} MB/h", bytes_per_s * 3600.0 / 1e6)
        });
        let last = life.last().map_or(0.0, |point| point.1 / 1e6);
        format!("memory of node-{number}: {per_h} over {} s, {last:.1} MB at the end", warm.len())
    };
    longest.into_iter().map(line).collect()
}
