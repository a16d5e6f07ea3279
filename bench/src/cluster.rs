//! Three nodes over one PostgreSQL that writes to disk what it says is written. It is a server of
//! its own, which goes with the measurement; where PostgreSQL is not installed, the rows say so.

use anyhow::{Result, ensure};
use hallpass_store::throwaway;

use crate::{
    Plan, child, creations,
    issuer::{Issuer, Shape},
    load::Report,
    revoke,
    table::{Good, Row, median, number},
};

/// A PostgreSQL server.
pub(crate) struct Cluster(throwaway::Cluster);

/// The rows about many nodes.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let Some(server) = throwaway::Cluster::durable() else {
        return Ok(vec![Row::not_measured("three nodes on PostgreSQL", "it is not installed")]);
    };
    let cluster = Cluster(server);
    let mut rows = vec![tokens(plan, &cluster)?];
    rows.extend(revoke::on_three_nodes(plan, &cluster)?);
    rows.push(creations::on_postgres(plan, &cluster)?);
    Ok(rows)
}

impl Cluster {
    /// A node over a database of its own.
    pub(crate) fn node(&self, plan: &Plan, shape: Shape) -> Result<Issuer> {
        let name = child::runtime()?.block_on(self.0.create(None));
        Issuer::node(plan, &Shape { postgres: Some(self.0.url(&name)), ..shape })
    }

    /// Three nodes over a database of theirs with so many credentials, on all processors.
    pub(crate) fn nodes(&self, plan: &Plan, credentials: u32) -> Result<Vec<Issuer>> {
        let shape = Shape { stored: credentials, credentials, unpinned: true, ..Shape::default() };
        self.three(plan, shape)
    }

    fn three(&self, plan: &Plan, shape: Shape) -> Result<Vec<Issuer>> {
        let name = child::runtime()?.block_on(self.0.create(None));
        let first = Shape { postgres: Some(self.0.url(&name)), ..shape };
        let others = Shape { joins: true, ..first.clone() };
        [&first, &others, &others].into_iter().map(|shape| Issuer::node(plan, shape)).collect()
    }
}

/// Tokens for a second of a processor: a node on SQLite against each of three on PostgreSQL, which
/// share a processor with it and take turns. What a node's own process takes counts, and so not
/// what the nodes do whose turn it is not.
fn tokens(plan: &Plan, cluster: &Cluster) -> Result<Row> {
    let credentials = 1000;
    let (rounds, millis) = plan.either((3, 500), (11, 1000));
    let shape = Shape { stored: credentials, credentials, ..Shape::default() };
    let single = Issuer::node(plan, &shape)?;
    let nodes = cluster.three(plan, shape)?;
    ensure!(nodes.len() == 3, "there are not three nodes");
    let per_core = |report: &Report| 1e6 / report.cpu_us_per_token();
    let (mut ratios, mut ours, mut singles) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        for turn in 0..nodes.len() {
            let node = &nodes[(round + turn) % nodes.len()];
            let (node, single) = (node.load(millis, 0)?, single.load(millis, 0)?);
            ours.push(per_core(&node));
            singles.push(per_core(&single));
            ratios.push(per_core(&node) / per_core(&single));
        }
    }
    let text = |rates: Vec<f64>| format!("{} /s", number(median(rates)));
    Ok(Row::ratio(
        "tokens for a second of processor, each of three nodes on PostgreSQL; against one on SQLite",
        (text(ours), text(singles)),
        median(ratios),
        (Good::AtLeast, 0.95),
    ))
}
