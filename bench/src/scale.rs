//! Ten million credentials in one directory: what they take, and whether a token costs more among
//! them than among a thousand.

use anyhow::Result;

use crate::{
    Plan,
    issuer::{Issuer, Shape},
    machine,
    table::{Row, number},
    token_endpoint::{in_turns, rate},
};

/// The rows about ten million credentials.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let many = plan.either(100_000, 10_000_000);
    let (rounds, millis) = plan.either((3, 500), (11, 1000));
    let node =
        |credentials| Issuer::node(plan, &Shape { stored: 1, credentials, ..Shape::default() });
    let nodes = [node(1000)?, node(many)?];
    let resident = machine::resident_bytes(nodes[1].child.pid())? as f64 / 1e9;
    let reports = in_turns(&nodes, rounds, millis)?;
    let [few, all] = &reports[..] else { unreachable!("there are two nodes") };
    let many = number(f64::from(many));
    Ok(vec![
        rate(format!("tokens/s, {many} credentials against 1,000"), (all, few), 0.95),
        Row::at_most(format!("memory of a node with {many} credentials"), resident, 2.0, "GB"),
    ])
}
