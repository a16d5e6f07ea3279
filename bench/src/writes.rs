//! What a token costs the database: nothing. A node without housekeeping issues thousands of
//! tokens; its store counts the statements that it was asked to run meanwhile, and Linux the bytes
//! that it wrote to disk.

use std::time::Duration;

use anyhow::Result;

use crate::{
    Plan, machine,
    node::Counts,
    table::{Row, number},
    token_endpoint::{Issuer, Shape},
};

/// The rows about what is written.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let tokens = plan.either(2000, 10_000);
    let shape = Shape { stored: 1, credentials: 1, no_housekeeping: true, ..Shape::default() };
    let mut node = Issuer::node(plan, shape)?;
    let before: Counts = node.child.ask("counts", Duration::from_secs(10))?;
    let written_before = machine::written_bytes(node.child.pid())?;
    let report = node.load(0, tokens)?;
    let after: Counts = node.child.ask("counts", Duration::from_secs(10))?;
    let written = machine::written_bytes(node.child.pid())? - written_before;
    let issued = number(report.tokens_in_all as f64);
    let statements = (after.statements - before.statements) as f64;
    let what = format!("store statements for {issued} tokens, reads included");
    let asked = Row::at_most(what, statements, 0.0, "statements");
    let what = format!("written to disk for {issued} tokens");
    // A folder in memory is no disk: then Linux counts nothing, not even the database's making.
    let written = if written_before == 0 {
        Row::not_measured(what, "the temporary folder is not on a disk")
    } else {
        Row::at_most(what, written as f64, 0.0, "bytes")
    };
    Ok(vec![asked, written])
}
