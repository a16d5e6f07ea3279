//! The released binary as an operator meets it: how large it is.

use anyhow::{Context as _, Result};

use crate::{Plan, table::Row};

const SIZE: &str = "size of the release binary";

/// The rows about the binary.
pub(crate) fn rows(plan: &Plan) -> Result<Vec<Row>> {
    let Some(path) = &plan.hallpass else {
        return Ok(vec![Row::not_measured(SIZE, "no --hallpass given")]);
    };
    let size = std::fs::metadata(path)
        .with_context(|| format!("there is no binary at {}", path.display()))?
        .len();
    Ok(vec![Row::at_most(SIZE, size as f64 / 1e6, 30.0, "MB")])
}
