//! `cargo xtask simulate`: nodes, store and verifiers in a world that a seed decides, as many seeds
//! as one has time for. The world is in the `simulation` package; this must never know what is in it.

use anyhow::{Context as _, Result};

use crate::{process, workspace::Workspace};

/// Builds the simulation for release and starts it.
///
/// # Errors
/// The build fails, or a seed breaks a rule.
pub(crate) fn run(workspace: &Workspace, extra: &[String]) -> Result<()> {
    let args = ["--release", "--package", "simulation"];
    let [simulation] = workspace.build(&args, ["simulation"])?;
    let simulation = simulation.to_str().context("the target directory's name is not UTF-8")?;
    process::run(process::command(workspace.root(), simulation, &[]).args(extra))
}
