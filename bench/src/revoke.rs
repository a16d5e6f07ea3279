//! From the moment when a revoke is acknowledged until the last of many verifiers refuses the
//! token. The node is a child; the verifiers are here, each with its own connection to the feed,
//! its own keys and its own cache, in which the token lies when it dies. Both processes read the
//! same clock. A verifier that hears of the death before its acknowledgement counts as zero.

use std::time::Duration;

use anyhow::{Result, ensure};
use hallpass_verifier::Verifier;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    Plan, child,
    issuer::{Issuer, Shape},
    node::{self, Acknowledged},
    table::{Row, median},
    verifier,
};

/// A death that has not arrived by then never will.
const AT_MOST: Duration = Duration::from_secs(10);

/// The rows about revocation.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let (verifiers, revokes) = plan.either((50, 10), (200, 60));
    let shape = Shape { stored: revokes, credentials: revokes, unpinned: true, ..Shape::default() };
    let mut issuer = Issuer::node(plan, shape)?;
    let tokens = issuer.tokens(0..revokes)?;
    let runtime = child::runtime()?;
    let all = runtime.block_on(start_all(&issuer, verifiers))?;
    let mut delays_ms = Vec::new();
    for (number, token) in tokens.iter().enumerate() {
        let header = format!("Bearer {token}");
        for verifier in &all {
            verifier.check(Some(header.as_bytes()))?;
        }
        let seq = number as u64 + 1;
        let mut refusals = JoinSet::new();
        for verifier in all.iter().cloned() {
            refusals.spawn_on(refused_at(verifier, header.clone(), seq), runtime.handle());
        }
        let order = format!("revoke {number}");
        let acknowledged: Acknowledged = issuer.child.ask(&order, AT_MOST)?;
        ensure!(acknowledged.feed_seq == seq, "the feed is not where it should be");
        let last_ns = runtime.block_on(last(refusals))?;
        delays_ms.push(last_ns.saturating_sub(acknowledged.at_ns) as f64 / 1e6);
    }
    let note = format!("until the last of {verifiers} verifiers refuses; {revokes} revokes");
    let slowest = delays_ms.iter().copied().fold(0.0, f64::max);
    Ok(vec![
        Row::at_most("revoke acknowledged to refused, median", median(delays_ms), 50.0, "ms")
            .noting(&note),
        Row::at_most("revoke acknowledged to refused, slowest", slowest, 1000.0, "ms")
            .noting(&note),
    ])
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
