//! The released binary as an operator meets it: its size, its memory when there is nothing to do,
//! and the time from its start to the first token, with a thousand credentials in the database.

use std::{thread, time::Duration};

use anyhow::{Context as _, Result};

use crate::{
    Plan,
    issuer::Installation,
    machine,
    table::{Row, median},
};

const CREDENTIALS: u32 = 1000;

/// From the last request until memory is looked at.
const IDLE: Duration = Duration::from_secs(2);

const START: &str = "start to first token, 1,000 credentials";
const MEMORY: &str = "idle memory, 1,000 credentials";
const SIZE: &str = "size of the release binary";

/// The rows about the binary.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let Some(hallpass) = &plan.hallpass else {
        let absent = |what| Row::not_measured(what, "no --hallpass given");
        return Ok([START, MEMORY, SIZE].map(absent).into());
    };
    let size = std::fs::metadata(hallpass)
        .with_context(|| format!("there is no binary at {}", hallpass.display()))?
        .len();
    let installation = Installation::new(hallpass, CREDENTIALS)?;
    let starts = plan.either(3, 9);
    let mut took_ms = Vec::new();
    for _ in 0..starts {
        let (_serving, took) = installation.serve(plan, hallpass)?;
        took_ms.push(took.as_secs_f64() * 1e3);
    }
    let (serving, _) = installation.serve(plan, hallpass)?;
    thread::sleep(IDLE);
    let resident = machine::resident_bytes(serving.child.pid())?;
    Ok(vec![
        Row::at_most(START, median(took_ms), 150.0, "ms")
            .noting(&format!("median of {starts} starts")),
        Row::at_most(MEMORY, resident as f64 / 1e6, 30.0, "MB"),
        Row::at_most(SIZE, size as f64 / 1e6, 30.0, "MB"),
    ])
}
