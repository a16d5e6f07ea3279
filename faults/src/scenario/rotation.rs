//! Signing keys change by schedule and by command, then the master key, then a key is killed, all
//! under load. No verifier refuses a token that is alive, until the kill, after which it takes
//! those of the next key as soon as it could fetch that.

use std::{
    collections::HashSet,
    sync::PoisonError,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use hallpass_store::throwaway::Cluster;
use hallpass_token::jose::Jws;

use super::{
    NO_POSTGRES,
    rolling::{DRAIN, restart},
};
use crate::{
    dice::Dice,
    plan::Plan,
    reckoning::Database,
    record::Fault,
    site::text,
    world::{Shape, World, keep_log},
};

/// How often the signing key changes by command.
const TIMES: u64 = 3;

/// Verifiers may cache keys for a second, and the next key by schedule is due before its last began.
const OPTIONS: [&str; 6] =
    ["--jwks-max-age-s", "1", "--key-rotation-s", "3600", "--key-publish-lead-s", "7200"];

/// For how long a key is published before it signs: longer than a verifier goes without fetching
/// keys, whatever it is allowed, which is half a minute.
const LEAD: &str = "40s";

/// With `--small`: verifiers meet the key before they have fetched it. They may fetch three times
/// in a row for that, and no key signs before they have.
const SHORT_LEAD: &str = "3s";

const NEW_KEY: [&str; 2] = ["--master-key-file", "new.key"];

pub(super) async fn run(plan: &Plan, dice: Dice) -> Result<Vec<String>> {
    let Some(cluster) = Cluster::durable() else { return Ok(vec![NO_POSTGRES.to_owned()]) };
    let url = cluster.url(&cluster.create(None).await);
    let options = [&OPTIONS[..], &DRAIN].concat();
    let shape = Shape {
        name: "rotation",
        database: Some(url.clone()),
        node_databases: Vec::new(),
        nodes: 3,
        options: &options,
    };
    let mut world = World::start(plan, shape, dice).await?;
    let outcome = changes(plan, &mut world).await;
    let outcome = match outcome {
        Ok(line) => world.close(&Database::Server(url)).await.map(|mut lines| {
            lines.insert(0, line);
            lines
        }),
        Err(why) => Err(why),
    };
    if outcome.is_err() {
        keep_log(&plan.folder, "postgres.log", &cluster);
    }
    outcome
}

async fn changes(plan: &Plan, world: &mut World) -> Result<String> {
    let writers = world.write();
    let open = world.record.begin(Fault::Rotation);
    world.until("a key by schedule", || kids(world).is_ok_and(|kids| kids.len() > 1)).await?;
    let (times, lead) = if plan.small { (1, SHORT_LEAD) } else { (TIMES, LEAD) };
    for _ in 0..times {
        let rotated = world.site.ask(&["key", "rotate", "--lead", lead])?;
        signs(world, &text(&rotated, "kid")?).await?;
    }
    world.site.ask(&["key", "change-master", "--new-file", "new.key"])?;
    // Nodes that still have the old one take over what is sealed under the new one.
    let rotate = [&["key", "rotate", "--lead", lead], &NEW_KEY[..]].concat();
    let last = text(&world.site.ask(&rotate)?, "kid")?;
    signs(world, &last).await?;
    let options = [&OPTIONS[..], &DRAIN, &NEW_KEY].concat();
    for number in 0..world.nodes.len() {
        world.nodes[number].set_options(&options);
        restart(world, number).await?;
    }
    world.record.end(open);

    let open = world.record.begin(Fault::KeyKilled);
    world.shared.killed_keys.lock().unwrap_or_else(PoisonError::into_inner).push(last.clone());
    let begun = Instant::now();
    let kill = [&["key", "kill", &*last, "--yes"], &NEW_KEY[..]].concat();
    let next = text(&world.site.ask(&kill)?, "signing")?;
    signs(world, &next).await?;
    let back = taken_by_all(world, begun).await?;
    world.record.end(open);
    world.rest(writers).await?;
    Ok(format!(
        "1 key by schedule, {} by command, the master key changed, one key killed: all verifiers \
         took tokens of the next key after {back:.2?}",
        times + 1
    ))
}

/// The kids that are published.
fn kids(world: &World) -> Result<HashSet<String>> {
    let keys = world.site.ask(&["key", "list"])?;
    keys.as_array().context("a list")?.iter().map(|key| text(key, "kid")).collect()
}

/// Waits until the newest tokens are signed by this key.
async fn signs(world: &World, kid: &str) -> Result<()> {
    let newest = || {
        let fresh = world.shared.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        let kid_of = |token: &str| Jws::parse(token).ok()?.header().kid.clone();
        fresh.iter().take(16).all(|token| kid_of(token).is_some_and(|own| own == kid))
    };
    world.until("tokens of the next key", newest).await
}

/// Waits until every verifier takes a token that was just issued.
async fn taken_by_all(world: &World, since: Instant) -> Result<Duration> {
    let login = world.shared.steady[0].clone();
    loop {
        let token = world.shared.token(&login).await.context("a token")?;
        if world.watch.all_take(&token).await {
            return Ok(since.elapsed());
        }
        anyhow::ensure!(since.elapsed() < crate::world::WITHIN, "a verifier lacks the next key");
    }
}
