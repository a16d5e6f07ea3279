//! `cargo xtask chart`: the Helm chart and the container file, checked with Helm's own code and
//! Kubernetes' own types. What must hold is said in `packaging/helm/check`, not here.

use anyhow::{Context as _, Result};

use crate::process;
use crate::workspace::Workspace;

const CHECK: &str = "packaging/helm/check";

/// Renders the chart for many values, and asks the binary of the tests what it makes of them.
///
/// # Errors
/// The build fails, or something about chart or image is not as it should be.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    // The same features as in the tests, so that what they compiled is used again.
    let args = ["--workspace", "--all-features", "--bin", "hallpass"];
    let [hallpass] = workspace.build(&args, ["hallpass"])?;
    let hallpass = hallpass.to_str().context("the target directory's name is not UTF-8")?;
    // Go keeps verdicts, and does not see that the chart has changed: it is outside the module.
    let args = ["test", "-C", CHECK, "-mod=readonly", "-count=1", "./..."];
    process::run(process::command(workspace.root(), "go", &args).env("HALLPASS_BINARY", hallpass))
}
