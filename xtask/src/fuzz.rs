//! `cargo xtask fuzz`: broken input for every parser that strangers can reach. The targets are in
//! the `fuzz` package; this must never know one of them.

use anyhow::{Context as _, Result};

use crate::process;
use crate::workspace::Workspace;

/// Seconds for each target in `cargo xtask test`: all of them together take less than a minute.
pub(crate) const SMOKE_S: &str = "4";

/// Builds the targets and runs them, with `extra` arguments.
///
/// # Errors
/// The build fails, or a target finds input that does harm.
pub(crate) fn run(workspace: &Workspace, extra: &[String]) -> Result<()> {
    // The same features and profile as in the tests, so that what they compiled is used again;
    // and arithmetic that overflows is found out.
    let args = ["--workspace", "--all-features", "--bin", "fuzz"];
    let [fuzz] = workspace.build(&args, ["fuzz"])?;
    let fuzz = fuzz.to_str().context("the target directory's name is not UTF-8")?;
    process::run(process::command(workspace.root(), fuzz, &[]).args(extra))
}
