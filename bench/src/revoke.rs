//! From the moment when a revoke is acknowledged until the last of many verifiers refuses the
//! token: on one node, and on three over one PostgreSQL, of which the first is told to revoke. The
//! nodes are children; the verifiers are here, each with its own connection to the feed of one
//! node, its own keys and its own cache, in which a token of that node lies when it dies. All
//! processes read the same clock. A verifier that hears of the death before its acknowledgement
//! counts as zero.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use hallpass_verifier::Verifier;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    Plan, child,
    cluster::Cluster,
    issuer::{Issuer, Shape},
    node::{self, Acknowledged},
    table::{Row, median},
    verifier,
};

/// A death that has not arrived by then never will.
const AT_MOST: Duration = Duration::from_secs(10);

/// The rows about revocation on one node.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let (verifiers, revokes) = plan.either((50, 10), (200, 60));
    let shape = Shape { stored: revokes, credentials: revokes, unpinned: true, ..Shape::default() };
    let mut nodes = [Issuer::node(plan, &shape)?];
    let delays_ms = delays_ms(&mut nodes, verifiers, revokes)?;
    let note = format!("until the last of {verifiers} verifiers refuses; {revokes} revokes");
    Ok(judged("revoke acknowledged to refused", delays_ms, 50.0, &note))
}

/// The same for three nodes on PostgreSQL.
pub(crate) fn on_three_nodes(plan: &Plan, cluster: &Cluster) -> Result<Vec<Row>> {
    let (verifiers, revokes) = plan.either((20, 10), (334, 60));
    let mut nodes = cluster.nodes(plan, revokes)?;
    let delays_ms = delays_ms(&mut nodes, verifiers, revokes)?;
    let all = verifiers * nodes.len();
    let note = format!(
        "until the last of {all} verifiers refuses, a third of them at each node; {revokes} revokes"
    );
    Ok(judged("revoke on one of three nodes to refused at all", delays_ms, 100.0, &note))
}

fn judged(what: &str, delays_ms: Vec<f64>, median_ms: f64, note: &str) -> Vec<Row> {
    let slowest = delays_ms.iter().copied().fold(0.0, f64::max);
    let middle = median(delays_ms);
    vec![
        Row::at_most(format!("{what}, median"), middle, median_ms, "ms").noting(note),
        Row::at_most(format!("{what}, slowest"), slowest, 1000.0, "ms").noting(note),
    ]
}

/// How long each revoke on the first node took to reach the last of the verifiers, of which each
/// node has as many.
fn delays_ms(nodes: &mut [Issuer], verifiers: usize, revokes: u32) -> Result<Vec<f64>> {
    let tokens: Vec<_> = nodes.iter().map(|node| node.tokens(0..revokes)).collect::<Result<_>>()?;
    let runtime = child::runtime()?;
    let all = nodes.iter().map(|node| runtime.block_on(start_all(node, verifiers)));
    let all: Vec<Vec<Verifier>> = all.collect::<Result<_>>()?;
    let mut delays_ms = Vec::new();
    for number in 0..revokes as usize {
        let seq = number as u64 + 1;
        let mut refusals = JoinSet::new();
        for (verifiers, tokens) in all.iter().zip(&tokens) {
            let header = format!("Bearer {}", tokens[number]);
            for verifier in verifiers {
                verifier.check(Some(header.as_bytes()))?;
                let refused = refused_at(verifier.clone(), header.clone(), seq);
                refusals.spawn_on(refused, runtime.handle());
            }
        }
        let order = format!("revoke {number}");
        let first = nodes.first_mut().context("there is no node")?;
        let acknowledged: Acknowledged = first.child.ask(&order, AT_MOST)?;
        ensure!(acknowledged.feed_seq == seq, "the feed is not where it should be");
        let last_ns = runtime.block_on(last(refusals))?;
        delays_ms.push(last_ns.saturating_sub(acknowledged.at_ns) as f64 / 1e6);
    }
    Ok(delays_ms)
}

async fn start_all(issuer: &Issuer, count: usize) -> Result<Vec<Verifier>> {
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(timeout(AT_MOST, verifier::start(issuer, 0)).await??);
    }
    Ok(all)
}

/// Waits for the death, sees that the token is refused, and says when that was.
async fn refused_at(verifier: Verifier, header: String, seq: u64) -> Result<u64> {
    timeout(AT_MOST, verifier.applied(seq)).await?;
    ensure!(verifier.check(Some(header.as_bytes())).is_err(), "a dead token was let through");
    Ok(node::now_ns())
}

async fn last(mut refusals: JoinSet<Result<u64>>) -> Result<u64> {
    let mut last = 0;
    while let Some(refused) = refusals.join_next().await {
        last = last.max(refused??);
    }
    Ok(last)
}
