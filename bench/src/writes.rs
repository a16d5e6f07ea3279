//! What a token costs the database and the disk: nothing. A node without housekeeping issues
//! thousands of tokens while its store counts the statements that it is asked to run; the released
//! binary does the same with all its housekeeping while Linux counts the bytes that it writes.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{
    Plan,
    issuer::{Installation, Issuer, Shape},
    machine,
    node::Counts,
    table::{Row, number},
};

/// The rows about what is written.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let tokens = plan.either(2000, 10_000);
    Ok(vec![statements(plan, tokens)?, bytes(plan, tokens)?])
}

/// Statements of the store, reads included. The node has no housekeeping, which looks for what
/// has expired twice a second, whether tokens are issued or not.
fn statements(plan: &Plan, tokens: u64) -> Result<Row> {
    let shape = Shape { stored: 1, credentials: 1, no_housekeeping: true, ..Shape::default() };
    let mut node = Issuer::node(plan, &shape)?;
    let before: Counts = node.child.ask("counts", Duration::from_secs(10))?;
    let report = node.load(0, tokens)?;
    let after: Counts = node.child.ask("counts", Duration::from_secs(10))?;
    let what = format!("store statements for {} tokens", number(report.tokens_in_all as f64));
    let statements = (after.statements - before.statements) as f64;
    Ok(Row::at_most(what, statements, 0.0, "statements").noting("reads included"))
}

/// Bytes written to disk. What a node writes by itself, tokens or not, is its report to the other
/// nodes, at its start and every ten seconds; and roll-ups of usage, one row for each credential
/// and ten seconds. So the tokens are fetched between these: as soon as the start has been written.
fn bytes(plan: &Plan, tokens: u64) -> Result<Row> {
    let what = "written to disk by `hallpass serve`";
    let Some(hallpass) = &plan.hallpass else {
        return Ok(Row::not_measured(what, "no --hallpass given"));
    };
    let installation = Installation::new(hallpass, 10)?;
    let (serving, _) = installation.serve(plan, hallpass)?;
    let before = settled(serving.child.pid())?;
    if before == 0 {
        // Not even the opening of the database was counted.
        return Ok(Row::not_measured(what, "the temporary folder is not on a disk"));
    }
    let report = serving.load(0, tokens)?;
    let written = machine::written_bytes(serving.child.pid())? - before;
    let what = format!("{what} for {} tokens", number(report.tokens_in_all as f64));
    Ok(Row::at_most(what, written as f64, 0.0, "bytes"))
}

/// Bytes written so far, once they have not grown for a second.
fn settled(pid: u32) -> Result<u64> {
    let mut last = (machine::written_bytes(pid)?, Instant::now());
    while last.1.elapsed() < Duration::from_secs(1) {
        thread::sleep(Duration::from_millis(50));
        let written = machine::written_bytes(pid)?;
        if written != last.0 {
            last = (written, Instant::now());
        }
    }
    Ok(last.0)
}
