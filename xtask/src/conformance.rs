//! `cargo xtask feed-conformance`: somebody's revocation feed, looked at from outside. What is
//! demanded of it is in the `conformance` package; this must never know it.

use anyhow::{Context as _, Result};

use crate::{process, workspace::Workspace};

/// Builds the runner and starts it.
///
/// # Errors
/// The build fails, or the feed does.
pub(crate) fn run(workspace: &Workspace, extra: &[String]) -> Result<()> {
    let [runner] = workspace.build(&["--package", "conformance"], ["conformance"])?;
    let runner = runner.to_str().context("the target directory's name is not UTF-8")?;
    process::run(process::command(workspace.root(), runner, &[]).args(extra))
}
